"""Runs: what they are doing and what became of each record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal

from flask import Response, jsonify, stream_with_context
from pydantic import Field

from designer import drawing, explaining, failures, plans
from designer.api.body import Body, Id
from designer.api.opening import new_room
from designer.auth import allow
from designer.culprits import culprits
from designer.errors import not_found
from designer.installation import Installation, here
from designer.shapes import source as source_of_shapes
from designer.sheets import csv_line
from designer.things import BROUGHT
from engine import explain, reentry
from engine.errors import RequestError
from engine.explain import EntityOf
from engine.foreseen import Foreseen, worded
from engine.plan import Plan
from engine.record import from_json
from engine.store import flows, progress, records, timeline
from engine.store.deliveries import Delivery
from engine.store.runs import Run

room = new_room("runs")

State = Literal["", "queued", "running", "waiting", "paused", "done", "failed", "cancelled"]
COLUMNS = (
    "at", "key", "title", "node", "entity", "outcome", "operation", "remote_id", "number", "link",
    "message", "code", "cure",
)  # fmt: skip


class RunsQuery(Body):
    """``q`` finds runs by record key, number or title; ``before`` is the ``next`` of the last answer."""

    flow: str = ""
    state: State = ""
    outcome: str = ""
    q: str = Field(default="", max_length=200)
    before: str = ""
    limit: int = Field(default=50, ge=1, le=500)


class DeliveriesQuery(Body):
    outcome: str = ""
    node: str = ""
    q: str = Field(default="", max_length=200)
    after: int = 0
    limit: int = Field(default=100, ge=1, le=1000)
    format: Literal["json", "csv"] = "json"


class RecordsQuery(Body):
    outcome: str = ""
    q: str = Field(default="", max_length=200)
    after: str = ""
    limit: int = Field(default=100, ge=1, le=1000)


class RecordPath(Body):
    id: str
    key: str


@room.get("/api/runs")
@allow("viewer")
def index(query: RunsQuery) -> Response:
    """Runs, newest first."""
    with here().database.read() as store:
        flow_id = None
        if query.flow:
            flow = flows.find(store, query.flow)
            if flow is None:
                raise drawing.missing(query.flow)
            flow_id = flow.id
        found = progress.runs(
            store,
            flow_id=flow_id,
            state=query.state,
            outcome=query.outcome,
            q=query.q,
            before=query.before,
            limit=query.limit,
        )
    return jsonify({"runs": found, "next": found[-1]["id"] if len(found) == query.limit else None})


@room.get("/api/runs/<string:id>")
@allow("viewer")
def detail(path: Id) -> Response:
    """One run: state, counts, and what passed each node and edge."""
    with here().database.read() as store:
        return jsonify(told(store, here(), find(store, path.id)))


@room.get("/api/runs/<string:id>/document")
@allow("viewer")
def document(path: Id) -> Response:
    """The drawing that the run follows."""
    with here().database.read() as store:
        found = progress.document(store, find(store, path.id))
    return Response(found.canonical(), mimetype="application/json")


@room.get("/api/runs/<string:id>/deliveries")
@allow("viewer")
def deliveries(path: Id, query: DeliveriesQuery) -> Response:
    """What happened to each record at each node, in order; ``format=csv`` answers all of it as a file."""
    with here().database.read() as store:
        run = find(store, path.id)
        if query.format == "csv":
            return _download(here(), run, query)
        found = records.deliveries(
            store,
            run.id,
            outcome=query.outcome,
            node=query.node,
            q=query.q,
            after=query.after,
            limit=query.limit,
        )
    following = str(found[-1].id) if len(found) == query.limit else None
    return jsonify({"deliveries": [records.shown(row) for row in found], "next": following})


@room.get("/api/runs/<string:id>/records")
@allow("viewer")
def index_records(path: Id, query: RecordsQuery) -> Response:
    """One row for each record as it was read, under the heaviest of its outcomes."""
    with here().database.read() as store:
        found = records.roots(
            store,
            find(store, path.id).id,
            outcome=query.outcome,
            q=query.q,
            after=query.after,
            limit=query.limit,
        )
    return jsonify({"records": found, "next": found[-1]["key"] if len(found) == query.limit else None})


class WhyQuery(Body):
    """A record of the run, and the field that a step sent; ``slot`` where that step writes to two sides."""

    key: str
    node: str
    field: str
    slot: str = ""


@room.get("/api/runs/<string:id>/why")
@allow("viewer")
def why(path: Id, query: WhyQuery) -> Response:
    """Why a value that was sent is so: source, transforms, rules, decisions, and who changed how it is made."""
    installation = here()
    with installation.database.read() as store:
        run = find(store, path.id)
        told = explaining.value(installation, store, run, query.key, query.node, query.field, query.slot)
    return jsonify(told)


@room.get("/api/runs/<string:id>/records/<path:key>")
@allow("viewer")
def record(path: RecordPath) -> Response:
    """Everything about one record in this run: as read, step by step, what was sent and answered."""
    installation = here()
    with installation.database.read() as store:
        run = find(store, path.id)
        found = records.of_record(store, run.id, path.key)
        source = records.source(store, run.id, path.key)
        if not found and source is None:
            raise not_found("record", path.key)
        version = run.version_id
        calls = records.calls(store, found)
        corrected = failures.corrections(store, run.flow_id, path.key)
        others = records.history(store, path.key, but=run.id)
        flow_slug = flows.names(store, {run.flow_id}).get(run.flow_id, ("", ""))[0]
        shape_of = source_of_shapes(
            installation.database, installation.seal, from_json(run.bindings), installation.shapes
        )
        ahead = plans.foreseen(store, run.id, [path.key], shape_of).get(path.key, Foreseen())
        written = [worded(records.detail(row), ahead) for row in found]
    plan = installation.runtime.plan(version)
    shape = shape_of(found[0].origin_slot, found[0].origin_entity) if found and found[0].origin_slot else None
    return jsonify(
        {
            "key": path.key,
            "title": found[0].title if found else source.title if source else "",
            "source": source.data if source else {},
            "shape": shape.model_dump(mode="json") if shape else None,
            "wrong": culprits(plan, found, source.data) if source else [],
            "steps": _steps(installation, run, plan, found, path.key, shape_of),
            "deliveries": [{**one, "calls": calls.get(one["node"], [])} for one in written],
            "history": others,
            "corrections": corrected,
            "object": _object(run, found, flow_slug),
        }
    )


def _object(run: Run, found: list[Delivery], flow_slug: str) -> dict[str, str] | None:
    """The address of the record's timeline, over all runs; None while nothing has become of it."""
    if not found:
        return None
    thing = timeline.source_of(timeline.Met(found[0], run))
    if thing.connection:
        return {"connection": thing.connection, "entity": thing.entity, "id": thing.id}
    return {"connection": BROUGHT, "entity": flow_slug, "id": thing.id}


