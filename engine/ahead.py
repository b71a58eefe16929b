"""Staged batches made ready to be delivered, the next one while the last is on its way.

Sending and committing are waiting for others. Meanwhile a thread unpacks the next batch of the lane and walks it up
to the first question; both are pure, so what is not taken up is dropped without a trace, and whatever goes wrong
there is met again, and treated, when the batch's turn comes.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from engine.batch import unpack, unpack_answers
from engine.plan import Plan
from engine.record import Record
from engine.store import deliveries, lanes
from engine.store.database import Database
from engine.store.tenure import Claim
from engine.walk import Ask, Course, Receipt, Walk, walk

WORTH = 100
"""Records from which a batch is worth a thread."""

_walking = threading.Lock()
"""One walk at a time in a process: nodes keep nothing, but what they are compiled to is made when first used."""


@dataclass
class Ready:
    """A batch on its way through the drawing. ``ask`` is what it waits for, None at its end.

    receipts  of the write nodes that were settled before an interruption
    """

    entries: dict[str, list[Record]]
    count: int
    settled: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    receipts: dict[str, list[Receipt]] = field(default_factory=dict)
    course: Course = field(default_factory=Course)
    way: Walk | None = None
    ask: Ask | None = None

    def begin(self, plan: Plan, facts: Mapping[str, Any]) -> None:
        """Walks up to the first question, if that has not been done. Raises what a node raises."""
        if self.way is None:
            way = walk(plan, self.entries, self.course, run=facts)
            self.ask = _forward(way, None)
            self.way = way

    def go_on(self, reply: Any) -> None:
        """Walks from an answer to the next question."""
        assert self.way is not None  # it has begun
        self.ask = _forward(self.way, reply)


def _forward(way: Walk, reply: Any) -> Ask | None:
    with _walking:
        try:
            return way.send(reply)
        except StopIteration:
            return None


def load(database: Database, run_id: str, lane: int, number: int) -> Ready | None:
    """A staged batch; None if there is none yet."""
    with database.read() as session:
        staged = lanes.batch(session, run_id, lane, number)
        if staged is None:
            return None
        payload, count, settled, answers = staged
        receipts = {node: deliveries.receipts(session, run_id, lane, number, node) for node in settled}
    return Ready(unpack(payload), count, settled, unpack_answers(answers), receipts)


class Ahead:
    """One batch in advance, for one claim of a lane."""

    def __init__(self, database: Database, plan: Plan, facts: Mapping[str, Any], held: Claim) -> None:
        self._database, self._plan, self._facts, self._held = database, plan, facts, held
        self._pool: ThreadPoolExecutor | None = None
        self._next: tuple[int, Future[Ready | None]] | None = None

    def look(self, count: int) -> None:
        """Begins with the batch behind the one at hand, which has so many records.

        Not after a crash: a record that brings the worker down must do so in the batch that is at hand.
        """
        if count < WORTH or self._held.attempts > 1:
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "ahead")
        number = self._held.next + 1
        self._next = number, self._pool.submit(self._prepare, number)

    def take(self) -> Ready | None:
        """The batch at hand, if it has been made ready."""
        following, self._next = self._next, None
        return following[1].result() if following and following[0] == self._held.next else None

    def close(self) -> None:
        """Lets go of what was made ready: a claim that is over may live on for a while, a batch must not."""
        self._next = None
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _prepare(self, number: int) -> Ready | None:
        try:
            ready = load(self._database, self._held.run_id, self._held.lane, number)
            if ready is not None and not ready.settled:
                ready.begin(self._plan, self._facts)
        except Exception:  # it is met again when this batch is at hand, where it can be treated
            return None
        return ready
