"""Translating a value between two sides by a value table of the flow, one to one on the values met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.agreement import FieldPair, SideName, empty, trimmed
from engine.errors import Held
from engine.flow import LookupTable
from engine.functions import as_text, tables_of


class Translator:
    """Translates the values of one pair of fields. A pair without a table passes values on as they are."""

    def __init__(self, pair: FieldPair, tables: Mapping[str, LookupTable]) -> None:
        """Raises BadInput when the table has no such column, KeyError when there is no such table."""
        self.pair = pair
        self._forward: dict[str, dict[str, None]] = {}
        self._backward: dict[str, dict[str, None]] = {}
        if pair.table is None:
            return
        table = tables_of({pair.table.table: tables[pair.table.table]})[pair.table.table]
        place = table.column(pair.table.column)
        self._title, self._column = table.title, table.columns[place]
        for row in table.rows:
            cell = row[place] if place < len(row) else None
            if row and row[0] and cell:
                self._forward.setdefault(_form(row[0]), {})[cell] = None
                self._backward.setdefault(_form(cell), {})[row[0]] = None

    def carry(self, value: Any, to: SideName) -> Any:
        """The value as the side ``to`` holds it. Raises Held when the table does not say, or not clearly."""
        if self.pair.text == "trimmed":
            value = trimmed(value)
        if self.pair.table is None or empty(value):
            return value
        ways, back = (self._forward, self._backward) if to == "right" else (self._backward, self._forward)
        text = as_text(value)
        found = list(ways.get(_form(text), ()))
        if not found:
            raise self._unknown(text, to)
        if len(found) > 1 or len(back.get(_form(found[0]), ())) > 1:
            raise Held(
                f"Held: {text} has no single counterpart in the table {self._title}.",
                question={"kind": "ambiguous", "table": self.pair.table.table, "column": self._column,
                          "key": text, "to": to},
                code="E-SYNC-TABLE",
                cure="Choose the one that it stands for, so that the translation works both ways.",
            )  # fmt: skip
        return found[0]

    def equal(self, left: Any, right: Any) -> bool:
        """Whether a value of the left side stands for the same as one of the right side."""
        if self.pair.table is None:
            return self.pair.same(left, right)
        if empty(left) or empty(right):
            return empty(left) and empty(right)
        try:
            return self.pair.same(self.carry(left, "right"), as_text(right))
        except Held:
            return False

    def _unknown(self, text: str, to: SideName) -> Held:
        assert self.pair.table is not None  # without a table every value is known
        if to == "left":
            return Held(
                f"Held: no row of the table {self._title} has {text} as its {self._column}.",
                question={"kind": "translate", "table": self.pair.table.table, "column": self._column,
                          "value": text},
                code="E-LOOKUP",
                cure=f"Choose what {text} stands for, and all that wait for it go on.",
            )  # fmt: skip
        return Held(
            f"Held: no {self._column} for {text} in the table {self._title}.",
            question={"kind": "lookup", "table": self.pair.table.table, "key": text, "column": self._column},
            code="E-LOOKUP",
            cure=f"Choose the {self._column} for {text}, and all that wait for it go on.",
        )


def _form(text: str) -> str:
    return text.strip().casefold()
