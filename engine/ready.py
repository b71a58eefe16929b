"""A staged batch on its way through the drawing, from its first question to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.batch import unpack, unpack_answers
from engine.plan import Plan
from engine.record import Record
from engine.store import deliveries, lanes
from engine.store.database import Database
from engine.walk import Ask, Course, Receipt, Walk, walk


@dataclass
class Ready:
    """A batch on its way. ``ask`` is what it waits for, None at its end.

    entries   until it has begun; from then on the walk alone holds what it has not done with yet
    receipts  of the write nodes that were settled before an interruption
    stem      of the half of a batch that was cut: the number of the whole
    """

    payload: bytes
    entries: dict[str, list[Record]]
    count: int
    stem: int | None
    settled: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    receipts: dict[str, list[Receipt]] = field(default_factory=dict)
    course: Course = field(default_factory=Course)
    way: Walk | None = None
    ask: Ask | None = None

    def begin(self, plan: Plan, facts: Mapping[str, Any]) -> None:
        """Walks up to the first question. Raises what a node raises."""
        self.way = walk(plan, self.entries, self.course, run=facts)
        self.entries = {}
        self.go_on(None)

    def again(self) -> dict[str, list[Record]]:
        """The records as they were before anything was done with them."""
        return unpack(self.payload)

    def go_on(self, reply: Any) -> None:
        """Walks from an answer to the next question."""
        assert self.way is not None  # it has begun
        try:
            self.ask = self.way.send(reply)
        except StopIteration:
            self.ask = None


def load(database: Database, run_id: str, lane: int, number: int) -> Ready | None:
    """A staged batch; None if there is none yet."""
    with database.read() as session:
        staged = lanes.batch(session, run_id, lane, number)
        if staged is None:
            return None
        payload, count, settled, answers, stem = staged
        receipts = {node: deliveries.receipts(session, run_id, lane, number, node) for node in settled}
    return Ready(payload, unpack(payload), count, stem, settled, unpack_answers(answers), receipts)
