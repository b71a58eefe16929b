"""Every ready flow, run over the imitated systems with the same data: what it writes is what is on record.

A change that alters a single value of a single document shows here as a difference between two files. When it is
meant, ``pytest tests/flows --renew`` puts the new answer on record, and the difference belongs into the commit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from engine import registry
from engine.clock import utcnow
from engine.record import from_json, to_json
from engine.secrecy import take_out
from engine.store.deliveries import Delivery
from tests.designer.conftest import Desk, exact, installation_of, work

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
FLOWS = {path.stem: path for path in sorted((ROOT / "flows").glob("*/*.json")) if path.parent.name != "rules"}

SEEDED = 40
_NEW = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_KEY = re.compile(r"\b[0-9a-f]{32,40}\b")
_URL = re.compile(r"http://127\.0\.0\.1:\d+")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z?")
_DAY = re.compile(r"\b20\d{2}-\d{2}-\d{2}\b")
_AMERICAN = re.compile(r"\b\d{2}/\d{2}/20\d{2}\b")


@pytest.mark.parametrize("slug", FLOWS)
def test_what_a_ready_flow_writes_is_what_is_on_record(
    slug: str, app: Any, editor: Desk, sandbox: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    document = json.loads(FLOWS[slug].read_text())
    document["policy"] = {
        **document.get("policy", {}),
        "four_eyes": False,
    }  # one signed-in person is enough here
    bindings = {}
    for slot, of in document["slots"].items():
        served = sandbox(of["system"], seed=SEEDED)
        settings, secrets = take_out(
            registry.connector_type(of["system"]).Settings,
            registry.sandbox_type(of["system"]).connection(served.url),
        )
        made = editor.post(
            "/api/connections",
            {"system": of["system"], "name": slot, "settings": settings, "secrets": secrets},
        )
        assert made.status_code == 201, made.text
        bindings[slot] = exact(made)["id"]
    flow = exact(editor.post("/api/flows", {"document": document}))
    editor.put(f"/api/flows/{flow['slug']}/bindings", bindings)
    published = editor.post(f"/api/flows/{flow['slug']}/publish", {"revision": flow["revision"], "note": ""})
    assert published.status_code == 200, published.text
    written = []
    for _ in range(2):  # the second run finds everything as the first one left it
        started = editor.post(f"/api/flows/{flow['slug']}/runs", {"mode": "live"})
        assert started.status_code == 202, started.text
        work(app)
        run = exact(editor.get(f"/api/runs/{exact(started)['run']}"))
        assert run["state"] == "done", run
        written.append({"counts": run["counts"], "deliveries": deliveries(app, run["id"])})
    assert written[0]["counts"]["read"], "the flow has nothing to do with this data"
    found = to_text(written)
    kept = GOLDEN / f"{slug}.json"
    if request.config.getoption("--renew"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(found)
    assert kept.exists(), f"{slug} is not on record yet: pytest tests/flows --renew"
    assert found == kept.read_text(), (
        f"{slug} writes something else than is on record (pytest tests/flows --renew)"
    )


def deliveries(app: Any, run_id: str) -> list[dict[str, Any]]:
    """What happened to each record of a run, in an order that does not depend on the lanes."""
    with installation_of(app).database.read() as session:
        rows = session.execute(select(Delivery).where(Delivery.run_id == run_id)).scalars().all()
    entries = [
        {
            "title": row.title,
            "node": row.node,
            "entity": row.entity,
            "operation": row.operation,
            "outcome": row.outcome,
            "number": row.number,
            "message": row.message,
            "sent": from_json(row.sent) if row.sent else None,
        }
        for row in rows
    ]
    return sorted(entries, key=lambda entry: (str(entry["title"]), str(entry["node"]), to_json(entry)))


def to_text(written: Any) -> str:
    """As indented JSON, with what differs from one day or installation to the next made alike."""
    text = json.dumps(json.loads(to_json(written)), indent=1, sort_keys=True, ensure_ascii=False)
    for pattern, word in ((_URL, "«system»"), (_TIME, "«time»"), (_NEW, "«new id»"), (_KEY, "«key»")):
        text = pattern.sub(word, text)
    text = _DAY.sub(lambda day: _relative(date.fromisoformat(day[0])), text)
    return _AMERICAN.sub(lambda day: _relative(_american(day[0])), text) + "\n"


def _american(text: str) -> date:
    month, day, year = text.split("/")
    return date(int(year), int(month), int(day))


def _relative(day: date) -> str:
    """Days from today on; the imitated systems' data is as old as it was when this was put on record."""
    distance = day - utcnow().date()
    return f"«today {distance // timedelta(days=1):+d}»"
