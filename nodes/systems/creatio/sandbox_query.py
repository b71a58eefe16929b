"""The imitated Creatio's query language: $filter, $orderby, $select and $expand over plain rows.

It refuses what the real one refuses, in the same words: a lookup filtered by its scalar column (500), a
quoted date (400), an unknown property (400).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from nodes.systems.creatio.sandbox_schema import EDM, TYPE_PREFIX, Column, collections, columns, navigation

Row = dict[str, Any]
Test = Callable[[Row], bool]


class Rows(Protocol):
    """What a query needs of the storage."""

    def row(self, entity: str, key: str) -> Row | None: ...
    def children(self, entity: str, column: str, key: str) -> list[Row]: ...


class Fault(Exception):
    """An answer with an error body. ``inner`` and ``kind`` go into ``innererror``."""

    def __init__(self, status: int, message: str, inner: str = "", kind: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.inner, self.kind = status, message, inner, kind


def invalid(text: str) -> Fault:
    return Fault(
        400, f"The query specified in the URI is not valid. {text}", text, "Microsoft.OData.ODataException"
    )


def unknown(name: str, entity: str) -> Fault:
    return invalid(f"Could not find a property named '{name}' on type '{TYPE_PREFIX}.{entity}'.")


def moment(text: str) -> str:
    """A date or time as stored: UTC with six fraction digits. Raises ValueError."""
    at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.strip()).replace("Z", "+00:00"))
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{at.year:04d}{at.strftime('-%m-%dT%H:%M:%S.%f')}Z"


@dataclass(frozen=True, slots=True)
class Clause:
    """A compiled condition; ``ids`` the only rows of the root entity that can match, if known."""

    test: Test
    ids: frozenset[str] | None = None
    by: tuple[str, frozenset[str]] | None = None  # (lookup column, the ids it must have)


_TOKEN = re.compile(
    r"\s*(?:(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<date>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_$][\w/$]*)|(?P<sign>[(),]))"
)
_KINDS = {"eq": "Equal", "ne": "NotEqual", "gt": "GreaterThan", "ge": "GreaterThanOrEqual", "lt": "LessThan"}
_KINDS["le"] = "LessThanOrEqual"
_LITERAL = {"guid": "Edm.Guid", "date": "Edm.DateTimeOffset", "number": "Edm.Decimal", "text": "Edm.String"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: a is not None and bool(a != b),
    "gt": lambda a, b: a is not None and bool(a > b),
    "ge": lambda a, b: a is not None and bool(a >= b),
    "lt": lambda a, b: a is not None and bool(a < b),
    "le": lambda a, b: a is not None and bool(a <= b),
}


class FilterParser:
    """Recursive descent over ``or``, ``and``, ``not``, comparisons and the three text functions."""

    def __init__(self, text: str, entity: str, rows: Rows) -> None:
        self.entity, self.rows, self.at = entity, rows, 0
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise invalid(f"Syntax error at position {position} in '{text}'.")
            self.tokens.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
            position = match.end()

    def parse(self) -> Clause:
        clause = self.either()
        if self.at < len(self.tokens):
            raise invalid(f"Syntax error: '{self.tokens[self.at][1]}' was not expected.")
        return clause

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> tuple[str, str]:
        if self.at >= len(self.tokens) or (wanted and self.peek() != wanted):
            raise invalid(f"Syntax error: expected {wanted or 'more'}, found '{self.peek()}'.")
        self.at += 1
        return self.tokens[self.at - 1]

    def either(self) -> Clause:
        parts = [self.both()]
        while self.peek() == "or":
            self.take()
            parts.append(self.both())
        if len(parts) == 1:
            return parts[0]
        tests = [part.test for part in parts]
        ids = [part.ids for part in parts]
        by = [part.by for part in parts]
        known = (
            frozenset().union(*(i for i in ids if i is not None)) if all(i is not None for i in ids) else None
        )
        columns_used = {b[0] for b in by if b is not None}
        shared = None
        if len(columns_used) == 1 and all(b is not None for b in by):
            shared = (columns_used.pop(), frozenset().union(*(b[1] for b in by if b is not None)))
        return Clause(lambda row: any(test(row) for test in tests), known, shared)

    def both(self) -> Clause:
        parts = [self.unary()]
        while self.peek() == "and":
            self.take()
            parts.append(self.unary())
        if len(parts) == 1:
            return parts[0]
        tests = [part.test for part in parts]
        ids = next((part.ids for part in parts if part.ids is not None), None)
        by = next((part.by for part in parts if part.by is not None), None)
        return Clause(lambda row: all(test(row) for test in tests), ids, by)

    def unary(self) -> Clause:
        if self.peek() == "not":
            self.take()
            inner = self.unary().test
            return Clause(lambda row: not inner(row))
        if self.peek() == "(":
            self.take()
            clause = self.either()
            self.take(")")
            return clause
        kind, name = self.take()
        if kind != "name":
            raise invalid(f"Syntax error: '{name}' was not expected.")
        if name in {"contains", "startswith", "endswith"}:
            return self.function(name)
        return self.comparison(name)

    def function(self, name: str) -> Clause:
        self.take("(")
        value, edm, _ = operand(self.take()[1], self.entity, self.rows)
        self.take(",")
        kind, text = self.take()
        self.take(")")
        if kind != "text" or edm != "Edm.String":
            raise invalid(f"No function signature for the function with name '{name}' matches the arguments.")
        wanted = text[1:-1].replace("''", "'").casefold()
        tests: dict[str, Test] = {
            "contains": lambda row: wanted in (value(row) or "").casefold(),
            "startswith": lambda row: (value(row) or "").casefold().startswith(wanted),
            "endswith": lambda row: (value(row) or "").casefold().endswith(wanted),
        }
        return Clause(tests[name])

    def comparison(self, name: str) -> Clause:
        value, edm, column = operand(name, self.entity, self.rows)
        operator = self.take()[1]
        if operator not in _COMPARE:
            raise invalid(f"Syntax error: '{operator}' is not an operator.")
        kind, text = self.take()
        if text == "null":
            if operator not in {"eq", "ne"}:
                raise invalid(f"The operator {operator} cannot be used with null.")
            return Clause(
                (lambda row: value(row) is None) if operator == "eq" else (lambda row: value(row) is not None)
            )
        if edm == "navigation":
            raise invalid("A lookup can only be compared with null; compare its Id.")
        found = "Edm.Boolean" if text in {"true", "false"} else _LITERAL.get(kind, "")
        numbers = {"Edm.Decimal", "Edm.Int32"}
        if found != edm and not {found, edm} <= numbers:
            raise invalid(
                "A binary operator with incompatible types was detected. Found operand types "
                f"'{edm}' and '{found}' for operator kind '{_KINDS[operator]}'."
            )
        wanted = literal(kind, text)
        compare = _COMPARE[operator]
        if edm == "Edm.String":
            return Clause(lambda row: compare(_folded(value(row)), wanted.casefold()))
        if operator == "eq" and name == "Id":
            return Clause(lambda row: row["Id"] == wanted, ids=frozenset({wanted}))
        if operator == "eq" and column is not None and name == f"{column.path}/Id":
            key = column.name
            return Clause(lambda row: row[key] == wanted, by=(key, frozenset({wanted})))
        return Clause(lambda row: compare(value(row), wanted))


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def literal(kind: str, text: str) -> Any:
    if kind == "guid":
        return text.lower()
    if kind == "date":
        return moment(text)
    if kind == "number":
        return Decimal(text)
    if kind == "text":
        return text[1:-1].replace("''", "'")
    return text == "true"


def operand(path: str, entity: str, rows: Rows) -> tuple[Callable[[Row], Any], str, Column | None]:
    """A getter for ``Name`` or ``Account/Owner/Name``, its Edm type, and the first lookup on the way."""
    steps = path.split("/")
    hops: list[tuple[str, str]] = []
    first: Column | None = None
    at = entity
    for step in steps[:-1]:
        column = navigation(at).get(step)
        if column is None:
            raise unknown(step, at)
        first = first or column
        hops.append((column.name, column.target))
        at = column.target
    last = steps[-1]
    if last in navigation(at):
        column = navigation(at)[last]
        key, edm = column.name, "navigation"
    elif last in columns(at):
        column = columns(at)[last]
        if column.target:
            raise Fault(
                500,
                "An error has occurred.",
                f"Column by path {last} not found in schema {at}.",
                "Terrasoft.Common.ItemNotFoundException",
            )
        key, edm = column.name, EDM[column.type]
    else:
        raise unknown(last, at)
    if not hops:
        return (lambda row: row[key]), edm, first

    def follow(row: Row) -> Any:
        current: Row | None = row
        for name, target in hops:
            current = rows.row(target, current[name]) if current and current[name] else None
        return current[key] if current is not None else None

    return follow, edm, first


def order(rows: list[Row], text: str, entity: str, source: Rows) -> list[Row]:
    """Sorted by ``A desc,B/C``; empty values first, as the databases of Creatio do on MSSQL."""
    ordered = rows
    for part in reversed([part.strip() for part in text.split(",") if part.strip()]):
        path, _, direction = part.partition(" ")
        value, edm, _ = operand(path, entity, source)
        if edm == "navigation":
            raise invalid(f"'{path}' cannot be sorted by.")

        def key(row: Row, value: Callable[[Row], Any] = value) -> tuple[bool, Any]:
            found = value(row)
            return (found is not None, _folded(found) if found is not None else 0)

        ordered = sorted(ordered, key=key, reverse=direction.strip() == "desc")
    return ordered


@dataclass(frozen=True)
class Options:
    """The options of a collection or of one $expand."""

    select: tuple[str, ...] = ()
    expand: dict[str, Options] = field(default_factory=dict)
    filter: str = ""
    orderby: str = ""
    top: int | None = None
    skip: int = 0
    count: bool = False


KNOWN = {"$select", "$expand", "$filter", "$orderby", "$top", "$skip", "$count", "$format"}


def options(given: Iterable[tuple[str, str]], entity: str) -> Options:
    """Reads query options and checks every name against the schema."""
    found = dict(given)
    if stray := sorted(name for name in found if name.startswith("$") and name not in KNOWN):
        raise invalid(f"The query parameter '{stray[0]}' is not supported.")
    select = tuple(name.strip() for name in found.get("$select", "").split(",") if name.strip())
    for name in select:
        if name != "*" and name not in columns(entity):
            raise unknown(name, entity)
    expand = {}
    for part in split(found.get("$expand", ""), ","):
        name, _, inner = part.partition("(")
        if name in navigation(entity):
            target = navigation(entity)[name].target
        elif name in collections(entity):
            target = collections(entity)[name][0]
        else:
            raise unknown(name, entity)
        pairs = [piece.partition("=")[::2] for piece in split(inner.removesuffix(")"), ";")]
        expand[name] = options(((key.strip(), value) for key, value in pairs), target)
    try:
        top = int(found["$top"]) if "$top" in found else None
        skip = int(found.get("$skip", 0))
    except ValueError:
        raise invalid("$top and $skip must be whole numbers.") from None
    if (top is not None and top < 0) or skip < 0:
        raise invalid("$top and $skip must not be negative.")
    return Options(
        () if "*" in select else select,
        expand,
        found.get("$filter", ""),
        found.get("$orderby", ""),
        top,
        skip,
        found.get("$count") == "true",
    )


def split(text: str, sign: str) -> list[str]:
    """Splits at a sign outside parentheses and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for index, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif not quoted:
            depth += (char == "(") - (char == ")")
            if char == sign and depth == 0:
                parts.append(text[start:index].strip())
                start = index + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]
