"""Lookup in the value tables of the flow: what an accountant maintains, and what is asked when a row lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from engine.errors import Held, RecordRejected
from engine.flow import LookupTable
from engine.functions.signature import Anything, BadInput, Kind, Text, function


class Table:
    """A lookup table, indexed. Keys are compared without case and without blanks around them.

    An exactly written key goes first; of equal keys the upper row wins. An empty cell counts as no row.
    """

    def __init__(self, table_id: str, document: LookupTable) -> None:
        self.id = table_id
        self.title = document.title or table_id
        self.columns = document.columns
        self.rows = document.rows

    @cached_property
    def _exact(self) -> dict[str, int]:
        return self._index(str)

    @cached_property
    def _loose(self) -> dict[str, int]:
        return self._index(lambda key: key.strip().casefold())

    def _index(self, form: Callable[[str], str]) -> dict[str, int]:
        index: dict[str, int] = {}
        for number, row in enumerate(self.rows):
            if row and row[0] is not None:
                index.setdefault(form(row[0]), number)
        return index

    def column(self, name: str) -> int:
        """Place of a column; without a name the one beside the key. Raises BadInput."""
        if not name:
            return 1
        if name not in self.columns:
            raise BadInput(
                f"the table {self.title} has no column {name}; choose one of {', '.join(self.columns)}"
            )
        return self.columns.index(name)

    def has(self, key: str) -> bool:
        """Whether there is a row with exactly this key."""
        return key in self._exact

    def row(self, key: str) -> int | None:
        """Number of the row with this key, from 0."""
        found = self._exact.get(key)
        return self._loose.get(key.strip().casefold()) if found is None else found


def as_table(value: Any) -> Table:
    if isinstance(value, Table):
        return value
    raise BadInput("a lookup needs a table of the flow")


TABLE = Kind("text", as_table, constant=True, widget="table")
"""The one kind that the compiler must help with: the drawing names the table by its id."""


Tables = Mapping[str, LookupTable] | Mapping[str, Table]


def tables_of(documents: Tables) -> dict[str, Table]:
    """Indexed tables by id. Indexing waits until somebody looks something up."""
    return {
        table_id: table if isinstance(table, Table) else Table(table_id, table)
        for table_id, table in documents.items()
    }


class Cells(dict[str, Any]):
    """What the keys of one column stand for, remembered as they are asked for; at most as many as the table has."""

    def __init__(self, table: Table, find: Callable[[str], Any]) -> None:
        super().__init__()
        self._table, self._find = table, find

    def __missing__(self, key: str) -> Any:
        found = self._find(key)
        if self._table.has(key):
            self[key] = found
        return found


def _cells(table: Any, column: Any, missing: Any, default: Any) -> Callable[[str], Any] | None:
    if default is not None or not isinstance(table, Table):
        return None
    return Cells(table, lambda key: lookup(key, table, column, missing)).__getitem__


def _column_exists(args: Mapping[str, Any]) -> None:
    table = args.get("table")
    if isinstance(table, Table):
        table.column(str(args.get("column") or ""))


def _which_row(key: str, table: Table, *_: Any) -> dict[str, Any]:
    row = table.row(key)
    return {"table": table.title, "row": None if row is None else row + 1}


@function(
    "lookup",
    "Look up",
    "What a value stands for in a table of the flow. A key without a row holds the document until "
    "somebody adds it, rejects it, or gives an empty value; a default answers instead of all three.",
    check=_column_exists,
    detail=_which_row,
    quick=_cells,
)
def lookup(
    key: Text,
    table: Annotated[Table, TABLE],
    column: Annotated[str, Kind("text", str, constant=True, widget="column")] = "",
    missing: Literal["hold", "error", "empty"] = "hold",
    default: Anything = None,
) -> Anything:
    place = table.column(column)
    row = table.row(key)
    cell = table.rows[row][place] if row is not None and place < len(table.rows[row]) else None
    if cell not in (None, ""):
        return cell
    if default is not None:
        return default
    if missing == "empty":
        return None
    name = table.columns[place]
    message = f"No {_noun(name)} for {key.strip()} in the table {table.title}."
    if missing == "error":
        raise RecordRejected(message, code="E-LOOKUP", cure=f"Add a row for {key.strip()} to the table.")
    raise Held(
        message,
        question={"kind": "lookup", "table": table.id, "key": key.strip(), "column": name},
        code="E-LOOKUP",
        cure=f"Choose the {_noun(name)} for {key.strip()}, and all that wait for it go on.",
    )


def _noun(column: str) -> str:
    """A column's name inside a sentence: «Ledger account» becomes «ledger account», «GLACCOUNTNO» stays."""
    return column[:1].lower() + column[1:] if column[1:2].islower() else column
