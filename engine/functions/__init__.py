"""The library of functions that values pass through. ``library`` lists it for the catalog."""

from __future__ import annotations

from typing import Any

from engine.functions import currency, date, lists, logic, number, table, text
from engine.functions.constant import exact, type_of
from engine.functions.lists import same
from engine.functions.signature import FUNCTIONS, Argument, BadInput, Function, as_text, fits, refusal, show
from engine.functions.table import Table, Tables, tables_of

__all__ = [
    "FUNCTIONS",
    "Argument",
    "BadInput",
    "Function",
    "Table",
    "Tables",
    "as_text",
    "currency",
    "date",
    "exact",
    "fits",
    "library",
    "lists",
    "logic",
    "number",
    "refusal",
    "same",
    "show",
    "table",
    "tables_of",
    "text",
    "type_of",
]  # fmt: skip


def library() -> list[dict[str, Any]]:
    """Every function as the catalog shows it, by group and title."""
    order = ["text", "number", "date", "list", "lookup", "logic"]
    found = sorted(FUNCTIONS.values(), key=lambda function: (order.index(function.group), function.title))
    return [function.card() for function in found]
