"""Cross references between systems, and how far incremental reads have come."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, LargeBinary, Table, UniqueConstraint, delete, select, update
from sqlmodel import Field, Session, SQLModel
from sqlmodel import select as sqlmodel_select

from engine.clock import now
from engine.record import from_json, to_json
from engine.store import bulk, matches, plain
from engine.store.indexes import partial
from engine.store.timepiece import shared_now, time_of_day


class CrossReference(SQLModel, table=True):
    """(connection, entity, id) of the source ↔ (connection, entity, id) of the target.

    ``right_id`` is None while a create is on its way: the row is then the claim of one batch on that create,
    and, if its worker died, the mark that the create may have happened. ``fingerprints`` holds, by flow and
    node, the hash of what was last written, so that equal data is not sent again.

    A two-way sync adds what both sides last agreed on (``agreed``, see engine.store.agreements) and, for each
    side, the mark that our own write to it has not come back as a change yet (``left_echo``, ``right_echo``).

    ``updated_at`` is the time of day at which it was last stored, for people; ``stored_at`` the same by the clock that
    nobody sets (engine.store.timepiece), which tells whether searches see yet what was written.
    """

    __tablename__ = "cross_reference"
    __table_args__ = (
        UniqueConstraint("left_connection", "left_entity", "left_id", "right_connection", "right_entity"),
        partial(
            "cross_reference_right",
            "right_connection",
            "right_entity",
            "right_id",
            only="right_id IS NOT NULL",
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    left_connection: str
    left_entity: str
    left_id: str
    right_connection: str
    right_entity: str
    right_id: str | None = None
    number: str | None = None
    link: str | None = None
    answer: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    fingerprints: str = "{}"
    claim: str = ""
    claim_outcome: str = ""
    claim_until: float = 0.0
    agreed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    left_echo: str = Field(default="", sa_column_kwargs={"server_default": ""})
    right_echo: str = Field(default="", sa_column_kwargs={"server_default": ""})
    updated_at: float = Field(default_factory=now)
    stored_at: float = Field(default=0.0, sa_column_kwargs={"server_default": "0"})


class Watermark(SQLModel, table=True):
    """How far an incremental read has come: only ever past settled batches."""

    __tablename__ = "watermark"

    flow_id: str = Field(primary_key=True)
    node: str = Field(primary_key=True)
    value: str
    run_id: str
    updated_at: float = Field(default_factory=now)


class Pair(msgspec.Struct, frozen=True, cache_hash=True):
    """Which source entity in which connection, and which target entity in which connection."""

    left_connection: str
    left_entity: str
    right_connection: str
    right_entity: str


class Reference(msgspec.Struct, frozen=True):
    """A cross reference as delivery needs it. Fields as in CrossReference; ``pair`` says between what, ``key``
    which match key was claimed for creating the object.

    step, before  which step (``flow/node``) has looked at it beside others, and what it remembered when it did
    """

    pair: Pair
    left_id: str
    right_id: str | None = None
    number: str | None = None
    link: str | None = None
    answer: dict[str, Any] = {}
    fingerprints: dict[str, str] = {}
    claim: str = ""
    claim_outcome: str = ""
    claim_until: float = 0.0
    key: matches.Key | None = None
    stored_at: float = 0.0
    step: str = ""
    before: str = ""

    def row(self, at: float, stored_at: float) -> tuple[Any, ...]:
        """The values of _COLUMNS."""
        pair = self.pair
        return (
            pair.left_connection, pair.left_entity, self.left_id, pair.right_connection, pair.right_entity,
            self.right_id, self.number, self.link, to_json(self.answer) if self.answer else None,
            to_json(self.fingerprints).decode() if self.fingerprints else "{}", self.claim, self.claim_outcome, self.claim_until, at,
            stored_at,
        )  # fmt: skip


NEW, OUT, CHOSEN, DELETED = "new", "out", "chosen", "deleted"
"""What a person said of a source object, or what became of its object: kept in ``claim_outcome``.

