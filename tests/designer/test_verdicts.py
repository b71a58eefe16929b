"""A flow decides a conflict of a two-way flow: asked once, answered once, and a person where it says nothing."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from engine import verdicts
from engine.store import conflicts, flows
from tests.designer.conftest import Desk, exact, installation_of, work
from tests.designer.test_conflicts import (
    PHONE,
    Crm,
    Erp,
    both_change,
    decide,
    phones,
    publish,
    sync,
    two,  # noqa: F401 - the fixture of every test here
)
from tests.designer.test_timeline import find, told
from tests.engine.two_systems import PAIRS

pytestmark = pytest.mark.usefixtures("two")

LEFT = {"take": "left"}


def deciding(editor: Desk, name: str = "Who is right", before: Any = (), **settings: Any) -> str:
    """The slug of a live flow: a conflict → (before) → decide it."""
    ends = ["asked", *(node["id"] for node in before), "answer"]
    nodes = [
        {"id": "asked", "type": "conflict"},
        *before,
        {"id": "answer", "type": "resolve", "settings": settings},
    ]
    edges = [{"source": one, "target": other} for one, other in itertools.pairwise(ends)]
    made = editor.post(
        "/api/flows", {"document": {"heddle": 1, "name": name, "nodes": nodes, "edges": edges}}
    )
    assert made.status_code == 201, made.text
    slug = str(exact(made)["slug"])
    published = editor.post(f"/api/flows/{slug}/publish", {"revision": 1})
    assert published.status_code == 200, published.text
    return slug


def asking(editor: Desk, app: Any, flow: str) -> str:
    """A two-way flow in which ``flow`` decides on phone numbers; in step already."""
    fields = [
        {**pair, **({"policy": "flow", "flow": flow} if pair["left"] == "phone" else {})} for pair in PAIRS
    ]
    slug = publish(editor, fields=fields)
    sync(app, editor, slug)
    return slug


def test_a_flow_decides_once_and_the_reason_names_it(app: Any, editor: Desk) -> None:
    flow = deciding(editor, **LEFT)
    slug = asking(editor, app, flow)
    assert both_change(app, editor, slug, "1", "2", phone=("2", "3")) == []
    assert (phones("1"), phones("2")) == (("2", "2"), ("2", "2"))
    runs = exact(editor.get(f"/api/runs?flow={flow}"))["runs"]
    assert [run["counts"]["skipped"] for run in runs] == [1, 1]
    written = len(Erp.world_of.journal)
    sync(app, editor, slug)
    assert len(Erp.world_of.journal) == written
    events = told(editor, find(editor, "A1")[0])["events"]
    (decision,) = [event for event in events if event["kind"] == "decision"]
    assert decision["text"] == "Conflict about Phone decided by the flow “Who is right”, version 1"


def test_a_flow_may_answer_each_field_or_a_new_value(app: Any, editor: Desk) -> None:
    rows = [
        {"target": "conflict", "value": {"kind": "path", "path": "$.conflict"}},
        {"target": "fields", "value": {"kind": "path", "path": "$.fields"}},
        {"target": "take", "value": {"kind": "constant", "value": "value"}},
        {"target": "value", "value": {"kind": "path", "path": "$.fields[0].agreed"}},
    ]
    flow = deciding(editor, before=[{"id": "say", "type": "map", "settings": {"rows": rows}}])
    slug = asking(editor, app, flow)
    before = phones("1")[0]
    both_change(app, editor, slug, "1", phone=("2", "3"))
    assert phones("1") == (before, before)


def test_a_flow_that_says_nothing_leaves_it_to_a_person(app: Any, editor: Desk) -> None:
    slug = asking(editor, app, deciding(editor))
    (shown,) = both_change(app, editor, slug, "1", phone=("2", "3"))
    (field,) = shown["fields"]
    assert (field["asked"]["flow"], field["asked"]["state"]) == ("who-is-right", "done")
    assert field["reason"] == "Both sides changed it; the flow “who-is-right” decides."
    run = exact(editor.get(f"/api/runs/{field['asked']['run']}"))
    assert run["counts"]["failed"] == 1
    decide(editor, shown, {PHONE: {"take": "right"}})
    work(app)
    assert phones("1") == ("3", "3")


def test_a_flow_that_is_not_live_is_not_asked(app: Any, editor: Desk) -> None:
    slug = asking(editor, app, "nowhere")
    (shown,) = both_change(app, editor, slug, "1", phone=("2", "3"))
    assert shown["fields"][0]["asked"] == {"flow": "nowhere", "run": None, "state": ""}


def test_a_flow_decides_only_what_it_was_asked(app: Any, editor: Desk) -> None:
    slug = asking(editor, app, "nowhere")
    (shown,) = both_change(app, editor, slug, "1", phone=("2", "3"))
    other = deciding(editor, **LEFT)
    with installation_of(app).database.write() as session:
        row = flows.find(session, other)
        assert row is not None
        forged = {"conflict": shown["id"], "fields": {PHONE: LEFT}}
        said = verdicts.give(session, row.id, row.live_version_id or 0, forged)
        assert said == "This flow is not asked about it."
        assert len(conflicts.open_conflicts(session)) == 1


@pytest.mark.parametrize("late", ["person", "moved"])
def test_an_answer_that_comes_too_late_changes_nothing(
    app: Any,
    editor: Desk,
    late: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flow = deciding(editor, **LEFT)
    slug = asking(editor, app, flow)
    real = conflicts.decide
    taken: list[int] = []

    def first(session: Any, conflict_id: int, decision: Any, by: str) -> Any:
        if not taken:
            taken.append(conflict_id)
            row = session.get(conflicts.Conflict, conflict_id)
            row.state = "replaced" if late == "moved" else "settled"
            session.add(row)
            session.flush()
        return real(session, conflict_id, decision, by)

    monkeypatch.setattr(conflicts, "decide", first)
    both_change(app, editor, slug, "1", phone=("2", "3"))
    runs = exact(editor.get(f"/api/runs?flow={flow}"))["runs"]
    assert len(taken) == 1
    assert runs[-1]["counts"]["skipped"] == 1
    assert Crm.world_of.objects["A1"]["phone"] == "2"
