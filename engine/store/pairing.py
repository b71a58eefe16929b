"""Cross references as people see and repair them. Each change is one row, and none while it is being created."""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Table, and_, or_, select
from sqlmodel import Session

from engine.errors import RequestError
from engine.record import from_json
from engine.store import claims
from engine.store.references import CHOSEN, DELETED, NEW, OUT, CrossReference, Pair
from engine.store.timepiece import shared_now, time_of_day

_table: Table = CrossReference.__table__  # type: ignore[attr-defined]
CALL = 30.0
"""Seconds for which a call may still be carried out when its worker is no more."""
STATES = ("linked", "new", "out", "deleted", "creating", "doubt")
"""linked: two objects · new: to be created · out: left out · deleted: deleted by us · creating: on its way ·
doubt: a create whose answer never came"""


def state(session: Session, row: CrossReference) -> str:
    """One of STATES."""
    if row.right_id is not None:
        return "linked"
    if not row.claim:
        return row.claim_outcome if row.claim_outcome in (NEW, OUT, DELETED) else "doubt"
    return "creating" if row.claim_until > shared_now(session) else "doubt"


def flows_of(row: CrossReference) -> list[tuple[str, str]]:
    """(flow id, node id) of the steps that have written to this pair."""
    found = (name.partition("/") for name in from_json(row.fingerprints))
    return [(flow, node) for flow, _, node in found]


def search(
    session: Session, *, text: str = "", connection: str = "", entity: str = "", kind: str = "", before: int = 0,
    limit: int = 100,
) -> list[CrossReference]:  # fmt: skip
    """Newest first. ``text`` begins an id or a number; ``kind`` is one of STATES; ``before`` an id to go on from."""
    c = _table.c
    query = select(CrossReference).order_by(c.id.desc()).limit(limit)
    if text:
        like = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        query = query.where(
            or_(*(c[name].like(like, escape="\\") for name in ("left_id", "right_id", "number")))
        )
    if connection:
        query = query.where(or_(c.left_connection == connection, c.right_connection == connection))
    if entity:
        query = query.where(or_(c.left_entity == entity, c.right_entity == entity))
    if before:
        query = query.where(c.id < before)
    if kind:
        query = query.where(_kind(session, kind))
    return list(session.execute(query).scalars())


def _kind(session: Session, kind: str) -> Any:
    c, at = _table.c, shared_now(session)
    if kind == "linked":
        return c.right_id.is_not(None)
    open_claim = and_(c.right_id.is_(None), c.claim != "")
    if kind == "creating":
        return and_(open_claim, c.claim_until > at)
    if kind == "doubt":
        return or_(
            and_(open_claim, c.claim_until <= at),
            and_(c.right_id.is_(None), c.claim == "", c.claim_outcome.not_in((NEW, OUT, DELETED))),
        )
    return and_(c.right_id.is_(None), c.claim == "", c.claim_outcome == kind)


def everything(session: Session) -> Iterator[CrossReference]:
    """Every row, oldest first, a page at a time."""
    after = 0
    while True:
        query = select(CrossReference).where(_table.c.id > after).order_by(_table.c.id).limit(500)
        rows = list(session.execute(query).scalars())
        yield from rows
        if len(rows) < 500:
            return
        after = rows[-1].id or 0
        session.expunge_all()


def get(session: Session, reference_id: int, *, lock: bool = False) -> CrossReference:
    """Raises RequestError (404) if there is none."""
    row = session.get(CrossReference, reference_id, with_for_update=True if lock else None)
    if row is None:
        raise RequestError(
            "There is no such cross reference.",
            status=404,
            code="E-NOT-FOUND",
            cure="It may have been removed; reload the list.",
        )
    return row


def of(session: Session, pair: Pair, left_id: str, *, lock: bool = True) -> CrossReference | None:
    """The row of a source object; locked, if it is to be changed."""
    query = select(CrossReference).where(
        *(_table.c[name] == value for name, value in msgspec.structs.asdict(pair).items()),
        _table.c.left_id == left_id,
    )
    return session.execute(query.with_for_update() if lock else query).scalar()


def namesakes(session: Session, pair: Pair, left_id: str, right_id: str) -> list[str]:
    """The other source objects, by id, that stand for this object already."""
    query = select(_table.c.left_id).where(
        *(_table.c[name] == value for name, value in msgspec.structs.asdict(pair).items()),
        _table.c.right_id == right_id,
        _table.c.left_id != left_id,
    )
    return sorted(session.execute(query.limit(3)).scalars())


def point(
    session: Session, pair: Pair, left_id: str, right_id: str, number: str | None, link: str | None
) -> CrossReference:
    """Says which object a source object is. Raises RequestError (409) while its object is being created."""
    row = _fresh(session, pair, left_id)
    row.right_id, row.number, row.link, row.claim_outcome = right_id, number, link, CHOSEN
    session.add(row)
    session.flush()
    return row


def say(session: Session, pair: Pair, left_id: str, choice: str) -> CrossReference:
    """Says that a source object is to be created anew, or left out. Raises RequestError (409) as ``point``."""
    row = _fresh(session, pair, left_id)
    row.right_id, row.number, row.link, row.claim_outcome = None, None, None, choice
    session.add(row)
    session.flush()
    return row


def remove(session: Session, row: CrossReference) -> None:
    """Forgets a pair. Raises RequestError (409) while its object is being created."""
    _refuse_busy(session, row)
    session.delete(row)


def _fresh(session: Session, pair: Pair, left_id: str) -> CrossReference:
    """The row without what was remembered of the object that it stood for."""
    row = of(session, pair, left_id)
    if row is None:
        return CrossReference(left_id=left_id, stored_at=shared_now(session), **msgspec.structs.asdict(pair))
    _refuse_busy(session, row)
    row.answer, row.fingerprints, row.claim, row.claim_until = None, "{}", "", 0.0
    row.agreed, row.left_echo, row.right_echo = None, "", ""
    row.updated_at, row.stored_at = time_of_day(session), shared_now(session)
    return row


def is_being_created(session: Session, claim: str, until: float) -> bool:
    """Whether the create that was claimed until then is on its way, even if that takes longer than the claim was meant
    for."""
    return bool(claim) and (until > shared_now(session) or claims.is_writing(session, claim, CALL))


def _refuse_busy(session: Session, row: CrossReference) -> None:
    if row.right_id is None and is_being_created(session, row.claim, row.claim_until):
        raise RequestError(
            "A run is creating this object right now.",
            status=409,
            code="E-REFERENCE-BUSY",
            cure="Wait until the run has settled it, then look again.",
        )


def pair_of(row: CrossReference) -> Pair:
    return Pair(row.left_connection, row.left_entity, row.right_connection, row.right_entity)