new: it is to be created, whatever looks like it · out: it is left out · chosen: it is the object of ``right_id``
deleted: its object was deleted by us
"""

_table: Table = CrossReference.__table__  # type: ignore[attr-defined]
_IDENTITY = ("left_connection", "left_entity", "left_id", "right_connection", "right_entity")
_VALUES = (
    "right_id", "number", "link", "answer", "fingerprints", "claim", "claim_outcome", "claim_until", "updated_at",
    "stored_at",
)  # fmt: skip
_COLUMNS = (*_IDENTITY, *_VALUES)
_CLAIMED = (*_IDENTITY, "fingerprints", "claim_outcome", "claim", "claim_until", "updated_at")
_KNOWN = f"ON CONFLICT ({', '.join(_IDENTITY)}) DO UPDATE SET "
_RENEW = _KNOWN + ", ".join(f"{name} = excluded.{name}" for name in _VALUES)
_TAKE_OVER = (
    _KNOWN
    + "claim = excluded.claim, claim_until = excluded.claim_until WHERE cross_reference.right_id IS NULL"
    " AND (cross_reference.claim_until < excluded.claim_until - {} OR cross_reference.claim = excluded.claim)"
)
_LOAD = (
    "SELECT left_id, right_id, number, link, answer, fingerprints, claim, claim_outcome, claim_until,"
    " stored_at FROM cross_reference"
    " WHERE left_connection = ? AND left_entity = ? AND right_connection = ? AND right_entity = ?"
)
_PRINTS = (
    "SELECT left_id, fingerprints FROM cross_reference"
    " WHERE left_connection = ? AND left_entity = ? AND right_connection = ? AND right_entity = ?"
)
_CHUNK = 500


def load(session: Session, pair: Pair, left_ids: Sequence[str]) -> dict[str, Reference]:
    """The references of these source objects, by source id."""
    found: dict[str, Reference] = {}
    for start in range(0, len(left_ids), _CHUNK):
        some = left_ids[start : start + _CHUNK]
        query = f"{_LOAD} AND left_id IN ({', '.join('?' * len(some))})"
        rows = plain.rows(session, query, *msgspec.structs.astuple(pair), *some)
        for left_id, right_id, number, link, answer, prints, claim, outcome, until, at in rows:
            found[left_id] = Reference(
                pair, left_id, right_id, number, link, from_json(answer) if answer else {}, from_json(prints),
                claim, outcome, until, stored_at=at,
            )  # fmt: skip
    return found


def crossed(session: Session, some: Sequence[Reference]) -> dict[tuple[Pair, str], str]:
    """Of references that are about to be saved: (pair, source id) → what their step remembers by now, where that is not
    what it remembered when it looked. Others who save them wait until the transaction ends."""
    found: dict[tuple[Pair, str], str] = {}
    for pair in sorted({one.pair for one in some}, key=str):
        ours = {one.left_id: one for one in some if one.pair == pair}
        ids = list(ours)
        for start in range(0, len(ids), _CHUNK):
            part = ids[start : start + _CHUNK]
            query = f"{_PRINTS} AND left_id IN ({', '.join('?' * len(part))}) ORDER BY id{plain.kept_off(session)}"
            for left_id, prints in plain.rows(session, query, *msgspec.structs.astuple(pair), *part):
                one = ours[left_id]
                now_known = from_json(prints).get(one.step, "")
                if now_known != one.before:
                    found[pair, left_id] = now_known
    return found


def claim(session: Session, pair: Pair, claims: Mapping[str, str], patience: float) -> set[str]:
    """Claims the creation of objects for ``patience`` seconds, each (source id) for its batch; answers those it got.

    A claim whose time is over may be taken over: the caller must then look before it writes.
    """
    if not claims:
        return set()
    until, at, left_ids = shared_now(session) + patience, time_of_day(session), list(claims)
    left, entity, right, target = msgspec.structs.astuple(pair)
    rows = [
        (left, entity, left_id, right, target, "{}", "", owner, until, at)
        for left_id, owner in claims.items()
    ]
    if bulk.insert(session, _table, _CLAIMED, rows, _TAKE_OVER.format(float(patience))) == len(rows):
        return set(left_ids)
    mine: set[str] = set()
    for start in range(0, len(left_ids), _CHUNK):
        query = select(_table.c.left_id, _table.c.claim).where(
            *_is(pair), _table.c.left_id.in_(left_ids[start : start + _CHUNK])
        )
        mine.update(
            left_id for left_id, owner in session.connection().execute(query) if claims[left_id] == owner
        )
    return mine


def save(session: Session, references: Iterable[Reference]) -> None:
    """Writes references in bulk, new or known; of two for the same objects the later one."""
    rows = _latest(references)
    at, stored_at = time_of_day(session), shared_now(session)
    bulk.insert(session, _table, _COLUMNS, [one.row(at, stored_at) for one in rows], _RENEW)
    _settle(session, rows)


def ready(references: Iterable[Reference], at: float) -> Callable[[Session], None]:
    """What ``save`` does with them, on SQLite, with all that can be done beforehand done, at this moment by the clock that
    all go by."""
    rows = _latest(references)
    statements = bulk.ready(_table, _COLUMNS, [one.row(now(), at) for one in rows], _RENEW)

    def write(session: Session) -> None:
        bulk.carry_out(session, statements)
        _settle(session, rows)

    return write


def _latest(references: Iterable[Reference]) -> list[Reference]:
    return list({(reference.pair, reference.left_id): reference for reference in references}.values())


def _settle(session: Session, rows: Sequence[Reference]) -> None:
    matches.settle(
        session,
        [
            (one.key, (one.pair.left_connection, one.pair.left_entity, one.left_id), one.right_id, one.claim)
            for one in rows
            if one.key and one.right_id
        ],
    )


def release(session: Session, pair: Pair, left_ids: Sequence[str], owner: str) -> None:
    """Gives up claims on creates that certainly did not happen, and on their match keys; what a person said of them
    stays."""
    for start in range(0, len(left_ids), _CHUNK):
        ours = (
            *_is(pair), _table.c.left_id.in_(left_ids[start : start + _CHUNK]), _table.c.right_id.is_(None),
            _table.c.claim == owner,
        )  # fmt: skip
        session.connection().execute(delete(_table).where(*ours, _table.c.claim_outcome != NEW))
        session.connection().execute(update(_table).where(*ours).values(claim="", claim_until=0.0))
    matches.release(session, msgspec.structs.astuple(pair), left_ids, owner)


def watermark(session: Session, flow_id: str, node: str) -> str | None:
    row = session.get(Watermark, (flow_id, node))
    return row.value if row else None


def watermarks(session: Session, flow_id: str) -> dict[str, Watermark]:
    """By node: how far each has come."""
    query = sqlmodel_select(Watermark).where(Watermark.flow_id == flow_id)
    return {row.node: row for row in session.exec(query)}


def move_watermark(session: Session, flow_id: str, node: str, value: str, run_id: str) -> None:
    """Never backwards: a run with an older window leaves it where it is."""
    row = session.get(Watermark, (flow_id, node))
    if row is None:
        session.add(Watermark(flow_id=flow_id, node=node, value=value, run_id=run_id))
    elif row.value < value:
        row.value, row.run_id, row.updated_at = value, run_id, now()
        session.add(row)


def _is(pair: Pair) -> list[Any]:
    return [_table.c[name] == value for name, value in msgspec.structs.asdict(pair).items()]
