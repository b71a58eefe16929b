"""The audit trail can be read: in words, filtered, by pages, as a table; and everything that is noted has words."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path
from typing import Any

import pytest

from designer import trail
from engine.clock import iso
from engine.record import to_json
from engine.store.audit import AuditEntry
from tests.designer.conftest import Desk, exact, installation_of

ROOT = Path(__file__).resolve().parents[2]
NOON = 1_790_000_000.0
DAY = 86_400.0


@pytest.fixture
def noted(app: Any, live: str) -> str:
    """What three people did on three days, the flow ``live`` among it. Answers its slug."""
    acts = [
        (NOON, "ada@example.org", "flow.publish", live, {"version": 7, "note": "VAT of 20%"}),
        (NOON + DAY, "ada@example.org", "user.change", "bob@example.org", {"role": "editor"}),
        (NOON + 2 * DAY, "=token", "connection.delete", "c1", {"name": "Old books"}),
        (NOON + 2 * DAY, "bob@example.org", "flow.delete", "gone", {"name": "Orders"}),
    ]
    with installation_of(app).database.write() as session:
        for at, actor, action, subject, detail in acts:
            told = to_json(detail).decode()
            session.add(AuditEntry(at=at, actor=actor, action=action, subject=subject, detail=told))
            session.flush()
    return live


def told(admin: Desk, query: str) -> list[str]:
    entries = exact(admin.get(f"/api/audit?{query}"))["entries"]
    return [f"{one['actor']} {one['did']} {one['name']}" for one in entries]


def test_it_is_told_in_words_and_filtered(admin: Desk, noted: str) -> None:
    name = exact(admin.get(f"/api/flows/{noted}"))["document"]["name"]
    published = f"ada@example.org published the flow {name}"
    assert told(admin, "actor=ada@example.org") == [
        "ada@example.org changed the rights of bob@example.org",
        published,
    ]
    assert told(admin, "kind=flow&q=gone") == ["bob@example.org deleted the flow Orders"]
    assert told(admin, "kind=connection&actor==token") == ["=token deleted the connection Old books"]
    assert told(admin, "q=20%25") == [published], "a part of the details, and no pattern"
    assert told(admin, "kind=flo") == []
    since, until = iso(NOON + DAY), iso(NOON + 2 * DAY)
    assert told(admin, f"since={since}&until={until}") == [
        "ada@example.org changed the rights of bob@example.org"
    ]
    choices = exact(admin.get("/api/audit/choices"))
    assert {"=token", "ada@example.org", "bob@example.org"} <= set(choices["people"])


def test_it_comes_by_pages_and_as_a_table(admin: Desk, noted: str) -> None:
    first = exact(admin.get("/api/audit?limit=3"))
    rest = exact(admin.get(f"/api/audit?before={first['next']}&limit=1000"))
    assert (len(first["entries"]), rest["next"]) == (3, None)
    seen = [*first["entries"], *rest["entries"]]
    assert [one["id"] for one in seen] == sorted((one["id"] for one in seen), reverse=True)
    heading, *rows = csv.reader(io.StringIO(admin.get("/api/audit.csv").text))
    assert tuple(heading) == trail.COLUMNS
    assert [row[4] for row in rows] == [one["subject"] for one in seen]
    ((_, who, did, name, _, _),) = csv.reader(
        io.StringIO(admin.get("/api/audit.csv?q=Old").text.split("\n", 1)[1])
    )
    assert (who, did, name) == ("'=token", "deleted the connection", "Old books"), "no formula"
    assert admin.get("/api/audit?since=yesterday").status_code == 422


def test_everything_that_is_noted_has_words() -> None:
    actions = {action for path in ROOT.glob("designer/**/*.py") for action in _actions(path)}
    actions |= {action for path in ROOT.glob("engine/**/*.py") for action in _actions(path)}
    assert {"flow.publish", "flow.drift", "session.open"} <= actions
    whole = {action for action in actions if not action.endswith(".")}
    assert whole <= trail.WORDS.keys()
    assert {action.partition(".")[0] for action in actions} <= trail.KINDS.keys()
    assert {action.partition(".")[0] for action in trail.WORDS} == trail.KINDS.keys()


def _actions(path: Path) -> list[str]:
    """The actions that a file notes; of one that is put together, its first word with the dot."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.note":
            action = node.args[2]
            if isinstance(action, ast.JoinedStr):
                action = action.values[0]
            if isinstance(action, ast.Constant):
                found.append(str(action.value))
    return found
