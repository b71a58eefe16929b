"""Statements of the way that every batch takes, as SQL text.

SQLAlchemy would build each of them anew and find out that it knows it already, which costs more than the database
does. Names of tables and columns are ours; values always go beside the text.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy.engine import CursorResult
from sqlmodel import Session


def run(session: Session, statement: str, *values: Any) -> CursorResult[*tuple[Any, ...]]:
    """Executes a statement whose values stand as ``?``: text, numbers, bytes or None, as the driver takes them."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        statement = _postgresql(statement)
    return connection.exec_driver_sql(statement, values)


@cache
def _postgresql(statement: str) -> str:
    return statement.replace("%", "%%").replace("?", "%s")
