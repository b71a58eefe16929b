"""Several calls under way at once in one thread: each is sent when there is room, and fetched as its answer comes."""

from __future__ import annotations

import select
import time
from collections.abc import Generator, Iterator
from typing import Protocol, TypeVar


class UnderWay(Protocol):
    """A call that has been sent. ``until``: by ``time.monotonic``, when nobody waits for its answer any longer."""

    @property
    def until(self) -> float: ...
    def fileno(self) -> int: ...
    def drop(self) -> None: ...


Call = TypeVar("Call", bound=UnderWay)


def volley(calls: Iterator[Call], at_once: int) -> Generator[Call]:
    """The calls in the order of their answers, each to be fetched by whoever gets it; over-due ones as they are.

    ``calls`` sends one each time it is asked, and is asked as long as fewer than ``at_once`` are under way. Those
    that are still under way when the caller stops are dropped.
    """
    waiting: dict[int, Call] = {}
    answered = select.poll()
    try:
        while True:
            while len(waiting) < at_once and (call := next(calls, None)) is not None:
                waiting[call.fileno()] = call
                answered.register(call.fileno(), select.POLLIN)
            if not waiting:
                return
            now = time.monotonic()
            first = min(call.until for call in waiting.values())
            ready = [number for number, _ in answered.poll(max(0.0, first - now) * 1000)]
            for number in ready or [number for number, call in waiting.items() if call.until <= first]:
                answered.unregister(number)
                yield waiting.pop(number)
    finally:
        for call in waiting.values():
            call.drop()
