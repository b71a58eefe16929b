"""Many rows in one statement, past SQLAlchemy's parameter processing, which costs more than the database does.

SQLite takes the rows one by one from a prepared statement; PostgreSQL takes columns as arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlmodel import Session


def insert(
    session: Session,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    conflict: str = "",
) -> int:
    """Inserts rows of values in the order of ``columns``: text, numbers, bytes or None, as the driver takes them.

    Answers how many were inserted or, by the clause, changed.

    conflict  an ON CONFLICT clause; two of the rows must not conflict with each other
    """
    if not rows:
        return 0
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        statement = _from_arrays(table, columns, conflict)
        done = connection.exec_driver_sql(
            statement, tuple(list(column) for column in zip(*rows, strict=True))
        )
    else:
        done = connection.exec_driver_sql(_by_row(table, columns, conflict), list(rows))
    return done.rowcount


@cache
def _by_row(table: Table, columns: tuple[str, ...], conflict: str) -> str:
    return f"{_into(table, columns)} VALUES ({', '.join('?' * len(columns))}) {conflict}"


@cache
def _from_arrays(table: Table, columns: tuple[str, ...], conflict: str) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    arrays = ", ".join(f"%s::{table.c[name].type.compile(dialect)}[]" for name in columns)
    return f"{_into(table, columns)} SELECT * FROM unnest({arrays}) {conflict}"  # noqa: S608 - our own names


def _into(table: Table, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(columns)})"  # names of our own tables
