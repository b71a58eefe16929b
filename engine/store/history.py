"""What the web side asks of runs and their ledger; nothing here changes anything."""

from typing import Any

import msgspec
from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.clock import iso
from engine.record import from_json
from engine.store.deliveries import Delivery
from engine.store.runs import OPEN, Run

TROUBLE = ("failed", "rejected", "held", "conflict", "in_doubt")
"""Outcomes after which a record has not got through."""


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


class Stop(msgspec.Struct, frozen=True):
    """Where one record was stopped: the delivery that says so, and the batch in which it happened."""

    run_id: str
    lane: int
    batch: int
    node: str
    key: str
    root: str
    title: str
    outcome: str


def family(session: Session, run_id: str) -> list[str]:
    """A run and all its retries, oldest first."""
    found = [run_id]
    fresh = [run_id]
    while fresh:
        fresh = list(session.exec(select(Run.id).where(col(Run.parent_id).in_(fresh))))
        found.extend(fresh)
    return sorted(found)


def stops(session: Session, run_ids: list[str]) -> list[Stop]:
    """The stops of each root record in the newest of these runs that had it; none if it got through there."""
    newest = (
        select(Delivery.root, func.max(Delivery.run_id).label("run_id"))
        .where(col(Delivery.run_id).in_(run_ids))
        .group_by(Delivery.root)
        .subquery()
    )
    query = (
        select(Delivery)
        .join(newest, (col(Delivery.root) == newest.c.root) & (col(Delivery.run_id) == newest.c.run_id))
        .where(col(Delivery.outcome).in_(TROUBLE))
        .order_by(col(Delivery.id))
    )
    return [
        Stop(row.run_id, row.lane, row.batch, row.node, row.key, row.root, row.title, row.outcome)
        for row in session.exec(query)
    ]
