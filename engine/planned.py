"""Executing a dry run as it was shown: what differs from the approved plan is not written.

The plan is what the dry run left in its deliveries: for each record at each write node the operation and the
values that would have been sent. Ids, numbers and links that only a real write brings stand there as «⟨new
invoice⟩»; such a placeholder agrees with whatever the system has answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from engine import compare
from engine.foreseen import NEW
from engine.readings import show
from engine.record import Outcome, Record, Remote, Result
from engine.shape import Entity, Field, titled

CHANGED = "Changed since the plan was approved: "
NOT_PLANNED = "It was not in the plan that was approved."
CURE = "Make a new plan, or retry it to write it as it is now."
_SHOWN = 3


@dataclass(frozen=True)
class Planned:
    """What the plan says about one record at one write node. ``operation`` create, update, unchanged, hold or ""."""

    operation: str
    sent: dict[str, Any]
    message: str = ""
    before: dict[str, Any] | None = None  # what stood there then in the fields of ``sent``


@dataclass(frozen=True)
class Approval:
    """The part of a plan that one batch needs.

    writes  record key → what was planned at this node     roots  keys of source records that the plan knows
    root_of place of a record in its batch → the key of its source record     records  as they are delivered
    shape  answers what people call the fields of what is written     ours  objects that the execution itself has
    written to before: what stands there is no longer what was shown
    """

    writes: Mapping[str, Planned]
    roots: frozenset[str]
    root_of: Mapping[int, str]
    records: Sequence[Record]
    shape: Callable[[], Entity | None] = lambda: None
    ours: frozenset[str] = frozenset()

    def refusal(
        self,
        places: Sequence[int],
        operation: str,
        data: Mapping[str, Any],
        decided: Mapping[str, Any] | None = None,
        found: Remote | None = None,
    ) -> Result | None:
        """Why the write of the object that the records at these places stand for must not happen, None if it is the
        one that was shown.

        decided  all values of the record, if somebody has said since which object it is: then another operation
                 than the one that was shown is right, with the values that were shown
        found    the object as it stands there now, if it was looked at
        """
        record = self.records[self._writer(places, operation)]
        if self.root_of.get(record.root, record.key) not in self.roots:
            return Result(Outcome.SKIPPED, message=NOT_PLANNED)
        planned = self.writes.get(record.key)
        if decided is not None and planned is not None and planned.operation != operation:
            wanted = {name: decided.get(name) for name in planned.sent}
            difference = self._values(planned.sent, wanted)
        else:
            difference = self._difference(planned, operation, data) or self._moved(planned, found)
        if not difference:
            return None
        question = {"kind": "changed", "key": record.key}
        message = f"{CHANGED}{difference}"
        return Result(Outcome.HELD, code="E-CHANGED", message=message, question=question, detail=CURE)

    def shows(self, places: Sequence[int], operation: str) -> bool:
        """Whether the plan has this operation for one of the records at these places."""
        return any(self._shown(at, operation) for at in places)

    def _writer(self, places: Sequence[int], operation: str) -> int:
        """Of several records that are one object, the one that was shown to write it: they may be read in another
        order than for the plan. The last one where none was."""
        return next((at for at in reversed(places) if self._shown(at, operation)), places[-1])

    def _shown(self, at: int, operation: str) -> bool:
        planned = self.writes.get(self.records[at].key)
        return planned is not None and planned.operation == operation

    def _difference(self, planned: Planned | None, operation: str, data: Mapping[str, Any]) -> str:
        if planned is None:
            return f"this step would not have met it; now it would {operation} it."
        if planned.operation != operation:
            return (
                f"the plan was to {_WORDS.get(planned.operation, 'leave it')}; now it would {operation} it."
            )
        return self._values(planned.sent, data)

    def _moved(self, planned: Planned | None, found: Remote | None) -> str:
        """What somebody has changed meanwhile in the fields that would be overwritten."""
        if planned is None or planned.before is None or found is None or found.id in self.ours:
            return ""
        stood = {name: planned.before.get(name) for name in planned.sent}
        moved = self._values(stood, {name: found.data.get(name) for name in stood})
        return moved and f"there, {moved}"

    def _values(self, shown: Mapping[str, Any], data: Mapping[str, Any]) -> str:
        shape = self.shape()
        told = [
            f"{label} was {_told(before)}, now {_told(now)}"
            for label, before, now in differing(shown, data, shape.fields if shape else ())
        ]
        if not told:
            return ""
        more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
        return f"{'; '.join(told[:_SHOWN])}{more}."


_WORDS = {
    "create": "create it",
    "update": "update it",
    "unchanged": "leave it unchanged",
    "delete": "delete it",
    "hold": "hold it",
}


def agrees(planned: Any, now: Any) -> bool:
    """Whether a value is the one that was shown; a placeholder for a new object agrees with any."""
    if isinstance(planned, str) and NEW.search(planned):
        if now is None:
            return False
        pattern = ".+".join(re.escape(part) for part in NEW.split(planned)[::2])
        return re.fullmatch(pattern, str(now), re.DOTALL) is not None
    if isinstance(planned, Mapping) and isinstance(now, Mapping):
        return all(agrees(planned.get(name), now.get(name)) for name in {*planned, *now})
    if isinstance(planned, list) and isinstance(now, list):
        return len(planned) == len(now) and all(map(agrees, planned, now))
    return compare.same(planned, now) and compare.same(now, planned)


def differing(
    shown: Any, now: Any, fields: Sequence[Field], label: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """(what people call it, as it was shown, as it is now) of each value that is not the one that was shown; those of
    lines one by one, by the number of the line from 1 on."""
    if agrees(shown, now):
        return
    if isinstance(shown, Mapping) and isinstance(now, Mapping):
        for name in sorted({*shown, *now}):
            title, inner = titled(fields, name)
            yield from differing(
                shown.get(name), now.get(name), inner, f"{label} · {title}" if label else title
            )
    elif _are_lines(shown) and _are_lines(now):
        empty: Mapping[str, Any] = {}
        for number, (before, then) in enumerate(zip_longest(shown, now, fillvalue=empty), 1):
            yield from differing(before, then, fields, f"{label} {number}")
    else:
        yield label, shown, now


def _are_lines(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _told(value: Any) -> str:
    if isinstance(value, str) and NEW.search(value):
        return NEW.sub(lambda found: f"that of a new {found[1]}", value)
    return "empty" if value in (None, "") else show(value)
