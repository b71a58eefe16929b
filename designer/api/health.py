"""For those who keep Heddle running: is the process alive, is it ready, and what does it count."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from designer.auth import ANYONE, allow
from designer.installation import VERSION

room = APIBlueprint("health", __name__, abp_tags=[Tag(name="health")])


@room.get("/healthz")
@allow(ANYONE)
def alive() -> Response:
    """The process lives."""
    return jsonify({"ok": True, "version": VERSION})
