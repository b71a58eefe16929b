"""What a system has, by the loose form of a match key: no search finds «ACME GmbH» when it is asked for «Acme».

A directory reads ids and match fields of one entity page by page, once a process, and then only what changed.
It answers candidates alone; whoever asks looks at them as they stand now.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import alike, circle, compare, stamps
from engine.circle import Walked
from engine.clock import now
from engine.connector import Connector, Query
from engine.errors import DefinitionError, Problem
from engine.record import Record

MOST = 100_000
"""Objects of one entity at most: about 40 MB of a worker's memory."""

FRESH = 2.0
"""Seconds for which what changed is not asked for again."""

STALE = 60.0
"""Seconds after which all is read again where a system cannot say what changed."""

Key = tuple[tuple[str, str], ...]


@dataclass
class Directory:
    """One entity of one connection, by one match key. Safe for threads."""

    entity: str
    how: Mapping[str, str]
    names: tuple[str, ...]
    keys: dict[str, Key] = field(default_factory=dict)
    ids: dict[Key, set[str]] = field(default_factory=dict)
    mark: str | None = None
    read_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def candidates(self, connector: Connector[Any], keys: Iterable[Key]) -> dict[Key, list[str]]:
        """Ids of objects that look alike, by key. May read; raises what the system raises while reading, and
        DefinitionError when there are too many objects to compare."""
        with self.lock:
            self._refresh(connector)
            return {key: sorted(self.ids.get(key, ())) for key in keys}

    def _refresh(self, connector: Connector[Any]) -> None:
        at = now()
        tells = bool(connector.entity(self.entity).modified)
        if self.read_at and at - self.read_at < (FRESH if tells else STALE):
            return
        since = stamps.earlier(self.mark) if tells and self.mark else None
        if since is None:
            self.keys.clear()
            self.ids.clear()
        query = Query(entity=self.entity, fields=self.names, since=since)
        cursor: Any = None
        walked: Walked | None = None
        mark = self.mark
        while True:
            page = connector.read(query, cursor, connector.capability.page)
            for record in page.records:
                self._enter(record)
            if page.watermark:
                mark = max(mark or "", stamps.stamp(page.watermark))
            cursor = page.cursor
            if cursor is None:
                break
            walked = circle.step(walked, page)
        self.mark, self.read_at = mark, at

    def _enter(self, record: Record) -> None:
        known = self.keys.pop(record.key, None)
        if known is not None:
            self.ids[known].discard(record.key)
        if record.deleted or not isinstance(record.data, dict):
            return
        found = {name: compare.dig(record.data, name) for name in self.names}
        if any(value in (None, "") for value in found.values()):
            return
        if len(self.keys) >= MOST:
            raise DefinitionError(
                [
                    Problem(
                        "E-DIRECTORY",
                        f"{self.entity} has more than {MOST:,} objects; they cannot be compared loosely.",
                        "Compare by values that are written alike, or let the system search for them.",
                        field="alike",
                    )
                ]
            )
        key = self.keys[record.key] = alike.key(found, self.how)
        self.ids.setdefault(key, set()).add(record.key)


class Directories:
    """The directories of a process, by connection, entity and match key."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Directory] = {}
        self._lock = threading.Lock()

    def of(self, connection: str, entity: str, match: Iterable[str], how: Mapping[str, str]) -> Directory:
        names = tuple(sorted(match))
        place = (connection, entity, names, tuple(how.get(name, "text") for name in names))
        with self._lock:
            if place not in self._kept:
                self._kept[place] = Directory(entity, dict(how), names)
            return self._kept[place]
