"""What must be kept in step before something else can be: invoices need customers and items.

Read from the live shapes: a field that the drawing fills, or that the target demands, and that refers to
another kind of object, is a need. Who writes that object into the same system provides it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from designer import drawing
from designer.installation import here
from designer.shapes import source
from engine import drift, registry
from engine.drift import Place
from engine.flow import Flow
from engine.node import SyncNode, WriteNode
from engine.shape import Entity, Field
from engine.store import flows
from engine.store.database import Session

Object = tuple[str, str]
"""(connection id, entity)"""


def told(session: Session, slug: str) -> dict[str, Any]:
    """The objects that a flow writes and what they need, and the flows that need what it writes."""
    row = flows.find(session, slug)
    if row is None:
        raise drawing.missing(slug)
    writers = _writers(session)
    flow = _current(session, row)
    mine = {(row.bound().get(slot, ""), entity) for slot, entity in written(flow)}
    objects = [
        {
            "entity": place[1],
            "title": title,
            "needs": [
                {
                    "entity": entity,
                    "fields": fields,
                    "here": (row.bound().get(place[0], ""), entity) in mine,
                    "flows": [
                        _named(other)
                        for other in writers.get((row.bound().get(place[0], ""), entity), [])
                        if other.id != row.id
                    ],
                }
                for entity, fields in found.items()
            ],
        }
        for place, (title, found) in _needs(flow, row.bound()).items()
    ]
    needed_by = [
        _named(other)
        for other in flows.all_flows(session)
        if other.id != row.id and other.state == "live" and mine & _needed(session, other)
    ]
    return {"objects": objects, "needed_by": needed_by}


def to_switch_on(session: Session, row: flows.FlowRow) -> list[flows.FlowRow]:
    """The paused flows that provide what this one needs, and what those need in turn, the first needed first."""
    writers = _writers(session)
    found: dict[str, flows.FlowRow] = {}
    seen = {row.id}

    def visit(current: flows.FlowRow) -> None:
        for need in sorted(_needed(session, current)):
            providers = writers.get(need, [])
            if any(other.state == "live" or other.id == current.id for other in providers):
                continue
            for other in providers:
                if other.state == "paused" and other.id not in seen:
                    seen.add(other.id)
                    visit(other)
                    found[other.id] = other

    visit(row)
    return list(found.values())


def written(flow: Flow) -> set[Place]:
    """What a drawing writes: (slot, entity)."""
    found: set[Place] = set()
    for node in flow.nodes:
        cls = registry.node_types().get(node.type)
        if cls is None or node.disabled or not issubclass(cls, WriteNode | SyncNode):
            continue
        sides = [node.settings, *(node.settings.get(side) for side in ("left", "right"))]
        for side in sides:
            if isinstance(side, dict) and side.get("slot") and side.get("entity"):
                found.add((str(side["slot"]), str(side["entity"])))
    return found


def _needs(flow: Flow, bindings: Mapping[str, str]) -> dict[Place, tuple[str, dict[str, list[str]]]]:
    """Written place → (its title, needed entity → the fields that refer to it)."""
    installation = here()
    shape_of = source(
        installation.database, installation.seal, bindings, installation.shapes, installation.runtime.pacer
    )
    shapes = {place: shape for place in drift.places(flow) if (shape := shape_of(*place)) is not None}
    filled: dict[Place, set[str]] = {}
    for use in drift.used(flow, shapes):
        if use.row.startswith(("fills", "keeps")):
            filled.setdefault(use.place, set()).add(use.path)
    found = {}
    created = _created(flow)
    for place in sorted(written(flow)):
        shape = shapes.get(place)
        if shape is not None:
            referred = _referred(shape, filled.get(place, set()), place in created)
            found[place] = (shape.title or shape.name, referred)
    return found


def _created(flow: Flow) -> set[Place]:
    """What is not only updated: all that the target demands must be there."""
    updates = [node for node in flow.nodes if node.settings.get("operation") in ("update", "delete")]
    return written(flow.model_copy(update={"nodes": [node for node in flow.nodes if node not in updates]}))


def _referred(shape: Entity, filled: set[str], created: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, field in _flat(shape.fields, ""):
        wanted = path in filled or (created and field.required)
        if wanted and field.refers_to and field.refers_to != shape.name:
            found.setdefault(field.refers_to, []).append(field.label())
    return found


def _flat(fields: tuple[Field, ...], within: str) -> Iterator[tuple[str, Field]]:
    for field in fields:
        yield f"{within}{field.name}", field
        yield from _flat(field.fields, f"{within}{field.name}.")


def _needed(session: Session, row: flows.FlowRow) -> set[Object]:
    bound = row.bound()
    return {
        (bound.get(place[0], ""), entity)
        for place, (_, found) in _needs(_current(session, row), bound).items()
        for entity in found
    }


def _writers(session: Session) -> dict[Object, list[flows.FlowRow]]:
    found: dict[Object, list[flows.FlowRow]] = {}
    for row in flows.all_flows(session):
        for slot, entity in written(_current(session, row)):
            found.setdefault((row.bound().get(slot, ""), entity), []).append(row)
    return found


def _current(session: Session, row: flows.FlowRow) -> Flow:
    """What runs; the draft of what never did."""
    live = flows.version_by_id(session, row.live_version_id) if row.live_version_id else None
    return live.document() if live else row.document()


def _named(row: flows.FlowRow) -> dict[str, str]:
    return {"slug": row.slug, "name": row.name, "state": row.state}
