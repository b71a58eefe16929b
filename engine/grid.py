"""The static check of a decision table: gaps, overlaps, and rows that can never match.

Every column's constants cut its values into segments, so the table is a grid of finitely many boxes, each
treated alike by every row. Gaps are the boxes without a row, merged where neighbours are alike; each comes
with an example and with the row that would close it. Null is left out: whether a value may be missing is not
the table's to say. Tables whose cells name other columns, or with columns of
other types than ``SEARCHED``, are not searched, and searching ends at a limit;
``complete`` tells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from engine.cells import Column
from engine.decisions import Table

MAX_GAPS = 50
MAX_STEPS = 50_000
MAX_OVERLAPS = 200
SEARCHED = ("text", "number", "money", "integer", "boolean", "date", "datetime")
"""The column types whose values between two constants are known."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Values that no row covers: ``example`` by input id, ``row`` the cells that would cover it."""

    example: dict[str, Any]
    row: list[str]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two rows (their ids) that match the same values; ``conflict`` if the hit policy forbids it."""

    rows: tuple[str, str]
    example: dict[str, Any]
    conflict: bool


@dataclass(slots=True)
class Report:
    gaps: list[Gap] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    complete: bool = True


class Dimension:
    """The values of one column: its segments that hold values at all, and an example of each."""

    def __init__(self, column: Column, column_type: str) -> None:
        self.column = column
        self.type = column_type
        self.axis = column.axis
        inside = [segment for first, last in column.allowed for segment in range(first, last + 1)]
        self.examples: dict[int, Any] = {}
        for segment in inside:
            value = self._example(segment)
            if value is not None:
                self.examples[segment] = value
        self.segments = list(self.examples)
        every = (1 << len(column.cells)) - 1
        self.bits = {segment: column.bits(segment) & every for segment in self.segments}

    def _example(self, segment: int) -> Any:
        constants = self.axis.constants
        if segment % 2:
            return constants[segment // 2]
        low = constants[segment // 2 - 1] if segment else None
        high = constants[segment // 2] if segment < self.axis.last else None
        if self.type == "boolean":
            return (
                next((value for value in (True, False) if value not in constants), None)
                if not segment
                else None
            )
        return _between(self.type, low, high)

    def groups(self, rows: int) -> Iterator[tuple[list[int], int]]:
        """The segments that are alike for the rows still in play, each with the rows that hold there."""
        alike: dict[int, list[int]] = {}
        for segment in self.segments:
            alike.setdefault(self.bits[segment] & rows, []).append(segment)
        for mask, segments in alike.items():
            yield segments, mask

    def cell(self, segments: Sequence[int]) -> str:
        """The tests of exactly these segments, as a cell."""
        if len(segments) == len(self.segments):
            return "-"
        if self.type in ("text", "boolean"):
            chosen = [
                write(self.examples[segment]) for segment in segments if segment % 2 or self.type == "boolean"
            ]
            if any(not segment % 2 for segment in segments) and self.type == "text":
                others = [
                    write(self.examples[one]) for one in self.segments if one % 2 and one not in segments
                ]
                return f"not({', '.join(others)})"
            return ", ".join(chosen)
        return ", ".join(self._interval(first, last) for first, last in _runs(segments, self.segments))

    def _interval(self, first: int, last: int) -> str:
        constants = self.axis.constants
        low = write(constants[(first - 1) // 2]) if first else ""
        high = write(constants[last // 2]) if last < self.axis.last else ""
        if first == last and first % 2:
            return low
        if not low:
            return f"{'<=' if last % 2 else '<'} {high}"
        if not high:
            return f"{'>=' if first % 2 else '>'} {low}"
        return f"{'[' if first % 2 else '('}{low}..{high}{']' if last % 2 else ')'}"


def check_table(table: Table) -> Report:
    """What is wrong with a table as a whole."""
    report = Report()
    moving = any(not cell.fixed for column in table.cells for cell in column)
    if moving or any(given.type not in SEARCHED for given in table.document.inputs):
        report.complete = False
        return report
    dimensions = [
        Dimension(column, given.type)
        for column, given in zip(table.columns, table.document.inputs, strict=True)
    ]
    names = [given.id for given in table.document.inputs]
    search = Search(dimensions)
    every = (1 << len(table.document.rows)) - 1
    empty = any(not dimension.segments for dimension in dimensions)
    for box in () if empty else search.uncovered(every):
        if len(report.gaps) >= MAX_GAPS:
            search.complete = False
            break
        example = {
            name: dim.examples[part[0]] for name, dim, part in zip(names, dimensions, box, strict=True)
        }
        row = [dim.cell(part) for dim, part in zip(dimensions, box, strict=True)]
        report.gaps.append(Gap(example, row))
    _find_overlaps(table, dimensions, report)
    report.complete = report.complete and search.complete
    return report


class Search:
    """Boxes that a set of rows leaves uncovered, found by splitting along one column after the other."""

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        self.dimensions = dimensions
        self.complete = True
        self._steps = 0
        # Rows that hold everywhere in all columns from the one at this place on.
        self._free = [0] * len(dimensions) + [-1]
        for place in range(len(dimensions) - 1, -1, -1):
            everywhere = -1
            for bits in dimensions[place].bits.values():
                everywhere &= bits
            self._free[place] = self._free[place + 1] & everywhere

    def uncovered(
        self, rows: int, within: Sequence[Collection[int]] | None = None, place: int = 0
    ) -> Iterator[list[list[int]]]:
        """One list of segments a column for each uncovered box; ``within`` narrows the columns."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            self.complete = False
            return
        if rows & self._free[place]:
            return
        if not rows or place == len(self.dimensions):
            rest = self.dimensions[place:]
            yield [
                list(within[place + index]) if within else list(dimension.segments)
                for index, dimension in enumerate(rest)
            ]
            return
        for segments, mask in self.dimensions[place].groups(rows):
            inside = [one for one in segments if within is None or one in within[place]]
            if inside:
                for rest_box in self.uncovered(mask, within, place + 1):
                    yield [inside, *rest_box]


