"""How many calls each flow makes over each connection: counted in the process, kept every few seconds."""

from __future__ import annotations

import threading
import time

from engine.clock import now
from engine.errors import Unavailable
from engine.store import usage
from engine.store.database import Database
from engine.store.usage import Count

EVERY = 5.0


class Meter:
    """One a process; safe for threads. A process that is killed loses the counts of its last seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str, int], Count] = {}
        self._kept_at = time.monotonic()

    def called(self, connection: str, flow: str, waited: float) -> None:
        """One call is about to be sent, after so many seconds at the door."""
        self._add(connection, flow, Count(1, round(waited * 1000), 0))

    def refused(self, connection: str, flow: str) -> None:
        """The system has said «too many requests»."""
        self._add(connection, flow, Count(0, 0, 1))

    def keep(self, *, at_once: bool = False) -> None:
        """Stores what was counted, if it is time to; call it outside of transactions."""
        if not self._counts or not (at_once or time.monotonic() - self._kept_at >= EVERY):
            return
        with self._lock:
            counts, self._counts = self._counts, {}
            self._kept_at = time.monotonic()
        try:
            with self._database.write(lasting=False) as session:
                usage.add(session, counts)
        except Unavailable:
            for (connection, flow, _), count in counts.items():
                self._add(connection, flow, count)

    def _add(self, connection: str, flow: str, count: Count) -> None:
        key = (connection, flow, int(now() // 60))
        with self._lock:
            before = self._counts.get(key)
            self._counts[key] = count if before is None else before + count
