"""Pausing, resuming and emptying runs: a worker looks at the run's state between two batches."""

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from engine.errors import HeddleError, OverBudget, TooManyGone
from engine.record import from_json
from engine.store import budgets, lanes, outages
from engine.store.lanes import Lane, StagedBatch
from engine.store.runs import Run

ASKED = (OverBudget.code, TooManyGone.code)
"""Why a run is paused until somebody allows it to go on."""


def pause(session: Session, run_id: str, by: str) -> bool:
    """Lets no lane be claimed any more; a batch at work is finished. False if the run is over or paused."""
    lanes.lock_run(session, run_id)
    changed = session.connection().execute(
        update(Run)
        .where(col(Run.id) == run_id, col(Run.state).in_(("queued", "running", "waiting")))
        .values(state="paused", retry_at=None, message=f"Paused by {by}.")
    )
    return changed.rowcount == 1


def stop_over_budget(session: Session, run_id: str, error: HeddleError) -> None:
    """Pauses a run that would write more than its budget, or misses too much; only ``allow`` lets it go on."""
    lanes.lock_run(session, run_id)
    session.connection().execute(
        update(Run)
        .where(col(Run.id) == run_id, col(Run.state).in_(("queued", "running", "waiting")))
        .values(state="paused", retry_at=None, code=error.code, message=error.message)
    )


def allow(session: Session, run_id: str, by: str) -> list[int] | None:
    """Lets a run go on that its budget, or a sweep that misses too much, has paused; answers the lanes to ring for, None if it has not."""
    lanes.lock_run(session, run_id)
    run = session.get(Run, run_id, populate_existing=True)
    if run is None or run.state != "paused" or run.code not in ASKED:
        return None
    (budgets.believe if run.code == TooManyGone.code else budgets.lift)(session, run_id, by)
    return _requeue(session, run_id)


def resume(session: Session, run_id: str) -> list[int] | None:
    """Puts a paused or waiting run back into the queue; answers the lanes to ring for, None if it is neither.

    A run that its budget has paused is not resumed: it must be allowed.
    """
    lanes.lock_run(session, run_id)
    run = session.get(Run, run_id, populate_existing=True)
    if run is None or (run.state == "paused" and run.code in ASKED):
        return None
    return _requeue(session, run_id)


def _requeue(session: Session, run_id: str) -> list[int] | None:
    run = session.get(Run, run_id)
    outages.hurry(session, from_json(run.bindings).values() if run else ())
    changed = session.connection().execute(
        update(Run)
        .where(col(Run.id) == run_id, col(Run.state).in_(("paused", "waiting")))
        .values(state="queued", code="", message="", retry_at=None)
    )
    if changed.rowcount == 0:
        return None
    session.connection().execute(
        update(Lane)
        .where(col(Lane.run_id) == run_id, col(Lane.state) == "open")
        .values(due_at=0.0, rung_at=0.0)
    )
    return lanes.claimable(session, run_id)


def payloads(session: Session, run_id: str) -> list[bytes]:
    """What is staged for a run."""
    query = select(col(StagedBatch.payload)).where(col(StagedBatch.run_id) == run_id)
    return list(session.connection().execute(query).scalars())


def empty(session: Session, run_id: str) -> float:
    """Takes away what a run that has not started was to do; answers when it was due."""
    connection = session.connection()
    due = connection.execute(select(func.max(col(Lane.due_at))).where(col(Lane.run_id) == run_id)).scalar()
    connection.execute(delete(StagedBatch).where(col(StagedBatch.run_id) == run_id))
    connection.execute(delete(Lane).where(col(Lane.run_id) == run_id))
    return float(due or 0.0)
