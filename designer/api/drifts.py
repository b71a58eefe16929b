"""What became different in the systems since flows were published."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from designer import drawing
from designer.api.body import Slug
from designer.api.opening import new_room
from designer.auth import allow
from designer.installation import here
from engine import watch
from engine.clock import iso
from engine.errors import RequestError
from engine.store import findings, flows

room = new_room("drifts", "flows")


@room.get("/api/drifts")
@allow("viewer")
def index() -> Response:
    """The flows whose drawing uses what has changed, as last looked at."""
    with here().database.read() as store:
        found = findings.all_of(store, "drift")
        rows = {row.id: row for row in flows.all_flows(store)}
    told = [
        {
            "flow": {
                "slug": rows[one.flow_id].slug,
                "name": rows[one.flow_id].name,
                "state": rows[one.flow_id].state,
            },
            **_shown(one),
        }
        for one in found
        if one.flow_id in rows and one.content()["drifts"]
    ]
    return jsonify({"flows": told})


@room.get("/api/flows/<string:slug>/drift")
@allow("viewer")
def last(path: Slug) -> Response:
    """What was found when somebody looked last; null before the first look at this version."""
    with here().database.read() as store:
        found = findings.get(store, _row(store, path.slug).id, "drift")
    return jsonify({"drift": _shown(found) if found else None})


@room.post("/api/flows/<string:slug>/drift")
@allow("operator")
def look(path: Slug) -> Response:
    """Look now: compare the systems with what they were when the flow was published. Pauses it if that matters."""
    with here().database.read() as store:
        row = _row(store, path.slug)
    found = watch.look(here().runtime, row.id)
    if found is None:
        raise RequestError(
            f"«{row.name}» is not published.",
            status=409,
            code="E-NOT-PUBLISHED",
            cure="Publish it; then there is something to compare with.",
        )
    return jsonify({"drift": _shown(found)})


def _shown(found: findings.Finding) -> dict[str, Any]:
    content = found.content()
    return {
        "at": iso(found.at),
        "version": found.version,
        "drifts": content["drifts"],
        "paused": content["paused"],
        "unseen": content["unseen"],
    }


def _row(store: Any, slug: str) -> flows.FlowRow:
    row = flows.find(store, slug)
    if row is None:
        raise drawing.missing(slug)
    return row
