"""What can be drawn: node types, systems, functions and operators."""

from __future__ import annotations

import hashlib

from flask import Response, make_response, request
from flask_openapi3 import APIBlueprint, Tag

from designer.auth import allow
from engine import functions, registry
from engine.record import to_json

room = APIBlueprint("catalog", __name__, abp_tags=[Tag(name="catalog")])


@room.get("/api/catalog")
@allow("viewer")
def catalog() -> Response:
    """Everything that can be drawn; send the ETag back to be told that nothing changed."""
    body = to_json(
        {
            "nodes": [registry.card(cls) for cls in registry.node_types().values()],
            "systems": [registry.system_card(cls) for cls in registry.connectors().values()],
            "functions": functions.library(),
            "operators": [],
        }
    )
    response = make_response(body)
    response.mimetype = "application/json"
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response
