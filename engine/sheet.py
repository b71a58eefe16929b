"""Decision tables as Excel workbooks: one row a rule, readable and editable without Heddle.

Row 1 holds title, hit policy and aggregate; row 2 says what each column is (``input``, ``output``, ``note``,
``id``); rows 3 to 6 its title, its id, its type and its values; the rules follow. Cells are S-FEEL, except
that plain words in a text column may stand without quotes. Formulas are never calculated: they are refused.
A hidden second sheet has, by column id, what no cell shows: where an input comes from, target and default.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import ValidationError

from engine.decisions import MAX_COLUMNS, MAX_ROWS, DecisionTable, Input, Output
from engine.errors import DefinitionError, Problem
from engine.feel import FeelError, names_in, parse_tests
from engine.record import from_json, to_json

MAX_BYTES = 5_000_000
MAX_UNPACKED = 100_000_000
HEAD = ("kind", "title", "id", "type", "values")
BEHIND = "Heddle"
KEPT: dict[str, set[str]] = {"input": {"value", "expression"}, "output": {"target", "default"}}
"""What the hidden sheet keeps of a column."""


def write_sheet(table: DecisionTable) -> bytes:
    """The workbook of a table, whole."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Decision table"
    rows: list[list[str]] = [[table.title, table.hit_policy, table.aggregate or ""]]
    inputs, outputs = table.inputs, table.outputs
    columns: list[Input | Output] = [*inputs, *outputs]
    rows.append(["id", *("input" for _ in inputs), *("output" for _ in outputs), "note"])
    rows.append(["", *(each.title for each in columns), ""])
    rows.append(["", *(each.id for each in columns), ""])
    rows.append(["", *(each.type for each in columns), ""])
    rows.append(["", *(each.values for each in columns), ""])
    rows += [[row.id, *row.when, *row.then, row.note] for row in table.rows]
    for number, row in enumerate(rows, 1):
        for place, text in enumerate(row, 1):
            cell = sheet.cell(number, place)
            cell.value = text or None
            if text:
                cell.data_type = "s"  # a text that begins with "=" is a test here, not a formula
            if number <= len(HEAD) + 1:
                cell.font = Font(bold=True)
    sheet.freeze_panes = "B7"
    behind = book.create_sheet(BEHIND)
    behind.sheet_state = "hidden"
    for kind, some in (("input", inputs), ("output", outputs)):
        for each in some:
            kept = each.model_dump(mode="python", include=KEPT[kind])
            behind.append([kind, each.id, to_json(kept).decode()])
            behind.cell(behind.max_row, 2).data_type = "s"
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def read_sheet(raw: bytes, before: DecisionTable | None = None) -> DecisionTable:
    """The table in a workbook. A workbook that others have made says nothing of where values come from and go
    to: ``before`` lends that to columns of the same id.

    Raises DefinitionError that names the cell.
    """
    rows = _rows(raw)
    if len(rows) < len(HEAD) + 1:
        raise _wrong("The sheet lacks its head: title, kinds, titles, ids, types and values.", "A1")
    kinds, titles, ids, types, values = rows[1 : len(HEAD) + 1]
    title, policy, aggregate, *_ = [*rows[0], "", "", ""]
    places = {
        kind: [at for at, found in enumerate(kinds) if found == kind]
        for kind in ("id", "input", "output", "note")
    }
    if not places["output"]:
        raise _wrong("No column of the sheet is an “output”.", "A2")
    known: dict[tuple[str, str], dict[str, Any]] = {}
    if before is not None:
        known |= {("input", one.id): one.model_dump() for one in before.inputs}
        known |= {("output", one.id): one.model_dump() for one in before.outputs}
    known |= _behind(raw)

    def column(at: int, kind: str) -> dict[str, Any]:
        kept = known.get((kind, ids[at]), {})
        fresh = {
            "id": ids[at] or titles[at],
            "title": titles[at],
            "type": types[at] or "any",
            "values": values[at],
        }
        return {**kept, **fresh}

    document = {
        "title": title,
        "hit_policy": policy or "unique",
        "aggregate": aggregate or None,
        "inputs": [column(at, "input") for at in places["input"]],
        "outputs": [column(at, "output") for at in places["output"]],
        "rows": [
            {
                "id": (row[places["id"][0]] if places["id"] else "") or f"row-{number}",
                "when": [_quoted(row[at], types[at]) or "-" for at in places["input"]],
                "then": [row[at] for at in places["output"]],
                "note": row[places["note"][0]] if places["note"] else "",
            }
            for number, row in enumerate(rows[len(HEAD) + 1 :], 1)
            if any(row)
        ],
    }
    try:
        return DecisionTable.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise _wrong(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.", "A1") from None


def _behind(raw: bytes) -> dict[tuple[str, str], dict[str, Any]]:
    """What the hidden sheet says of each column; nothing where it is gone or has been written over."""
    book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False)
    if BEHIND not in book.sheetnames:
        return {}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in book[BEHIND].iter_rows(max_col=3, max_row=2 * MAX_COLUMNS, values_only=True):
        kind, name, text = (str(cell or "") for cell in (*row, None, None, None)[:3])
        try:
            kept = from_json(text)
        except ValueError:
            continue
        if kind in KEPT and isinstance(kept, dict):
            found[kind, name] = {key: value for key, value in kept.items() if key in KEPT[kind]}
    return found


