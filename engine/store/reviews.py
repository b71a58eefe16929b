"""What waits for a person."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Index, Table, and_, func, or_, select, update
from sqlmodel import Field, Session, SQLModel

from engine.clock import now
from engine.store import plain
from engine.store.roots import Root, among

_CHUNK = 500


class Hold(SQLModel, table=True):
    """A document that waits for an answer. ``question`` is alike for all that wait for the same one.

    state  open, released (it went on), replaced (a newer run holds it)
    """

    __tablename__ = "hold"
    __table_args__ = (
        Index("hold_open", "state", "question_hash"),
        Index("hold_root", "flow_id", "state", "root"),
    )

    id: int | None = Field(default=None, primary_key=True)
    flow_id: str
    run_id: str
    lane: int
    batch: int
    node: str
    key: str
    root: str
    title: str = ""
    question: str
    question_hash: str
    message: str
    cure: str = ""
    state: str = "open"
    released_by: str | None = None
    origin: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: float = Field(default_factory=now)


class Place(NamedTuple):
    """A batch that left documents waiting; places are in the order in which documents are released."""

    run_id: str
    lane: int
    batch: int


class Waiting(msgspec.Struct, frozen=True):
    """All documents of a flow that wait for one answer; ``first`` is the oldest, ``shown`` some of them."""

    first: Hold
    count: int
    since: float
    runs: list[str]
    shown: list[tuple[str, str]]


_holds: Table = Hold.__table__  # type: ignore[attr-defined]


def add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Opens holds; a record that is held again replaces its older hold."""
    if not rows:
        return
    by_place: dict[tuple[str, str, str], list[Root]] = {}
    for row in rows:
        place = (row["flow_id"], row["run_id"], row["node"])
        by_place.setdefault(place, []).append(Root(row["origin"], row["root"]))
    for (flow_id, run_id, node), roots in by_place.items():
        for these in among(_holds, roots):
            session.connection().execute(
                update(_holds)
                .where(_holds.c.flow_id == flow_id, _holds.c.state == "open", _holds.c.node == node,
                       _holds.c.run_id != run_id, these)
                .values(state="replaced", released_by=run_id)
            )  # fmt: skip
    session.connection().execute(_holds.insert(), list(rows))


def release(session: Session, flow_id: str, through: Callable[[], Mapping[str, Sequence[Root]]]) -> None:
    """Closes the holds of records that got through after all. ``through`` tells them, by run: it is asked where
    something waits."""
    waiting = "SELECT id FROM hold WHERE flow_id = ? AND state = 'open' LIMIT 1"
    if not plain.rows(session, waiting, flow_id):
        return
    for run_id, roots in through().items():
        for these in among(_holds, roots):
            session.connection().execute(
                update(_holds)
                .where(_holds.c.flow_id == flow_id, _holds.c.state == "open", _holds.c.run_id != run_id, these)
                .values(state="released", released_by=run_id)
            )  # fmt: skip


def release_at(session: Session, flow_id: str, node: str, roots: Sequence[Root], run_id: str) -> None:
    """Closes the holds of objects that are in step again, whichever side and whichever run held them."""
    for these in among(_holds, roots):
        session.connection().execute(
            update(_holds)
            .where(_holds.c.flow_id == flow_id, _holds.c.state == "open", _holds.c.node == node, these)
            .values(state="released", released_by=run_id)
        )  # fmt: skip


def is_held(session: Session, flow_id: str, node: str, root: str, question_hash: str) -> bool:
    """Whether this very question is open for a record at a node."""
    query = select(_holds.c.id).where(
        _holds.c.flow_id == flow_id, _holds.c.state == "open", _holds.c.node == node, _holds.c.root == root,
        _holds.c.question_hash == question_hash,
    )  # fmt: skip
    return session.connection().execute(query.limit(1)).first() is not None


def get(session: Session, hold_id: int) -> Hold | None:
    return session.get(Hold, hold_id)


def open_holds(session: Session, question_hash: str | None = None, limit: int | None = None) -> list[Hold]:
    """Everything that waits, oldest first; only one question's documents if its hash is given."""
    query = select(Hold).where(Hold.state == "open").order_by(Hold.id).limit(limit)  # type: ignore[arg-type]
    if question_hash is not None:
        query = query.where(Hold.question_hash == question_hash)  # type: ignore[arg-type]
    return list(session.execute(query).scalars())


def flows_asking(session: Session, question_hash: str) -> list[str]:
    """The ids of the flows whose documents wait for this answer."""
    query = select(_holds.c.flow_id).where(_holds.c.state == "open", _holds.c.question_hash == question_hash)
    return sorted(session.connection().execute(query.distinct()).scalars())


