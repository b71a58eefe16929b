"""Rows of a lookup table, found by key and by day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise

Line = Sequence[str | None]
EVER = "9999-12-31"


class Rows(list[list[str | None]]):
    """Rows that several tables share, indexed once for all of them. Nobody may change them."""

    def __init__(self, lines: Sequence[list[str | None]]) -> None:
        super().__init__(lines)
        self.indexes: dict[Hashable, Index] = {}


class Index:
    """From a key to the number of its row; of equal keys the upper row wins.

    With days, each key has rows that begin one after the other, and the day chooses: the last that has begun
    and is not over. Days are ISO text, so they compare as they are; an empty one means ever.
    """

    def __init__(
        self,
        rows: Sequence[Line],
        key: Callable[[Line], str | None],
        first: int | None = None,
        last: int | None = None,
    ) -> None:
        self._rows: dict[str, int] = {}
        self._begins: dict[str, list[str]] = {}
        self._spans: dict[str, list[tuple[str, str, int]]] = {}
        for number, line in enumerate(rows):
            found = key(line) if line else None
            if found is None:
                continue
            if first is None:
                self._rows.setdefault(found, number)
            else:
                span = (cell(line, first), cell(line, last) or EVER, number)
                self._spans.setdefault(found, []).append(span)
        for found, spans in self._spans.items():
            spans.sort(key=lambda span: (span[0], -span[2]))
            self._begins[found] = [begin for begin, _, _ in spans]

    def row(self, key: str, on: str = "") -> int | None:
        """The number of the row, from 0; ``on`` is the day, where rows have days."""
        if not self._spans:
            return self._rows.get(key)
        spans = self._spans.get(key)
        if spans is None:
            return None
        at = bisect_right(self._begins[key], on) - 1
        return spans[at][2] if at >= 0 and on <= spans[at][1] else None

    def clashes(self) -> list[tuple[str, int, int]]:
        """(key, row, row) for rows whose days overlap. A row without a last day ends where the next begins."""
        found = []
        for key, spans in self._spans.items():
            for (begin, end, one), (after, _, other) in pairwise(spans):
                if begin == after or (end != EVER and after <= end):
                    found.append((key, min(one, other), max(one, other)))
        return found


def cell(line: Line, place: int | None) -> str:
    """The text of a cell; empty where there is none."""
    return "" if place is None or place >= len(line) else (line[place] or "").strip()
