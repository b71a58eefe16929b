"""Limits of a connection over HTTP: who may set them, what is used of them, and what the next day will need."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from engine.clock import now
from engine.runtime import Kept
from engine.store import audit, flows, usage
from engine.store.audit import Wanted
from engine.store.runs import Run, new_id
from engine.store.schedules import Schedule
from engine.store.usage import Count
from tests.designer.conftest import Desk, drawing, exact, installation_of

NONE = {"per_second": None, "concurrent": None, "per_day": None}


def test_limits_are_set_seen_and_taken_back(app: Any, desks: dict[str, Desk], connection: str) -> None:
    path = f"/api/connections/{connection}/limits"
    before = exact(desks["viewer"].get(path))
    assert (before["limits"], before["set"], before["state"]) == (NONE, False, "alone")
    limits = {"per_second": "2.5", "concurrent": 3, "per_day": 10_000}
    assert desks["operator"].put(path, {"limits": limits}).status_code == 403
    kept = Kept(installation_of(app).runtime)
    assert kept(connection, read_only=True).http.door.limits.given is False  # type: ignore[union-attr]
    after = exact(desks["editor"].put(path, {"limits": limits}))
    assert (after["limits"], after["set"], after["today"]["left"]) == (limits, True, 10_000)
    opened = kept(connection, read_only=True)  # a worker that had it open follows
    assert opened.http.door.limits.model_dump(mode="json") == limits  # type: ignore[union-attr]
    assert exact(desks["editor"].put(path, {"limits": None}))["set"] is False
    with installation_of(app).database.read() as session:
        noted = [row.as_json()["detail"]["limits"] for row in audit.entries(session, Wanted(subject=connection))
                 if row.action == "connection.limits"]  # fmt: skip
    assert noted == [None, limits]


@pytest.mark.parametrize(
    "wrong",
    [
        {"per_second": 0},
        {"per_second": -1},
        {"per_second": "fast"},
        {"concurrent": 0},
        {"per_day": 1.5},
        {"per_hour": 3},
        {"per_second": "1e99"},
    ],
)
def test_limits_that_cannot_be_meant_are_refused(editor: Desk, connection: str, wrong: Any) -> None:
    path = f"/api/connections/{connection}/limits"
    refused = editor.put(path, {"limits": wrong})
    assert refused.status_code == 422
    assert exact(refused)["problems"][0]["field"]
    assert exact(editor.get(path))["set"] is False


def test_the_board_tells_who_used_what_and_what_is_coming(
    app: Any, editor: Desk, connection: str, clock: Any
) -> None:
    clock.advance(86_400 - now() % 86_400 + 43_200)  # noon
    for name in ("Nightly", "Hooked"):
        editor.post("/api/flows", {"document": drawing(name)})
    at, minute = now(), int(now() // 60)
    with installation_of(app).database.write() as session:
        ids = {row.slug: row.id for row in flows.all_flows(session)}
        counts = {
            (connection, ids["nightly"], minute - 3 * 1440): Count(900, 0, 0),
            (connection, ids["nightly"], minute - 60): Count(300, 5000, 2),
            (connection, ids["hooked"], minute - 1): Count(90, 0, 0),
            (connection, ids["hooked"], minute - 14 * 60): Count(10, 0, 0),
            (connection, "", minute - 5): Count(4, 0, 0),
        }
        usage.add(session, counts)
        for n, slug in enumerate(["nightly", "nightly", "nightly", "hooked"]):
            session.add(
                Run(id=new_id(), flow_id=ids[slug], version_id=1, mode="live", cause_kind="manual", cause_key=str(n),
                    created_at=at - 3600)
            )  # fmt: skip
        timing = '{"timing": {"every": 21600}}'
        session.add(
            Schedule(
                flow_id=ids["nightly"],
                node="start",
                kind="time",
                wanted=timing,
                anchor=at,
                next_at=at + 21_600,
            )
        )
        for row in flows.all_flows(session):
            row.state = "live"
            session.add(row)
    limits = {"per_second": 2, "concurrent": None, "per_day": 1500}
    board = exact(editor.put(f"/api/connections/{connection}/limits", {"limits": limits}))
    assert [(one["flow"] and one["flow"]["slug"], one["calls"]) for one in board["flows"]] == [
        ("nightly", 300), ("hooked", 90), (None, 4),
    ]  # fmt: skip
    assert board["today"] == {"calls": 394, "waited": 5, "refused": 2, "left": 1106}
    assert board["per_second"] == {"now": "1.5", "most": "5.0"}
    # 1,200 calls in 3 runs, and 4 firings in the next 24 hours; the others as in the last 24
    assert board["forecast"] == {"calls": 4 * 400 + 100 + 4, "seconds": 869, "fits": False, "beyond": 204}


def test_looking_through_a_system_counts_as_nobodys_flow(app: Any, editor: Desk, connection: str) -> None:
    meter = installation_of(app).runtime.pacer.meter
    opened = installation_of(app).runtime.open(connection, read_only=True)
    assert opened.http.door is not None
    opened.http.door.give(opened.http.door.take("Ledger"))
    board = exact(editor.get(f"/api/connections/{connection}/limits"))
    assert [(one["flow"], one["calls"]) for one in board["flows"]] == [(None, 1)]
    assert meter._counts == {}
    with installation_of(app).database.read() as session:
        assert len(session.exec(select(usage.Usage)).all()) == 1
