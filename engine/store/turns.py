"""Whose turn it is: runs of one flow that may not work side by side.

A run's ``gate`` says how many runs of its flow may be at work once it starts; 0 does not wait for anybody.
A gated run starts when fewer than that many others have started or stand before it. Order is that of the
run ids, which are made under the lock of the flow.
"""

from typing import Any

from sqlalchemy import Table, func, or_, select
from sqlmodel import Session, col
from sqlmodel import select as rows

from engine.store.flows import FlowRow
from engine.store.runs import Run

_runs: Table = Run.__table__  # type: ignore[attr-defined]


def lock(session: Session, flow_id: str) -> None:
    """Lets others who start runs of this flow wait until the transaction ends (SQLite does so anyway)."""
    session.connection().execute(select(col(FlowRow.id)).where(col(FlowRow.id) == flow_id).with_for_update())


def lock_before(session: Session, run_id: str) -> None:
    """The same before a gated run takes its first lane: two must not both see that nobody has started."""
    query = select(_runs.c.flow_id).where(
        _runs.c.id == run_id, _runs.c.gate > 0, _runs.c.started_at.is_(None)
    )
    flow_id = session.connection().execute(query).scalar()
    if flow_id is not None:
        lock(session, flow_id)


def open_runs(session: Session, flow_id: str) -> list[Run]:
    """Live runs of a flow that are not over, oldest first. A cancelled one is not before its last batch ended."""
    query = rows(Run).where(Run.flow_id == flow_id, col(Run.ended_at).is_(None), Run.mode == "live")
    return list(session.exec(query.order_by(Run.id)))


def before(session: Session, run: Run) -> list[str]:
    """The runs of its flow that come before one that waits for its turn, oldest first."""
    if not run.gate or run.started_at is not None or run.ended_at is not None:
        return []
    ahead = [
        other.id
        for other in open_runs(session, run.flow_id)
        if other.id < run.id or (other.id != run.id and other.started_at is not None)
    ]
    return ahead if len(ahead) >= run.gate else []


def come() -> Any:
    """SQL: the run in the surrounding statement need not wait, or its turn has come."""
    other = _runs.alias("other")
    ahead = (
        select(func.count())
        .select_from(other)
        .where(
            other.c.flow_id == _runs.c.flow_id,
            other.c.id != _runs.c.id,
            other.c.mode == "live",
            other.c.ended_at.is_(None),
            or_(other.c.id < _runs.c.id, other.c.started_at.is_not(None)),
        )
        .correlate(_runs)
        .scalar_subquery()
    )
    return or_(_runs.c.gate == 0, _runs.c.started_at.is_not(None), ahead < _runs.c.gate)
