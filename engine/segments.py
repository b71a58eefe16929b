"""Many tests on one value at once: which of a thousand rows a value satisfies, in one look-up.

The constants of all rows cut the line of possible values into segments: before the first constant, exactly
on it, between it and the next, and so on; n constants make 2n + 1 segments. Every test is a set of segments,
so the rows that a value satisfies depend only on its segment, and are kept as the bits of one integer. A
record is judged by one look-up a column and one AND. The same algebra finds gaps and overlaps in tables.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

Spans = tuple[tuple[int, int], ...]
"""Disjoint, ascending pairs (first, last) of segments, both included."""


class Axis:
    """The line of values of one column, cut at ``constants`` (ascending, distinct, of one type)."""

    __slots__ = ("constants", "last")

    def __init__(self, constants: Iterable[Any]) -> None:
        self.constants: list[Any] = sorted(set(constants))
        self.last = 2 * len(self.constants)

    def segment(self, value: Any) -> int:
        """Where a value lies: odd on a constant, even between two."""
        index = bisect_left(self.constants, value)
        exact = index < len(self.constants) and self.constants[index] == value
        return 2 * index + 1 if exact else 2 * index

    def spans(self, op: str, value: Any) -> Spans:
        """The segments of ``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=`` a constant of this axis."""
        at = self.segment(value)
        return {
            "=": ((at, at),),
            "!=": self.without(((at, at),)),
            "<": ((0, at - 1),),
            "<=": ((0, at),),
            ">": ((at + 1, self.last),),
            ">=": ((at, self.last),),
        }[op]

    def without(self, spans: Spans) -> Spans:
        """Every segment that is not in ``spans``."""
        found, start = [], 0
        for first, last in spans:
            if start < first:
                found.append((start, first - 1))
            start = last + 1
        if start <= self.last:
            found.append((start, self.last))
        return tuple(found)

    @property
    def everything(self) -> Spans:
        return ((0, self.last),)


def union(several: Iterable[Spans]) -> Spans:
    """The segments in any of them."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(span for spans in several for span in spans if span[0] <= span[1]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def intersection(left: Spans, right: Spans) -> Spans:
    """The segments in both."""
    found = []
    for first, last in left:
        for other_first, other_last in right:
            low, high = max(first, other_first), min(last, other_last)
            if low <= high:
                found.append((low, high))
    return tuple(found)


def masks(axis: Axis, rows: Sequence[Spans]) -> list[int]:
    """For every segment the rows that hold there, as bits: row i is ``1 << i``."""
    toggles = [0] * (axis.last + 2)
    for index, spans in enumerate(rows):
        bit = 1 << index
        for first, last in spans:
            toggles[first] ^= bit
            toggles[last + 1] ^= bit
    current, found = 0, []
    for toggle in toggles[:-1]:
        current ^= toggle
        found.append(current)
    return found
