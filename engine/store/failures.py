"""Records that failed and have not got through since, grouped by cause; who looks after a cause, until when it rests."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Index, Table, select, update
from sqlmodel import Field, Session, SQLModel, col

from engine.clock import now
from engine.store import plain
from engine.store.roots import Root, among


class Failure(SQLModel, table=True):
    """One record that failed at one node. ``cause`` is alike for all that failed for the same reason.

    sentence  the message without the record's own values      group  hash of flow, node, code and sentence
    amount    a decimal as text, empty when no amount is known  state  open, or over: a later run had the record
    """

    __tablename__ = "failure"
    __table_args__ = (
        Index("failure_open", "state", "cause"),
        Index("failure_root", "flow_id", "state", "root"),
    )

    id: int | None = Field(default=None, primary_key=True)
    flow_id: str
    run_id: str
    node: str
    key: str
    root: str
    title: str = ""
    code: str
    message: str
    cure: str = ""
    field: str | None = None
    sentence: str
    cause: str
    amount: str = ""
    currency: str = ""
    state: str = "open"
    ended_by: str | None = None
    origin: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: float = Field(default_factory=now)


class CauseCare(SQLModel, table=True):
    """Who looks after a cause (an e-mail), and until when nobody need look."""

    __tablename__ = "cause_care"

    cause: str = Field(primary_key=True)
    assignee: str = ""
    snoozed_until: float | None = None
    changed_by: str = ""
    changed_at: float = Field(default_factory=now)


_failures: Table = Failure.__table__  # type: ignore[attr-defined]


def renew(
    session: Session,
    flow_id: str,
    had: Callable[[], Mapping[str, Sequence[Root]]],
    rows: Sequence[dict[str, Any]],
) -> None:
    """What failed in earlier runs is over for the records that runs have ``had`` now (by run; it is asked where
    something has failed); what failed now is open."""
    connection = session.connection()
    waiting = "SELECT id FROM failure WHERE flow_id = ? AND state = 'open' LIMIT 1"
    if plain.rows(session, waiting, flow_id):
        for run_id, roots in had().items():
            for these in among(_failures, roots):
                connection.execute(
                    update(_failures)
                    .where(_failures.c.flow_id == flow_id, _failures.c.state == "open", _failures.c.run_id < run_id, these)
                    .values(state="over", ended_by=run_id)
                )  # fmt: skip
    if rows:
        connection.execute(_failures.insert(), list(rows))


def open_failures(session: Session, causes: Sequence[str] | None = None) -> list[Failure]:
    """Everything that failed and is not over, oldest first."""
    query = select(Failure).where(col(Failure.state) == "open").order_by(col(Failure.id))
    if causes is not None:
        query = query.where(col(Failure.cause).in_(causes))
    return list(session.execute(query).scalars())


def get(session: Session, failure_id: int) -> Failure | None:
    return session.get(Failure, failure_id)


def cares(session: Session) -> dict[str, CauseCare]:
    return {care.cause: care for care in session.execute(select(CauseCare)).scalars()}


def care(session: Session, cause: str, by: str, **values: Any) -> CauseCare:
    """Changes who looks after a cause, or until when it rests."""
    row = session.get(CauseCare, cause) or CauseCare(cause=cause)
    for name, value in values.items():
        setattr(row, name, value)
    row.changed_by, row.changed_at = by, now()
    session.add(row)
    return row
