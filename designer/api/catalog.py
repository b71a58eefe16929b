"""What can be drawn: node types, systems, functions and operators."""

from __future__ import annotations

import hashlib

from flask import Response, make_response, request

from designer.api.opening import new_room
from designer.auth import allow
from engine import functions, operators, registry
from engine.record import to_json

room = new_room("catalog")


@room.get("/api/catalog")
@allow("viewer")
def catalog() -> Response:
    """Everything that can be drawn; send the ETag back to be told that nothing changed."""
    body = to_json(
        {
            "nodes": [registry.card(cls) for cls in registry.node_types().values()],
            "systems": [registry.system_card(cls) for cls in registry.connectors().values()],
            "functions": functions.library(),
            "operators": operators.operators(),
        }
    )
    response = make_response(body)
    response.mimetype = "application/json"
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response
