"""How far flows have read the changes of their systems."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from designer import drawing
from designer.api.body import Slug
from designer.api.opening import new_room
from designer.auth import allow
from designer.installation import here
from engine import stamps
from engine.node import ReadNode
from engine.store import flows, references

room = new_room("watermarks", "flows")


@room.get("/api/flows/<string:slug>/watermarks")
@allow("viewer")
def index(path: Slug) -> Response:
    """For each step of the live version that reads only what changed: ``mark``, the newest change that it has seen, and
    ``since``, where its next read begins. Both null: it has read nothing yet, and reads everything."""
    installation = here()
    with installation.database.read() as store:
        row = flows.find(store, path.slug)
        if row is None:
            raise drawing.missing(path.slug)
        known = references.watermarks(store, row.id)
    if row.live_version_id is None:
        return jsonify({"reads": []})
    plan = installation.runtime.plan(row.live_version_id)
    reading = [name for name, node in plan.nodes.items() if isinstance(node, ReadNode) and node.incremental]
    return jsonify({"reads": [_shown(node, plan.title(node), known.get(node)) for node in reading]})


def _shown(node: str, title: str, mark: references.Watermark | None) -> dict[str, Any]:
    return {
        "node": node,
        "title": title,
        "mark": mark.value if mark else None,
        "since": stamps.earlier(mark.value) if mark else None,
        "run": mark.run_id if mark else None,
    }
