"""The HTTP API: one room a subject, all described in /openapi.json."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import OpenAPI

from designer.api import (
    approvals,
    audit,
    catalog,
    choices,
    conflicts,
    connections,
    controls,
    drifts,
    events,
    failures,
    firstloads,
    flows,
    forecasts,
    health,
    hooks,
    invitations,
    library,
    limits,
    lookups,
    people,
    plans,
    publications,
    records,
    references,
    reviews,
    runs,
    sandboxes,
    schedules,
    session,
    tables,
    trials,
    tries,
    versions,
    watermarks,
    workers,
)
from designer.auth import ANYONE, allow

ROOMS = (
    session.room,
    people.room,
    audit.room,
    catalog.room,
    connections.room,
    limits.room,
    choices.room,
    flows.room,
    versions.room,
    watermarks.room,
    publications.room,
    forecasts.room,
    drifts.room,
    tries.room,
    tables.room,
    trials.room,
    library.room,
    lookups.room,
    runs.room,
    records.room,
    events.room,
    controls.room,
    plans.room,
    firstloads.room,
    hooks.room,
    reviews.room,
    conflicts.room,
    failures.room,
    references.room,
    approvals.room,
    invitations.room,
    schedules.room,
    sandboxes.room,
    health.room,
    workers.room,
)


def install(app: OpenAPI) -> None:
    """Registers every room, and the description of them all."""
    for room in ROOMS:
        app.register_api(room)

    @allow(ANYONE)
    def description() -> Response:
        return jsonify(app.api_doc)

    app.add_url_rule("/openapi.json", "description", description)
