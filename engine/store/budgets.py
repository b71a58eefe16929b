"""What a run has used of its write budget, exactly: each write is reserved once, however often it is repeated."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import Table, case, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel

_CHUNK = 500


class Spending(SQLModel, table=True):
    """The sums of one run. ``amount`` is a decimal as text; ``lifted_by`` names who let the run go beyond.

    swept_by  who said that so many objects really are gone (see engine.sweep)
    """

    __tablename__ = "spending"

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    creates: int = 0
    updates: int = 0
    deletes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    amount: str = "0"
    lifted_by: str = ""
    swept_by: str = Field(default="", sa_column_kwargs={"server_default": ""})


class Spent(SQLModel, table=True):
    """One write that has been reserved: a redo after a crash finds it here and counts nothing."""

    __tablename__ = "spent"

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    node: str = Field(primary_key=True)
    source: str = Field(primary_key=True)


_sums: Table = Spending.__table__  # type: ignore[attr-defined]
_spent: Table = Spent.__table__  # type: ignore[attr-defined]


def reserve(
    session: Session,
    run_id: str,
    node: str,
    operation: str,
    amounts: Mapping[str, Decimal],
    *,
    count_limit: int | None,
    amount_limit: Decimal | None,
) -> tuple[str, Decimal] | None:
    """Reserves writes in the transaction at hand: source object → its amount.

    Answers None when the budget suffices, else ("count" or "amount", what the run would come to): the caller
    must then roll back. The guarded UPDATE holds the row, so that lanes cannot both take the last of it.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    connection = session.connection()
    empty = insert(_sums).values(run_id=run_id, creates=0, updates=0, amount="0", lifted_by="")
    connection.execute(empty.on_conflict_do_nothing())
    connection.execute(select(_sums.c.run_id).where(_sums.c.run_id == run_id).with_for_update())
    known = _known(session, run_id, node, list(amounts))
    fresh = {source: amount for source, amount in amounts.items() if source not in known}
    if not fresh:
        return None
    column = {"create": _sums.c.creates, "delete": _sums.c.deletes}.get(operation, _sums.c.updates)
    fits = (
        or_(_sums.c.lifted_by != "", column + len(fresh) <= count_limit) if count_limit is not None else None
    )
    statement = update(_sums).where(_sums.c.run_id == run_id)
    if fits is not None:
        statement = statement.where(fits)
    if connection.execute(statement.values({column.name: column + len(fresh)})).rowcount != 1:
        used = connection.execute(select(column).where(_sums.c.run_id == run_id)).scalar_one()
        return "count", Decimal(used + len(fresh))
    text, lifted = connection.execute(
        select(_sums.c.amount, case((_sums.c.lifted_by != "", 1), else_=0)).where(_sums.c.run_id == run_id)
    ).one()
    total = Decimal(text) + sum(fresh.values(), Decimal(0))
    if amount_limit is not None and not lifted and total > amount_limit:
        return "amount", total
    connection.execute(update(_sums).where(_sums.c.run_id == run_id).values(amount=str(total)))
    rows = [{"run_id": run_id, "node": node, "source": source} for source in fresh]
    connection.execute(insert(_spent).on_conflict_do_nothing(), rows)
    return None


def lift(session: Session, run_id: str, by: str) -> None:
    """Lets a run go beyond its budget; it was paused by it, so its sums are there."""
    session.connection().execute(update(_sums).where(_sums.c.run_id == run_id).values(lifted_by=by))
    if session.get(Spending, run_id) is None:
        session.add(Spending(run_id=run_id, lifted_by=by))


def believe(session: Session, run_id: str, by: str) -> None:
    """Somebody says that so many objects really are gone."""
    row = session.get(Spending, run_id) or Spending(run_id=run_id)
    row.swept_by = by
    session.add(row)


def believed(session: Session, run_id: str) -> bool:
    """Whether somebody has said so."""
    query = select(_sums.c.swept_by).where(_sums.c.run_id == run_id)
    return bool(session.connection().execute(query).scalar())


def _known(session: Session, run_id: str, node: str, sources: list[str]) -> set[str]:
    known: set[str] = set()
    for start in range(0, len(sources), _CHUNK):
        query = select(_spent.c.source).where(
            _spent.c.run_id == run_id,
            _spent.c.node == node,
            _spent.c.source.in_(sources[start : start + _CHUNK]),
        )
        known.update(session.connection().execute(query).scalars())
    return known
