"""How far a batch has come while it is under way.

What became of a record counts when its batch is settled. Where a system takes one record a call, and few calls a
second, that is minutes away; until then the answers that have come say how far it is. A batch goes through its steps
one after the other, and in each of them it may first look for objects and then write: so its way is measured in time,
that which has passed and that which the rest will take. Where each record is written once that is the share of the
records that were answered.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from engine.clock import passing

_UNANSWERED = 429
"""The status of a call that will be made once more. So will those from 500 on."""


class Headway:
    """The way of one batch, noted by who works on it and read by the heartbeat.

    count  records of the batch       steps  the nodes that may ask something outside, in their order
    known  node → seconds a record that it took of late; it is kept up here
    """

    def __init__(
        self, count: int = 0, steps: Sequence[str] = (), known: dict[str, float] | None = None
    ) -> None:
        self.count, self._steps, self._known = count, steps, {} if known is None else known
        self._lock = threading.Lock()
        self._began = self._arrived = self._entered = passing()
        self._node = ""
        self._of = self._passed = self._size = 0
        self._looking = self._more = False
        self._answers: set[Hashable] = set()

    def reach(self, node: str) -> None:
        """The batch has come to a node that asks something outside."""
        with self._lock:
            self._leave()
            self._node, self._arrived = node, passing()
            self._of = 0

    def enter(self, of: int, *, looking: bool = False, more: bool = False) -> None:
        """So many objects are to be asked for from now on (``looking``), or written; ``more``: others afterwards."""
        with self._lock:
            self._of, self._looking, self._more, self._entered = of, looking, more or looking, passing()
            self._passed = self._size = 0
            self._answers.clear()

    def part(self, size: int) -> None:
        """So many of them are handed to the system now. Those before them have been answered."""
        with self._lock:
            self._passed += self._size
            self._size = size
            self._answers.clear()

    def note(self, call: Mapping[str, Any]) -> None:
        """A call was answered (engine.http). While objects are looked for, each call is taken to be about one."""
        status = call["status"]
        if status is None or status == _UNANSWERED or status >= 500:
            return
        with self._lock:
            if call["about"]:
                self._answers.update(call["about"])
            elif self._looking:
                self._answers.add(len(self._answers))

    def end(self) -> None:
        """All nodes are behind it."""
        with self._lock:
            self._leave()
            self._of = 0

    def so_far(self) -> int:
        """Records of the batch that are through, about."""
        with self._lock:
            answered = self._passed + min(self._size, len(self._answers))
            share = min(1.0, answered / self._of) if self._of else 0.0
            if not share:
                return 0
            at = passing()
            spent, left = at - self._arrived, (at - self._entered) * (1 - share) / share
            if self._more:  # what was found, or not, is written afterwards
                known = self._known.get(self._node)
                left = (
                    2 * left + at - self._entered if known is None else max(left, known * self.count - spent)
                )
            whole = spent + left
            left += sum(self._takes(node, whole) for node in self._steps[self._place() + 1 :])
            passed = at - self._began
            return round(self.count * passed / (passed + left)) if passed else 0

    def _takes(self, node: str, otherwise: float) -> float:
        """Seconds that a node ahead will take; as long as this one, where that is not known."""
        known = self._known.get(node)
        return otherwise if known is None else known * self.count

    def _place(self) -> int:
        return self._steps.index(self._node) if self._node in self._steps else len(self._steps)

    def _leave(self) -> None:
        if self._node and self.count:
            self._known[self._node] = (passing() - self._arrived) / self.count
        self._node = ""
