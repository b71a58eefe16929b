"""What a flow would lack before it is switched on, and the rows that its tables still need."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from pydantic import Field

from designer import forecast
from designer.api.body import Body, Slug
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.installation import here
from engine.clock import iso

room = new_room("forecasts", "flows")


class Asking(Body):
    """``everything``: read also what the filters of the read steps leave out, such as what is not won yet."""

    everything: bool = False
    limit: int = Field(default=forecast.LIMIT, ge=1, le=forecast.LIMIT)


class Rows(Body):
    """``rows``: key → column → value; ``column`` is the one that is asked for."""

    table: str
    column: str
    rows: dict[str, dict[str, str]] = Field(min_length=1, max_length=500)


@room.get("/api/forecasts")
@allow("viewer")
def index() -> Response:
    """The flows whose tables lack rows, as last rehearsed, with the money that these stand for."""
    with here().database.read() as store:
        found = forecast.known_gaps(store)
    return jsonify({"flows": [{**one, "at": iso(one["at"])} for one in found]})


@room.get("/api/flows/<string:slug>/forecast")
@allow("viewer")
def last(path: Slug) -> Response:
    """What the last rehearsal of the draft found; null before the first."""
    with here().database.read() as store:
        return jsonify({"forecast": _dated(forecast.stored(store, path.slug))})


@room.post("/api/flows/<string:slug>/forecast")
@allow("operator")
def rehearse(path: Slug, body: Asking) -> Response:
    """Walk the draft on up to 1,000 real records. Reads from the systems, writes to none."""
    found = forecast.rehearse(path.slug, everything=body.everything, limit=body.limit)
    return jsonify({"forecast": _dated(found)})


@room.post("/api/flows/<string:slug>/rows")
@allow("operator")
def add_rows(path: Slug, body: Rows) -> Response:
    """Add rows to a table: as a new version where one is live, and release what waits for them."""
    done = forecast.add_rows(path.slug, body.table, body.column, body.rows, me())
    return jsonify(
        {
            "version": done.version,
            "runs": done.runs,
            "released": done.released,
            "left": done.left,
            "problems": [problem.as_json() for problem in done.problems],
        }
    )


def _dated(found: dict[str, Any] | None) -> dict[str, Any] | None:
    return {**found, "at": iso(found["at"])} if found else None
