"""Signs of life: what keeps a claimed lane ours while a system takes its time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from itertools import count

from engine import clock
from engine.errors import LeaseLost, Unavailable
from engine.store import renewal
from engine.store.database import Database
from engine.store.tenure import Claim

MARGIN = 1 / 3
"""Of a lease: how often it is renewed, and its last part, in which nothing is sent any more. So whoever takes over a
lane knows that its former owner has sent nothing since then."""

AHEAD = 1 / 2
"""Of a lease: what must be left of it when something is claimed that is to be sent. Then there is time to send it, and
no claim is left behind of which nobody could tell that nothing was sent."""


PULSE = 5.0
"""Seconds after which it is looked whether a batch has got on, for people to see. Then its claim is renewed early."""

HUNG = 1 / 2
"""Of a lease: who has computed for so long without a sign of life has not been kept from working by others."""

OUT_OF_REACH = ("E-DATABASE", "E-DISK")
"""How it is said that Heddle's own database cannot be written to."""

log = logging.getLogger("heddle.heartbeat")


class Heartbeat:
    """Renews leases from a thread of its own while calls are on their way. One per executor.

    A worker that dies leaves an attempt behind, by which a record that kills is found out (Shift). One that lives to
    see its lease lost takes the attempt back: it was frozen, or starved, or the database kept it waiting. Not so where
    its process has computed meanwhile and its heart stood still all the same: that is what a record does that hangs.
    """

    def __init__(self, database: Database, lease: float) -> None:
        self._database, self._lease = database, lease
        self._lock = threading.Lock()
        self._kept: list[Claim] = []
        self._outlived: list[Claim] = []
        self._thread: threading.Thread | None = None

    @contextmanager
    def keeping(self, *claims: Claim) -> Iterator[None]:
        """Keeps claims alive meanwhile; whoever loses one leaves quietly (LeaseLost ends here). A renewal that comes
        after the end of one finds the fence shut."""
        with self._lock:
            self._kept += claims
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()
        try:
            yield
        except LeaseLost:
            self._outlive(claims)
        except Unavailable as error:
            if error.code in OUT_OF_REACH:  # so they could not be given back
                self._outlive(claims)
            raise
        finally:
            with self._lock:
                for held in claims:
                    self._kept.remove(held)

    def keep(self, claims: Collection[Claim], rest: float = MARGIN) -> None:
        """Raises LeaseLost unless these claims are ours for this part of a lease. Where the clock was set that others
        go by, they are renewed by the new time first, if they still are ours. Raises Unavailable."""
        if clock.passing() >= min(held.ends for held in claims) - rest * self._lease:
            raise LeaseLost("the lease was about to end before sending")
        if any(held.shaken for held in claims):
            with self._database.write(lasting=False) as session:
                for held in claims:
                    renewal.renew(session, held, self._lease)

    def _outlive(self, claims: Collection[Claim]) -> None:
        self._outlived += [held for held in claims if held.computed < HUNG * self._lease]
        with suppress(Unavailable):
            self.take_back()

    def take_back(self) -> None:
        """Takes back the attempts of claims that were outlived; those, too, that could not be when they were lost.
        Raises Unavailable."""
        if not self._outlived:
            return
        with self._database.write(lasting=False) as session:
            for held in self._outlived:
                renewal.take_back(session, held)
        self._outlived = []

    def _beat(self) -> None:
        pulses = max(1, round(MARGIN * self._lease / PULSE))
        for pulse in count(1):
            time.sleep(MARGIN * self._lease / pulses)
            with self._lock:
                kept = list(self._kept)
                if not kept:
                    self._thread = None  # the next claim starts another one
                    return
            for held in kept:
                if pulse % pulses == 0 or held.has_news:
                    self._renew(held)

    def _renew(self, held: Claim) -> None:
        """A claim that cannot be renewed runs out, which whoever works on it sees before it sends. The others live on."""
        try:
            with self._database.write(lasting=False) as session:
                renewal.renew(session, held, self._lease)
        except LeaseLost:
            held.lose()
        except Unavailable as reason:  # it is tried again, as long as there is time
            log.debug("run %s lane %s is not renewed: %s", held.run_id, held.lane, reason)
        except Exception:
            log.exception("run %s lane %s cannot be renewed", held.run_id, held.lane)
