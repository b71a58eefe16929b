"""Turns shared out inside one process: what is left when the server that all processes share cannot be asked.

Each process then takes an equal part of what the connection may do, so that together they stay below it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from engine.clock import now
from engine.pace import Limits, Turn

DAY = 86_400.0
AHEAD = 2.0
"""Seconds in advance for which turns are given away; who would wait longer asks again."""
POLL = 0.02
"""Seconds after which a call without a place asks again."""
HEADROOM = 1.02
"""How much slower than allowed calls go out: their way takes now a little longer, now a little shorter, and what
was sent at the right time must not arrive too early."""


@dataclass
class _Books:
    next_turn: float = 0.0
    paused: float = 0.0
    day: int = 0
    used: int = 0
    places: set[str] = field(default_factory=set)


class Share:
    """A Limiter for one process. ``parts``: how many processes share a connection, as far as is known;
    None: this one alone."""

    def __init__(self, parts: Callable[[str], int] | None = None) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._books: dict[str, _Books] = {}

    @property
    def state(self) -> Literal["alone"]:
        return "alone"

    def ask(self, connection: str, limits: Limits, holder: str) -> Turn:
        at, parts = now(), max(1, self._parts(connection)) if self._parts else 1
        with self._lock:
            books = self._books.setdefault(connection, _Books())
            if books.paused > at:
                return Turn(False, books.paused - at, "pause")
            if books.day != int(at // DAY):
                books.day, books.used = int(at // DAY), 0
            if limits.per_day is not None and books.used >= max(1, limits.per_day // parts):
                return Turn(False, (books.day + 1) * DAY - at, "day")
            if limits.concurrent is not None and len(books.places) >= max(1, limits.concurrent // parts):
                return Turn(False, POLL, "place")
            wait = 0.0
            if limits.per_second is not None:
                wait = max(books.next_turn - at, 0.0)
                if wait > AHEAD:
                    return Turn(False, wait - AHEAD / 2)
                books.next_turn = at + wait + HEADROOM * parts / float(limits.per_second)
            if limits.concurrent is not None:
                books.places.add(holder)
            books.used += 1
            return Turn(True, wait)

    def leave(self, connection: str, limits: Limits, holder: str) -> None:
        with self._lock:
            if books := self._books.get(connection):
                books.places.discard(holder)

    def pause(self, connection: str, limits: Limits, seconds: float) -> None:
        with self._lock:
            books = self._books.setdefault(connection, _Books())
            books.paused = max(books.paused, now() + seconds)
