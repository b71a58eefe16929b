"""Claims on creates whose batch takes longer than they were meant to stand: a slow call, or a wait for a turn."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Table, case, select, update
from sqlmodel import Session

from engine.store import matches, references
from engine.store.halves import at_hand
from engine.store.lanes import Lane
from engine.store.matches import Key, Taken
from engine.store.references import CrossReference, Pair, Reference
from engine.store.timepiece import shared_now

_lanes: Table = Lane.__table__  # type: ignore[attr-defined]
_references: Table = CrossReference.__table__  # type: ignore[attr-defined]


def prolong(session: Session, known: Iterable[Reference], grace: float) -> set[str]:
    """Lets claims stand on whose lane is still at work on their very batch; answers which claims those are.

    known  references that are claimed (``run/lane/batch/node``) and whose time is over
    grace  seconds for which a call may still be under way after the lease
    """
    left: dict[str, float | None] = {}
    for one in known:
        if one.claim not in left:
            left[one.claim] = _lease(session, one.claim, grace)
        lease = left[one.claim]
        if lease is not None:
            stand(session, [(one.pair, one.left_id, one.claim)], shared_now(session) + lease + grace)
    return {claim for claim, lease in left.items() if lease is not None}


def claimant(session: Session, key: Key, has: Taken) -> Reference | None:
    """Who claimed a match key, as its open create is remembered; None where that is over."""
    connection, entity, left_id = has.source
    pair = Pair(connection, entity, key.right_connection, key.right_entity)
    known = references.load(session, pair, [left_id]).get(left_id)
    return known if known is not None and known.right_id is None and known.claim == has.claim else None


def prolong_keys(session: Session, keys: Sequence[Key], grace: float) -> None:
    """The same for claims on match keys."""
    for key, claim in matches.lapsed(session, keys).items():
        lease = _lease(session, claim, grace) if claim.count("/") >= 3 else None
        if lease is not None:
            matches.stand(session, key, claim, shared_now(session) + lease + grace)


def stand(session: Session, claimed: Iterable[tuple[Pair, str, str]], until: float) -> None:
    """Lets open claims (pair, source id, claim) stand until then, no longer and no shorter."""
    for pair, left_id, claim in claimed:
        session.connection().execute(
            update(_references)
            .where(
                *(_references.c[name] == value for name, value in msgspec.structs.asdict(pair).items()),
                _references.c.left_id == left_id,
                _references.c.claim == claim,
                _references.c.right_id.is_(None),
            )
            .values(claim_until=until)
        )


def is_writing(session: Session, claim: str, grace: float) -> bool:
    """Whether the batch of a claim is being worked on, or waits because a call of it may still be carried out."""
    if is_at_work(session, claim, grace):
        return True
    if claim.count("/") < 3:
        return False
    query = select(_lanes.c.silent_until).where(*at_hand(claim), _lanes.c.silent_until > shared_now(session))
    return session.connection().execute(query).first() is not None


def is_under_way(session: Session, claim: str) -> bool:
    """Whether the batch of a claim is not through yet, though nobody may be at work on it: what it left in doubt, it will
    look for itself."""
    if claim.count("/") < 3:
        return False
    query = select(_lanes.c.number).where(*at_hand(claim), _lanes.c.state == "open")
    return session.connection().execute(query).first() is not None


def is_at_work(session: Session, claim: str, grace: float) -> bool:
    """Whether the batch of a claim is still being worked on, though the time of the claim may be over."""
    return claim.count("/") >= 3 and _lease(session, claim, grace) is not None


def _lease(session: Session, claim: str, grace: float) -> float | None:
    """For how many seconds the lane of a claim is in somebody's hands (less than none: so long ago), None if it is
    not, or has gone on to another batch. Hands from which it was taken count until then."""
    at = shared_now(session)
    held = case((_lanes.c.owner.is_not(None), _lanes.c.until), else_=0.0)
    ends = case((held > _lanes.c.taken_at, held), else_=_lanes.c.taken_at)
    found = session.connection().execute(select(ends).where(*at_hand(claim), ends + grace > at)).scalar()
    return None if found is None else float(found) - at
