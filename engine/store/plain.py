"""Statements of the way that every batch takes, as SQL text.

SQLAlchemy would build each of them anew, find out that it knows it already, and describe the columns of every answer:
on SQLite, where a statement is a call within the process, that costs several times what the database does. There
they go straight to the driver, within the transaction of the session. Names of tables and columns are ours; values
always go beside the text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session


def rows(session: Session, statement: str, *values: Any) -> list[Any]:
    """All rows that a statement answers. Values stand as ``?``: text, numbers, bytes or None, as the driver takes them."""
    driver = _sqlite(session)
    if driver is None:
        return list(session.connection().exec_driver_sql(_postgresql(statement), values))
    return _execute(driver, statement, values).fetchall()


def change(session: Session, statement: str, *values: Any) -> int:
    """How many rows a statement has changed."""
    driver = _sqlite(session)
    if driver is None:
        return session.connection().exec_driver_sql(_postgresql(statement), values).rowcount
    return _execute(driver, statement, values).rowcount


def change_many(session: Session, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """How many rows a statement has changed, carried out with each of these values."""
    driver = _sqlite(session)
    if driver is None:
        return session.connection().exec_driver_sql(_postgresql(statement), list(rows)).rowcount
    try:
        return driver.executemany(statement, rows).rowcount
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, list(rows), error, sqlite3.Error) from error


def kept_off(session: Session) -> str:
    """What a query ends with that keeps others off the rows it answers. On SQLite who writes is alone anyway."""
    return "" if _sqlite(session) is not None else " FOR UPDATE"


def lock(session: Session, table: str, ids: Sequence[str]) -> None:
    """Keeps others off these rows until the transaction ends. On SQLite who writes is alone anyway."""
    if _sqlite(session) is None:
        these = f"({', '.join('?' * len(ids))}) ORDER BY id FOR UPDATE"
        rows(session, f"SELECT id FROM {table} WHERE id IN {these}", *ids)  # noqa: S608


def _sqlite(session: Session) -> sqlite3.Connection | None:
    """The driver's connection of the transaction at hand; None on PostgreSQL."""
    transaction = session.get_transaction()
    known = session.info.get("driver")
    if known is None or transaction is None or known[0] is not transaction:
        connection = session.connection()
        driver = connection.connection.dbapi_connection if connection.dialect.name == "sqlite" else None
        known = session.info["driver"] = (session.get_transaction(), driver)
    driver = known[1]
    assert driver is None or isinstance(driver, sqlite3.Connection)
    return driver


def _execute(driver: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
    """Raises what SQLAlchemy raises."""
    try:
        return driver.execute(statement, values)
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, values, error, sqlite3.Error) from error


@cache
def _postgresql(statement: str) -> str:
    return statement.replace("%", "%%").replace("?", "%s")
