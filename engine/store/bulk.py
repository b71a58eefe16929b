"""Many rows in one statement, past SQLAlchemy's parameter processing, which costs more than the database does.

SQLite takes them by the handful, with what is equal in all rows said once: there, binding values is most of the work.
PostgreSQL takes columns as arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlmodel import Session

from engine.store import plain

HANDFUL = 32
"""Rows in one statement; SQLite builds with a limit of 999 values exist."""

Statement = tuple[str, tuple[Any, ...]]
"""A text and its values."""


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
        answered = connection.exec_driver_sql(
            statement, tuple(list(column) for column in zip(*rows, strict=True))
        )
        return answered.rowcount
    return carry_out(session, ready(table, columns, rows, conflict))


def ready(
    table: Table, columns: tuple[str, ...], rows: Sequence[Sequence[Any]], conflict: str = ""
) -> list[Statement]:
    """What ``insert`` says to SQLite, made ready where nobody waits for it: there, one writes at a time."""
    if not rows:
        return []
    by_column = list(zip(*rows, strict=True))
    equal = tuple(_is_one(column) for column in by_column)
    said = tuple(value for value, once in zip(rows[0], equal, strict=True) if once)
    moving = [_bindable(column) for column, once in zip(by_column, equal, strict=True) if not once]
    values = list(chain.from_iterable(zip(*moving, strict=True)))
    step, statements = HANDFUL * len(moving), []
    for start in range(0, len(rows), HANDFUL):
        text = _by_handful(table, columns, equal, min(HANDFUL, len(rows) - start), conflict)
        first = start // HANDFUL * step
        statements.append((text, (*said, *values[first : first + step])))
    return statements


def carry_out(session: Session, statements: Sequence[Statement]) -> int:
    """How many rows these have changed."""
    return sum(plain.change(session, text, *values) for text, values in statements)


def _is_one(column: Sequence[Any]) -> bool:
    """Whether all values are equal. Where they are not, the last one mostly tells."""
    first = column[0]
    return bool(first == column[-1]) and column.count(first) == len(column)


def _bindable(column: Sequence[Any]) -> Sequence[Any]:
    """For bytes the driver looks for an adapter, value by value, which takes longer than storing them; for a bytearray
    it does not."""
    if type(column[0]) is bytes:
        return [bytearray(value) if type(value) is bytes else value for value in column]
    return column


@lru_cache(maxsize=256)
def _by_handful(
    table: Table, columns: tuple[str, ...], equal: tuple[bool, ...], count: int, conflict: str
) -> str:
    """``?1``, ``?2``… are first the values that are equal in all rows, then those of row after row."""
    once, rows = sum(equal), []
    following = once
    for _ in range(count):
        row, said = [], 0
        for same in equal:
            if same:
                said += 1
            else:
                following += 1
            row.append(f"?{said if same else following}")
        rows.append(f"({', '.join(row)})")
    return f"{_into(table, columns)} VALUES {', '.join(rows)} {conflict}"


@cache
def _from_arrays(table: Table, columns: tuple[str, ...], conflict: str) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    arrays = ", ".join(f"%s::{table.c[name].type.compile(dialect)}[]" for name in columns)
    return f"{_into(table, columns)} SELECT * FROM unnest({arrays}) {conflict}"  # noqa: S608 - our own names


def _into(table: Table, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)  # one of them is a word of SQL
    return f"INSERT INTO {table.name} ({names})"  # names of our own tables
