"""Connections that are shut: out of reach, or refusing access. All who use one wait together for one that tries."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col

from engine.clock import iso, now
from engine.patience import DOWN
from engine.store import plain
from engine.store.lanes import Lane
from engine.store.runs import Run


class Outage(SQLModel, table=True):
    """One shut connection: since when and why, and when the next one may try."""

    __tablename__ = "outage"

    connection_id: str = Field(primary_key=True)
    since: float = Field(default_factory=now)
    code: str
    message: str
    cure: str = ""
    next_try: float

    def as_json(self) -> dict[str, Any]:
        return {
            "since": iso(self.since),
            "code": self.code,
            "message": self.message,
            "cure": self.cure,
            "next_try_at": iso(self.next_try),
        }


_outages: Table = Outage.__table__  # type: ignore[attr-defined]
_lanes: Table = Lane.__table__  # type: ignore[attr-defined]


def shut(session: Session, connection_id: str, code: str, message: str, cure: str, next_try: float) -> None:
    """Notes that a connection is shut; ``since`` stays what it was."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"code": code, "message": message, "cure": cure, "next_try": next_try}
    statement = insert(_outages).values(connection_id=connection_id, since=now(), **values)
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["connection_id"], set_=values)
    )


def find(session: Session, connection_id: str) -> Outage | None:
    names = ("connection_id", "since", "code", "message", "cure", "next_try")
    query = f"SELECT {', '.join(names)} FROM outage WHERE connection_id = ?"  # noqa: S608 - columns
    found = plain.rows(session, query, connection_id)
    return Outage(**dict(zip(names, found[0], strict=True))) if found else None


def all_outages(session: Session) -> dict[str, Outage]:
    """Connection → its outage."""
    return {row.connection_id: row for row in session.execute(select(Outage)).scalars()}


def try_it(session: Session, connection_id: str, seconds: float) -> bool:
    """Whether the caller is the one who may try now; for so long nobody else may."""
    statement = (
        update(_outages)
        .where(_outages.c.connection_id == connection_id, _outages.c.next_try <= now())
        .values(next_try=now() + seconds)
    )
    return bool(session.connection().execute(statement).rowcount == 1)


def hurry(session: Session, connection_ids: Iterable[str]) -> None:
    """Somebody wants it tried at once."""
    session.connection().execute(
        update(_outages).where(_outages.c.connection_id.in_(list(connection_ids))).values(next_try=0.0)
    )


def open_again(session: Session, connection_id: str) -> bool:
    """The connection has answered: the outage is over, and all who waited may go on, the one that was to try next among
    them. False if there was none."""
    gone = delete(_outages).where(_outages.c.connection_id == connection_id).returning(_outages.c.code)
    code = session.connection().execute(gone).scalar_one_or_none()
    if code is None:
        return False
    waiting = (_lanes.c.state == "open", _lanes.c.code.in_([DOWN, code]))
    session.connection().execute(update(_lanes).where(*waiting).values(due_at=0.0, rung_at=0.0))
    return True


def waiting_runs(session: Session, code: str = DOWN) -> int:
    """How many runs wait for a shut connection."""
    query: Any = (
        select(func.count()).select_from(Run).where(col(Run.state) == "waiting", col(Run.code) == code)
    )
    return int(session.execute(query).scalar_one())
