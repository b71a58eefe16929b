"""The query language of the imitated OData service: $filter and $orderby, understood independently of the connector.

Source: OData 4.01, URL conventions, 5.1.1 (filter expressions and their precedence).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
Test = Callable[[Row], Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<open>\()|(?P<close>\))|(?P<comma>,)"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w/]*))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and b is not None and a > b,
    "ge": lambda a, b: a is not None and b is not None and a >= b,
    "lt": lambda a, b: a is not None and b is not None and a < b,
    "le": lambda a, b: a is not None and b is not None and a <= b,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "contains": lambda a, b: a is not None and b in a,
    "startswith": lambda a, b: a is not None and a.startswith(b),
    "endswith": lambda a, b: a is not None and a.endswith(b),
    "tolower": lambda a: a.lower() if a is not None else None,
}


class BadQuery(Exception):
    """The query cannot be understood."""


class Parser:
    """Reads one $filter. ``knows`` says whether a path exists."""

    def __init__(self, text: str, knows: Callable[[str], bool]) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.knows = knows
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise BadQuery(f"Syntax error at position {at} in '{text}'.")
            kind = str(match.lastgroup)
            self.tokens.append((kind, match.group(kind)))
            at = match.end()
        self.at = 0

    def parse(self) -> Test:
        test = self.any()
        if self.at != len(self.tokens):
            raise BadQuery("Syntax error: something is left over.")
        return test

    def word(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, kind: str = "") -> str:
        if self.at >= len(self.tokens) or (kind and self.tokens[self.at][0] != kind):
            raise BadQuery(f"Syntax error: {kind or 'something'} expected.")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def any(self) -> Test:
        tests = [self.all()]
        while self.word() == "or":
            self.take()
            tests.append(self.all())
        return lambda row: any(test(row) for test in tests)

    def all(self) -> Test:
        tests = [self.one()]
        while self.word() == "and":
            self.take()
            tests.append(self.one())
        return lambda row: all(test(row) for test in tests)

    def one(self) -> Test:
        if self.word() == "not":
            self.take()
            inner = self.one()
            return lambda row: not inner(row)
        left = self.operand()
        if self.word() not in _COMPARE:
            return left
        compare, right = _COMPARE[self.take()], self.operand()
        return lambda row: compare(left(row), right(row))

    def operand(self) -> Test:
        if self.at >= len(self.tokens):
            raise BadQuery("Syntax error: an operand is missing.")
        kind, text = self.tokens[self.at]
        if kind == "open":
            self.take()
            inner = self.any()
            self.take("close")
            return inner
        self.take()
        if kind == "word":
            return self.named(text)
        value: Any = text[1:-1].replace("''", "'") if kind == "text" else text
        value = Decimal(text) if kind == "number" else text.lower() if kind == "guid" else value
        return lambda _: value

    def named(self, text: str) -> Test:
        if text in {"null", "true", "false"}:
            value = {"null": None, "true": True, "false": False}[text]
            return lambda _: value
        if text in _FUNCTIONS:
            self.take("open")
            arguments = [self.operand()]
            while self.word() == ",":
                self.take()
                arguments.append(self.operand())
            self.take("close")
            function = _FUNCTIONS[text]
            return lambda row: function(*(one(row) for one in arguments))
        if not self.knows(text):
            raise BadQuery(f"Could not find a property named '{text}'.")
        return lambda row: at_path(row, text)


def at_path(row: Row, path: str) -> Any:
    found: Any = row
    for step in path.split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    return Decimal(found) if isinstance(found, int) and not isinstance(found, bool) else found


def ordered(rows: list[Row], order: str, knows: Callable[[str], bool]) -> list[Row]:
    for part in reversed(order.split(",")):
        path, _, direction = part.strip().partition(" ")
        if not knows(path):
            raise BadQuery(f"Could not find a property named '{path}'.")
        rows = sorted(rows, key=lambda row, p=path: _sortable(at_path(row, p)), reverse=direction == "desc")  # type: ignore[misc]
    return rows


def _sortable(value: Any) -> tuple[bool, Any]:
    return value is not None, value if value is not None else 0
