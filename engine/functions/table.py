"""Lookup in the value tables of the flow: what an accountant maintains, and what is asked when a row lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

from engine.errors import Held, RecordRejected
from engine.flow import LookupTable
from engine.functions.rows import Index, Line, Rows
from engine.functions.signature import Anything, BadInput, Kind, Text, as_text, function, show


class Table:
    """A lookup table, indexed. Keys are compared without case and without blanks around them.

    An exactly written key goes first; of equal keys the upper row wins. An empty cell counts as no row.
    Where rows have days, ``on`` chooses among those of a key.
    """

    def __init__(self, table_id: str, document: LookupTable) -> None:
        self.id = table_id
        self.title = document.title or table_id
        self.columns = document.columns
        self.rows = document.rows
        self.rates = document.rates
        self.dated = bool(document.valid_from)
        self._days = tuple(
            self.columns.index(name) if name in self.columns else None
            for name in (document.valid_from, document.valid_to)
        )
        self._indexes = self.rows.indexes if isinstance(self.rows, Rows) else {}
        self._named = [name for name in (document.valid_from, document.valid_to) if name]

    @cached_property
    def _exact(self) -> Index:
        return self.index("exact", lambda line: line[0])

    @cached_property
    def _loose(self) -> Index:
        return self.index("loose", lambda line: None if line[0] is None else loose(line[0]))

    def index(self, name: str, key: Callable[[Line], str | None]) -> Index:
        """The rows by a key of their own; made once for rows that are shared."""
        mark = (name, *self._days)
        if mark not in self._indexes:
            self._indexes[mark] = Index(self.rows, key, *self._days)
        return self._indexes[mark]

    def column(self, name: str) -> int:
        """Place of a column; without a name the one beside the key. Raises BadInput."""
        for wanted in (*self._named, *([name] if name else [])):
            if wanted not in self.columns:
                raise BadInput(
                    f"the table {self.title} has no column {wanted}; choose one of {', '.join(self.columns)}"
                )
        return self.columns.index(name) if name else 1

    def has(self, key: str) -> bool:
        """Whether there is a row with exactly this key; for tables whose rows have no days."""
        return self._exact.row(key) is not None

    def row(self, key: str, on: str = "") -> int | None:
        """Number of the row with this key, from 0."""
        found = self._exact.row(key, on)
        return self._loose.row(loose(key), on) if found is None else found


def loose(text: str) -> str:
    """A key as it is compared."""
    return text.strip().casefold()


def as_table(value: Any) -> Table:
    if isinstance(value, Table):
        return value
    raise BadInput("a lookup needs a table of the flow")


TABLE = Kind("text", as_table, constant=True, widget="table")
"""The one kind that the compiler must help with: the drawing names the table by its id."""


def as_day(value: Any) -> str:
    """A day as ISO text, of a day or of a time (in UTC)."""
    text = as_text(value).strip()
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise BadInput(
            f"{show(value)} is not a date like 2026-11-20; «Read date» reads other forms"
        ) from None


DAY = Kind("date", as_day, dated="$run.started")
"""The day for which a table is asked: today of the run where nothing is given. Only dated tables want one."""


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


def _cells(table: Any, column: Any, missing: Any, default: Any, _: Any = None) -> Callable[[str], Any] | None:
    if default is not None or not isinstance(table, Table) or table.dated:
        return None
    return Cells(table, lambda key: lookup(key, table, column, missing)).__getitem__


def _column_exists(args: Mapping[str, Any]) -> None:
    table = args.get("table")
    if isinstance(table, Table):
        table.column(str(args.get("column") or ""))


def _which_row(key: str, table: Table, *given: Any) -> dict[str, Any]:
    on = given[-1] if given else None
    row = table.row(key, on or "")
    told: dict[str, Any] = {"table": table.title, "row": None if row is None else row + 1}
    return {**told, "on": on} if table.dated else told


@function(
    "lookup",
    "Look up",
    "What a value stands for in a table of the flow. A key without a row holds the document until "
    "somebody adds it, rejects it, or gives an empty value; a default answers instead of all three. Where the "
    "rows have days, the day chooses: today of the run, or the date that is given.",
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
    on: Annotated[str | None, DAY] = None,
) -> Anything:
    if table.dated and not on:
        raise BadInput(f"the table {table.title} has days, and there is none to look at")
    place = table.column(column)
    row = table.row(key, on or "")
    cell = table.rows[row][place] if row is not None and place < len(table.rows[row]) else None
    if cell not in (None, ""):
        return cell
    if default is not None:
        return default
    if missing == "empty":
        return None
    name = table.columns[place]
    day = f" on {on}" if table.dated else ""
    message = f"No {_noun(name)} for {key.strip()}{day} in the table {table.title}."
    if missing == "error":
        raise RecordRejected(message, code="E-LOOKUP", cure=f"Add a row for {key.strip()} to the table.")
    raise Held(
        message,
        question={
            "kind": "lookup",
            "table": table.id,
            "key": key.strip(),
            "column": name,
            **({"on": on} if table.dated else {}),
        },
        code="E-LOOKUP",
        cure=f"Choose the {_noun(name)} for {key.strip()}, and all that wait for it go on.",
    )


def _noun(column: str) -> str:
    """A column's name inside a sentence: «Ledger account» becomes «ledger account», «GLACCOUNTNO» stays."""
    return column[:1].lower() + column[1:] if column[1:2].islower() else column
