"""The choices that a lookup table's column has in a bound system, read live and kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from designer.shapes import FRESH, MOST, SULK, TIMEOUT
from engine.connector import Connector, Query
from engine.errors import HeddleError
from engine.flow import Options
from engine.pace import Pacer
from engine.store import connections
from engine.store.database import Database
from engine.store.seal import Seal

LIMIT = 5_000
"""Choices read at most: a chart of accounts has hundreds, and nobody scrolls further."""

Choice = dict[str, str]


@dataclass
class Choices:
    """A cache by (connection, its revision, what was asked); safe for threads."""

    kept: dict[tuple[str, int, Options], tuple[float, list[Choice] | None]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(
        self,
        database: Database,
        seal: Seal,
        bindings: Mapping[str, str],
        options: Options,
        pacer: Pacer | None = None,
    ) -> list[Choice] | None:
        """``[{"value", "title"}]`` by value; None when the system cannot say now."""
        with database.read() as session:
            row = connections.find(session, bindings.get(options.slot, ""))
        if row is None:
            return None
        key = (row.id, row.revision, options)
        with self.lock:
            until, known = self.kept.get(key, (0.0, None))
        if until > monotonic():
            return known
        found = _ask(seal, row, options, pacer)
        with self.lock:
            if len(self.kept) >= MOST:
                self.kept.clear()
            self.kept[key] = (monotonic() + (SULK if found is None else FRESH), found)
        return found


def _ask(
    seal: Seal, row: connections.Connection, options: Options, pacer: Pacer | None
) -> list[Choice] | None:
    """One try; a system that is down must not keep anybody from answering by hand."""
    try:
        draft = connections.unseal(row, seal)
        opened = connections.connect(draft, read_only=True, timeout=TIMEOUT)
        return read(connections.at_the_door(row, opened, pacer), options)
    except HeddleError:
        return None


def read(connector: Connector[Any], options: Options) -> list[Choice]:
    """All choices, page by page. Raises what the system raises while reading."""
    fields = tuple(dict.fromkeys(name for name in (options.value, options.title) if name))
    query = Query(entity=options.entity, fields=fields)
    found: dict[str, str] = {}
    cursor: Any = None
    while len(found) < LIMIT:
        page = connector.read(query, cursor, connector.capability.page)
        for record in page.records:
            value = record.data.get(options.value)
            if value not in (None, ""):
                found[str(value)] = str(record.data.get(options.title) or value)
        cursor = page.cursor
        if cursor is None or not page.records:
            break
    return [{"value": value, "title": found[value]} for value in sorted(found)]
