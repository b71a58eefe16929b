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

ROWS = ("lookup", "rate", "translate", "ambiguous")
"""The kinds of question whose answer is a row of a table, if they name one."""


def is_row(question: Mapping[str, Any]) -> bool:
    """Whether the answer changes a table: a row is missing, or one of several is to count."""
    return question.get("kind") in ROWS and "table" in question


def with_row(table: LookupTable, question: Mapping[str, Any], given: Mapping[str, str]) -> LookupTable:
    """The table with the row that was missing. Raises RequestError (422) when the answer does not fit."""
    _fits(table, question, given)
    if question["kind"] == "rate":
        return _added(table, {**given, **_pair(table, question)})
    if question["kind"] == "translate":
        return _translated(table, str(question["column"]), given[table.columns[0]], str(question["value"]))
    if question["kind"] == "ambiguous":
        return _settled(table, question, next(iter(given.values())))
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


def _translated(table: LookupTable, column: str, key: str, value: str) -> LookupTable:
    """The table in which this value of a column stands for this key. Raises RequestError (422) if that one has another."""
    place, at = table.columns.index(column), Table("", table).row(key)
    if at is None:
        return _added(table, {table.columns[0]: key, column: value})
    known = table.rows[at][place] if place < len(table.rows[at]) else None
    if known:
        message = f"{key} stands for {known} already."
        problem = Problem("E-CELL", message, "Choose another one.", field=f"answer.{table.columns[0]}")
        raise RequestError(message, status=422, code="E-CELL", cure=problem.cure, problems=[problem])
    return _with_cell(table, {at: value}, place)


def _settled(table: LookupTable, question: Mapping[str, Any], chosen: str) -> LookupTable:
    """Of the rows that could be meant only the chosen one keeps its cell; the others ask when they are met."""
    place = table.columns.index(str(question["column"]))
    key, value = str(question["key"]), chosen
    if question["to"] == "left":
        key, value = chosen, str(question["key"])
    others = {
        at: None
        for at, row in enumerate(table.rows)
        if place < len(row)
        and (_same(row[0], key) or _same(row[place], value))
        and not (_same(row[0], key) and _same(row[place], value))
    }
    return _with_cell(table, others, place)


def _with_cell(table: LookupTable, cells: Mapping[int, str | None], place: int) -> LookupTable:
    rows = [
        [*row[:place], *[None] * (place - len(row)), cells[at], *row[place + 1 :]]
        if at in cells
        else list(row)
        for at, row in enumerate(table.rows)
    ]
    return table.model_copy(update={"rows": rows})


def _counterparts(table: LookupTable, question: Mapping[str, Any]) -> list[str]:
    """What an ambiguous value could stand for."""
    place = table.columns.index(str(question["column"]))
    here, there = (0, place) if question["to"] == "right" else (place, 0)
    full = [row for row in table.rows if place < len(row) and row[0] and row[place]]
    found = [str(row[there]) for row in full if _same(row[here], str(question["key"]))]
    return list(dict.fromkeys(found))


def _same(cell: str | None, text: str) -> bool:
    return (cell or "").strip().casefold() == text.strip().casefold()


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
    if question["kind"] == "translate":
        return [table.columns[0]], [table.columns[0]]
    if question["kind"] == "ambiguous":
        name = str(question["column"]) if question["to"] == "right" else table.columns[0]
        return [name], [name]
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
    if (
        not problems
        and question["kind"] == "ambiguous"
        and given[must[0]] not in _counterparts(table, question)
    ):
        problems.append(
            Problem(
                "E-CHOICE", f"{given[must[0]]} is none of them.", "Choose one.", field=f"answer.{must[0]}"
            )
        )
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
        if question["kind"] == "ambiguous":
            choices = [{"value": value, "title": value} for value in _counterparts(table, question)]
        elif choices is None:
            values = sorted({cell for cells in table.rows for cell in cells[place : place + 1] if cell})
            known = [] if question["kind"] == "rate" else values[:500]
            choices = [{"value": value, "title": value} for value in known]
        columns.append({"name": name, "options": choices})
    return {
        "kind": "ask" if question["kind"] == "ambiguous" else question["kind"],
        "table": str(question["table"]),
        "title": table.title,
        "key": subject(question),
        "columns": columns,
    }


def subject(question: Mapping[str, Any]) -> str:
    """What the missing row is about: its key, or from which currency to which, and when."""
    if question["kind"] in ("lookup", "ambiguous"):
        return str(question["key"])
    if question["kind"] == "translate":
        return str(question["value"])
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
