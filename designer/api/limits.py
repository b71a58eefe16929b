"""Limits of a connection: set them, and see what is used of them."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify
from pydantic import BaseModel

from designer import board
from designer.api.body import Body, Id
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.errors import not_found
from designer.installation import here
from engine.connector import Capability
from engine.pace import Limits
from engine.store import audit, connections

room = new_room("limits", "connections")


class NewLimits(Body):
    """``limits`` null: those that the system itself is known to have. A field that is null is no limit."""

    limits: Limits | None


class BoardBody(BaseModel):
    """``limits`` in force; ``own``: the system's; ``set``: whether somebody chose others.

    state     shared by all processes, ``parted`` while Valkey is away, ``alone`` where there is none
    forecast  of the next 24 hours: {"calls", "seconds" at the limit, "fits" into the day, "beyond"}
    """

    limits: dict[str, Any]
    own: dict[str, Any]
    set: bool
    state: Literal["shared", "parted", "alone"]
    today: dict[str, Any]
    per_second: dict[str, str]
    flows: list[dict[str, Any]]
    forecast: dict[str, Any] | None


@room.get("/api/connections/<string:id>/limits", responses={200: BoardBody})
@allow("viewer")
def detail(path: Id) -> Response:
    """What a connection may do, what is used of it today and by which flow, and what the next day will need."""
    return _board(path.id)


@room.put("/api/connections/<string:id>/limits", responses={200: BoardBody})
@allow("editor")
def change(path: Id, body: NewLimits) -> Response:
    """Set the limits; workers follow with their next batch."""
    with here().database.write() as store:
        row = _row(store, path.id)
        connections.limit(store, row, body.limits)
        told = None if body.limits is None else board.shown(body.limits)
        audit.note(store, me().actor, "connection.limits", row.id, limits=told)
    return _board(path.id)


def _board(connection_id: str) -> Response:
    pacer = here().runtime.pacer
    pacer.meter.keep(at_once=True)
    capability = _capability(connection_id)
    with here().database.read() as store:
        shown = board.board(store, _row(store, connection_id), capability)
    return jsonify({"state": pacer.limiter.state, **shown})


def _row(store: Any, connection_id: str) -> connections.Connection:
    row = connections.find(store, connection_id)
    if row is None:
        raise not_found("connection", connection_id)
    return row


def _capability(connection_id: str) -> Capability:
    """What the system can do, as this connection describes it; nothing is called."""
    with here().database.read() as store:
        _row(store, connection_id)
    return here().runtime.open(connection_id, read_only=True).capability
