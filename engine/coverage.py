"""Which keys records bring to the lookup tables of a drawing, what money they stand for, and which have no row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from engine import causes
from engine.binding import bind
from engine.chain import Compiled
from engine.conditions import Condition
from engine.errors import DefinitionError, Held, RecordRejected
from engine.expression import PathValue, compile_value
from engine.flow import Flow
from engine.functions import as_text
from engine.path import PathError
from engine.record import Record
from engine.scope import Scope, Source
from engine.terms import Term

_condition: TypeAdapter[Any] = TypeAdapter(Condition)


@dataclass(frozen=True)
class Lines:
    """The lines within which a table is asked: where they are, and which of them count."""

    source: Source
    where: Term | None

    def scopes(self, scope: Scope) -> Iterator[Scope]:
        found = self.source.optional()(scope)
        for number, line in enumerate(found if isinstance(found, list) else [], 1):
            inside = scope.inside(line, number)
            if self.where is None or self.where.holds(inside):
                yield inside


@dataclass(frozen=True)
class Use:
    """One place of a drawing that looks something up. ``key`` gives what is looked for, ``value`` what is found."""

    node: str
    table: str
    column: str
    key: Compiled
    value: Compiled
    lines: tuple[Lines, ...] = ()


@dataclass
class Need:
    """One key: how often it is asked for, by how many records, what money that stands for, and its row's value."""

    key: str
    count: int = 0
    records: dict[str, str] = field(default_factory=dict)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    value: str | None = None


def uses(flow: Flow) -> list[Use]:
    """Every look-up of a drawing in one of its tables; what cannot be compiled is left to ``plan.check``."""
    found: list[Use] = []
    for node in flow.nodes:
        if not node.disabled:
            found += _inside(flow, node.id, node.settings, ())
    return found


def needs(found: Sequence[Use], arrivals: Mapping[str, Iterable[Record]], run: Mapping[str, Any]) -> dict[
    tuple[str, str], dict[str, Need]
]:  # fmt: skip
    """(table, column) → key → Need, of the records that arrived at each node."""
    asked: dict[tuple[str, str], dict[str, Need]] = {}
    for use in found:
        keys = asked.setdefault((use.table, use.column), {})
        for record in arrivals.get(use.node, ()):
            whole = Scope(record, run=run)
            for scope in _scopes(whole, use.lines):
                _count(keys, use, scope, record)
    return asked


def _count(keys: dict[str, Need], use: Use, scope: Scope, record: Record) -> None:
    try:
        wanted = use.key(scope)
    except (RecordRejected, Held):
        return
    if wanted in (None, "") or isinstance(wanted, dict | list):
        return
    key = as_text(wanted).strip()
    need = keys.setdefault(key.casefold(), Need(key))
    need.count += 1
    need.records.setdefault(record.key, record.title or record.key)
    try:
        value = use.value(scope)
    except (RecordRejected, Held):
        value = None
    need.value = need.value if value in (None, "") else as_text(value)
    paid = causes.money(scope.data)
    if paid is not None:
        amount, currency = paid
        currency = currency or _currency(record)
        need.amounts[currency] = need.amounts.get(currency, Decimal(0)) + amount


def _currency(record: Record) -> str:
    """The currency of the document, of the record itself or of what it was made from."""
    for data in (record.data, *record.steps.values()):
        found = causes.currency(data)
        if found:
            return found
    return ""


def _scopes(scope: Scope, lines: Sequence[Lines]) -> Iterator[Scope]:
    if not lines:
        yield scope
        return
    first, *rest = lines
    for inside in first.scopes(scope):
        yield from _scopes(inside, rest)


def _inside(flow: Flow, node: str, document: Any, lines: tuple[Lines, ...]) -> Iterator[Use]:
    if isinstance(document, list):
        for one in document:
            yield from _inside(flow, node, one, lines)
        return
    if not isinstance(document, dict):
        return
    if document.get("kind") == "path":
        yield from _calls(flow, node, document, lines)
    if isinstance(document.get("lines"), str) and isinstance(document.get("rows"), list):
        try:
            where = document.get("where")
            term = None if where is None else bind(_condition.validate_python(where), flow.tables)
            lines = (*lines, Lines(Source(document["lines"]), term))
        except (PathError, DefinitionError, ValueError):
            return
    for value in document.values():
        yield from _inside(flow, node, value, lines)


def _calls(flow: Flow, node: str, document: dict[str, Any], lines: tuple[Lines, ...]) -> Iterator[Use]:
    calls = document.get("then") or []
    for place, call in enumerate(calls):
        if not isinstance(call, dict) or call.get("function") != "lookup":
            continue
        args = {name: value for name, value in (call.get("args") or {}).items() if name != "default"}
        table = str((args.get("table") or {}).get("value") or "")
        if table not in flow.tables:
            continue
        column = str((args.get("column") or {}).get("value") or flow.tables[table].columns[1])
        silent = {**call, "args": {**args, "missing": {"kind": "constant", "value": "empty"}}}
        base = {"kind": "path", "path": document.get("path"), "may_be_empty": True}
        try:
            key = PathValue.model_validate({**base, "then": calls[:place]})
            value = PathValue.model_validate({**base, "then": [*calls[:place], silent]})
            yield Use(
                node,
                table,
                column,
                compile_value(key, flow.tables),
                compile_value(value, flow.tables),
                lines,
            )
        except (DefinitionError, ValueError):
            continue
