"""What somebody has to be told: records that fail or wait for one reason, and connections that are shut."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, UniqueConstraint, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col

from engine.clock import now
from engine.store.failures import Failure
from engine.store.reviews import Hold


class Alert(SQLModel, table=True):
    """One thing to tell, from when it begins until it is over.

    kind      failed, held or outage
    cause     what makes it one thing: the cause of failures, the hash of a question, the connection
    number    which time it is: a cause may come back
    task_run  the run that makes a task of it in a system      done_run  the run that closes that task
    """

    __tablename__ = "alert"
    __table_args__ = (UniqueConstraint("flow_id", "kind", "cause", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    flow_id: str = ""
    cause: str
    number: int
    state: str = Field(default="open", index=True)
    title: str
    text: str
    count: int = 1
    task_run: str | None = None
    done_run: str | None = None
    opened_at: float = Field(default_factory=now)
    closed_at: float | None = None

    @property
    def key(self) -> str:
        """Under what name a task stands for it."""
        return f"{self.kind}-{self.cause[:24]}-{self.number}"


@dataclass(frozen=True)
class Group:
    """Open failures or holds with one cause. ``first`` is the oldest of them, ``last_run`` the newest run with one."""

    kind: str
    flow_id: str
    cause: str
    count: int
    since: float
    first: int
    last_run: str


_alerts: Table = Alert.__table__  # type: ignore[attr-defined]


def groups(session: Session, flow_ids: Sequence[str], but: str) -> list[Group]:
    """What fails and what waits in these flows, by cause; what stands at the node ``but`` is left out."""
    found: list[Group] = []
    for kind, row, cause in (("failed", Failure, Failure.cause), ("held", Hold, Hold.question_hash)):
        query: Any = (
            select(
                col(row.flow_id),
                col(cause),
                func.count(),
                func.min(row.created_at),
                func.min(row.id),
                func.max(row.run_id),
            )
            .where(col(row.state) == "open", col(row.node) != but, col(row.flow_id).in_(flow_ids))
            .group_by(col(row.flow_id), col(cause))
        )
        found += [Group(kind, *line) for line in session.execute(query)]
    return found


def find_open(session: Session) -> list[Alert]:
    """Alerts that are not over, and those whose task is still to be closed."""
    query = select(Alert).where(
        (col(Alert.state) == "open")
        | ((col(Alert.state) == "closed") & col(Alert.task_run).is_not(None) & col(Alert.done_run).is_(None))
    )
    return list(session.execute(query.order_by(col(Alert.id))).scalars())


def get(session: Session, alert_id: int) -> Alert | None:
    return session.get(Alert, alert_id)


def open_one(session: Session, **values: Any) -> Alert | None:
    """Opens an alert unless the same one is open; None for everybody but the one who opened it."""
    same = [_alerts.c[name] == values[name] for name in ("flow_id", "kind", "cause")]
    connection = session.connection()
    number, still = connection.execute(
        select(
            func.coalesce(func.max(_alerts.c.number), 0),
            func.count(_alerts.c.id).filter(_alerts.c.state == "open"),
        ).where(*same)
    ).one()
    if still:
        return None
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(_alerts).values(
        number=number + 1, state="open", opened_at=now(), count=values.pop("count", 1), **values
    )
    made = connection.execute(statement.on_conflict_do_nothing().returning(_alerts.c.id)).first()
    return None if made is None else session.get(Alert, made[0])


def close(session: Session, alert: Alert) -> bool:
    """It is over; False if somebody else has closed it already."""
    closed = session.connection().execute(
        update(_alerts)
        .where(_alerts.c.id == alert.id, _alerts.c.state == "open")
        .values(state="closed", closed_at=now())
    )
    return bool(closed.rowcount == 1)


def note_done(session: Session, alert: Alert, run_id: str) -> bool:
    """Names the run that closes the task (empty: there is none to close); False if that has been done."""
    noted = session.connection().execute(
        update(_alerts).where(_alerts.c.id == alert.id, _alerts.c.done_run.is_(None)).values(done_run=run_id)
    )
    return bool(noted.rowcount == 1)
