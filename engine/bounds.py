"""The last line of defence where a drawing is tried while others are served: what never ends is broken off.

What a drawing can make of a record is bounded where it is made. Should that have been forgotten, a worker ends itself
(engine.standstill); a web server has other requests at work. So the seconds that one thread computes within a pure
part are counted, and beyond them an exception is raised in the midst of it. Being pure, such a part holds nothing that
somebody else waits for. A call that lets no other thread run cannot be broken off: then nobody is served any more, and
the web server ends itself as a worker does.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from engine.errors import RequestError

MOST = 20.0
"""Seconds of computing: somebody waits for the answer."""
_LOOKED_AT = 0.1
"""Of these seconds: how often it is looked."""

T = TypeVar("T")


class _Broken(BaseException):
    """Not to be taken for a fault of one record, by whatever is computing."""


class _Part:
    """A part of a thread's work."""

    def __init__(self, most: float) -> None:
        self.thread, self.most, self.broken = threading.get_ident(), most, False
        self._clock = (
            time.pthread_getcpuclockid(self.thread) if hasattr(time, "pthread_getcpuclockid") else None
        )
        self._began = self._seconds()

    def _seconds(self) -> float:
        return time.monotonic() if self._clock is None else time.clock_gettime(self._clock)

    @property
    def is_over(self) -> bool:
        try:
            return self._seconds() - self._began > self.most
        except OSError:  # its thread is no more
            return False


class _Watch:
    """One thread that looks at all parts, while there are some."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: set[_Part] = set()
        self._thread: threading.Thread | None = None

    def add(self, part: _Part) -> None:
        with self._lock:
            self._parts.add(part)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="bounds", daemon=True)
                self._thread.start()

    def remove(self, part: _Part) -> None:
        """Nothing is raised in this part any more."""
        with self._lock:
            self._parts.discard(part)
            if part.broken:
                _raise(part.thread, None)

    def _look(self) -> None:
        while True:
            with self._lock:
                if not self._parts:
                    self._thread = None  # the next one starts another
                    return
                rest = min(part.most for part in self._parts) * _LOOKED_AT
                for part in [one for one in self._parts if one.is_over]:
                    self._parts.discard(part)
                    part.broken = True
                    _raise(part.thread, _Broken)
            time.sleep(rest)


def _raise(thread: int, what: type[BaseException] | None) -> None:
    """Has a thread raise this as soon as it comes to its next step; None takes back what it has not raised yet."""
    given = ctypes.py_object(what) if what is not None else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), given)


_watch = _Watch()


@contextmanager
def bounded(most: float | None = None) -> Iterator[None]:
    """What is computed meanwhile, in this thread, may take ``most`` seconds of computing (MOST); waiting does not count.

    Only around what is pure. Raises RequestError.
    """
    part = _Part(MOST if most is None else most)
    try:
        _watch.add(part)
        try:
            yield
        finally:
            _watch.remove(part)
    except _Broken:
        raise RequestError(
            f"This computed for {part.most:g} seconds without coming to an end, so it was broken off.",
            status=422,
            code="E-ENDLESS",
            cure="Try it on smaller records, or split the step that was added or changed last.",
        ) from None


def within(way: Generator[T, Any, None]) -> Generator[T, Any, None]:
    """The same way, each part of which between two questions is bounded."""
    reply: Any = None
    while True:
        with bounded():
            try:
                ask = way.send(reply)
            except StopIteration:
                return
        reply = yield ask
