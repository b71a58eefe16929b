"""Records as they were read: by their key, and by where that was, because two systems, or two kinds of object, may have
the same keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import ColumnElement, Table

_CHUNK = 500


class Root(NamedTuple):
    """A record as it was read. ``origin``: see ``origin``; empty where nobody knows."""

    origin: str
    key: str


def origin(slot: str, entity: str) -> str:
    """Where a record was read, as it is stored; empty for what a trigger brought."""
    return f"{slot}/{entity}" if slot or entity else ""


def among(table: Table, roots: Iterable[Root]) -> Iterator[ColumnElement[bool]]:
    """Conditions that the rows of these records meet, some at a time. Of a row, or a record, whose origin nobody knows,
    the key decides."""
    by_origin: dict[str, set[str]] = {}
    for place, key in roots:
        by_origin.setdefault(place, set()).add(key)
    for place, found in by_origin.items():
        keys = sorted(found)
        for start in range(0, len(keys), _CHUNK):
            some = table.c.root.in_(keys[start : start + _CHUNK])
            yield some & table.c.origin.in_((place, "")) if place else some
