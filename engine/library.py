"""What flows share: rule sets, decision tables and lookup tables, and how a drawing takes a version of one.

A drawing holds a whole copy of what it uses, under ``shared:<slug>``, and a Pin that says which version the
copy is. So a published flow never changes, an exported one is complete, and nothing has to be fetched to
judge or run it; only a lookup table of more than ``LARGE`` rows stays in the library, and the drawing has
its head. This module knows no database: who has the documents hands them in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import ValidationError

from engine.decisions import DecisionTable, Table
from engine.errors import DefinitionError, Problem
from engine.flow import SHARED, Document, Flow, LookupTable, Pin, Rates
from engine.functions import BadInput
from engine.functions.rows import Index, cell
from engine.functions.signature import as_number
from engine.functions.table import loose
from engine.rules import RuleSet, check_rule_set

Kind = Literal["rules", "decision", "lookup"]
MODELS: dict[str, type[Document]] = {"rules": RuleSet, "decision": DecisionTable, "lookup": LookupTable}
PLACES: dict[str, str] = {"rules": "rules", "decision": "decisions", "lookup": "tables"}
"""Where a drawing keeps its copies of each kind."""

LARGE = 2_000
"""Rows of a lookup table up to which its copy is in the drawing."""

MAX_ROWS = 200_000


@dataclass(frozen=True)
class Issue:
    """One version of one thing in the library; ``document`` as it was canonically stored."""

    slug: str
    kind: Kind
    version: int
    title: str
    document: Mapping[str, Any]
    rows: int = 0

    @property
    def large(self) -> bool:
        return self.rows > LARGE

    def pin(self) -> Pin:
        return Pin(kind=self.kind, version=self.version, title=self.title, large=self.large)


Find = Callable[[str], Issue | None]
"""The newest version of what has this slug."""


def parse(kind: str, document: Any) -> Document:
    """The document as its kind. Raises DefinitionError with a Problem for each wrong place."""
    try:
        return MODELS[kind].model_validate(document)
    except ValidationError as error:
        problems = [
            Problem(
                "E-DOCUMENT",
                f"{'.'.join(str(part) for part in detail['loc']) or 'document'}: {detail['msg']}.",
                "Correct it.",
                field=".".join(str(part) for part in detail["loc"]),
            )
            for detail in error.errors()
        ]
        raise DefinitionError(problems) from error


def check(document: Document, tables: Mapping[str, LookupTable] | None = None) -> list[Problem]:
    """What is wrong with a rule set or table that stands alone; ``tables`` are those that it names."""
    if isinstance(document, RuleSet):
        return check_rule_set(document, tables)
    if isinstance(document, LookupTable):
        return check_lookup(document)
    assert isinstance(document, DecisionTable)
    blind = [
        Problem(
            "E-TABLE-INPUT",
            f"“{column.label()}” has no value to look at.",
            "Choose a field.",
            field=f"inputs.{at}.value",
        )
        for at, column in enumerate(document.inputs)
        if column.value is None and not column.expression.strip()
    ]
    try:
        Table(document)
    except DefinitionError as error:
        return [*error.problems, *blind]
    return blind


def check_lookup(table: LookupTable) -> list[Problem]:
    """Headings that are empty or there twice, and rows that are longer than the head."""
    problems = []
    for at, name in enumerate(table.columns):
        if not name.strip():
            problems.append(
                Problem("E-COLUMN", f"Column {at + 1} has no heading.", "Give it one.", field=f"columns.{at}")
            )
        elif name in table.columns[:at]:
            problems.append(
                Problem("E-COLUMN", f"Two columns are called «{name}».", "Rename one.", field=f"columns.{at}")
            )
    for at, row in enumerate(table.rows):
        if len(row) > len(table.columns):
            message = f"Row {at + 1} has more cells than there are columns."
            problems.append(Problem("E-COLUMN", message, "Take cells away.", field=f"rows.{at}"))
            break
    return problems or [*_check_days(table), *_check_rates(table)]


def _check_days(table: LookupTable) -> list[Problem]:
    """Days that are none, and rows of one key whose days overlap."""
    places = {}
    for name in (table.valid_from, table.valid_to):
        if name and name not in table.columns[1:]:
            message = f"There is no column «{name}» with days beside the key."
            return [Problem("E-COLUMN", message, "Choose one of the columns.", field="valid_from")]
        places[name] = table.columns.index(name) if name else None
    if not table.valid_from:
        return []
    problems = []
    for at, row in enumerate(table.rows):
        for place in places.values():
            text = cell(row, place)
            if text and not _is_day(text):
                message = f"Row {at + 1}: «{text}» is not a day like 2026-01-31."
                problems.append(Problem("E-LOOKUP-DAY", message, "Correct it.", field=f"rows.{at}"))
    first, last = places[table.valid_from], places[table.valid_to]
    rates = table.rates
    key = [0, *(table.columns.index(name) for name in _rate_keys(rates) if name in table.columns)]
    index = Index(table.rows, lambda line: "\x1f".join(loose(cell(line, at)) for at in key), first, last)
    for found, one, other in index.clashes():
        label = found.replace("\x1f", ", ")
        message = f"The rows {one + 1} and {other + 1} for “{label}” hold on the same days."
        cure = "Give them days that do not overlap."
        problems.append(Problem("E-LOOKUP-OVERLAP", message, cure, field=f"rows.{other}"))
    return problems[:50]


def _rate_keys(rates: Rates | None) -> list[str]:
    return [] if rates is None else [rates.to, *([rates.type] if rates.type else [])]


def _check_rates(table: LookupTable) -> list[Problem]:
    """Columns of rates that are not there, and rates that are no numbers above 0."""
    if table.rates is None:
        return []
    for name in (*_rate_keys(table.rates), table.rates.rate):
        if name not in table.columns:
            message = f"A table of rates needs the column «{name}»."
            return [Problem("E-COLUMN", message, "Add it, or name another.", field="rates")]
    place = table.columns.index(table.rates.rate)
    problems = []
    for at, row in enumerate(table.rows):
        text = cell(row, place)
        try:
            wrong = bool(text) and as_number(text) <= 0
        except BadInput:
            wrong = True
        if wrong:
            message = f"Row {at + 1}: «{text}» is not a rate above 0."
            problems.append(Problem("E-RATE-CELL", message, "Correct it.", field=f"rows.{at}"))
    return problems[:50]


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def named(document: Any) -> Iterator[str]:
    """The slugs of everything of the library that a document names, each once or many times."""
    if isinstance(document, str):
        if document.startswith(SHARED):
            yield document.removeprefix(SHARED)
    elif isinstance(document, Mapping):
        for child in document.values():
            yield from named(child)
    elif isinstance(document, Sequence) and not isinstance(document, bytes):
        for child in document:
            yield from named(child)


def copy_of(flow: Flow, slug: str) -> dict[str, Any] | None:
    """The drawing's copy of what it has pinned, None where there is none."""
    pin = flow.shared.get(slug)
    held = getattr(flow, PLACES[pin.kind]).get(SHARED + slug) if pin is not None else None
    return held.model_dump() if isinstance(held, LookupTable) else held


