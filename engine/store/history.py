"""What the web side asks of runs and their ledger; nothing here changes anything."""

from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.clock import iso
from engine.record import from_json
from engine.store.runs import OPEN, Run


def open_runs(session: Session, flow_id: str) -> int:
    """How many runs of a flow are not over."""
    query = select(func.count()).where(Run.flow_id == flow_id, col(Run.state).in_(OPEN))
    return session.exec(query).one()


def last_runs(session: Session, flow_ids: list[str]) -> dict[str, dict[str, Any]]:
    """Flow id → its newest run, as the list of flows shows it."""
    newest = select(func.max(Run.id)).where(col(Run.flow_id).in_(flow_ids)).group_by(Run.flow_id)
    rows = session.exec(select(Run).where(col(Run.id).in_(newest)))
    return {
        row.flow_id: {
            "id": row.id,
            "state": row.state,
            "at": iso(row.started_at or row.created_at),
            "counts": from_json(row.counts or "{}"),
        }
        for row in rows
    }