def read_cells(raw: bytes, most: int = MAX_ROWS, size: int = MAX_BYTES) -> list[list[str]]:
    """The plain cells of a workbook's first sheet or of a CSV file (comma, semicolon or tab; UTF-8 or Windows).

    At most ``most`` rows, in a workbook of at most ``size`` bytes. Dates are ISO text. Raises DefinitionError.
    """
    if raw[:2] == b"PK":
        return _filled(_rows(raw, _plain, most, size))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    if "\x00" in text:
        raise _wrong("The file is neither CSV nor an Excel workbook (.xlsx).", "A1")
    first = text.split("\n", 1)[0]
    delimiter = max(";\t,", key=first.count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise _wrong(f"The file is no CSV: {error}.", "A1") from None
    if len(rows) > most + 1:
        raise _wrong(f"The file has more than {most:,} rows.", f"A{most + 2}")
    return _filled(rows)


def _filled(rows: list[list[str]]) -> list[list[str]]:
    return [row for row in rows if any(row)]


def _rows(
    raw: bytes, text_of: Callable[[Any], str] | None = None, most: int = MAX_ROWS, size: int = MAX_BYTES
) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if len(raw) > size or sum(entry.file_size for entry in packed.infolist()) > MAX_UNPACKED:
                raise _wrong("The workbook is too large.", "A1")
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError):
        raise _wrong("The file is no Excel workbook (.xlsx).", "A1") from None
    sheet = book.worksheets[0]
    width = MAX_COLUMNS * 2 + 2
    found = []
    for number, row in enumerate(sheet.iter_rows(max_col=width, max_row=most + 100), 1):
        texts = []
        for cell in row:
            if cell.data_type == "f":
                raise _wrong(f"{cell.coordinate} holds a formula. Put its result there.", cell.coordinate)
            texts.append((text_of or _text)(cell.value))
        if number > most + len(HEAD) + 1 and any(texts):
            raise _wrong(f"The table has more than {most:,} rows.", f"A{number}")
        found.append(texts)
    longest = max((at + 1 for row in found for at, text in enumerate(row) if text), default=0)
    return [(row + [""] * longest)[:longest] for row in found]


def _text(value: Any) -> str:
    """A cell as S-FEEL: what Excel has made a number, a date or a truth value is written as one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        return f'date("{value.date()}")' if midnight else f'date and time("{value.isoformat()}Z")'
    if isinstance(value, date):
        return f'date("{value}")'
    return str(value).strip()


def _plain(value: Any) -> str:
    """A cell as people read it."""
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != time() else value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else _text(value)


def _quoted(text: str, column_type: str) -> str:
    """Plain words in a text column as the text they mean."""
    if column_type != "text" or not text:
        return text
    try:
        tests = parse_tests(text)
        if not any(names_in(test) for test in tests.alternatives):
            return text
    except FeelError:
        pass
    return ", ".join(
        '"' + word.strip().replace("\\", "\\\\").replace('"', '\\"') + '"' for word in text.split(",")
    )


def _wrong(message: str, cell: str) -> DefinitionError:
    return DefinitionError([Problem("E-SHEET", message, "Export a table to see the form.", field=cell)])
