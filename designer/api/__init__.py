"""The HTTP API: one room a subject, all described in /openapi.json."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import OpenAPI
from flask_openapi3.types import ResponseDict, SecuritySchemesDict

from designer.api import (
    catalog,
    connections,
    events,
    flows,
    health,
    people,
    runs,
    sandboxes,
    session,
    versions,
)
from designer.auth import ANYONE, allow
from designer.errors import ErrorBody

ROOMS = (
    session.room,
    people.room,
    catalog.room,
    connections.room,
    flows.room,
    versions.room,
    runs.room,
    events.room,
    sandboxes.room,
    health.room,
)

SECURITY: SecuritySchemesDict = {
    "session": {"type": "apiKey", "in": "cookie", "name": "heddle"},
    "token": {"type": "http", "scheme": "bearer"},
}

RESPONSES: ResponseDict = {"4XX": ErrorBody, "422": ErrorBody, "5XX": ErrorBody}


def install(app: OpenAPI) -> None:
    """Registers every room, and the description of them all."""
    for room in ROOMS:
        app.register_api(room)

    @allow(ANYONE)
    def description() -> Response:
        return jsonify(app.api_doc)

    app.add_url_rule("/openapi.json", "description", description)
