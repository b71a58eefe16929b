"""What waits for a person."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Index, Table, select, update
from sqlmodel import Field, Session, SQLModel

from engine.clock import now
from engine.store import plain


class Hold(SQLModel, table=True):
    """A document that waits for an answer. ``question`` is alike for all that wait for the same one."""

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
    created_at: float = Field(default_factory=now)


_holds: Table = Hold.__table__  # type: ignore[attr-defined]


def add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Opens holds; a record that is held again replaces its older hold."""
    if not rows:
        return
    for row in rows:
        session.connection().execute(
            update(_holds)
            .where(_holds.c.flow_id == row["flow_id"], _holds.c.state == "open", _holds.c.root == row["root"],
                   _holds.c.node == row["node"], _holds.c.run_id != row["run_id"])
            .values(state="replaced", released_by=row["run_id"])
        )  # fmt: skip
    session.connection().execute(_holds.insert(), list(rows))


def release(session: Session, flow_id: str, through: Mapping[str, Sequence[str]]) -> None:
    """Closes the holds of records that got through after all. ``through``: run → the roots."""
    waiting = "SELECT id FROM hold WHERE flow_id = ? AND state = 'open' LIMIT 1"
    if not any(through.values()) or not plain.rows(session, waiting, flow_id):
        return
    for run_id, roots in through.items():
        for start in range(0, len(roots), 500):
            session.connection().execute(
                update(_holds)
                .where(_holds.c.flow_id == flow_id, _holds.c.state == "open", _holds.c.run_id != run_id,
                       _holds.c.root.in_(roots[start : start + 500]))
                .values(state="released", released_by=run_id)
            )  # fmt: skip


def release_at(session: Session, flow_id: str, node: str, roots: Sequence[str], run_id: str) -> None:
    """Closes the holds of objects that are in step again, whichever side and whichever run held them."""
    for start in range(0, len(roots), 500):
        session.connection().execute(
            update(_holds)
            .where(_holds.c.flow_id == flow_id, _holds.c.state == "open", _holds.c.node == node,
                   _holds.c.root.in_(roots[start : start + 500]))
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


def open_holds(session: Session, question_hash: str | None = None) -> list[Hold]:
    """Everything that waits, oldest first; only one question's documents if its hash is given."""
    query = select(Hold).where(Hold.state == "open").order_by(Hold.id)  # type: ignore[arg-type]
    if question_hash is not None:
        query = query.where(Hold.question_hash == question_hash)  # type: ignore[arg-type]
    return list(session.execute(query).scalars())
