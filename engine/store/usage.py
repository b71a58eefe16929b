"""Calls over each connection, by flow and minute: what its budget is used for."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel

from engine.clock import now

KEPT = 8 * 24 * 60
"""Minutes for which calls are remembered: a week and a day, so that each day of the week can be told."""


class Usage(SQLModel, table=True):
    """The calls of one minute. ``minute`` counts from the epoch; ``flow_id`` is empty for people at a screen.

    waited   milliseconds that calls waited for their turn      refused  answers «too many requests»
    """

    __tablename__ = "usage"

    connection_id: str = Field(primary_key=True)
    minute: int = Field(primary_key=True)
    flow_id: str = Field(primary_key=True)
    calls: int = 0
    waited: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """Calls, the milliseconds that they waited, and how many were refused."""

    calls: int = 0
    waited: int = 0
    refused: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.calls + other.calls, self.waited + other.waited, self.refused + other.refused)


_usage: Table = Usage.__table__  # type: ignore[attr-defined]


def add(session: Session, counts: Mapping[tuple[str, str, int], Count]) -> None:
    """Adds counts by (connection, flow, minute), and forgets what is too old."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for (connection, flow, minute), count in sorted(counts.items()):
        statement = insert(_usage).values(
            connection_id=connection,
            minute=minute,
            flow_id=flow,
            calls=count.calls,
            waited=count.waited,
            refused=count.refused,
        )
        more: dict[str, Any] = {
            name: getattr(_usage.c, name) + getattr(count, name) for name in ("calls", "waited", "refused")
        }
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=["connection_id", "minute", "flow_id"], set_=more)
        )
    for connection in {connection for connection, _, _ in counts}:
        old = (_usage.c.connection_id == connection, _usage.c.minute < int(now() // 60) - KEPT)
        session.connection().execute(delete(_usage).where(*old))


def by_flow(session: Session, connection: str, since: float, until: float | None = None) -> dict[str, Count]:
    """Flow → what it has used between two moments, in epoch seconds and whole minutes."""
    query = (
        select(
            _usage.c.flow_id,
            func.sum(_usage.c.calls),
            func.sum(_usage.c.waited),
            func.sum(_usage.c.refused),
        )
        .where(_usage.c.connection_id == connection, _usage.c.minute >= int(since // 60))
        .group_by(_usage.c.flow_id)
    )
    if until is not None:
        query = query.where(_usage.c.minute < int(until // 60))
    return {
        str(flow): Count(int(calls), int(waited), int(refused))
        for flow, calls, waited, refused in session.connection().execute(query)
    }


def busiest_minute(session: Session, connection: str, since: float) -> int:
    """The most calls that went out in one minute since a moment."""
    total = func.sum(_usage.c.calls).label("total")
    minutes = (
        select(total)
        .where(_usage.c.connection_id == connection, _usage.c.minute >= int(since // 60))
        .group_by(_usage.c.minute)
        .subquery()
    )
    return int(session.connection().execute(select(func.max(minutes.c.total))).scalar() or 0)
