"""The rows of a mapping: the documents, and the closures they become.

A row fills one target field. A row with ``lines`` fills a list field, one object for each line of the
source; its own rows see the line as ``$`` and the record as ``$parent``. Targets with dots are nested:
``DISPLAYCONTACT.PRINTAS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Discriminator, Field, Tag

from engine.binding import bind
from engine.chain import Compiled
from engine.conditions import Condition
from engine.errors import DefinitionError, HeddleError, Held, Problem, RecordRejected
from engine.expression import ConstantValue, Value, compile_value
from engine.flow import Document, spelled
from engine.functions import Tables
from engine.path import PathError
from engine.scope import Get, Place, Scope, Source
from engine.shape import Field as ShapeField
from engine.terms import Term

When = Annotated[
    Literal["always", "create", "update", "not_empty"],
    BeforeValidator(spelled),
    Field(
        title="When",
        description="Always; only when the object is created; only when it is updated; or only when there "
        "is a value, so that an empty one never overwrites what stands there.",
    ),
]


class FieldRow(Document):
    """Fills one target field with a value."""

    target: str = Field(
        title="Target field",
        description="The field to fill; dots lead into nested fields.",
        json_schema_extra={"x-widget": "field", "x-of": "entity"},
    )
    value: Value = Field(
        title="Value", description="Where the value comes from.", json_schema_extra={"x-widget": "value"}
    )
    when: When = "always"


class LinesRow(Document):
    """Fills a list field of the target, one object for each line of the source."""

    target: str = Field(
        title="Target list",
        description="The list field to fill.",
        json_schema_extra={"x-widget": "field", "x-of": "entity"},
    )
    lines: str = Field(
        title="Lines",
        description="The list in the source, like $.Lines.",
        json_schema_extra={"x-widget": "path"},
    )
    rows: list[Row] = Field(
        default=[],
        title="Fields of a line",
        description="How each line is filled; $ is the line and $parent the record.",
        json_schema_extra={"x-widget": "mapping"},
    )
    where: Condition | None = Field(
        default=None,
        title="Only lines where",
        description="Lines for which this is not true are left out.",
        json_schema_extra={"x-widget": "condition"},
    )
    when: When = "always"


def _row_kind(row: Any) -> str:
    is_lines = "lines" in row if isinstance(row, dict) else isinstance(row, LinesRow)
    return "lines" if is_lines else "field"


Row = Annotated[
    Annotated[FieldRow, Tag("field")] | Annotated[LinesRow, Tag("lines")], Discriminator(_row_kind)
]

LinesRow.model_rebuild()


class Filler(NamedTuple):
    """A row ready for use. ``parents`` lead to the object that holds ``name``."""

    name: str
    parents: tuple[str, ...]
    get: Get
    only_filled: bool
    target: str
    row: int
    when: str
    value: Compiled | Lines


@dataclass(frozen=True, slots=True)
class Lines:
    """The compiled inside of a LinesRow. ``place``: where the list is, if nothing but nested fields lead there."""

    source: Get
    place: Place | None
    required: bool
    fillers: tuple[Filler, ...]
    label: str
    where: Term | None

    def scopes(self, scope: Scope) -> Iterator[Scope]:
        """A scope for each line. Raises RecordRejected when there is no list."""
        lines = self.source(scope)
        if lines is None:
            return
        if not isinstance(lines, list):
            raise RecordRejected(f"{scope.label()}: {self.label} is not a list of lines.", code="E-VALUE")
        for number, line in enumerate(lines, 1):
            inside = scope.inside(line, number)
            if self.where is None or self.where.holds(inside):
                yield inside

    def get(self, scope: Scope) -> list[dict[str, Any]]:
        return [fill(self.fillers, line) for line in self.scopes(scope)]


def fill(fillers: tuple[Filler, ...], scope: Scope) -> dict[str, Any]:
    """The target object of a scope. Raises the first RecordRejected or Held."""
    data: dict[str, Any] = {}
    for name, parents, get, only_filled, _, _, _, _ in fillers:
        value = get(scope)
        if only_filled and (value is None or value in ("", [])):
            continue
        if parents:
            place = data
            for parent in parents:
                place = place.setdefault(parent, {})
            place[name] = value
        else:
            data[name] = value
    return data


def refusals(
    fillers: tuple[Filler, ...], scope: Scope, prefix: str = ""
) -> Iterator[tuple[str, HeddleError]]:
    """Every (target, error) of a scope: what ``fill`` would raise one by one."""
    for filler in fillers:
        target = f"{prefix}{filler.target}"
        try:
            if isinstance(filler.value, Lines):
                for line in filler.value.scopes(scope):
                    yield from refusals(filler.value.fillers, line, f"{target}[{line.line}].")
            else:
                filler.get(scope)
        except (RecordRejected, Held) as error:
            yield target, error


Note = Callable[..., None]


def explain(fillers: tuple[Filler, ...], scope: Scope, note: Note, prefix: str = "", **where: int) -> None:
    """Notes for each field how its value came to be: ``field``, ``steps``, and the index of its ``row``.

    Fields of lines have the place of the ``line`` (from 1) and of the row within it (``sub``) besides.
    """
    for filler in fillers:
        field = f"{prefix}{filler.target}"
        at = {**where, "sub" if "row" in where else "row": filler.row}
        steps: list[dict[str, Any]] = []
        try:
            if isinstance(filler.value, Lines):
                for line in filler.value.scopes(scope):
                    inside = f"{field}[{line.line}]."
                    explain(filler.value.fillers, line, note, inside, row=at["row"], line=line.line)
                continue
            for step in filler.value.tell(scope):
                steps.append(step)
        except (RecordRejected, Held) as error:
            note(field=field, steps=steps, error=error.as_json(), **at)
        else:
            note(field=field, steps=steps, **at)


def compile_rows(
    rows: list[FieldRow | LinesRow],
    tables: Tables,
    field: str,
    problems: list[Problem],
    inside: bool = False,
    crossed: bool = False,
) -> tuple[Filler, ...]:
    """Closures of the rows; what is wrong with them is added to ``problems``.

    inside   they fill lines      crossed  whose list is not one of the line around them, but lies elsewhere
    """
    fillers: list[Filler] = []
    seen: dict[str, int] = {}
    for index, row in enumerate(rows):
        where = f"{field}.{index}"
        _judge_target(row, where, seen, inside, problems)
        seen.setdefault(row.target, index)
        *parents, name = row.target.split(".")
        try:
            value = (
                _compile_lines(row, tables, where, problems, inside, crossed)
                if isinstance(row, LinesRow)
                else compile_value(_tolerant(row), tables, f"{where}.value")
            )
        except DefinitionError as error:
            problems.extend(error.problems)
            continue
        except PathError as error:
            problems.append(
                Problem("E-PATH", str(error), "Pick the list from the record.", field=f"{where}.lines")
            )
            continue
        fillers.append(
            Filler(
                name, tuple(parents), value.get, row.when == "not_empty", row.target, index, row.when, value
            )
        )
    return tuple(fillers)


def _tolerant(row: FieldRow) -> Value:
    """The value of a row that is left out when empty: nothing may be missing there."""
    if row.when != "not_empty" or isinstance(row.value, ConstantValue):
        return row.value
    return row.value.model_copy(update={"may_be_empty": True})


def _compile_lines(
    row: LinesRow, tables: Tables, where: str, problems: list[Problem], inside: bool, crossed: bool
) -> Lines:
    source = Source(row.lines)
    elsewhere = inside and row.lines.strip().startswith(("$parent", "$steps", "$run"))
    if elsewhere and crossed:
        problems.append(
            Problem(
                "E-CROSS",
                "Lists that do not lie within each other are multiplied more than once, which may take for ever.",
                "Take the inner list from the line around it ($), or fill it in a step of its own.",
                field=f"{where}.lines",
            )
        )
    fillers = compile_rows(
        row.rows, tables, f"{where}.rows", problems, inside=True, crossed=crossed or elsewhere
    )
    required = row.when != "not_empty"
    get = source.required() if required else source.optional()
    where_term = None if row.where is None else bind(row.where, tables, f"{where}.where")
    return Lines(get, source.place, required, fillers, source.label, where_term)


def _judge_target(
    row: FieldRow | LinesRow, where: str, seen: dict[str, int], inside: bool, problems: list[Problem]
) -> None:
    def wrong(message: str, cure: str, part: str = "target") -> None:
        problems.append(Problem("E-TARGET", message, cure, field=f"{where}.{part}"))

    if not all(row.target.split(".")):
        wrong("A row of the mapping has no target field.", "Choose the field that it fills.")
    elif row.target in seen:
        wrong(f"{row.target} is filled twice.", "Delete one of the two rows.")
    else:
        for other in seen:
            shorter, longer = sorted((other, row.target), key=len)
            if longer.startswith(f"{shorter}."):
                wrong(
                    f"{shorter} is filled as a whole, and {longer} inside it as well.",
                    "Keep the one or the other.",
                )
    if inside and row.when in ("create", "update"):
        wrong(
            f"{row.target} inside a line cannot depend on whether the document is new.",
            "Set the condition on the whole list.",
            "when",
        )


def shape_of(fillers: tuple[Filler, ...]) -> tuple[ShapeField, ...]:
    """The fields that rows make, with their types as far as the drawing tells."""
    tree: dict[str, Any] = {}
    for filler in fillers:
        place = tree
        for parent in filler.parents:
            place = place.setdefault(parent, {})
        place[filler.name] = filler
    return _fields(tree)


def _fields(tree: dict[str, Any]) -> tuple[ShapeField, ...]:
    return tuple(
        ShapeField(name=name, type="object", fields=_fields(branch))
        if isinstance(branch, dict)
        else ShapeField(name=name, type="lines", fields=shape_of(branch.value.fillers))
        if isinstance(branch.value, Lines)
        else ShapeField(name=name, type=branch.value.type)
        for name, branch in tree.items()
    )