def take(flow: Flow, issue: Issue, find: Find) -> Flow:
    """The drawing with this version instead of the one it had, and with the tables that it names.

    Raises DefinitionError when a table that it names is not in the library.
    """
    place = PLACES[issue.kind]
    held: Any = dict(issue.document)
    if issue.kind == "lookup":
        held = LookupTable.model_validate({**held, "rows": [] if issue.large else held.get("rows", [])})
    changed = flow.model_copy(
        update={
            place: {**getattr(flow, place), SHARED + issue.slug: held},
            "shared": {**flow.shared, issue.slug: issue.pin()},
        }
    )
    for slug in dict.fromkeys(named(issue.document)):
        if slug in changed.shared:
            continue
        needed = find(slug)
        if needed is None:
            message = f"«{issue.title}» names the table «{slug}», which is not in the library."
            raise DefinitionError([Problem("E-SHARED-GONE", message, "Choose another table there.")])
        changed = take(changed, needed, find)
    return changed


def users(flow: Flow, slug: str) -> list[str]:
    """The nodes that use something of the library, directly or through a rule set that names it."""
    wanted = {slug}
    grown = True
    while grown:
        more = {
            other
            for other, pin in flow.shared.items()
            if other not in wanted
            and pin.kind != "lookup"
            and wanted & set(named(copy_of(flow, other) or {}))
        }
        wanted |= more
        grown = bool(more)
    return [node.id for node in flow.nodes if wanted & set(named(node.settings))]
