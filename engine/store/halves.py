"""A batch that cannot be taken through as a whole is cut in two, and each half is a batch of its own.

What a batch claims bears its name (``run/lane/stem/node``), by which it knows its own again after an interruption, and
others know who is at work on it. So the halves keep the name of the whole: the number that it had, its stem. Steps that
were settled for the whole are settled for each half, which takes along what became of its own records there.
"""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Table, func, literal, select, update

from engine.record import from_json
from engine.store import plain
from engine.store.database import Session
from engine.store.deliveries import Call, Delivery
from engine.store.lanes import ONE_MORE, Lane, StagedBatch, guard
from engine.store.reviews import Hold
from engine.store.roots import Root, origin
from engine.store.tenure import Claim

_lanes: Table = Lane.__table__  # type: ignore[attr-defined]
_batches: Table = StagedBatch.__table__  # type: ignore[attr-defined]
_deliveries: Table = Delivery.__table__  # type: ignore[attr-defined]
_holds: Table = Hold.__table__  # type: ignore[attr-defined]
_calls: Table = Call.__table__  # type: ignore[attr-defined]
_CHUNK = 500


class Half(NamedTuple):
    """Part of a batch: its payload, how many records that is, and which."""

    payload: bytes
    size: int
    roots: set[Root]


def cut(session: Session, held: Claim, first: Half, second: Half) -> None:
    """Puts two halves in the place of the batch at hand; the batches behind it move up by one, which have claimed
    nothing under their numbers yet. Both halves keep the name under which it has. No object may be in both."""
    guard(session, held, abreast=True, attempts=0, answered=0)
    held.attempts = 0
    connection = session.connection()
    plain.rows(session, ONE_MORE, held.run_id, held.lane)
    here = (_batches.c.run_id == held.run_id, _batches.c.lane == held.lane)
    # two steps by way of negative numbers, because each row must keep a number of its own meanwhile
    behind = update(_batches).where(*here, _batches.c.number > held.next)
    connection.execute(behind.values(number=-_batches.c.number))
    connection.execute(
        update(_batches).where(*here, _batches.c.number < 0).values(number=1 - _batches.c.number)
    )
    whole = (*here, _batches.c.number == held.next)
    settled, answers = connection.execute(select(_batches.c.settled, _batches.c.answers).where(*whole)).one()
    connection.execute(
        update(_batches).where(*whole).values(payload=first.payload, count=first.size, stem=held.stem)
    )
    connection.execute(
        _batches.insert().values(
            run_id=held.run_id,
            lane=held.lane,
            number=held.next + 1,
            payload=second.payload,
            count=second.size,
            state="staged",
            settled=settled,
            answers=answers,
            stem=held.stem,
        )
    )
    _move_up(session, _calls, held)
    same = [column for column in _calls.c if column.name not in ("id", "batch")]
    of_both = select(*same, literal(held.next + 1)).where(*_of(_calls, held))
    connection.execute(_calls.insert().from_select([*(column.name for column in same), "batch"], of_both))
    if from_json(settled):  # else there is nothing in the books of any of them
        _take_along(session, held, second.roots)


def _move_up(session: Session, table: Table, held: Claim) -> None:
    """Batches behind may be halves as well, of which something is known."""
    behind = table.c.run_id == held.run_id, table.c.lane == held.lane, table.c.batch > held.next
    session.connection().execute(update(table).where(*behind).values(batch=table.c.batch + 1))


def _take_along(session: Session, held: Claim, roots: set[Root]) -> None:
    """What is in the books of these records already is that of the second half."""
    connection = session.connection()
    for table in (_deliveries, _holds):
        _move_up(session, table, held)
    slot, entity = _deliveries.c.origin_slot, _deliveries.c.origin_entity
    entered = connection.execute(
        select(_deliveries.c.id, slot, entity, _deliveries.c.root).where(*_of(_deliveries, held))
    )
    written = [number for number, *place, key in entered if Root(origin(*place), key) in roots]
    waiting = connection.execute(
        select(_holds.c.id, _holds.c.origin, _holds.c.root).where(*_of(_holds, held))
    )
    asked = [number for number, place, key in waiting if Root(place, key) in roots]
    for table, moved in ((_deliveries, written), (_holds, asked)):
        for start in range(0, len(moved), _CHUNK):
            some = table.c.id.in_(moved[start : start + _CHUNK])
            connection.execute(update(table).where(some).values(batch=held.next + 1))


def _of(table: Table, held: Claim) -> tuple[ColumnElement[bool], ...]:
    return table.c.run_id == held.run_id, table.c.lane == held.lane, table.c.batch == held.next


def at_hand(claim: str) -> tuple[ColumnElement[bool], ...]:
    """Of a lane: its batch at hand is that of a claim (``run/lane/stem/node``), or was when it was closed."""
    run_id, lane, stem, _ = claim.split("/", 3)
    named = (
        select(func.coalesce(_batches.c.stem, _batches.c.number))
        .where(_batches.c.run_id == _lanes.c.run_id, _batches.c.lane == _lanes.c.number,
               _batches.c.number == _lanes.c.next)
        .scalar_subquery()
    )  # fmt: skip
    here = (_lanes.c.run_id == run_id, _lanes.c.number == int(lane))
    return (*here, named == int(stem))
