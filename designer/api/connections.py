"""Connections: tested before they are saved; their secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, jsonify
from pydantic import BaseModel, Field

from designer.api.body import Body, Id
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.errors import not_found
from designer.installation import here
from designer.secrecy import struck_out
from engine.clock import iso
from engine.connector import Connector, Health, Query
from engine.errors import HeddleError, RequestError
from engine.store import audit, connections, flows, outages

room = new_room("connections")
CHECK_TIMEOUT = 15.0  # seconds; somebody is waiting in front of a screen


class NewConnection(Body):
    """``secrets``: by their dotted paths in the settings, or simply left in them: they are moved.
    ``force`` saves although the system cannot be reached."""

    system: str
    name: str = Field(min_length=1, max_length=200)
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = Field(default={}, repr=False)
    force: bool = False


class ConnectionChange(Body):
    """What is left out stays; secrets are needed again when the address or account changes."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    settings: dict[str, Any] | None = None
    secrets: dict[str, str] = Field(default={}, repr=False)
    revision: int | None = None
    force: bool = False


class Trial(Body):
    """``id`` names the stored connection whose secrets are used where none are given."""

    system: str
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = Field(default={}, repr=False)
    id: str | None = None


class EntityPath(Body):
    id: str
    entity: str


class FieldPath(Body):
    id: str
    entity: str
    field: str


class SampleQuery(Body):
    """``lines``: child collections to bring along, separated by commas."""

    limit: int = Field(default=5, ge=1, le=50)
    lines: str = ""


class HealthBody(BaseModel):
    ok: bool
    message: str
    identity: str = ""
    at: str = ""


class ConnectionBody(BaseModel):
    """``secrets`` says which are set; ``outage`` since when it is down and why: {"since", "code", "message", "cure",
    "next_try_at"}."""

    id: str
    system: str
    name: str
    settings: dict[str, Any]
    secrets: dict[str, bool]
    health: HealthBody | None
    used_by: list[dict[str, str]]
    revision: int
    outage: dict[str, Any] | None = None


@room.get("/api/connections")
@allow("viewer")
def index() -> Response:
    """All connections, without their secrets."""
    with here().database.read() as store:
        users, down = flows.used_by(store), outages.all_outages(store)
        return jsonify([_shown(row, users, down.get(row.id)) for row in connections.all_connections(store)])


@room.post("/api/connections", responses={201: ConnectionBody})
@allow("editor")
def add(body: NewConnection) -> tuple[Response, int]:
    """Add a connection. The system is called first; when that fails, nothing is saved (unless forced)."""
    draft = connections.draft(body.system, body.settings, body.secrets)
    health = _try(draft, forced=body.force)
    with here().database.write() as store:
        row = connections.add(store, here().seal, body.name, draft, me().actor)
        connections.note_health(store, row, health)
        audit.note(store, me().actor, "connection.create", row.id, system=row.system, name=row.name)
    return jsonify(_shown(row, {})), 201


@room.get("/api/connections/<string:id>", responses={200: ConnectionBody})
@allow("viewer")
def detail(path: Id) -> Response:
    """One connection, without its secrets."""
    with here().database.read() as store:
        down = outages.find(store, path.id)
        return jsonify(_shown(_row(store, path.id), flows.used_by(store), down))


@room.patch("/api/connections/<string:id>", responses={200: ConnectionBody})
@allow("editor")
def change(path: Id, body: ConnectionChange) -> Response:
    """Change a connection; tested like a new one."""
    with here().database.read() as store:
        row = _row(store, path.id)
    _unchanged_since(row, body.revision)
    before = connections.unseal(row, here().seal)
    settings = before.settings if body.settings is None else body.settings
    draft = connections.draft(row.system, settings, body.secrets, before)
    health = _try(draft, forced=body.force) if draft != before else None
    with here().database.write() as store:
        current = _row(store, path.id)
        _unchanged_since(current, row.revision)
        connections.change(store, here().seal, current, body.name or current.name, draft)
        if health is not None:
            connections.note_health(store, current, health)
        audit.note(
            store,
            me().actor,
            "connection.change",
            current.id,
            settings=sorted(
                name for name, value in draft.settings.items() if value != before.settings.get(name)
            ),
            secrets=sorted(
                path for path, value in draft.secrets.items() if value != before.secrets.get(path)
            ),
        )
        return jsonify(_shown(current, flows.used_by(store)))


@room.delete("/api/connections/<string:id>")
@allow("editor")
def delete(path: Id) -> tuple[str, int]:
    """Delete a connection, unless a published flow uses it."""
    with here().database.write() as store:
        row = _row(store, path.id)
        users = [flow for flow in flows.used_by(store).get(row.id, []) if flow.live_number]
        if users:
            names = ", ".join(f"«{flow.name}»" for flow in users)
            raise RequestError(
                f"«{row.name}» is used by {names}.",
                status=409,
                code="E-IN-USE",
                cure="Bind these flows to another connection first.",
            )
        store.delete(row)
        audit.note(store, me().actor, "connection.delete", row.id, system=row.system, name=row.name)
    return "", 204


