"""How a run ends: by its last lane, by a person, or by a fault of ours."""

from typing import Any

from sqlalchemy import case, update
from sqlmodel import Session, col, select

from engine.clock import now
from engine.errors import HeddleError
from engine.record import COUNTED, from_json, to_json
from engine.store import lanes, matches, passages, references
from engine.store.lanes import Lane
from engine.store.runs import OPEN, Run
from engine.store.timepiece import shared_now


def close_if_over(session: Session, run_id: str) -> bool:
    """Closes the run if no lane is open any more. Its counts are frozen and its watermarks move."""
    lanes.lock_run(session, run_id)
    run = session.get(Run, run_id, populate_existing=True)
    if run is None or run.ended_at is not None:
        return False
    if run.state == "cancelled":
        _close_idle(session, run_id)
    if lanes.open_lanes(session, run_id):
        return False
    total = {"read": 0, **dict.fromkeys(COUNTED, 0), **passages.counts(session, run_id)}
    if total["read"] != sum(total[name] for name in COUNTED):
        run.code, run.message = "E-COUNTS", "The counts of this run do not add up; please report this."
    run.counts = to_json(total).decode()
    run.ended_at = now()
    run.retry_at = None
    if run.state in OPEN:
        run.state = "done"
        run.message = run.message if run.code == "E-COUNTS" else ""
        if run.mode == "live" and (run.plan_id is None or from_json(run.window).get("mark")):
            # what a plan did not know is still to be read; a first load knows how far its report had come
            _move_watermarks(session, run)
    session.add(run)
    matches.sweep(session)
    return True


def _close_idle(session: Session, run_id: str) -> None:
    idle = col(Lane.owner).is_(None) | (col(Lane.until) < shared_now(session))
    _close(session, run_id, idle)


def _close(session: Session, run_id: str, *which: Any) -> None:
    """Takes open lanes from whoever has them, as who takes one over does: until now they may have sent something."""
    taken = case((col(Lane.owner).is_not(None), shared_now(session)), else_=col(Lane.taken_at))
    session.execute(
        update(Lane)
        .where(col(Lane.run_id) == run_id, col(Lane.state) == "open", *which)
        .values(state="cancelled", owner=None, taken_at=taken)
    )


def _move_watermarks(session: Session, run: Run) -> None:
    cursor = session.execute(
        select(Lane.cursor).where(col(Lane.run_id) == run.id, col(Lane.number) == 0)
    ).scalar()
    for node, mark in (from_json(cursor)["marks"] if cursor else {}).items():
        references.move_watermark(session, run.flow_id, node, mark, run.id)


def fail(session: Session, run_id: str, error: HeddleError) -> None:
    """Ends a run that cannot go on. What was delivered stays counted."""
    _end(session, run_id, "failed", code=error.code, message=sentence(error))


def cancel(session: Session, run_id: str, by: str) -> bool:
    """Stops a run: lanes at work finish their batch first. False if it was over already."""
    return _end(session, run_id, "cancelled", message=f"Cancelled by {by}." if by else "Cancelled.")


def _end(session: Session, run_id: str, state: str, **values: Any) -> bool:
    lanes.lock_run(session, run_id)
    changed = session.connection().execute(
        update(Run)
        .where(col(Run.id) == run_id, col(Run.state).in_(OPEN))
        .values(state=state, retry_at=None, **values)
    )
    if changed.rowcount == 0:
        return False
    if state == "failed":
        _close(session, run_id)
    session.expire_all()
    close_if_over(session, run_id)
    return True


def sentence(error: HeddleError) -> str:
    """What a run says of an error."""
    return f"{error.message} {error.cure}".strip()
