"""Who creates the object for a match key: one claim a key, whichever source object, lane, batch or run it is for.

A search tells only what was there when it ran. Between looking and creating, somebody else may have created
the object for another source object with the same key; so the key itself is claimed, in the transaction that
claims the source object. What came of it is remembered for a while, because searches lag.
"""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import ColumnElement, Index, Table, delete, select, update
from sqlmodel import Field, Session, SQLModel

from engine.store import bulk, plain
from engine.store.timepiece import shared_now

MEMORY = 3600.0
"""Seconds for which a created object is remembered by its match key: longer than any search lags behind."""


class MatchClaim(SQLModel, table=True):
    """(target connection, target entity, hash of the match key) → who creates it, and what it became.

    ``right_id`` is None while the create is on its way, or in doubt: then the row stands until that is settled, be
    its time over or not. What was made binds nobody after ``claim_until``.
    """

    __tablename__ = "match_claim"
    __table_args__ = (Index("match_claim_until", "claim_until"),)

    right_connection: str = Field(primary_key=True)
    right_entity: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    left_connection: str = Field(default="", sa_column_kwargs={"server_default": ""})
    left_entity: str = Field(default="", sa_column_kwargs={"server_default": ""})
    left_id: str
    right_id: str | None = None
    claim: str
    claim_until: float
    taken_at: float


class Key(msgspec.Struct, frozen=True):
    """A match key of one target entity; ``digest`` is its hash in normal form."""

    right_connection: str
    right_entity: str
    digest: str


Sides = tuple[str, str, str, str]
"""Connection and entity of the source, connection and entity of the target."""
Source = tuple[str, str, str]
"""A source object: its connection, entity and id. The id alone may be that of several."""

_table: Table = MatchClaim.__table__  # type: ignore[attr-defined]
_IDENTITY = ("right_connection", "right_entity", "digest")
_SOURCE = ("left_connection", "left_entity", "left_id")
_VALUES = (*_SOURCE, "right_id", "claim", "claim_until", "taken_at")
_COLUMNS = (*_IDENTITY, *_VALUES)
_RENEW = f"ON CONFLICT ({', '.join(_IDENTITY)}) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _VALUES
)
_SAME = " AND ".join(f"match_claim.{name} = excluded.{name}" for name in _SOURCE)
_TAKE_OVER = (
    f"{_RENEW} WHERE (match_claim.claim_until < excluded.taken_at"
    f" AND (match_claim.right_id IS NOT NULL OR ({_SAME})))"
    f" OR (match_claim.claim = excluded.claim AND {_SAME} AND match_claim.right_id IS NULL)"
)
TURN = "turn:"
"""How the digests of turns begin."""
_CHUNK = 500
_SWEPT = 20_000


class Taken(msgspec.Struct, frozen=True):
    """Who has a key: for which source object, under which claim and until when; ``right_id``: what was made for it."""

    source: Source
    right_id: str | None
    claim: str
    until: float


def claim(
    session: Session, wanted: Sequence[tuple[Key, Source]], owner: str, patience: float
) -> dict[Key, Taken]:
    """Claims keys of one target entity for ``patience`` seconds, each for a source object, no key twice; answers those
    it did *not* get, with who has them.
    """
    if not wanted:
        return {}
    at = shared_now(session)
    rows = sorted(
        ((*msgspec.structs.astuple(key), *source, None, owner, at + patience, at) for key, source in wanted),
        key=lambda row: row[:3],  # everybody in the same order, so that no two wait for each other
    )
    if bulk.insert(session, _table, _COLUMNS, rows, _TAKE_OVER) == len(rows):
        return {}
    ours = dict(wanted)
    return {
        key: has for key, has in load(session, list(ours)).items()
        if (has.source, has.right_id, has.claim) != (ours[key], None, owner)
    }  # fmt: skip


def lapsed(session: Session, keys: Sequence[Key]) -> dict[Key, str]:
    """Those of these keys, all of one target entity, on which a claim has run out that was neither settled nor given
    up, with that claim."""
    found: dict[Key, str] = {}
    for start in range(0, len(keys), _CHUNK):
        some = {key.digest: key for key in keys[start : start + _CHUNK]}
        one = keys[start]
        rows = plain.rows(
            session, "SELECT digest, claim FROM match_claim WHERE right_connection = ? AND right_entity = ?"  # noqa: S608
            f" AND digest IN ({', '.join('?' * len(some))}) AND right_id IS NULL AND claim_until < ?",
            one.right_connection, one.right_entity, *some, shared_now(session),
        )  # fmt: skip
        found |= {some[digest]: claim for digest, claim in rows}
    return found


def stand(session: Session, key: Key, owner: str, until: float) -> None:
    """Lets an open claim on a key stand until then."""
    its = (_table.c[name] == getattr(key, name) for name in _IDENTITY)
    session.connection().execute(
        update(_table)
        .where(*its, _table.c.claim == owner, _table.c.right_id.is_(None))
        .values(claim_until=until)
    )


