"""Signs of life: what keeps a claimed lane ours while a system takes its time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import LeaseLost, Unavailable
from engine.store import lanes
from engine.store.database import Database
from engine.store.lanes import Claim

MARGIN = 1 / 3
"""Of a lease: how often it is renewed, and its last part, in which nothing is sent any more. So whoever takes over a
lane knows that its former owner has sent nothing since then."""

AHEAD = 1 / 2
"""Of a lease: what must be left of it when something is claimed that is to be sent. Then there is time to send it, and
no claim is left behind of which nobody could tell that nothing was sent."""


log = logging.getLogger("heddle.heartbeat")


class Heartbeat:
    """Renews leases from a thread of its own while calls are on their way. One per executor."""

    def __init__(self, database: Database, lease: float) -> None:
        self._database, self._lease = database, lease
        self._lock = threading.Lock()
        self._kept: list[Claim] = []
        self._thread: threading.Thread | None = None

    @contextmanager
    def keeping(self, held: Claim) -> Iterator[None]:
        """Keeps a claim alive meanwhile. A renewal that comes after the end of it finds the fence shut."""
        with self._lock:
            self._kept.append(held)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._kept.remove(held)

    def _beat(self) -> None:
        while True:
            time.sleep(MARGIN * self._lease)
            with self._lock:
                kept = list(self._kept)
                if not kept:
                    self._thread = None  # the next claim starts another one
                    return
            for held in kept:
                self._renew(held)

    def _renew(self, held: Claim) -> None:
        """A claim that cannot be renewed runs out, which whoever works on it sees before it sends. The others live on."""
        try:
            with self._database.write(lasting=False) as session:
                lanes.renew(session, held, self._lease)
        except (LeaseLost, Unavailable) as reason:
            log.debug("run %s lane %s is not renewed: %s", held.run_id, held.lane, reason)
        except Exception:
            log.exception("run %s lane %s cannot be renewed", held.run_id, held.lane)
