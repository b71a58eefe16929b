"""Indexes of the rows that have something to find. Any other entry would be paid for with each record of each run."""

from __future__ import annotations

from sqlalchemy import Index, text


def partial(name: str, *columns: str, only: str) -> Index:
    """An index of the rows for which ``only``, a condition in SQL, holds. A query that is to use it must imply that."""
    return Index(name, *columns, sqlite_where=text(only), postgresql_where=text(only))
