"""A dry run read as a plan: what would be written, record by record. Nothing here changes anything."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as any_select
from sqlmodel import Session, col, select

from engine.foreseen import START
from engine.planned import Approval, Planned
from engine.record import Record, from_json
from engine.shape import Entity
from engine.store import progress
from engine.store.deliveries import Delivery, with_key
from engine.store.progress import found_by, outcomes_of
from engine.store.runs import Run

_CHUNK = 500


def approval(
    session: Session,
    plan_id: str,
    node: str,
    records: Sequence[Record],
    root_of: Mapping[int, str],
    place: tuple[str, str] | None = None,
    shape: Callable[[], Entity | None] = lambda: None,
    run_id: str = "",
) -> Approval:
    """What the plan says about these records at one write node. ``root_of``: place in the batch → source key.

    place  (slot, entity) of one side of a two-way sync, which writes to both
    shape  answers what people call the fields of what is written     run_id  that of the execution
    """
    writes: dict[str, Planned] = {}
    objects: set[str] = set()
    for some in _chunks(sorted({record.key for record in records})):
        query = select(Delivery).where(Delivery.run_id == plan_id, Delivery.node == node, with_key(some))
        if place is not None:
            query = query.where(Delivery.slot == place[0], Delivery.entity == place[1])
        for row in session.exec(query.order_by(col(Delivery.id))):
            sent, before = (from_json(one) if one else None for one in (row.sent, row.before))
            writes[row.key] = Planned(row.operation, sent or {}, row.message, before)
            if row.operation == "update" and row.remote_id:
                objects.add(row.remote_id)
    ours: set[str] = set()
    for some in _chunks(sorted(objects)):
        written = select(Delivery.remote_id).where(
            Delivery.run_id == run_id, col(Delivery.remote_id).in_(some)
        )
        ours.update(one for one in session.exec(written) if one)
    roots: set[str] = set()
    for some in _chunks(sorted(set(root_of.values()))):
        found = select(Delivery.root).where(Delivery.run_id == plan_id, col(Delivery.root).in_(some))
        roots.update(session.exec(found.distinct()))
    return Approval(writes, frozenset(roots), root_of, records, shape, frozenset(ours))


def window(session: Session, plan: Run) -> dict[str, Any]:
    """What the execution of a plan reads: from when on the plan has read, up to now, so that what has changed since is met.
    A first load reads as far as its report did, and from there incremental reads go on: no gap, no overtaking."""
    shown = from_json(plan.window)
    until = str(shown.get("until", ""))
    if shown.get("first"):
        return {"started": until, "until": until, "mark": until}
    return {"started": until, "bounds": progress.bounds(session, plan.id)}


def lines(
    session: Session, run_id: str, *, outcome: str = "", q: str = "", after: int = 0, limit: int = 100
) -> list[Delivery]:
    """The plan's rows in the order in which they came about; ``after`` is the last id seen.

    outcome  created, updated, … or ``changes``: what would be written
    """
    query = select(Delivery).where(Delivery.run_id == run_id, col(Delivery.id) > after)
    if outcome == "changes":
        query = query.where(col(Delivery.outcome).in_(("created", "updated")))
    elif outcome:
        query = query.where(col(Delivery.outcome).in_(outcomes_of(outcome)))
    if q:
        query = query.where(found_by(q))
    return list(session.exec(query.order_by(col(Delivery.id)).limit(limit)))


def imagined(session: Session, run_id: str, roots: Sequence[str]) -> list[Delivery]:
    """What a dry run has only imagined to be there, of these source records."""
    found: list[Delivery] = []
    for some in _chunks(sorted(set(roots))):
        query = select(Delivery).where(Delivery.run_id == run_id, col(Delivery.root).in_(some))
        found += session.exec(query.where(col(Delivery.remote_id).startswith(START, autoescape=True)))
    return found


def sums(session: Session, run_id: str) -> list[tuple[str, str, str, str, int]]:
    """(node, slot, entity, outcome, how many) of everything that happened at a node."""
    query = (
        any_select(  # the typed one ends at four columns
            col(Delivery.node), col(Delivery.slot), col(Delivery.entity), col(Delivery.outcome), func.count()
        )
        .where(col(Delivery.run_id) == run_id)
        .group_by(col(Delivery.node), col(Delivery.slot), col(Delivery.entity), col(Delivery.outcome))
        .order_by(col(Delivery.node), col(Delivery.outcome))
    )
    return [
        (node, slot, entity, outcome, int(count))
        for node, slot, entity, outcome, count in session.execute(query)
    ]


def not_met(session: Session, plan_id: str, run_id: str, limit: int = 100) -> list[tuple[str, str]]:
    """(key, title) of records that the plan would write and that its execution has not met again."""
    met = select(Delivery.root).where(Delivery.run_id == run_id)
    query = (
        select(Delivery.root, func.max(Delivery.title))
        .where(Delivery.run_id == plan_id, col(Delivery.outcome).in_(("created", "updated")))
        .where(col(Delivery.root).not_in(met))
        .group_by(Delivery.root)
        .order_by(Delivery.root)
        .limit(limit)
    )
    return [(key, title) for key, title in session.exec(query)]


def _chunks(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK))
