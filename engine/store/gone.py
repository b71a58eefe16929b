"""Objects that a sweep has told as deleted: whoever keeps the targets of such objects is not asked about them again.

What was told counts as told when the run that did so has got to its end; one that was stopped may not have come to it.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Table, delete
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from engine.store.deliveries import Delivery
from engine.store.references import CrossReference
from engine.store.runs import Run

_references: Table = CrossReference.__table__  # type: ignore[attr-defined]


class Gone(SQLModel, table=True):
    """One object of a source, for one flow; ``run_id`` is the run that told of it."""

    __tablename__ = "gone"

    flow_id: str = Field(primary_key=True)
    connection: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    run_id: str


_table: Table = Gone.__table__  # type: ignore[attr-defined]


def told(session: Session, flow_id: str, place: tuple[str, str], keys: Sequence[str]) -> set[str]:
    """Those of the objects of (connection, entity) that a finished run has told, and no later one has met again."""
    run = aliased(Run)
    again = (
        select(Delivery.id)
        .join(run, col(run.id) == col(Delivery.run_id))
        .where(Delivery.root == Gone.key, col(Delivery.run_id) > Gone.run_id)
        .where(run.flow_id == flow_id, run.mode == "live")
        .exists()
    )
    query = (
        select(Gone.key)
        .join(Run, col(Run.id) == col(Gone.run_id))
        .where(*_of(flow_id, place, keys), Run.state == "done", ~again)
    )
    return set(session.exec(query))


def tell(session: Session, run_id: str, flow_id: str, place: tuple[str, str], keys: Sequence[str]) -> None:
    """A run tells of these. What is kept in step is left out: there both sides are looked at each time."""
    kept = select_columns(_references.c.left_id).where(
        _references.c.left_connection == place[0],
        _references.c.left_entity == place[1],
        _references.c.left_id.in_(keys),
        _references.c.right_id.is_not(None),
        _references.c.agreed.is_(None),
    )
    ours = sorted(set(session.connection().execute(kept).scalars()))
    forget(session, flow_id, place, ours)
    session.add_all(
        Gone(flow_id=flow_id, connection=place[0], entity=place[1], key=key, run_id=run_id) for key in ours
    )


def forget(session: Session, flow_id: str, place: tuple[str, str], keys: Collection[str]) -> None:
    """These are there again."""
    session.connection().execute(delete(_table).where(*_of(flow_id, place, keys)))


def _of(flow_id: str, place: tuple[str, str], keys: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (
        _table.c.flow_id == flow_id,
        _table.c.connection == place[0],
        _table.c.entity == place[1],
        _table.c.key.in_(keys),
    )
