"""What happened to each record: the ledger that every count comes from."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Column, ColumnElement, Index, LargeBinary, Table, and_, func, or_, select
from sqlmodel import Field, Session, SQLModel

from engine.clock import now
from engine.record import Outcome, Result, from_json
from engine.store import bulk
from engine.store.indexes import partial
from engine.walk import Receipt


class Delivery(SQLModel, table=True):
    """What happened to one record at one node: a write's receipt, a refusal, a hold or a skip.

    root     key of the record as it was read (children of split share it)
    weight   of the outcome: a record's own outcome is its heaviest delivery
    origin_slot, origin_entity   where the root was read; empty for what a trigger brought
    sent, before, answer   exact JSON: what was sent, the target's values before, what the system said
    part     0 for the record's own receipt; a record that was written to both sides has another, part 1
    why      exact JSON: what a two-way sync decided about each field, and why (see Receipt)
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("delivery_run", "run_id", "id"),
        Index("delivery_root", "root"),
        partial("delivery_key", "key", only="key <> root"),
        partial("delivery_title", "title", only="title <> ''"),
        Index("delivery_remote", "remote_id"),
        partial("delivery_number", "number", only="number IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    run_id: str
    lane: int
    batch: int
    node: str
    key: str
    root: str
    title: str = ""
    origin_slot: str = ""
    origin_entity: str = ""
    slot: str = ""
    entity: str = ""
    outcome: str
    weight: int
    operation: str = ""
    remote_id: str | None = None
    number: str | None = None
    link: str | None = None
    source_link: str | None = None
    code: str = ""
    message: str = ""
    cure: str = ""
    field: str | None = None
    sent: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    before: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    answer: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    part: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    why: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    at: float = Field(default_factory=now)


class Entry(NamedTuple):
    """A delivery to be stored: columns of Delivery, under their names there."""

    run_id: str
    lane: int
    batch: int
    node: str
    key: str
    root: str
    title: str
    outcome: str
    weight: int
    at: float
    slot: str = ""
    entity: str = ""
    operation: str = ""
    remote_id: str | None = None
    number: str | None = None
    link: str | None = None
    code: str = ""
    message: str = ""
    cure: str = ""
    field: str | None = None
    sent: bytes | None = None
    before: bytes | None = None
    answer: bytes | None = None
    origin_slot: str = ""
    origin_entity: str = ""
    part: int = 0
    why: bytes | None = None


class Call(SQLModel, table=True):
    """One HTTP call, kept for small batches and for those that went wrong; secrets are struck out."""

    __tablename__ = "call"
    __table_args__ = (Index("call_batch", "run_id", "lane", "batch"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str
    lane: int
    batch: int
    node: str
    method: str
    url: str
    status: int | None = None
    ms: float = 0.0
    request: str = ""
    response: str = ""
    error: str = ""
    at: float = Field(default_factory=now)


_deliveries: Table = Delivery.__table__  # type: ignore[attr-defined]
_calls: Table = Call.__table__  # type: ignore[attr-defined]


def add(session: Session, entries: Sequence[Entry]) -> None:
    """Stores deliveries in bulk."""
    bulk.insert(session, _deliveries, Entry._fields, entries)


def ready(entries: Sequence[Entry]) -> Callable[[Session], None]:
    """What ``add`` does with them, on SQLite, with all that can be done beforehand done."""
    statements = bulk.ready(_deliveries, Entry._fields, entries)

    def write(session: Session) -> None:
        bulk.carry_out(session, statements)

    return write


def add_calls(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Stores calls: columns of Call by name, all of them the same."""
    if rows:
        names = tuple(rows[0])
        bulk.insert(session, _calls, names, [tuple(row[name] for name in names) for row in rows])


def with_key(keys: Iterable[str]) -> ColumnElement[bool]:
    """Deliveries of records with these keys. Most records are their own root, and found by that."""
    some = list(keys)
    own = and_(_deliveries.c.root.in_(some), _deliveries.c.key == _deliveries.c.root)
    return or_(own, and_(_deliveries.c.key.in_(some), _deliveries.c.key != _deliveries.c.root))


def troubled(session: Session, run_ids: Sequence[str], keys: Sequence[str]) -> list[Delivery]:
    """What these runs have to say of records with these keys that failed."""
    wanted = (
        _deliveries.c.outcome.in_((Outcome.FAILED.value, Outcome.REJECTED.value)),
        with_key(keys),
    )
    query = select(Delivery).where(_deliveries.c.run_id.in_(run_ids), *wanted).order_by(_deliveries.c.id)
    return list(session.execute(query).scalars())


def receipts(
    session: Session, run_id: str, lane: int, batch: int, node: str, root: str | None = None
) -> list[Receipt]:
    """The stored receipts of one write node for one batch, one a record, in the order in which they were filed.

    root  only those of the record that was read under this key
    """
    query = (
        select(Delivery)
        .where(_deliveries.c.run_id == run_id, _deliveries.c.lane == lane, _deliveries.c.batch == batch,
               _deliveries.c.node == node)
        .order_by(_deliveries.c.id)
    )  # fmt: skip
    if root is not None:
        query = query.where(_deliveries.c.root == root)
    found: list[list[Receipt]] = []
    for row in session.execute(query).scalars():
        if row.part == 0:
            found.append([])
        found[-1].append(_receipt(row))
    return [msgspec.structs.replace(first, others=tuple(others)) for first, *others in found]


def titles(session: Session, keys: Collection[str]) -> dict[tuple[str, str], str]:
    """(entity, key) → what people called an object that was read, as far as a run has told; the newest title."""
    own = (_deliveries.c.root.in_(keys), _deliveries.c.key == _deliveries.c.root, _deliveries.c.title != "")
    newest = (
        select(func.max(_deliveries.c.id))
        .where(*own)
        .group_by(_deliveries.c.root, _deliveries.c.origin_entity)
    )
    query = select(_deliveries.c.origin_entity, _deliveries.c.root, _deliveries.c.title).where(
        _deliveries.c.id.in_(newest)
    )
    return {(entity, key): title for entity, key, title in session.connection().execute(query)}


def met(session: Session, run_id: str, node: str, roots: Sequence[str]) -> set[str]:
    """Which of these records a run has met at a node in batches that are settled."""
    query = select(_deliveries.c.root).where(
        _deliveries.c.run_id == run_id, _deliveries.c.node == node, _deliveries.c.root.in_(roots)
    )
    return set(session.connection().execute(query).scalars())


def booked(session: Session, written: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (claim, remote id) a half of the batch of the claim (``run/lane/stem/node``) has in the books."""
    found: set[tuple[str, str]] = set()
    for claim in {claim for claim, _ in written}:
        run_id, lane, stem, node = claim.split("/", 3)
        query = select(_deliveries.c.remote_id).where(
            _deliveries.c.run_id == run_id, _deliveries.c.lane == int(lane), _deliveries.c.batch >= int(stem),
            _deliveries.c.node == node, _deliveries.c.remote_id.in_([id for whose, id in written if whose == claim]),
        )  # fmt: skip
        found |= {(claim, remote_id) for remote_id in session.connection().execute(query).scalars()}
    return found


def _receipt(row: Delivery) -> Receipt:
    result = Result(
        Outcome(row.outcome), row.remote_id, row.number, row.link, from_json(row.answer) if row.answer else {},
        row.code, row.message, row.cure, row.field,
    )  # fmt: skip
    return Receipt(
        result,
        row.operation,
        from_json(row.sent) if row.sent else {},
        from_json(row.before) if row.before else None,
        row.slot,
        row.entity,
        from_json(row.why) if row.why else [],
    )