def take_turns(session: Session, wanted: Sequence[tuple[Key, Source, str]]) -> dict[Key, str]:
    """Lets (key, source object, claim) of each object be the only ones who write it; answers what it did *not* get, with
    the claim of whoever has it. A turn is given back by nobody: see ``pass_turn``.
    """
    at = shared_now(session)
    rows = sorted(
        (
            (*msgspec.structs.astuple(key), *source, None, owner, at + MEMORY, at)
            for key, source, owner in wanted
        ),
        key=lambda row: row[:3],
    )
    if bulk.insert(session, _table, _COLUMNS, rows, _TAKE_OVER) == len(rows):
        return {}
    owners = {key: owner for key, _, owner in wanted}
    known = load(session, list(owners))
    return {key: has.claim for key, has in known.items() if has.claim != owners[key]}


def pass_turn(session: Session, key: Key, former: str, owner: str) -> bool:
    """Takes a turn over from one who is certainly no longer writing; False if somebody else was quicker."""
    query = (
        update(_table)
        .where(*(_table.c[name] == getattr(key, name) for name in _IDENTITY), _table.c.claim == former)
        .values(claim=owner, claim_until=shared_now(session) + MEMORY)
    )
    return session.connection().execute(query).rowcount == 1


def load(session: Session, keys: Sequence[Key]) -> dict[Key, Taken]:
    """Who has these keys, all of one target entity."""
    found: dict[Key, Taken] = {}
    for start in range(0, len(keys), _CHUNK):
        some = {key.digest: key for key in keys[start : start + _CHUNK]}
        rows = plain.rows(
            session, f"SELECT digest, {', '.join(_SOURCE)}, right_id, claim, claim_until FROM match_claim"  # noqa: S608
            f" WHERE right_connection = ? AND right_entity = ? AND digest IN ({', '.join('?' * len(some))})",
            keys[start].right_connection, keys[start].right_entity, *some,
        )  # fmt: skip
        found |= {some[digest]: Taken((row[0], row[1], row[2]), *row[3:]) for digest, *row in rows}
    return found


def hand_over(session: Session, key: Key, has: Taken, to: tuple[Source, str], patience: float) -> None:
    """Gives an open key to another (source object, claim), if nothing has changed about who has it."""
    its = (_table.c[name] == getattr(key, name) for name in _IDENTITY)
    source = (_table.c[name] == value for name, value in zip(_SOURCE, has.source, strict=True))
    held = (*source, _table.c.claim == has.claim, _table.c.claim_until == has.until)
    at = shared_now(session)
    session.connection().execute(
        update(_table)
        .where(*its, *held, _table.c.right_id.is_(None))
        .values(**dict(zip(_SOURCE, to[0], strict=True)), claim=to[1], claim_until=at + patience, taken_at=at)
    )


def found(session: Session, sides: Sides, left_id: str, owner: str, right_id: str) -> None:
    """A create in doubt has happened: ``right_id`` is what was made for its key."""
    at = shared_now(session)
    session.connection().execute(
        update(_table)
        .where(*_open(sides, owner), _table.c.left_id == left_id)
        .values(right_id=right_id, claim_until=at + MEMORY, taken_at=at)
    )


def settle(session: Session, made: Iterable[tuple[Key, Source, str, str]]) -> None:
    """Remembers what was made: (key, source object, id of the object, claim)."""
    at = shared_now(session)
    rows = {
        key: (*msgspec.structs.astuple(key), *source, right_id, owner, at + MEMORY, at)
        for key, source, right_id, owner in made
    }
    bulk.insert(session, _table, _COLUMNS, list(rows.values()), _RENEW)


def release(session: Session, sides: Sides, left_ids: Sequence[str], owner: str) -> None:
    """Gives up claims on creates that certainly did not happen."""
    for start in range(0, len(left_ids), _CHUNK):
        session.connection().execute(
            delete(_table).where(*_open(sides, owner), _table.c.left_id.in_(left_ids[start : start + _CHUNK]))
        )


def _open(sides: Sides, owner: str) -> tuple[ColumnElement[bool], ...]:
    """The keys that this claim has; turns are none."""
    names = ("left_connection", "left_entity", "right_connection", "right_entity")
    between = (_table.c[name] == value for name, value in zip(names, sides, strict=True))
    keys = ~_table.c.digest.startswith(TURN)
    return (*between, keys, _table.c.claim == owner, _table.c.right_id.is_(None))


def forget(session: Session, made: Iterable[tuple[Key, str]], before: float) -> float | None:
    """Drops what is remembered of objects that are gone, or no longer have the key they were made for. What was made
    after ``before`` stays, because searches may not see it yet: answers when the newest of that was made."""
    newest: float | None = None
    for key, right_id in made:
        its = (*(_table.c[name] == getattr(key, name) for name in _IDENTITY), _table.c.right_id == right_id)
        dropped = session.connection().execute(delete(_table).where(*its, _table.c.taken_at <= before))
        if dropped.rowcount == 0:
            at = session.connection().execute(select(_table.c.taken_at).where(*its)).scalar()
            newest = max(filter(None, (newest, at)), default=None)
    return newest


def sweep(session: Session) -> None:
    """Clears away some of what binds nobody any more: little enough to keep nobody waiting."""
    at = shared_now(session)
    left_behind = _table.c.digest.startswith(TURN) & (_table.c.claim_until < at - MEMORY)
    over = (_table.c.claim_until < at) & (_table.c.right_id.is_not(None) | left_behind)
    some = select(_table.c.digest).where(over).limit(_SWEPT)
    session.connection().execute(delete(_table).where(over, _table.c.digest.in_(some)))
