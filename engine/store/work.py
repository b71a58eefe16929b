"""What is being worked on now, by whom, and what waits for somebody."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from typing import NamedTuple

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from engine.store.lanes import Lane
from engine.store.runs import Run
from engine.store.timepiece import shared_now


class Task(NamedTuple):
    """A lane in the hands of a worker, by the name under which it was claimed."""

    owner: str
    run_id: str
    lane: int


def at_hand(session: Session) -> list[Task]:
    """The lanes that somebody works on."""
    query = (
        select(Lane.owner, Lane.run_id, Lane.number)
        .where(Lane.state == "open", col(Lane.owner).is_not(None), Lane.until >= shared_now(session))
        .order_by(Lane.run_id, col(Lane.number))
    )
    return [Task(owner or "", run_id, number) for owner, run_id, number in session.exec(query)]


def queued(session: Session) -> int:
    """Runs that have not begun."""
    return session.exec(select(func.count()).select_from(Run).where(Run.state == "queued")).one()


def unattended(session: Session) -> int:
    """Batches that are read and that nobody works on."""
    free = or_(col(Lane.owner).is_(None), col(Lane.until) < shared_now(session))
    query = select(func.sum(Lane.staged - Lane.next)).where(Lane.state == "open", col(Lane.number) > 0, free)
    return int(session.exec(query).one() or 0)
