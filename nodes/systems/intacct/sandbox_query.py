"""The query language of the imitated company: filters, order, pages, sums, and readByQuery's text form.

Source: developer.intacct.com, web services, queries (operators, page limits of 2000 and 1000, dotted names
across many-to-one relations, showprivate at the top level).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from nodes.systems.intacct.sandbox_objects import KINDS
from nodes.systems.intacct.sandbox_store import Row, Store
from nodes.systems.intacct.sandbox_xml import Element, Fault, text

MAX_PAGE = 2000
MAX_READ_PAGE = 1000
DEFAULT_PAGE = 100
TESTS = {"equalto", "notequalto", "lessthan", "lessthanorequalto", "greaterthan", "greaterthanorequalto",
         "between", "in", "notin", "like", "notlike", "isnull", "isnotnull"}  # fmt: skip
SUMS = {"sum", "count", "avg", "min", "max"}
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:\\.|[^'\\])*')|(?P<op><=|>=|!=|<>|=|<|>)|(?P<mark>[(),])|(?P<word>[\w.\-:/]+))"
)
_BY_SYMBOL = {"=": "equalto", "!=": "notequalto", "<>": "notequalto", "<": "lessthan", ">": "greaterthan",
              "<=": "lessthanorequalto", ">=": "greaterthanorequalto"}  # fmt: skip

Test = Callable[[Row], bool]


class Search:
    """Finds rows of one object. ``value`` resolves dotted names and computed fields of a row."""

    def __init__(
        self, store: Store, name: str, value: Callable[[str, Row, str], str], hidden: Collection[str] = ()
    ) -> None:
        self.store = store
        self.name = name
        self.value = value
        self.types = {field: kind for field, kind in KINDS[name].fields.items() if field not in hidden}

    # filters -----------------------------------------------------------------------------------------

    def compile(self, element: Element, *, caseless: bool) -> Test:
        """A predicate for one filter element. Raises Fault for what the gateway would refuse."""
        word = str(element.tag)
        if word in {"and", "or"}:
            tests = [self.compile(part, caseless=caseless) for part in element]
            if len(tests) < 2:
                raise Fault("GW-0011", f"Two or more conditions are required in '{word}'.")
            return _all(tests) if word == "and" else _any(tests)
        if word not in TESTS:
            raise Fault("GW-0011", f"Operator '{word}' is not known.")
        return self.test(
            word, text(element, "field"), [v.text or "" for v in element.findall("value")], caseless
        )

    def test(self, word: str, field: str, values: Sequence[str], caseless: bool) -> Test:
        self.known(field)
        needed = {"isnull": 0, "isnotnull": 0, "between": 2}.get(word, 1)
        if len(values) < needed or (needed != 1 and len(values) > needed):
            raise Fault("GW-0011", f"Operator '{word}' on {field} needs {needed} value(s).")
        if word in {"isnull", "isnotnull"}:
            return lambda row: (self.value(self.name, row, field) == "") is (word == "isnull")
        if word in {"like", "notlike"}:
            pattern = _like(values[0], caseless)
            return lambda row: bool(pattern.match(self.value(self.name, row, field))) is (word == "like")
        kind = self.types.get(field, "TEXT")
        wanted = [_comparable(value, kind, caseless, strict=field) for value in values]

        def found(row: Row) -> Any:
            return _comparable(self.value(self.name, row, field), kind, caseless)

        if word in {"in", "notin"}:
            among = set(wanted)
            return lambda row: (found(row) in among) is (word == "in")
        if word == "between":
            return lambda row: _present(found(row)) and wanted[0] <= found(row) <= wanted[1]
        return _ORDERED[word](found, wanted[0])

    def known(self, field: str) -> None:
        head = field.split(".", 1)[0]
        if field in self.types or f"{head}ID" in KINDS[self.name].refers:
            return
        raise Fault(
            "GW-0011", f"Field '{field}' is not found in object '{self.name}'.", "Use lookup to list fields."
        )

    # rows --------------------------------------------------------------------------------------------

    def candidates(self, element: Element | None, *, caseless: bool) -> Iterable[Row]:
        """Rows to test: by index where a condition that must hold names indexed values, else all."""
        for part in [] if element is None else element.iterfind("*") if element.tag == "and" else [element]:
            field = text(part, "field")
            if part.tag not in {"equalto", "in"} or not self._indexed(field):
                continue
            rows = {
                row["RECORDNO"]: row
                for value in part.findall("value")
                for row in self.store.by(self.name, field, value.text or "", caseless=caseless)
            }
            return rows.values()
        return self.store.rows(self.name)

    def _indexed(self, field: str) -> bool:
        return field == "RECORDNO" or self.store.indexed(self.name, field)

    def sorted(self, rows: Iterable[Row], orders: Sequence[tuple[str, bool]]) -> list[Row]:
        """By the given (field, descending) pairs; RECORDNO decides between equals."""
        found = sorted(rows, key=lambda row: int(row["RECORDNO"]))
        for field, descending in reversed(orders):
            kind = self.types.get(field, "TEXT")
            found.sort(
                key=lambda row, f=field, k=kind: _sortable(self.value(self.name, row, f), k),  # type: ignore[misc]
                reverse=descending,
            )
        return found

    def sums(
        self, rows: Sequence[Row], fields: Sequence[str], wanted: Sequence[tuple[str, str]]
    ) -> list[Row]:
        """One row a group of equal ``fields``, with ``SUM.X``-like values."""
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault(tuple(self.value(self.name, row, field) for field in fields), []).append(row)
        return [
            {
                **dict(zip(fields, group, strict=True)),
                **{f"{word.upper()}.{field}": self._sum(word, field, members) for word, field in wanted},
            }
            for group, members in sorted(groups.items())
        ]

    def _sum(self, word: str, field: str, rows: Sequence[Row]) -> str:
        values = [value for row in rows if (value := self.value(self.name, row, field)) != ""]
        if word == "count":
            return str(len(values))
        numbers = [Decimal(value) for value in values]
        if not numbers:
            return ""
        if word == "avg":
            return format(sum(numbers) / len(numbers), "f")
        if word == "sum":
            return format(sum(numbers), "f")
        return format(min(numbers) if word == "min" else max(numbers), "f")

    # readByQuery -------------------------------------------------------------------------------------

    def compile_text(self, sentence: str) -> Test:
        """``A = 'x' and (B in ('1','2') or NOT C is null)`` as a predicate. Raises Fault."""
        tokens, at = [], 0
        sentence = sentence.strip()
        while at < len(sentence):
            found = _TOKEN.match(sentence, at)
            if found is None:
                raise Fault("GW-0011", f"The query is not understood near '{sentence[at : at + 20]}'.")
            tokens.append(found[0].strip())
            at = found.end()
        if not tokens:
            return lambda _: True
        test, rest = self._either(tokens)
        if rest:
            raise Fault("GW-0011", f"The query is not understood near '{rest[0]}'.")
        return test

    def _either(self, tokens: list[str]) -> tuple[Test, list[str]]:
        tests = []
        while True:
            test, tokens = self._both(tokens)
            tests.append(test)
            if not tokens or tokens[0].lower() != "or":
                return _any(tests), tokens
            tokens = tokens[1:]

    def _both(self, tokens: list[str]) -> tuple[Test, list[str]]:
        tests = []
        while True:
            test, tokens = self._single(tokens)
            tests.append(test)
            if not tokens or tokens[0].lower() != "and":
                return _all(tests), tokens
            tokens = tokens[1:]

    def _single(self, tokens: list[str]) -> tuple[Test, list[str]]:
        if tokens and tokens[0] == "(":
            test, rest = self._either(tokens[1:])
            if not rest or rest[0] != ")":
                raise Fault("GW-0011", "The query lacks a closing bracket.")
            return test, rest[1:]
        if tokens and tokens[0].lower() == "not":
            test, rest = self._single(tokens[1:])
            return (lambda row: not test(row)), rest
        if len(tokens) < 3:
            raise Fault("GW-0011", "The query ends too early.")
        field, word, rest = tokens[0], tokens[1].lower(), tokens[2:]
        if word in _BY_SYMBOL:
            return self.test(_BY_SYMBOL[word], field, [_unquoted(rest[0])], False), rest[1:]
        if word == "like":
            return self.test("like", field, [_unquoted(rest[0])], False), rest[1:]
        if word == "is" and rest[0].lower() == "null":
            return self.test("isnull", field, [], False), rest[1:]
        if word == "is" and [part.lower() for part in rest[:2]] == ["not", "null"]:
            return self.test("isnotnull", field, [], False), rest[2:]
        if word == "in" and rest[0] == "(" and ")" in rest:
            end = rest.index(")")
            values = [_unquoted(part) for part in rest[1:end] if part != ","]
            return self.test("in", field, values, False), rest[end + 1 :]
        raise Fault("GW-0011", f"The query is not understood near '{word}'.")


def page_size(given: str, most: int, default: int = DEFAULT_PAGE) -> int:
    if not given:
        return default
    if not given.isdigit() or not 1 <= int(given) <= most:
        raise Fault("GW-0011", f"The page size must be between 1 and {most}.")
    return int(given)


def _all(tests: Sequence[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)


def _any(tests: Sequence[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)


def _present(value: Any) -> bool:
    return value is not None and value != ""


_ORDERED: dict[str, Callable[[Callable[[Row], Any], Any], Test]] = {
    "equalto": lambda found, wanted: lambda row: bool(found(row) == wanted),
    "notequalto": lambda found, wanted: lambda row: bool(found(row) != wanted),
    "lessthan": lambda found, wanted: lambda row: _present(found(row)) and bool(found(row) < wanted),
    "lessthanorequalto": lambda found, wanted: (
        lambda row: _present(found(row)) and bool(found(row) <= wanted)
    ),
    "greaterthan": lambda found, wanted: lambda row: _present(found(row)) and bool(found(row) > wanted),
    "greaterthanorequalto": lambda found, wanted: (
        lambda row: _present(found(row)) and bool(found(row) >= wanted)
    ),
}


def _comparable(value: str, kind: str, caseless: bool, strict: str = "") -> Any:
    """A value that compares as its type does; ``strict`` names the field of a value that must be valid."""
    if value == "":
        return None if kind not in {"TEXT", "BOOLEAN"} else ""
    try:
        if kind in {"INTEGER", "DECIMAL", "CURRENCY"}:
            return Decimal(value)
        if kind in {"DATE", "TIMESTAMP"}:
            return datetime.strptime(value, "%m/%d/%Y %H:%M:%S" if ":" in value else "%m/%d/%Y")  # noqa: DTZ007
    except (InvalidOperation, ValueError):
        if strict:
            raise Fault("GW-0011", f"'{value}' is not a valid {kind.lower()} for field {strict}.") from None
        return None
    if kind == "BOOLEAN":
        return {"t": "true", "f": "false"}.get(value.lower(), value.lower())
    return value.casefold() if caseless else value


def _sortable(value: str, kind: str) -> tuple[bool, Any]:
    found = _comparable(value, kind, True)
    return (_present(found), found if _present(found) else 0)


def _like(pattern: str, caseless: bool) -> re.Pattern[str]:
    parts = {"%": ".*", "_": "."}
    body = "".join(parts.get(letter, re.escape(letter)) for letter in pattern)
    return re.compile(body + r"\Z", re.DOTALL | (re.IGNORECASE if caseless else 0))


def _unquoted(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith("'") else token
