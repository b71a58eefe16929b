"""Objects of connected systems by the names that people know: found by whatever somebody types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from designer.installation import Installation
from designer.shapes import source as source_of_shapes
from engine.clock import iso
from engine.errors import HeddleError, RequestError
from engine.shape import Entity
from engine.store import connections, flows, outages, timeline
from engine.store.database import Session
from engine.store.references import CrossReference
from engine.store.timeline import Met, Thing

BROUGHT = "flow"
"""Stands for the connection of what a trigger brought by itself; its entity is then the slug of the flow."""
TIMEOUT = 10.0


class Names:
    """What connections, systems and kinds of objects are called. A system that is down is not asked."""

    def __init__(self, installation: Installation, session: Session) -> None:
        rows = connections.all_connections(session)
        down = outages.all_outages(session)
        self.connections = {row.id: (row.name, row.system) for row in rows}
        bindings = {row.id: row.id for row in rows if row.id not in down}
        self._shape_of = source_of_shapes(
            installation.database, installation.seal, bindings, installation.shapes
        )

    def shape(self, connection: str, entity: str) -> Entity | None:
        return self._shape_of(connection, entity)

    def entity(self, connection: str, entity: str) -> str:
        """What people call this kind of object; its own name where nobody knows."""
        shape = self.shape(connection, entity)
        return (shape.title if shape else "") or entity or "Record"

    def connection(self, connection: str) -> str:
        return self.connections.get(connection, ("", ""))[0]

    def shown(
        self, thing: Thing, flow_slug: str = "", number: str | None = None, link: str | None = None
    ) -> dict[str, Any]:
        """An object as screens show it; ``connection`` and ``entity`` lead to its page."""
        name, system = self.connections.get(thing.connection, ("", ""))
        brought = not thing.connection
        return {
            "connection": BROUGHT if brought else thing.connection,
            "connection_name": name,
            "system": system,
            "entity": flow_slug if brought else thing.entity,
            "entity_title": "Record" if brought else self.entity(thing.connection, thing.entity),
            "id": thing.id,
            "number": number,
            "link": link,
            "opens": bool(system),
        }


def read_address(session: Session, connection: str, entity: str, object_id: str) -> Thing:
    """The object that an address names. Raises RequestError (404) when there is no such connection or flow."""
    if connection == BROUGHT:
        if flows.find(session, entity) is None:
            raise _missing(f"There is no flow {entity!r}.")
        return Thing("", "", object_id)
    if connections.find(session, connection) is None:
        raise _missing(f"There is no connection {connection!r}.")
    return Thing(connection, entity, object_id)


def find(installation: Installation, session: Session, q: str, limit: int = 20) -> list[dict[str, Any]]:
    """What a person means by an id, a number or a title: one hit for an object and all that stand for it elsewhere."""
    wanted = q.strip()
    if not wanted:
        return []
    names = Names(installation, session)
    mets = timeline.matches(session, wanted)
    slugs = flows.names(session, {met.run.flow_id for met in mets})
    seen: set[tuple[str, Thing]] = set()
    hits: list[dict[str, Any]] = []
    for met in mets:
        slug = slugs.get(met.run.flow_id, ("", ""))[0]
        thing = _meant(met, wanted)
        scope = slug if not thing.connection else ""
        if (scope, thing) in seen:
            continue
        twins, rows = timeline.same(session, thing) if thing.connection else ([thing], [])
        seen.update((scope, twin) for twin in twins)
        row = met.delivery
        hits.append(
            {
                "title": row.title or row.root,
                "things": [names.shown(twin, slug, *number_and_link(twin, rows, [met])) for twin in twins],
                "last": {"outcome": row.outcome, "message": row.message, "at": iso(row.at)},
            }
        )
        if len(hits) == limit:
            break
    return hits


def number_and_link(
    thing: Thing, rows: Sequence[CrossReference], mets: Sequence[Met]
) -> tuple[str | None, str | None]:
    """The number that people know an object by, and where it opens, as far as they have been told to us."""
    own = [(row.number, row.link) for row in rows if timeline.sides(row)[1] == thing]
    own += [(met.delivery.number, met.delivery.link) for met in mets if timeline.target_of(met) == thing]
    return (
        next((number for number, _ in own if number), None),
        next((link for _, link in own if link), None),
    )


def link(installation: Installation, thing: Thing) -> str:
    """Where a person opens the object. Raises RequestError (404) when its system has no such page."""
    with installation.database.read() as session:
        row = connections.find(session, thing.connection)
        _, rows = timeline.same(session, thing)
    known = number_and_link(thing, rows, [])[1]
    if known:
        return known
    if row is None:
        raise _missing(f"There is no connection {thing.connection!r}.")
    try:
        draft = connections.unseal(row, installation.seal)
        connector = connections.connect(draft, read_only=True, timeout=TIMEOUT)
        found = connector.link(thing.entity, thing.id)
    except HeddleError as error:
        raise _missing(f"{row.name} could not say where {thing.id} opens: {error.message}") from error
    if not found or not found.startswith(("https://", "http://")):
        raise _missing(f"{row.name} has no page of its own for {thing.entity} {thing.id}.")
    return found


def _meant(met: Met, q: str) -> Thing:
    """The object of a delivery that fits: what was written, by its id or number; else what was read."""
    row = met.delivery
    target = timeline.target_of(met)
    fits = q.casefold() in ((row.remote_id or "").casefold(), (row.number or "").casefold())
    return target if target is not None and fits else timeline.source_of(met)


def _missing(message: str) -> RequestError:
    return RequestError(
        message, status=404, code="E-NOT-FOUND", cure="Search for it by its id, number or title."
    )
