"""The match report of a first load: what was recognised, what is new, and what somebody has to say.

What only looks like an object, or is several, stands in the table of holds, in states of its own: nobody waits for it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, func, select, update
from sqlmodel import Session

from engine.record import from_json
from engine.store.deliveries import Delivery
from engine.store.progress import found_by
from engine.store.reviews import Hold

LIKELY, AMBIGUOUS, EXACT, NEW = "likely", "ambiguous", "exact", "new"
ASKED = (LIKELY, AMBIGUOUS)
BANDS = (EXACT, LIKELY, AMBIGUOUS, NEW)
_OUTCOMES = {EXACT: ("updated", "unchanged"), NEW: ("created",)}
_holds: Table = Hold.__table__  # type: ignore[attr-defined]
_rows: Table = Delivery.__table__  # type: ignore[attr-defined]


def enter(session: Session, holds: Sequence[dict[str, Any]]) -> None:
    """Enters what must be asked about; other questions are no matter of matching."""
    rows = []
    for hold in holds:
        question = from_json(hold["question"])
        if question.get("kind") == "ambiguous" and "source" in question:
            exact = sum(bool(one["exact"]) for one in question["candidates"])
            rows.append({**hold, "state": AMBIGUOUS if exact > 1 else LIKELY})
    if rows:
        session.connection().execute(_holds.insert(), rows)


def counts(session: Session, run_id: str) -> dict[str, int]:
    """Band → how many records at write steps, with ``open`` of the asked ones, ``held`` and ``failed`` for other reasons."""
    asked = select(_holds.c.state, func.count()).where(_holds.c.run_id == run_id).group_by(_holds.c.state)
    by_state = {str(state): int(n) for state, n in session.connection().execute(asked)}
    of = {band: by_state.get(band, 0) + by_state.get(f"{band} decided", 0) for band in ASKED}
    query = (
        select(_rows.c.outcome, func.count())
        .where(_rows.c.run_id == run_id, _rows.c.entity != "")
        .group_by(_rows.c.outcome)
    )
    met = {str(outcome): int(n) for outcome, n in session.connection().execute(query)}
    return {
        **{band: sum(met.get(one, 0) for one in outcomes) for band, outcomes in _OUTCOMES.items()},
        **of,
        "open": sum(by_state.get(band, 0) for band in ASKED),
        "held": max(met.get("held", 0) - sum(of.values()), 0),
        "failed": met.get("failed", 0) + met.get("rejected", 0),
        "skipped": met.get("skipped", 0),
    }


def asked(
    session: Session, run_id: str, band: str, q: str = "", after: int = 0, limit: int = 50
) -> list[Hold]:
    """What was asked about in one band, decided or not."""
    query = (
        select(Hold)
        .where(_holds.c.run_id == run_id, _holds.c.state.in_((band, f"{band} decided")), _holds.c.id > after)
        .order_by(_holds.c.id)
        .limit(limit)
    )
    if q:
        query = query.where(
            _holds.c.title.contains(q, autoescape=True) | _holds.c.key.startswith(q, autoescape=True)
        )
    return list(session.execute(query).scalars())


def undecided(session: Session, run_id: str, band: str, after: int, limit: int) -> list[Hold]:
    """What nobody has decided yet."""
    query = (
        select(Hold)
        .where(_holds.c.run_id == run_id, _holds.c.state == band, _holds.c.id > after)
        .order_by(_holds.c.id)
        .limit(limit)
    )
    return list(session.execute(query).scalars())


def met(
    session: Session, run_id: str, band: str, q: str = "", after: int = 0, limit: int = 50
) -> list[Delivery]:
    """What was recognised, or is new."""
    query = (
        select(Delivery)
        .where(_rows.c.run_id == run_id, _rows.c.outcome.in_(_OUTCOMES[band]), _rows.c.id > after)
        .where(_rows.c.entity != "")
        .order_by(_rows.c.id)
        .limit(limit)
    )
    if q:
        query = query.where(found_by(q))
    return list(session.execute(query).scalars())


def one(session: Session, run_id: str, node: str, key: str) -> tuple[Hold | None, Delivery | None]:
    """The question about a record at a step, if there is one, and what the report says of it."""
    states = [*ASKED, *(f"{band} decided" for band in ASKED)]
    hold = session.execute(
        select(Hold).where(
            _holds.c.run_id == run_id, _holds.c.node == node, _holds.c.key == key, _holds.c.state.in_(states)
        )
    ).scalar()
    row = session.execute(
        select(Delivery).where(_rows.c.run_id == run_id, _rows.c.node == node, _rows.c.key == key)
    ).scalar()
    return hold, row


def mark(session: Session, hold: Hold, by: str | None) -> None:
    """Notes who decided, or with None that it is open again."""
    band = hold.state.partition(" ")[0]
    state = band if by is None else f"{band} decided"
    session.connection().execute(
        update(_holds).where(_holds.c.id == hold.id).values(state=state, released_by=by)
    )
