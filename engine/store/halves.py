"""A batch that cannot be taken through as a whole is cut in two, and each half is a batch of its own.

What a batch claims bears its name (``run/lane/stem/node``), by which it knows its own again after an interruption, and
others know who is at work on it. So the halves keep the name of the whole: the number that it had, its stem.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Table, func, select, update

from engine.store import plain
from engine.store.database import Session
from engine.store.lanes import ONE_MORE, Lane, StagedBatch, guard
from engine.store.tenure import Claim

_lanes: Table = Lane.__table__  # type: ignore[attr-defined]
_batches: Table = StagedBatch.__table__  # type: ignore[attr-defined]


def cut(session: Session, held: Claim, halves: Sequence[tuple[bytes, int]]) -> None:
    """Puts two halves in the place of the batch at hand; the batches behind it move up by one, which have claimed
    nothing yet. Both halves keep the name under which it has."""
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
    (first, first_count), (second, second_count) = halves
    connection.execute(
        update(_batches)
        .where(*here, _batches.c.number == held.next)
        .values(payload=first, count=first_count, answers=None, stem=held.stem)
    )
    connection.execute(
        _batches.insert().values(
            run_id=held.run_id,
            lane=held.lane,
            number=held.next + 1,
            payload=second,
            count=second_count,
            state="staged",
            settled="[]",
            stem=held.stem,
        )
    )


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