def _steps(
    installation: Installation, run: Run, plan: Plan, found: list[Delivery], key: str, shape_of: EntityOf
) -> list[dict[str, Any]]:
    """The record's way, walked once more in memory; nothing when its data has been cleaned up."""
    steps: list[dict[str, Any]] = []
    for lane, batch in sorted({(row.lane, row.batch) for row in found}):
        with installation.database.read() as store, suppress(RequestError):
            story = reentry.repeat(store, plan, run.id, lane, batch, key)
            roots = {one.root for some in story.course.arrivals.values() for one in some if one.key == key}
            for root in sorted(roots):
                steps.extend(explain.steps(story, root, shape_of))
    return steps


def told(store: Any, installation: Installation, run: Run) -> dict[str, Any]:
    """A run as its page shows it."""
    silent = progress.silence(store, run, installation.config.lease)
    return {**progress.progress(store, run), "silent": silent}


def find(store: Any, run_id: str) -> Run:
    run = progress.get(store, run_id)
    if run is None:
        raise not_found("run", run_id)
    return run


def _download(installation: Installation, run: Run, query: DeliveriesQuery) -> Response:
    """The whole ledger as a file, a page at a time."""
    response = Response(
        stream_with_context(_lines(installation, run.id, query)), mimetype="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="run-{run.id}.csv"'
    return response


def _lines(installation: Installation, run_id: str, query: DeliveriesQuery) -> Iterator[str]:
    yield csv_line(COLUMNS)
    after = 0
    while True:
        with installation.database.read() as store:
            page = records.deliveries(
                store, run_id, outcome=query.outcome, node=query.node, q=query.q, after=after, limit=1000
            )
        yield from (csv_line(_cells(row)) for row in page)
        if len(page) < 1000:
            return
        after = page[-1].id or 0


def _cells(row: Delivery) -> list[str]:
    shown = records.shown(row)
    return [str(shown[name] or "") for name in COLUMNS]
