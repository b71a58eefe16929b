"""Schedules through the door: what fires next, what was missed, and a window to read anew."""

from __future__ import annotations

from typing import Any

import pytest

from engine.firing import Clockwork
from engine.record import from_json
from engine.store import progress
from tests.conftest import Clock
from tests.designer.conftest import Desk, drawing, exact, installation_of

NIGHTLY = {"cron": "0 6 * * 1-5", "zone": "Europe/Berlin", "missed": "ask"}


def publish(editor: Desk, settings: dict[str, Any], kind: str = "schedule") -> str:
    document = drawing()
    document["nodes"][0] = {"id": "start", "type": kind, "settings": settings}
    made = exact(editor.post("/api/flows", {"document": document}))
    answer = editor.post(f"/api/flows/{made['slug']}/publish", {"revision": 1})
    assert answer.status_code == 200, answer.text
    return str(made["slug"])


def only(desk: Desk) -> dict[str, Any]:
    (found,) = exact(desk.get("/api/schedules"))
    assert isinstance(found, dict)
    return found


def fire(app: Any) -> int:
    installation = installation_of(app)
    return len(Clockwork(installation.database, installation.runtime.plan).fire_due())


@pytest.mark.usefixtures("connection")
def test_a_flow_that_follows_another_calls_it_by_its_name(editor: Desk) -> None:
    first = publish(editor, {}, "manual")
    name = exact(editor.get(f"/api/flows/{first}"))["document"]["name"]
    publish(editor, {"flow": first}, "after")
    found = only(editor)
    assert (found["kind"], found["summary"], found["message"]) == ("after", f"After «{name}»", "")
    assert name != first


@pytest.mark.usefixtures("connection")
def test_a_published_schedule_is_listed_with_its_next_ten_firings(editor: Desk) -> None:
    slug = publish(editor, NIGHTLY)
    found = only(editor)
    assert (found["flow"]["slug"], found["kind"], found["state"]) == (slug, "schedule", "on")
    assert found["summary"] == "Every weekday at 06:00, Europe/Berlin"
    assert len(found["next"]) == 10
    assert all("T06:00:00+0" in moment for moment in found["next"])
    assert found["next"] == sorted(found["next"])
    assert editor.patch(f"/api/flows/{slug}", {"state": "paused"}).status_code == 200
    assert (only(editor)["state"], only(editor)["next"]) == ("flow-paused", [])


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize(
    ("overlap", "words", "before"),
    [
        ({}, "the next one waits while one is at work", 1),
        ({"overlap": "skip"}, "left out while one is at work", 0),
        ({"overlap": "parallel", "parallel": 3}, "up to 3 runs at once", 0),
    ],
)
def test_what_becomes_of_overlapping_runs_is_told(
    app: Any, editor: Desk, clock: Clock, overlap: dict[str, Any], words: str, before: int
) -> None:
    publish(editor, {"kind": "interval", "every": 1, **overlap})
    assert only(editor)["overlap"] == words
    for _ in range(2):
        clock.advance(61)
        fire(app)
    newest, oldest = exact(editor.get("/api/runs"))["runs"]
    assert (newest["before"], oldest["before"]) == ([oldest["id"]][:before], [])
    last = only(editor)["last_run"]
    assert last["id"] == newest["id"]
    assert last["message"].startswith("Left out" if overlap.get("overlap") == "skip" else "")


@pytest.mark.usefixtures("connection")
def test_a_schedule_sleeps_and_wakes(app: Any, desks: dict[str, Desk], clock: Clock) -> None:
    publish(desks["editor"], {"kind": "interval", "every": 15, "missed": "all"})
    number = only(desks["editor"])["id"]
    assert desks["viewer"].post(f"/api/schedules/{number}/pause").status_code == 403
    assert exact(desks["operator"].post(f"/api/schedules/{number}/pause"))["state"] == "paused"
    clock.advance(3601)
    assert fire(app) == 0
    assert exact(desks["operator"].post(f"/api/schedules/{number}/resume"))["state"] == "on"
    assert fire(app) == 0
    clock.advance(901)
    assert fire(app) == 1
    assert only(desks["viewer"])["last_run"]["state"] == "queued"
    assert desks["operator"].post("/api/schedules/999/pause").status_code == 404


@pytest.mark.usefixtures("connection")
def test_missed_runs_that_ask_are_decided_on_once(app: Any, desks: dict[str, Desk], clock: Clock) -> None:
    publish(desks["editor"], {"kind": "interval", "every": 15, "missed": "ask"})
    clock.advance(4 * 900 + 300)
    assert fire(app) == 0
    found = only(desks["operator"])
    assert len(found["asks"]) == 4
    address = f"/api/schedules/{found['id']}/catch-up"
    assert desks["operator"].post(address, {"choice": "never"}).status_code == 422
    assert len(exact(desks["operator"].post(address, {"choice": "last"}))["runs"]) == 1
    assert exact(desks["operator"].post(address, {"choice": "all"}))["runs"] == []
    assert (only(desks["operator"])["asks"], only(desks["operator"])["missed"]) == ([], 3)


def test_a_timing_is_shown_while_it_is_written(editor: Desk, nobody: Desk) -> None:
    told = exact(editor.get("/api/schedules/preview?cron=30 2 * * *&zone=Europe/Berlin"))
    assert (told["summary"], len(told["firings"])) == ("Every day at 02:30, Europe/Berlin", 10)
    assert len(exact(editor.get("/api/schedules/preview?every=900"))["firings"]) == 10
    for query, code in [
        ("cron=61 * * * *", "E-CRON"),
        ("cron=0 6 * * *&zone=Mars", "E-ZONE"),
        ("every=1", "E-INTERVAL"),
    ]:
        refused = editor.get(f"/api/schedules/preview?{query}")
        assert (refused.status_code, exact(refused)["code"]) == (422, code)
    assert "Europe/Berlin" in exact(editor.get("/api/schedules/zones"))
    assert nobody.get("/api/schedules/preview?cron=* * * * *").status_code == 401


def test_a_bad_schedule_cannot_be_published(editor: Desk, connection: str) -> None:
    document = drawing()
    document["nodes"][0] = {"id": "start", "type": "schedule", "settings": {"cron": "0 25 * * *"}}
    made = exact(editor.post("/api/flows", {"document": document}))
    refused = editor.post(f"/api/flows/{made['slug']}/publish", {"revision": 1})
    assert refused.status_code == 422
    assert exact(refused)["problems"][0]["code"] == "E-CRON"


def test_a_run_with_a_window_keeps_it(app: Any, desks: dict[str, Desk], live: str) -> None:
    window = {"since": "2026-03-01T00:00:00+01:00", "until": "2026-04-01T00:00:00Z"}
    answer = desks["operator"].post(f"/api/flows/{live}/runs", {"mode": "live", "window": window})
    assert answer.status_code == 202, answer.text
    with installation_of(app).database.read() as session:
        run = progress.get(session, exact(answer)["run"])
        assert run is not None
        assert from_json(run.window) == {
            "since": "2026-02-28T23:00:00.000000Z",
            "until": "2026-04-01T00:00:00.000000Z",
            "given": True,
        }
    turned = {"since": window["until"], "until": "2026-01-01T00:00:00Z"}
    assert desks["operator"].post(f"/api/flows/{live}/runs", {"window": turned}).status_code == 422
    naive = {"since": "2026-01-01T00:00:00"}
    assert desks["operator"].post(f"/api/flows/{live}/runs", {"window": naive}).status_code == 422
