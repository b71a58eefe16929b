"""What became of each record: the ledger of a run, read by people. Nothing here changes anything."""

from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from engine.batch import unpack
from engine.clock import iso
from engine.foreseen import real
from engine.record import Record, from_json
from engine.store.deliveries import Call, Delivery, with_key
from engine.store.lanes import StagedBatch
from engine.store.progress import found_by, outcomes_of, rows
from engine.store.runs import Run


def deliveries(
    session: Session,
    run_id: str,
    *,
    outcome: str = "",
    node: str = "",
    q: str = "",
    after: int = 0,
    limit: int = 100,
) -> list[Delivery]:
    """The ledger of a run in the order it was written; ``after`` is the last id seen."""
    query = select(Delivery).where(Delivery.run_id == run_id, col(Delivery.id) > after)
    if outcome:
        query = query.where(col(Delivery.outcome).in_(outcomes_of(outcome)))
    if node:
        query = query.where(Delivery.node == node)
    if q:
        query = query.where(found_by(q))
    return list(session.exec(query.order_by(col(Delivery.id)).limit(limit)))


def shown(row: Delivery) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "key": row.key,
        "title": row.title,
        "node": row.node,
        "entity": row.entity,
        "outcome": row.outcome,
        "operation": row.operation,
        "remote_id": real(row.remote_id),
        "number": real(row.number),
        "link": row.link,
        "source_link": row.source_link,
        "message": row.message,
        "code": row.code,
        "cure": row.cure,
        "at": iso(row.at),
    }


def roots(
    session: Session, run_id: str, *, outcome: str = "", q: str = "", after: str = "", limit: int = 100
) -> list[dict[str, Any]]:
    """One row a record as it was read, under the heaviest of its outcomes; ``after`` is the last key seen."""
    place = func.row_number().over(
        partition_by=col(Delivery.root), order_by=(col(Delivery.weight).desc(), col(Delivery.id))
    )
    ranked: Any = select(col(Delivery.id).label("id"), place.label("place")).where(Delivery.run_id == run_id)
    if q:
        found = select(Delivery.root).where(Delivery.run_id == run_id, found_by(q))
        ranked = ranked.where(col(Delivery.root).in_(found))
    best = ranked.subquery()
    query = (
        select(Delivery)
        .join(best, best.c.id == col(Delivery.id))
        .where(best.c.place == 1, col(Delivery.root) > after)
        .order_by(col(Delivery.root))
        .limit(limit)
    )
    if outcome:
        query = query.where(col(Delivery.outcome).in_(outcomes_of(outcome)))
    return [
        {
            "key": row.root,
            "title": row.title,
            "outcome": row.outcome,
            "operation": row.operation,
            "message": row.message,
        }
        for row in session.exec(query)
    ]


def of_record(session: Session, run_id: str, key: str) -> list[Delivery]:
    """Everything that happened to one record and its children."""
    query = select(Delivery).where(Delivery.run_id == run_id, Delivery.root == key)
    return list(session.exec(query.order_by(col(Delivery.id))))


def detail(row: Delivery) -> dict[str, Any]:
    """A delivery with what was sent, what stood there before, and what the system answered."""
    return {
        **shown(row),
        "sent": from_json(row.sent) if row.sent else {},
        "before": from_json(row.before) if row.before else None,
        "answer": from_json(row.answer) if row.answer else {},
    }


def calls(session: Session, found: list[Delivery]) -> dict[str, list[dict[str, Any]]]:
    """Node → the HTTP calls of the batches that these deliveries were in, as far as they were kept."""
    made: dict[str, list[dict[str, Any]]] = {}
    for run_id, lane, batch in sorted({(row.run_id, row.lane, row.batch) for row in found}):
        query = select(Call).where(Call.run_id == run_id, Call.lane == lane, Call.batch == batch)
        for call in session.exec(query.order_by(col(Call.id))):
            made.setdefault(call.node, []).append(
                {
                    "method": call.method,
                    "url": call.url,
                    "status": call.status,
                    "ms": call.ms,
                    "request": call.request,
                    "response": call.response or call.error,
                }
            )
    return made


def entered(session: Session, run_id: str, lane: int, batch: int, key: str) -> list[tuple[str, Record]]:
    """(node, record): where a record entered the walk, and as what; empty when that is no longer kept."""
    staged = session.get(StagedBatch, (run_id, lane, batch))
    if staged is None:
        return []
    return [
        (node, record)
        for node, records in unpack(staged.payload).items()
        for record in records
        if record.key == key
    ]


def source(session: Session, run_id: str, key: str) -> Record | None:
    """A record as it was read or brought; None when its batch is no longer kept."""
    lanes = select(Delivery.lane).where(Delivery.run_id == run_id, Delivery.root == key).distinct()
    query = select(StagedBatch.payload).where(StagedBatch.run_id == run_id, col(StagedBatch.lane).in_(lanes))
    for payload in session.exec(query):
        for records in unpack(payload).values():
            for record in records:
                if record.key == key:
                    return record
    return None


def history(session: Session, key: str, but: str, limit: int = 20) -> list[dict[str, Any]]:
    """Other runs that met a record with this key, newest first."""
    met = select(Delivery.run_id).where(with_key([key]))
    query = select(Run).where(col(Run.id).in_(met), Run.id != but).order_by(col(Run.id).desc()).limit(limit)
    return rows(session, list(session.exec(query)))
