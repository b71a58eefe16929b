"""What starts by itself: when it fires next, what it missed, and what a timing means."""

from __future__ import annotations

from itertools import islice
from typing import Any, Literal

from flask import Response, jsonify
from pydantic import Field

from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.errors import not_found
from designer.installation import here
from engine import schedule
from engine.clock import iso, now
from engine.errors import RequestError
from engine.firing import Clockwork
from engine.schedule import Timing
from engine.store import audit, flows, progress, schedules
from engine.store.flows import FlowRow
from engine.store.schedules import Schedule

room = new_room("schedules")
OVERLAPS = {
    "queue": "the next one waits while one is at work",
    "skip": "left out while one is at work",
    "cancel-older": "stops the one that is at work",
}
SHOWN = 10


class Number(Body):
    id: int


class PreviewQuery(Body):
    """A cron expression of five fields and an IANA zone, or ``every`` so many seconds."""

    cron: str = Field(default="", max_length=200)
    zone: str = Field(default="UTC", max_length=100)
    every: int | None = None


class Choice(Body):
    """What becomes of the missed firings: left out, the last one made up for, or all."""

    choice: Literal["skip", "last", "all"]


@room.get("/api/schedules")
@allow("viewer")
def index() -> Response:
    """Every trigger that fires by itself, what comes next first, with its next ten firings."""
    with here().database.read() as store:
        return jsonify([_shown(store, row, flow) for row, flow in schedules.listed(store)])


@room.get("/api/schedules/zones")
@allow("viewer")
def zones() -> Response:
    """The time zones that a schedule can be kept in."""
    return jsonify(schedule.zones())


@room.get("/api/schedules/preview")
@allow("viewer")
def preview(query: PreviewQuery) -> Response:
    """The next ten firings of a timing that is being written, and what it says in words."""
    timing = Timing(cron=" ".join(query.cron.split()), zone=query.zone, every=query.every)
    found = schedule.problems(timing)
    if found:
        raise RequestError(
            found[0].message, status=422, code=found[0].code, cure=found[0].cure, problems=found
        )
    at = now()
    moments = islice(schedule.firings(timing, at, at), SHOWN)
    return jsonify(
        {
            "summary": schedule.words(timing),
            "firings": [schedule.told(timing, moment) for moment in moments],
        }
    )


@room.post("/api/schedules/<int:id>/pause")
@allow("operator")
def pause(path: Number) -> Response:
    """Let one trigger sleep; the others of the flow go on."""
    return _set(path.id, "paused")


@room.post("/api/schedules/<int:id>/resume")
@allow("operator")
def resume(path: Number) -> Response:
    """Wake a trigger up: it fires from now on, and what it slept through was not missed."""
    return _set(path.id, "on")


@room.post("/api/schedules/<int:id>/catch-up")
@allow("operator")
def catch_up(path: Number, body: Choice) -> Response:
    """Decide on missed firings. A second answer finds nothing left."""
    installation = here()
    with installation.database.read() as store:
        _, flow = _found(store, path.id)
    if flow.state != "live":
        raise RequestError(
            f"«{flow.name}» is not live.", status=409, code="E-NOT-LIVE", cure="Resume it, then decide."
        )
    clockwork = Clockwork(installation.database, installation.runtime.plan)
    runs, rings = clockwork.catch_up(path.id, body.choice)
    with installation.database.write() as store:
        audit.note(store, me().actor, "schedule.catch-up", flow.slug, choice=body.choice, runs=len(runs))
    for run, lane in rings:
        installation.ring(run, [lane])
    return jsonify({"runs": runs})


def _set(schedule_id: int, state: str) -> Response:
    with here().database.write() as store:
        row, flow = _found(store, schedule_id)
        schedules.pause(store, row, state)
        audit.note(store, me().actor, f"schedule.{state}", flow.slug, node=row.node)
        return jsonify(_shown(store, row, flow))


def _stray(store: Any, row: Schedule) -> str:
    """What keeps a trigger that follows another flow from ever firing."""
    if row.kind == "time" or flows.find(store, row.after().flow) is not None:
        return ""
    return f"There is no flow «{row.after().flow}» any more. Choose another one in this flow and publish it."


def _found(store: Any, schedule_id: int) -> tuple[Schedule, FlowRow]:
    found = next(((row, flow) for row, flow in schedules.listed(store) if row.id == schedule_id), None)
    if found is None:
        raise not_found("schedule", str(schedule_id))
    return found


def _follows(store: Any, row: Schedule) -> str:
    """«After «Accounts»», by the name of the other flow as long as it is there."""
    other = flows.find(store, row.after().flow)
    return f"After «{other.name if other is not None else row.after().flow}»"


def _overlap(store: Any, row: Schedule, flow: FlowRow) -> str:
    """What becomes of a run while others of the flow are not over; empty where the trigger has no say in it."""
    version = flows.version_by_id(store, flow.live_version_id) if flow.live_version_id else None
    node = version.document().node(row.node) if version else None
    if node is None or node.type != "schedule":
        return ""
    if node.settings.get("overlap") == "parallel":
        return f"up to {node.settings.get('parallel', 2)} runs at once"
    return OVERLAPS[str(node.settings.get("overlap", "queue"))]


def _shown(store: Any, row: Schedule, flow: FlowRow) -> dict[str, Any]:
    state = row.state if flow.state == "live" else "flow-paused"
    last = schedules.run_of(store, row.last_run)
    timed = row.timer() if row.kind == "time" else None
    moments: list[float] = []
    if timed is not None and state == "on" and row.next_at is not None:
        until = schedule.firings(timed.timing, row.next_at, row.anchor)
        moments = [row.next_at, *islice(until, SHOWN - 1)]
    return {
        "id": row.id,
        "flow": {"slug": flow.slug, "name": flow.name},
        "node": row.node,
        "kind": "after" if timed is None else "changes" if timed.alone else "schedule",
        "summary": schedule.words(timed.timing) if timed else _follows(store, row),
        "zone": timed.timing.zone if timed and timed.timing.every is None else None,
        "missed_policy": timed.missed if timed else None,
        "state": state,
        "next": [schedule.told(timed.timing, moment) for moment in moments] if timed else [],
        "last_at": iso(row.last_at) if row.last_at else None,
        "last_run": last
        and {
            "id": last.id,
            "state": last.state,
            "at": iso(last.started_at or last.created_at),
            "counts": progress.counts(store, last),
            "message": last.message,
        },
        "overlap": _overlap(store, row, flow),
        "asks": [schedule.told(timed.timing, moment) for moment in row.waiting()] if timed else [],
        "missed": row.missed,
        "message": row.message or _stray(store, row),
    }
