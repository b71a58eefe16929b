"""Rows that a question asks for: what to fill in, and the table with the answer in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designer.installation import here
from engine.errors import Problem, RequestError
from engine.flow import LookupTable
from engine.functions import BadInput, Table
from engine.functions.signature import as_number
from engine.store import flows

ROWS = ("lookup", "rate")
"""The kinds of question whose answer is a row of a table."""


def with_row(table: LookupTable, question: Mapping[str, Any], given: Mapping[str, str]) -> LookupTable:
    """The table with the row that was missing. Raises RequestError (422) when the answer does not fit."""
    _fits(table, question, given)
    if question["kind"] == "rate":
        return _added(table, {**given, **_pair(table, question)})
    key, on = str(question.get("key")), str(question.get("on") or "")
    at = Table("", table).row(key, on)
    if at is None:
        days = {table.valid_from: on} if table.valid_from else {}
        return _added(table, {table.columns[0]: key, **days, **{k: v for k, v in given.items() if v}})
    rows = [list(row) for row in table.rows]
    old = [*rows[at], *[None] * (len(table.columns) - len(rows[at]))]
    rows[at] = [given.get(column, cell) for column, cell in zip(table.columns, old, strict=True)]
    return table.model_copy(update={"rows": rows})


def _added(table: LookupTable, cells: Mapping[str, str]) -> LookupTable:
    row = [cells.get(column) or None for column in table.columns]
    return table.model_copy(update={"rows": [*table.rows, row]})


def _pair(table: LookupTable, question: Mapping[str, Any]) -> dict[str, str]:
    rates = table.rates
    assert rates is not None  # the question came from such a table
    cells = {table.columns[0]: str(question["from"]), rates.to: str(question["to"])}
    if rates.type:
        cells[rates.type] = str(question.get("type") or "")
    if table.valid_from:
        cells[table.valid_from] = str(question.get("on") or "")
    return cells


def _asked(table: LookupTable, question: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The columns that may be filled in, and those that must."""
    if question["kind"] == "rate" and table.rates is not None:
        return [table.rates.rate], [table.rates.rate]
    wanted = [column for column in table.columns[1:] if column not in (table.valid_from, table.valid_to)]
    needed = question.get("column")
    return [*table.columns[1:]], [str(needed)] if needed else wanted


def _fits(table: LookupTable, question: Mapping[str, Any], given: Mapping[str, str]) -> None:
    may, must = _asked(table, question)
    problems = [
        Problem("E-COLUMN", f"The table has no column «{name}».", "Remove it.", field=f"answer.{name}")
        for name in given
        if name not in may
    ]
    problems += [
        Problem("E-MISSING", f"«{name}» is missing.", f"Choose «{name}».", field=f"answer.{name}")
        for name in must
        if not (given.get(name) or "").strip()
    ]
    if not problems and question["kind"] == "rate" and not _is_rate(given[must[0]]):
        message = f"«{given[must[0]]}» is not a rate above 0."
        cure = "Write it with a point, like 0.9215."
        problems.append(Problem("E-RATE-CELL", message, cure, field=f"answer.{must[0]}"))
    if problems:
        raise RequestError(
            problems[0].message,
            status=422,
            code=problems[0].code,
            cure=problems[0].cure,
            problems=problems,
        )


def _is_rate(text: str) -> bool:
    try:
        return as_number(text) > 0
    except BadInput:
        return False


def form(row: flows.FlowRow, table: LookupTable, question: Mapping[str, Any]) -> dict[str, Any]:
    """What to fill in: the columns of the missing row, with the choices that the system has for them; where
    it cannot say, with the values that other rows have there."""
    columns = []
    for name in _asked(table, question)[0]:
        place = table.columns.index(name)
        choices = _choices(row, table, name)
        if choices is None:
            values = sorted({cell for cells in table.rows for cell in cells[place : place + 1] if cell})
            known = [] if question["kind"] == "rate" else values[:500]
            choices = [{"value": value, "title": value} for value in known]
        columns.append({"name": name, "options": choices})
    return {
        "kind": question["kind"],
        "table": str(question["table"]),
        "title": table.title,
        "key": subject(question),
        "columns": columns,
    }


def subject(question: Mapping[str, Any]) -> str:
    """What the missing row is about: its key, or from which currency to which, and when."""
    if question["kind"] == "lookup":
        return str(question["key"])
    day = f" on {question['on']}" if question.get("on") else ""
    return f"{question['from']} to {question['to']}{day}"


def asked_form(question: Mapping[str, Any]) -> dict[str, Any]:
    """What to answer to a rule: the one field that it asks for."""
    options = [{"value": str(one), "title": str(one)} for one in question.get("choices", [])]
    return {
        "kind": "ask",
        "table": "",
        "title": str(question.get("rule_set", "")),
        "key": "",
        "columns": [{"name": str(question["target"]), "options": options}],
    }


def _choices(row: flows.FlowRow, table: LookupTable, column: str) -> list[dict[str, str]] | None:
    options = table.options.get(column)
    if options is None:
        return None
    installation = here()
    return installation.choices.of(
        installation.database, installation.seal, row.bound(), options, installation.runtime.pacer
    )
