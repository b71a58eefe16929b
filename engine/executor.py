"""The executor: lanes with a doorbell.

A doorbell carries a run and a lane, nothing else; any ring may be lost, doubled or late. ``advance`` claims
the lane, works through its batches for a slice of time, and passes the rest on. What survives is in the
database alone: the staged batch is the intent, the deliveries are the receipts, the fence decides who may
commit. Steady state for a batch: one commit to stage, one to settle each write node, the last of which
also closes the batch.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine import collector, faults
from engine.clock import passing
from engine.convoy import MOST, Convoy, may_form
from engine.directory import Directories
from engine.errors import HeddleError
from engine.heartbeat import Heartbeat
from engine.meter import Meter
from engine.owner import Opener, Ring
from engine.plan import Plan
from engine.shift import Shift
from engine.store import closing, company, lanes
from engine.store.company import Loaded
from engine.store.database import Database
from engine.store.runs import load_run
from engine.store.tenure import Claim

SLICE = 10.0
"""Seconds that one doorbell may keep a worker before others get their turn."""

TURN = 0.1
"""Seconds after which it gives the worker up already, if others wait: a call does not wait for a bulk run."""

LEASE = 45.0
"""Seconds for which a claimed lane stays ours without a sign of life; renewed by a heartbeat."""


@dataclass
class Executor:
    """One per worker process.

    plans  gives the plan of a flow version (built once a process)      ring  the doorbell
    meter  counts the calls that are made           is_awaited  whether another run than this one has been rung for,
                                                                and nobody has answered yet
    got_on is told whenever something was finished (engine.standstill)
    """

    database: Database
    open: Opener
    plans: Callable[[int], Plan]
    ring: Ring
    lease: float = LEASE
    slice: float = SLICE
    meter: Meter | None = None
    is_awaited: Callable[[str], bool] | None = None
    got_on: Callable[[], None] = lambda: None
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}")

    heartbeat: Heartbeat = field(init=False)
    directories: Directories = field(init=False, default_factory=Directories)
    strides: dict[int, dict[str, float]] = field(init=False, default_factory=dict)
    """Flow version → node → seconds a record that it took of late."""
    _forms: dict[int, bool] = field(init=False, default_factory=dict)
    """Flow version → whether its small runs may go side by side."""

    def __post_init__(self) -> None:
        self.heartbeat = Heartbeat(self.database, self.lease)

    def advance(self, run_id: str, lane: int) -> None:
        """Answers one doorbell: works on this lane, then on others of the run that nobody attends."""
        deadline = passing() + self.slice
        self.heartbeat.take_back()
        waiting = [lane]
        while waiting:
            following = self._work(run_id, waiting.pop(0), deadline)
            collector.tidy()
            if self.is_over(deadline, run_id):
                for number in following:
                    self.ring(run_id, number)
                return
            waiting = following
            for number in following[1:]:
                self.ring(run_id, number)

    def is_over(self, deadline: float, run_id: str) -> bool:
        """Whether the time of a slice for this run, which ends then, is up. Nobody gives way to his own run: that would
        only pass its lanes from hand to hand."""
        left = deadline - passing()
        if left <= 0 or self.is_awaited is None:
            return left <= 0
        return left <= self.slice - TURN and self.is_awaited(run_id)

    def _work(self, run_id: str, lane: int, deadline: float) -> list[int]:
        """Answers the lanes of the run that have something to do then, and nobody who does it."""
        with self.database.read() as session:
            if lanes.is_attended(session, run_id, lane):
                return lanes.claimable(session, run_id)
        small, held = self._claim(run_id, lane)
        if held is None and not small:
            return []
        faults.point("after-claim")
        if small:
            return self._take_along(small, run_id, deadline)
        assert held is not None  # else there was nothing to do
        with self.database.read() as session:
            run = load_run(session, run_id)
        shift = Shift(self, run, held)
        with self.heartbeat.keeping(held):
            try:
                shift.work(deadline)
            except HeddleError as error:
                shift.back_off(error)
        if self.meter is not None:
            self.meter.keep()
        with self.database.read() as session:
            left = lanes.claimable(session, run_id)
        if not left:
            self._ring_next(run.flow_id)
        return left

    def _ring_next(self, flow_id: str) -> None:
        """A run of the flow is over: whoever has waited for its turn may have it."""
        with self.database.read() as session:
            others = lanes.next_in_line(session, flow_id)
        for other, number in others:
            self.ring(other, number)

    def _claim(self, run_id: str, lane: int) -> tuple[list[Loaded], Claim | None]:
        """Small runs like this one, this one among them if it is small and waits, or else this lane, if it is free."""
        while True:
            with self.database.write(lasting=self.database.falls_alone) as session:
                kind = company.kind(session, run_id) if lane == 1 else None
                if kind is None or kind.version in self._forms:
                    forms = kind is not None and self._forms[kind.version]
                    small = (
                        company.take(session, kind, self.owner, self.lease, MOST) if kind and forms else []
                    )
                    held = None if small else lanes.claim(session, run_id, lane, self.owner, self.lease)
                    if held is None and not small:
                        closing.close_if_over(session, run_id)
                    return small, held
            self._forms[kind.version] = may_form(
                self.plans(kind.version)
            )  # others need not wait for the plan

    def _take_along(self, loaded: Sequence[Loaded], run_id: str, deadline: float) -> list[int]:
        """Small runs go side by side. Answers the lane again while there may be more like them."""
        convoy = Convoy(self, loaded)
        convoy.work(deadline)
        for other, number in convoy.following:
            self.ring(other, number)
        if self.meter is not None:
            self.meter.keep()
        if len(loaded) < MOST and any(one.run.id == run_id for one in loaded):
            return []
        return [1]
