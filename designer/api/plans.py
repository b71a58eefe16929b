"""Dry runs as plans: look at old → new, take it as a file, write exactly that."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify, stream_with_context
from pydantic import Field

from designer import plans
from designer.api.body import Body, Id
from designer.api.opening import new_room
from designer.api.runs import find
from designer.auth import allow, me
from designer.installation import here
from designer.shapes import source as source_of_shapes
from engine.errors import RequestError
from engine.record import from_json
from engine.store import audit, control, progress
from engine.store import plans as stored

room = new_room("plans", "runs")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class PlanQuery(Body):
    """``outcome``: one of the counts, or ``changes`` for what would be written; ``after``: ``next`` of the last answer."""

    outcome: str = ""
    q: str = Field(default="", max_length=200)
    after: int = 0
    limit: int = Field(default=50, ge=1, le=500)
    format: Literal["json", "csv", "xlsx"] = "json"


@room.get("/api/runs/<string:id>/plan")
@allow("viewer")
def plan(path: Id, query: PlanQuery) -> Response:
    """What a dry run would write, record by record, old → new; ``format`` csv and xlsx answer all of it as a file."""
    installation = here()
    with installation.database.read() as store:
        run = find(store, path.id)
        if run.mode == "live":
            raise RequestError(
                "This run wrote for real; it is no plan.",
                status=409,
                code="E-PLAN",
                cure="See its records, or make a dry run.",
            )
        flow = progress.document(store, run)
    shape_of = source_of_shapes(
        installation.database, installation.seal, from_json(run.bindings), installation.shapes
    )
    if query.format != "json":
        return _file(run.id, query.format, plans.sheet_rows(installation, run, flow, shape_of))
    with installation.database.read() as store:
        told = plans.summary(store, run, flow, shape_of)
        rows = stored.lines(
            store, run.id, outcome=query.outcome, q=query.q, after=query.after, limit=query.limit
        )
        writes = plans.lines(store, run.id, rows, flow, shape_of)
    following = str(rows[-1].id) if len(rows) == query.limit else None
    return jsonify({**told, "writes": writes, "next": following})


@room.post("/api/runs/<string:id>/execute")
@allow("operator")
def execute(path: Id) -> tuple[Response, int]:
    """Write exactly what this dry run shows: what differs by then is held, what is not in it is skipped."""
    return jsonify({"run": plans.execute(path.id, me().actor)}), 202


@room.post("/api/runs/<string:id>/allow")
@allow("operator")
def allow_beyond(path: Id) -> Response:
    """Let a run that its budget has paused write as much as it finds."""
    with here().database.write() as store:
        message = find(store, path.id).message
        lanes = control.allow(store, path.id, me().actor)
        if lanes is None:
            raise RequestError(
                "Only a run that its budget has paused can be allowed to go on.",
                status=409,
                code="E-RUN-STATE",
                cure="Reload the run to see its state.",
            )
        audit.note(store, me().actor, "run.allow", path.id, asked=message)
    here().ring(path.id, lanes)
    return jsonify({"run": path.id, "state": "queued"})


def _file(run_id: str, kind: Literal["csv", "xlsx"], rows: Any) -> Response:
    if kind == "csv":
        response = Response(stream_with_context(plans.as_csv(rows)), mimetype="text/csv; charset=utf-8")
    else:
        response = Response(plans.as_xlsx(rows), mimetype=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="plan-{run_id}.{kind}"'
    return response
