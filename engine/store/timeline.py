"""What is known of one object, whatever flow or run met it. Nothing here changes anything.

Everything is found by index: deliveries by the key of their root, by the id or number they wrote, by exact
title; cross references from either side.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from engine.record import from_json
from engine.store.approvals import Approval
from engine.store.deliveries import Delivery, with_key
from engine.store.references import CrossReference
from engine.store.reviews import Hold
from engine.store.runs import Run

QUIET = ("unchanged", "skipped", "echo")
"""Outcomes after which nothing is different."""
MERGE = "merge"
"""The operation of a delivery that wrote nothing, and after which an object belongs to another one."""
RECENT = 20_000
"""So many of the newest deliveries are searched for a part of a title."""
MOST = 30
"""So many objects are followed from reference to reference; a star with more is cut off."""


class Thing(msgspec.Struct, frozen=True):
    """An object in a system. ``connection`` is empty for what a trigger brought by itself."""

    connection: str
    entity: str
    id: str


class Met(NamedTuple):
    """A delivery and the run it happened in."""

    delivery: Delivery
    run: Run


def source_of(met: Met) -> Thing:
    """The object that was read."""
    row = met.delivery
    return Thing(_bound(met.run, row.origin_slot), row.origin_entity, row.root)


def target_of(met: Met) -> Thing | None:
    """The object that was written, if there is one."""
    row = met.delivery
    if not row.slot or row.remote_id is None:
        return None
    return Thing(_bound(met.run, row.slot), row.entity, row.remote_id)


def matches(session: Session, q: str, limit: int = 40) -> list[Met]:
    """Deliveries that a person means by an id, a number, a title, or a part of the title of a recent one; newest first."""
    words = dict.fromkeys((q, q.upper()))
    found: dict[int, Met] = {}
    meant = (
        col(Delivery.number).in_(words),
        col(Delivery.root).in_(words),
        with_key(words),
        col(Delivery.remote_id).in_(words),
        titled(words),
    )
    for condition in meant:
        for met in _live(session, _newest(limit).where(condition)):
            found[_id(met.delivery)] = met
    if len(found) < limit:
        newest = session.exec(select(func.max(Delivery.id))).one() or 0
        part = col(Delivery.title).icontains(q, autoescape=True)
        for met in _live(session, _newest(limit).where(col(Delivery.id) > newest - RECENT, part)):
            found[_id(met.delivery)] = met
    return sorted(found.values(), key=lambda met: -_id(met.delivery))


def titled(titles: Iterable[str]) -> ColumnElement[bool]:
    """Deliveries of records that people call so. Those without a title are not in the index."""
    return and_(col(Delivery.title).in_(titles), col(Delivery.title) != "")


def references_of(session: Session, things: Sequence[Thing]) -> list[CrossReference]:
    """The cross references that one of the things is a side of, whichever side."""
    found: dict[int, CrossReference] = {}
    for thing in things:
        for side in ("left", "right"):
            query = select(CrossReference).where(
                *(getattr(CrossReference, f"{side}_{name}") == getattr(thing, name)
                  for name in ("connection", "entity", "id")),
                col(CrossReference.right_id).is_not(None),
            ).limit(MOST)  # fmt: skip
            for row in session.exec(query):
                assert row.id is not None  # it has been stored
                found[row.id] = row
    return list(found.values())


def sides(row: CrossReference) -> tuple[Thing, Thing]:
    assert row.right_id is not None  # only whole references are loaded here
    return (
        Thing(row.left_connection, row.left_entity, row.left_id),
        Thing(row.right_connection, row.right_entity, row.right_id),
    )


def same(session: Session, thing: Thing) -> tuple[list[Thing], list[CrossReference]]:
    """The thing and all that stand for it elsewhere, over every flow, nearest first; with the references between."""
    known: dict[Thing, None] = {thing: None}
    rows: dict[int | None, CrossReference] = {}
    fresh = [thing]
    while fresh and len(known) < MOST:
        found = references_of(session, fresh)
        rows.update({row.id: row for row in found})
        near = dict.fromkeys(side for row in found for side in sides(row))
        fresh = [side for side in near if side not in known][: MOST - len(known)]
        known.update(dict.fromkeys(fresh))
    return list(known), list(rows.values())


def meetings(
    session: Session, things: Sequence[Thing], *, everything: bool, before: int | None, limit: int
) -> list[Met]:
    """Deliveries of live runs that read or wrote one of the things, newest first; ``before`` is the last id seen."""
    found: dict[int, Met] = {}
    for thing in things:
        read = (Delivery.root == thing.id, col(Delivery.origin_entity).in_(("", thing.entity)))
        wrote = (Delivery.remote_id == thing.id, Delivery.entity == thing.entity)
        for condition in (read, wrote):
            query = _newest(limit).where(*condition)
            if before is not None:
                query = query.where(col(Delivery.id) < before)
            if not everything:
                loud = col(Delivery.outcome).not_in(QUIET) | (col(Delivery.operation) == MERGE)
                query = query.where(loud)
            for met in _live(session, query):
                found[_id(met.delivery)] = met
    return sorted(found.values(), key=lambda met: -_id(met.delivery))[:limit]


def concerns(met: Met, things: Iterable[Thing]) -> tuple[bool, bool]:
    """Whether one of the things was read, and whether one was written: ids alone are not unique."""
    known = set(things)
    source = source_of(met)
    bound = set(from_json(met.run.bindings).values()) | {""}
    unknown = not met.delivery.origin_entity
    read = source in known or (
        unknown and any(one.id == source.id and one.connection in bound for one in known)
    )
    return read, target_of(met) in known


def holds(session: Session, flow_ids: Sequence[str], roots: Sequence[str]) -> list[Hold]:
    """Every hold of these records, open or over."""
    found = []
    for state in ("open", "released", "replaced"):
        query = select(Hold).where(
            col(Hold.flow_id).in_(flow_ids), Hold.state == state, col(Hold.root).in_(roots)
        )
        found += list(session.exec(query.limit(200)))
    return found


def approvals(session: Session, flow_ids: Sequence[str], roots: Sequence[str]) -> list[Approval]:
    """Every approval that these records waited for."""
    query = select(Approval).where(col(Approval.root).in_(roots), col(Approval.flow_id).in_(flow_ids))
    newest = query.options(defer(Approval.payload)).order_by(col(Approval.id).desc())  # type: ignore[arg-type]
    return list(session.exec(newest.limit(200)))


def _newest(limit: int) -> Any:
    return (
        select(Delivery, Run)
        .join(Run, col(Run.id) == Delivery.run_id)
        .where(Run.mode == "live")
        .order_by(col(Delivery.id).desc())
        .limit(limit)
    )


def _live(session: Session, query: Any) -> list[Met]:
    return [Met(delivery, run) for delivery, run in session.execute(query)]


def _bound(run: Run, slot: str) -> str:
    return str(from_json(run.bindings).get(slot, "")) if slot else ""


def _id(row: Delivery) -> int:
    assert row.id is not None  # it has been stored
    return row.id
