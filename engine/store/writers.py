"""Who may write to an SQLite database next: its writers queue up, those of other processes too.

SQLite itself lets a writer who finds another at work look again after ever longer pauses. So the time between two
writers goes unused, and now and then one is overtaken for seconds. Waiting for a lock of the system ends the
moment it is free, in the order of arrival, and with the process that holds it.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Queue:
    """The queue of one database file; ``None`` lets everybody pass. It orders writers, and protects nothing: that
    is what SQLite's own lock is for. A file that cannot be made (a full disk, no right to it) orders nobody."""

    def __init__(self, database: str | None) -> None:
        self._path = None if database in (None, "", ":memory:") else f"{database}-writers"
        self._mine = threading.local()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until nobody else writes. Within a turn of the same thread it does not wait for itself."""
        if self._path is None or getattr(self._mine, "turn", False):
            yield
            return
        try:
            file = open(self._path, "ab")  # noqa: SIM115 - closed below, which gives the turn to the next
        except OSError:
            yield
            return
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._mine.turn = True
            try:
                yield
            finally:
                self._mine.turn = False