def groups(session: Session, shown: int = 100) -> list[Waiting]:
    """What waits, by flow and question, the oldest question first. Three statements, however much waits."""
    connection = session.connection()
    per_run = connection.execute(
        select(
            _holds.c.flow_id, _holds.c.question_hash, _holds.c.run_id,
            func.count(), func.min(_holds.c.id), func.min(_holds.c.created_at),
        )
        .where(_holds.c.state == "open")
        .group_by(_holds.c.flow_id, _holds.c.question_hash, _holds.c.run_id)
        .order_by(func.min(_holds.c.id))
    )  # fmt: skip
    found: dict[tuple[str, str], list[Any]] = {}
    for flow_id, question, run_id, count, first, since in per_run:
        group = found.setdefault((flow_id, question), [first, 0, since, []])
        group[1] += count
        group[2] = min(group[2], since)
        group[3].append(run_id)
    place = (
        func.row_number()
        .over(partition_by=(_holds.c.flow_id, _holds.c.question_hash), order_by=_holds.c.id)
        .label("place")
    )
    ranked = (
        select(_holds.c.id, _holds.c.flow_id, _holds.c.question_hash, _holds.c.root, _holds.c.title, place)
        .where(_holds.c.state == "open")
        .subquery()
    )
    some: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in connection.execute(select(ranked).where(ranked.c.place <= shown).order_by(ranked.c.id)):
        some.setdefault((row.flow_id, row.question_hash), []).append((row.root, row.title))
    ids = [group[0] for group in found.values()]
    firsts: dict[int | None, Hold] = {}
    for start in range(0, len(ids), _CHUNK):
        query = select(Hold).where(_holds.c.id.in_(ids[start : start + _CHUNK]))
        firsts.update({hold.id: hold for hold in session.execute(query).scalars()})
    return [
        Waiting(firsts[first], count, since, sorted(runs), some.get(key, []))
        for key, (first, count, since, runs) in found.items()
        if first in firsts
    ]


def newest(session: Session, flow_id: str, question_hash: str) -> tuple[int, int]:
    """(the highest id, the number of documents) of what waits for this answer."""
    query = select(func.max(_holds.c.id), func.count(_holds.c.root.distinct())).where(
        _holds.c.flow_id == flow_id, _holds.c.state == "open", _holds.c.question_hash == question_hash
    )
    highest, count = session.connection().execute(query).one()
    return highest or 0, count


def page(
    session: Session, flow_id: str, question_hash: str, up_to: int, after: Place | None, size: int
) -> list[Hold]:
    """The documents to release next: those of the first run that has some, in whole batches, about ``size``."""
    columns = (_holds.c.run_id, _holds.c.lane, _holds.c.batch)
    query = (
        select(Hold)
        .where(
            _holds.c.flow_id == flow_id, _holds.c.state == "open", _holds.c.question_hash == question_hash,
            _holds.c.id <= up_to,
        )
        .order_by(*columns, _holds.c.id)
    )  # fmt: skip
    if after is not None:
        run, lane, batch = columns
        query = query.where(
            or_(
                run > after.run_id,
                and_(run == after.run_id, lane > after.lane),
                and_(run == after.run_id, lane == after.lane, batch > after.batch),
            )
        )
    found = list(session.execute(query.limit(size + 1)).scalars())
    more = len(found) > size
    ahead = place_of(found[size]) if more else None
    found = [hold for hold in found[:size] if hold.run_id == found[0].run_id]
    whole = [hold for hold in found if place_of(hold) != ahead]
    if whole or not found:
        return whole
    return list(session.execute(query.where(_is_in(place_of(found[0])))).scalars())


def place_of(hold: Hold) -> Place:
    return Place(hold.run_id, hold.lane, hold.batch)


def _is_in(place: Place) -> Any:
    return and_(_holds.c.run_id == place.run_id, _holds.c.lane == place.lane, _holds.c.batch == place.batch)


def take(session: Session, ids: Sequence[int], run_id: str) -> bool:
    """Lets these go on in this run; False if one of them waits no more."""
    taken = 0
    for start in range(0, len(ids), _CHUNK):
        taken += (
            session.connection()
            .execute(
                update(_holds)
                .where(_holds.c.id.in_(ids[start : start + _CHUNK]), _holds.c.state == "open")
                .values(state="released", released_by=run_id)
            )
            .rowcount
        )
    return taken == len(ids)
