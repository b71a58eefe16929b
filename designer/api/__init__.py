"""The HTTP API: one room a subject, all described in /openapi.json."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import OpenAPI

from designer.api import (
    approvals,
    catalog,
    connections,
    controls,
    events,
    failures,
    flows,
    health,
    hooks,
    invitations,
    people,
    plans,
    publications,
    records,
    reviews,
    runs,
    sandboxes,
    schedules,
    session,
    tables,
    trials,
    tries,
    versions,
)
from designer.auth import ANYONE, allow

ROOMS = (
    session.room,
    people.room,
    catalog.room,
    connections.room,
    flows.room,
    versions.room,
    publications.room,
    tries.room,
    tables.room,
    trials.room,
    runs.room,
    records.room,
    events.room,
    controls.room,
    plans.room,
    hooks.room,
    reviews.room,
    failures.room,
    approvals.room,
    invitations.room,
    schedules.room,
    sandboxes.room,
    health.room,
)


def install(app: OpenAPI) -> None:
    """Registers every room, and the description of them all."""
    for room in ROOMS:
        app.register_api(room)

    @allow(ANYONE)
    def description() -> Response:
        return jsonify(app.api_doc)

    app.add_url_rule("/openapi.json", "description", description)
