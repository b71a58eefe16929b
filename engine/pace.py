"""How fast a connection may be called: its limits, and the door at which each call waits for its turn.

A wait here is no failure: the system would refuse the call, so it is sent later. What would take too long is told
as Unavailable with the time, and then the lane waits instead of the worker.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from engine.connector import Capability
from engine.errors import Unavailable
from engine.meter import Meter

PATIENCE = 30.0
"""Seconds that a worker waits for one turn before it gives the lane back."""

NOTICED = 5.0
"""Seconds from which people are told that a call waits. Less than that is the pace of a slow system."""

TOLD_AGAIN = 3
"""How often one call is sent again after «too many requests», before the lane waits for it."""


class Limits(BaseModel):
    """What one connection may do, all processes together. None is no limit; a day is one of UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_second: Annotated[Decimal, Field(gt=0, le=10_000, decimal_places=3)] | None = None
    concurrent: Annotated[int, Field(ge=1, le=1_000)] | None = None
    per_day: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None

    @property
    def given(self) -> bool:
        return self != _NONE


_NONE = Limits()


def own_limits(capability: Capability) -> Limits:
    """What the system is known to allow."""
    rate = capability.requests_per_second
    return Limits(
        per_second=None if rate is None else Decimal(str(rate)),
        concurrent=capability.concurrent,
        per_day=capability.requests_per_day,
    )


@dataclass(frozen=True, slots=True)
class Turn:
    """The answer to a call that asks for its turn.

    go       it may be sent, after ``wait`` seconds; else it is to ask again then
    because  what it waits for: its turn, a place among those at work, the end of a pause, the next day
    """

    go: bool
    wait: float
    because: Literal["turn", "place", "pause", "day"] = "turn"


class Limiter(Protocol):
    """Who shares out turns. ``holder`` names the call, so that its place can be given back.

    state  whether all processes ask the same server, each takes its part while that is away, or there is none
    """

    def ask(self, connection: str, limits: Limits, holder: str) -> Turn: ...
    def leave(self, connection: str, limits: Limits, holder: str) -> None: ...
    def pause(self, connection: str, limits: Limits, seconds: float) -> None: ...
    @property
    def state(self) -> Literal["shared", "parted", "alone"]: ...


class Pace:
    """The door of one connection in one process. Its calls are counted for ``flow``.

    patience  seconds that a call waits at most before it is told as Unavailable
    note      told why and for how many seconds, before a wait that people would notice
    """

    def __init__(
        self,
        connection: str,
        limits: Limits,
        limiter: Limiter,
        *,
        meter: Meter | None = None,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection, self.limits, self.patience = connection, limits, patience
        self.flow = ""
        self.note: Callable[[str, float], None] | None = None
        self._limiter, self._meter, self._sleep = limiter, meter, sleep
        self._shared = limits.given
        self._number = 0
        self._name = f"{random.getrandbits(48):012x}"
        self._lock = threading.Lock()

    @property
    def limited(self) -> bool:
        """Whether a call may have to wait."""
        return self._shared

    def take(self, name: str) -> str:
        """Waits for the turn of one call and answers the name under which it holds its place.

        Raises Unavailable: E-DAY when the day is used up, E-TURN when it would take longer than ``patience``.
        """
        if not self._shared:
            self._count(0.0)
            return ""
        with self._lock:
            self._number += 1
            holder = f"{self._name}-{self._number}"
        began = time.monotonic()
        while True:
            turn = self._limiter.ask(self.connection, self.limits, holder)
            if turn.because == "day":
                raise Unavailable(
                    f"{name} has had the {self.limits.per_day:,} calls that it may have in a day.",
                    code="E-DAY",
                    retry_after=turn.wait,
                    cure="It goes on by itself after midnight (UTC); the limit is on the page of the connection.",
                )
            waited = time.monotonic() - began
            why = f"{name} is busy with as many calls as it may have; this one waits for its turn."
            cure = "It goes on by itself; the limit is on the page of the connection."
            if turn.because == "pause":
                why, cure = f"{name} asked for a pause.", "It goes on by itself."
            if not turn.go and waited + turn.wait > self.patience:
                raise Unavailable(why, code="E-TURN", retry_after=max(turn.wait, 1.0), cure=cure)
            if turn.wait > 0:
                self._wait(turn.wait, why)
            if turn.go:
                self._count(time.monotonic() - began)
                return holder

    def give(self, holder: str) -> None:
        """The call is over."""
        if holder and self.limits.concurrent is not None:
            self._limiter.leave(self.connection, self.limits, holder)

    def told(self, name: str, seconds: float, time_before: int) -> bool:
        """The system said «too many requests, come back in ``seconds``»: everybody waits, and so do we.

        True if the call may now be sent again, False if that would take too long here: then the lane waits.
        """
        if self._meter is not None:
            self._meter.refused(self.connection, self.flow)
        if self._shared:
            self._limiter.pause(self.connection, self.limits, seconds)
        if time_before >= TOLD_AGAIN or seconds > self.patience / 3:
            return False
        jitter = random.uniform(0, 0.05 + 0.1 * seconds)  # noqa: S311 - no secret
        self._wait(seconds + jitter, f"{name} has had too many requests and asked for a pause.")
        return True

    def _wait(self, seconds: float, why: str) -> None:
        if seconds >= NOTICED and self.note is not None:
            self.note(why, seconds)
        self._sleep(seconds)

    def _count(self, waited: float) -> None:
        if self._meter is not None:
            self._meter.called(self.connection, self.flow, waited)


class Pacer:
    """Makes the doors of one process, all of them with the same limiter and meter."""

    def __init__(self, limiter: Limiter, meter: Meter, patience: float = PATIENCE) -> None:
        self.limiter, self.meter, self.patience = limiter, meter, patience

    def door(self, connection: str, limits: Limits) -> Pace:
        return Pace(connection, limits, self.limiter, meter=self.meter, patience=self.patience)