@room.post("/api/connections/test", responses={200: HealthBody})
@allow("editor")
def trial(body: Trial) -> Response:
    """Call the system with these settings; nothing is saved."""
    before = None
    if body.id is not None:
        with here().database.read() as store:
            row = _row(store, body.id)
        before = connections.unseal(row, here().seal)
        if before.system != body.system:
            raise RequestError("This is a connection to another system.", status=422, code="E-SYSTEM")
    health = _try(connections.draft(body.system, body.settings, body.secrets, before), forced=False)
    return jsonify({**health.model_dump(), "at": iso()})


@room.post("/api/connections/<string:id>/test", responses={200: HealthBody})
@allow("operator")
def test(path: Id) -> Response:
    """Call the system of a stored connection and keep the answer."""
    with here().database.read() as store:
        row = _row(store, path.id)
    health = _try(connections.unseal(row, here().seal), forced=True, row=row)
    with here().database.write() as store:
        return jsonify(connections.note_health(store, _row(store, path.id), health))


@room.get("/api/connections/<string:id>/entities")
@allow("viewer")
def entities(path: Id) -> Response:
    """The kinds of object the system has."""
    with _opened(path.id) as connector:
        return jsonify([summary.model_dump() for summary in connector.entities()])


@room.get("/api/connections/<string:id>/entities/<path:entity>")
@allow("viewer")
def entity(path: EntityPath) -> Response:
    """The live shape of one entity, custom fields included."""
    with _opened(path.id) as connector:
        return jsonify(connector.entity(path.entity).model_dump())


@room.get("/api/connections/<string:id>/entities/<path:entity>/options/<string:field>")
@allow("viewer")
def options(path: FieldPath) -> Response:
    """The values that a field may have; empty when it is free."""
    with _opened(path.id) as connector:
        found = connector.options(path.entity, path.field)
    return jsonify([{"value": value, "title": title} for value, title in found])


@room.get("/api/connections/<string:id>/entities/<path:entity>/sample")
@allow("editor")
def sample(path: EntityPath, query: SampleQuery) -> Response:
    """A few real objects, to see values while mapping."""
    lines = tuple(name for name in query.lines.split(",") if name)
    with _opened(path.id) as connector:
        page = connector.read(Query(entity=path.entity, lines=lines), None, query.limit)
    return jsonify(
        [
            {"key": record.key, "title": record.title, "data": record.data}
            for record in page.records[: query.limit]
        ]
    )


def _row(store: Any, connection_id: str) -> connections.Connection:
    row = connections.find(store, connection_id)
    if row is None:
        raise not_found("connection", connection_id)
    return row


def _shown(
    row: connections.Connection, users: dict[str, list[flows.FlowRow]], outage: outages.Outage | None = None
) -> dict[str, Any]:
    used = [{"slug": flow.slug, "name": flow.name} for flow in users.get(row.id, [])]
    return {**row.as_json(), "used_by": used, "outage": outage.as_json() if outage else None}


def _unchanged_since(row: connections.Connection, revision: int | None) -> None:
    if revision is not None and row.revision != revision:
        raise RequestError(
            f"«{row.name}» has been changed by somebody else meanwhile.",
            status=409,
            code="E-REVISION",
            cure="Reload it and change it again.",
        )


def _try(draft: connections.Draft, *, forced: bool, row: connections.Connection | None = None) -> Health:
    """The system's own answer; ``forced`` turns a failure into a health that says so. ``row``: whose limits count."""
    connector = connections.connect(draft, read_only=True, timeout=CHECK_TIMEOUT)
    if row is not None:
        connections.at_the_door(row, connector, here().runtime.pacer)
    try:
        with struck_out([connector]):
            health: Health = connector.check()
    except HeddleError as error:
        if forced:
            return Health(ok=False, message=error.message)
        raise RequestError(
            error.message, status=422, code=error.code, detail=error.detail, cure=error.cure
        ) from error
    if not health.ok and not forced:
        raise RequestError(health.message, status=422, code="E-ACCESS", cure="Correct the settings.")
    return health


@contextmanager
def _opened(connection_id: str) -> Iterator[Connector[Any]]:
    """A stored connection to look through; it cannot change anything."""
    with here().database.read() as store:
        _row(store, connection_id)
    connector = here().runtime.open(connection_id, read_only=True, timeout=CHECK_TIMEOUT)
    with struck_out([connector]):
        yield connector