def _find_overlaps(table: Table, dimensions: Sequence[Dimension], report: Report) -> None:
    """Pairs of rows that match together, and rows that match nothing or, with ``first``, are always beaten."""
    document = table.document
    names = [given.id for given in document.inputs]
    for index, row in enumerate(document.rows):
        bit = 1 << index
        box = [[one for one in dim.segments if dim.bits[one] & bit] for dim in dimensions]
        if not all(box):
            report.never.append(row.id)
            continue
        together = bit - 1
        for dimension, segments in zip(dimensions, box, strict=True):
            shared = 0
            for segment in segments:
                shared |= dimension.bits[segment]
            together &= shared
        if document.hit_policy == "first" and together:
            search = Search(dimensions)
            if (
                next(search.uncovered(together, [set(part) for part in box]), None) is None
                and search.complete
            ):
                report.never.append(row.id)
        while together and len(report.overlaps) < MAX_OVERLAPS:
            other_bit = together & -together
            together ^= other_bit
            other = document.rows[other_bit.bit_length() - 1]
            example = {
                name: dim.examples[next(one for one in part if dim.bits[one] & other_bit)]
                for name, dim, part in zip(names, dimensions, box, strict=True)
            }
            forbidden = document.hit_policy == "unique" or (
                document.hit_policy == "any" and [*map(str.strip, row.then)] != [*map(str.strip, other.then)]
            )
            report.overlaps.append(Overlap((other.id, row.id), example, forbidden))
        if together:
            report.complete = False


def _between(column_type: str, low: Any, high: Any) -> Any:
    """A value strictly between two constants (None: no end) of a column type, None if there is none."""
    if column_type == "text":
        return _text_between(low, high)
    if column_type in ("number", "money", "integer"):
        return _number_between(low, high, whole=column_type == "integer")
    if column_type in ("date", "datetime"):
        step = timedelta(days=1) if column_type == "date" else timedelta(microseconds=1)
        return _moment_between(low, high, step, column_type)
    return None


def _number_between(low: Any, high: Any, *, whole: bool) -> Decimal | None:
    if low is None or high is None:
        end = (low if high is None else high) if low is not None or high is not None else 0
        shift = 1 if high is None else -1
        found = Decimal(end) + shift if low is not None or high is not None else Decimal(0)
        return found.to_integral_value() if not whole or found == found.to_integral_value() else found
    if whole:
        floor = (Decimal(low) // 1) + 1
        return floor if low < floor < high else None
    return (Decimal(low) + Decimal(high)) / 2


def _text_between(low: str | None, high: str | None) -> str | None:
    candidates = ("other", "A", "", f"{low or ''} other", f"{low or ''}\x00")
    fitting = (one for one in candidates if (low is None or low < one) and (high is None or one < high))
    return next(fitting, None)


def _moment_between(low: Any, high: Any, step: timedelta, column_type: str) -> Any:
    if low is None and high is None:
        return (
            date(2026, 1, 1) if column_type == "date" else datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        )
    try:
        found = low + step if low is not None else high - step
    except OverflowError:
        return None
    return found if (low is None or low < found) and (high is None or found < high) else None


def _runs(segments: Sequence[int], possible: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring segments together; impossible ones between them do not part them."""
    place = {segment: index for index, segment in enumerate(possible)}
    found = [(segments[0], segments[0])]
    for one, next_one in pairwise(segments):
        if place[next_one] == place[one] + 1:
            found[-1] = (found[-1][0], next_one)
        else:
            found.append((next_one, next_one))
    return found


def write(value: Any) -> str:
    """A constant as S-FEEL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, datetime):
        return f'date and time("{value.isoformat()}")'
    if isinstance(value, date):
        return f'date("{value.isoformat()}")'
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
