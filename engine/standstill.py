"""The last line of defence against work that never ends: a worker that computes and does not get on ends itself.

What a drawing can make of a record is bounded where it is made; what was forgotten there would keep a worker for ever,
and its heart would beat on. So the system counts the seconds that the process computes, which needs none of its
threads to be awake, and ends it with SIGPROF as a kill would. Waiting does not count. The attempt that is left behind
isolates the record (engine.shift), and the log says where it stood.
"""

from __future__ import annotations

import faulthandler
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 120.0
"""Seconds of computing without getting on: a batch takes one or two through all steps."""

PULSE = 1 / 8
"""Of them: how often a process that serves says that it gets on."""


class Standstill:
    """The watch over one process. One a process; to be made in its main thread."""

    def __init__(self, most: float = MOST) -> None:
        self._most = most
        faulthandler.register(signal.SIGPROF, all_threads=True, chain=True)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """What computes meanwhile has to get on."""
        self.got_on()
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0.0)

    def keep(self) -> None:
        """Watches a process that serves, for good: it gets on as long as any of its threads but one can run."""
        threading.Thread(target=self._pulse, name="standstill", daemon=True).start()

    def _pulse(self) -> None:
        while True:
            self.got_on()
            time.sleep(PULSE * self._most)

    def got_on(self) -> None:
        """Something was finished: a page, a call, what a batch goes through between two of them."""
        signal.setitimer(signal.ITIMER_PROF, self._most)
