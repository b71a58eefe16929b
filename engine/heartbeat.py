"""A sign of life while a call is on its way."""

from __future__ import annotations

import threading

from engine.errors import LeaseLost, Unavailable
from engine.store import lanes
from engine.store.database import Database
from engine.store.lanes import Claim


class Heartbeat:
    """Renews a lease from a thread while a call is on its way."""

    def __init__(self, database: Database, held: Claim, lease: float) -> None:
        self._database, self._held, self._lease = database, held, lease
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(self._lease / 3):
            try:
                with self._database.write(lasting=False) as session:
                    lanes.renew(session, self._held, self._lease)
            except LeaseLost:
                return
            except Unavailable:
                continue
