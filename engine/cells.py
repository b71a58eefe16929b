"""Cells and columns of decision tables: what a cell tests, and the index over a column of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.errors import RecordRejected
from engine.feel import Tests, names_in
from engine.meaning import as_date, as_datetime, as_duration, as_time, evaluate, fulfils, kind
from engine.readings import show
from engine.segments import Axis, Spans, intersection, masks, union

KINDS = {
    "text": "string",
    "number": "number",
    "integer": "number",
    "money": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "date and time",
    "time": "time",
}
"""The S-FEEL kind of each column type; the others hold values of several kinds and are not indexed."""

_READERS = {"date": as_date, "datetime": as_datetime, "time": as_time, "duration": as_duration}


def read_input(value: Any, column_type: str, label: str) -> Any:
    """A record's value as the S-FEEL value of a column's type; an empty text is no value, except as text.

    Raises RecordRejected when it is of another type.
    """
    if value is None or (value == "" and column_type not in ("text", "any")):
        return None
    if column_type == "any":
        return value
    if column_type in _READERS:
        read = _READERS[column_type](value)
    else:
        fits = kind(value) == KINDS[column_type] and not (
            isinstance(value, Decimal) and not value.is_finite()
        )
        whole = (
            column_type != "integer" or not isinstance(value, Decimal) or value == value.to_integral_value()
        )
        read = value if fits and whole else None
    if read is None:
        raise RecordRejected(
            f"{label} is {show(value)}, which is no {column_type}.",
            code="E-TABLE-INPUT",
            field=label,
            cure="Correct the value, or the type of the column.",
        )
    return read


class Cell:
    """One cell: its tests, and where it is the same for every record, its constants."""

    __slots__ = ("constants", "fixed", "tests")

    def __init__(self, tests: Tests, column_type: str) -> None:
        self.tests = tests
        ends = [
            (test, end) for test in tests.alternatives for end in (test.low, test.high) if end is not None
        ]
        self.fixed = not any(names_in(end) for _, end in ends)
        values = [evaluate(end, {}) for _, end in ends] if self.fixed else []
        self.constants = [value for value in values if value is not None]
        wanted = KINDS.get(column_type)
        self.fixed = self.fixed and all(kind(value) == wanted for value in self.constants)

    def fulfilled(self, value: Any, names: Mapping[str, Any]) -> bool:
        return fulfils(value, self.tests, names) is True

    def spans(self, axis: Axis) -> Spans:
        """The segments of a column's axis on which a fixed cell is fulfilled. Null is none of them."""
        if self.tests.anything:
            return axis.everything
        unknown = False
        found: list[Spans] = []
        for test in self.tests.alternatives:
            low = evaluate(test.low, {})
            if test.operator == "in":
                high = evaluate(test.high, {}) if test.high is not None else None
                if low is None or high is None:
                    unknown = True
                    continue
                above = axis.spans(">=" if test.low_included else ">", low)
                found.append(intersection(above, axis.spans("<=" if test.high_included else "<", high)))
            elif low is None:
                # No value of the column equals null; "<" and the like against null tell nothing.
                unknown = unknown or test.operator not in ("=", "!=")
                found.append(axis.everything if test.operator == "!=" else ())
            else:
                found.append(axis.spans(test.operator, low))
        together = union(found)
        if self.tests.negated:
            return () if unknown else axis.without(together)
        return together


class Column:
    """All cells of one input: which rows a value fulfils, by one look-up where the cells are fixed."""

    def __init__(self, column_type: str, cells: Sequence[Cell], allowed: Cell | None = None) -> None:
        self.kind = KINDS.get(column_type)
        self.cells = cells
        self.moving = [(1 << index, cell) for index, cell in enumerate(cells) if not cell.fixed]
        fixed = [cell for cell in cells if cell.fixed]
        cutting = fixed if allowed is None or not allowed.fixed else [*fixed, allowed]
        self.axis = Axis(value for cell in cutting for value in cell.constants) if self.kind else Axis(())
        self.allowed = allowed.spans(self.axis) if allowed is not None and self.kind else self.axis.everything
        rows = [cell.spans(self.axis) if cell.fixed and self.kind else () for cell in cells]
        self._bits = masks(self.axis, rows)
        self._nothing = sum(
            1 << index for index, cell in enumerate(cells) if cell.fixed and cell.fulfilled(None, {})
        )

    def bits(self, segment: int) -> int:
        """The rows whose fixed cell is fulfilled on a segment of the axis."""
        return self._bits[segment]

    def mask(self, value: Any, names: Mapping[str, Any]) -> int:
        """The rows whose cell is fulfilled, as bits."""
        if value is None:
            found = self._nothing
        elif self.kind is not None and kind(value) == self.kind:
            found = self._bits[self.axis.segment(value)]
        else:
            return sum(1 << index for index, cell in enumerate(self.cells) if cell.fulfilled(value, names))
        for bit, cell in self.moving:
            if cell.fulfilled(value, names):
                found |= bit
        return found
