"""Source objects that a flow has written from, and what was last read of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, select, union
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from engine.record import Origin
from engine.store import records
from engine.store.deliveries import Delivery
from engine.store.references import CrossReference
from engine.store.runs import Run

_table: Table = CrossReference.__table__  # type: ignore[attr-defined]


def ids(session: Session, flow_id: str, place: tuple[str, str], after: str, limit: int) -> list[str]:
    """Ids of the objects of (connection, entity) with a cross reference that this flow has written, in order.

    Of pairs that are kept in step either object is one, whichever way the cross reference is oriented.
    """
    ours = _table.c.fingerprints.contains(f'"{flow_id}/', autoescape=True)
    left = select(_table.c.left_id.label("key")).where(
        _table.c.left_connection == place[0],
        _table.c.left_entity == place[1],
        _table.c.left_id > after,
        _table.c.right_id.is_not(None),
        ours,
    )
    right = select(_table.c.right_id.label("key")).where(
        _table.c.right_connection == place[0],
        _table.c.right_entity == place[1],
        _table.c.right_id > after,
        _table.c.agreed.is_not(None),
        ours,
    )
    both = union(left, right).order_by("key").limit(limit)
    return [str(one) for one in session.connection().execute(both).scalars()]


def last(
    session: Session, flow_id: str, origin: Origin, keys: Sequence[str]
) -> dict[str, tuple[dict[str, Any], str]]:
    """Key → (data as it was read last, title); the data is empty where it is no longer kept."""
    return {key: _last(session, flow_id, origin, key) for key in keys}


def _last(session: Session, flow_id: str, origin: Origin, key: str) -> tuple[dict[str, Any], str]:
    query = (
        select_rows(Delivery)
        .join(Run, col(Run.id) == col(Delivery.run_id))
        .where(Delivery.root == key, Run.flow_id == flow_id, Run.mode == "live")
        .order_by(col(Delivery.id).desc())
        .limit(10)
    )
    title = ""
    for row in session.exec(query):
        title = title or row.title
        for _, record in records.entered(session, row.run_id, row.lane, row.batch, key):
            if record.origin == origin and isinstance(record.data, dict):
                return record.data, record.title or title
    return {}, title
