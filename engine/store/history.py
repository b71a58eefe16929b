"""Where records were stopped, over a run and its retries. Nothing here changes anything."""

import msgspec
from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.errors import Waiting
from engine.store.deliveries import Delivery
from engine.store.runs import Run

TROUBLE = ("failed", "rejected", "held", "conflict", "in_doubt")
"""Outcomes after which a record has not got through."""


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
    """The stops of each root record in the newest of these runs that had it; none if it got through there.

    What waits for a person is not stopped: only the decision takes it on.
    """
    newest = (
        select(Delivery.root, func.max(Delivery.run_id).label("run_id"))
        .where(col(Delivery.run_id).in_(run_ids))
        .group_by(Delivery.root)
        .subquery()
    )
    query = (
        select(Delivery)
        .join(newest, (col(Delivery.root) == newest.c.root) & (col(Delivery.run_id) == newest.c.run_id))
        .where(col(Delivery.outcome).in_(TROUBLE), Delivery.code != Waiting.code, Delivery.part == 0)
        .order_by(col(Delivery.id))
    )
    return [
        Stop(row.run_id, row.lane, row.batch, row.node, row.key, row.root, row.title, row.outcome)
        for row in session.exec(query)
    ]
