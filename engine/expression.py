"""Values that are made from a record: paths, constants and chains of functions.

A Value says where a value starts and which functions it then passes through:
``{"kind": "path", "path": "$.Account.Name", "then": [{"function": "upper"}]}``. The document is the model:
what the mapping screen shows is exactly this, so reopening loses nothing. ``compile_value`` makes one
Python closure of it; nothing is ever evaluated as code.

Paths are JSONPath. ``$`` is the record's current data; ``$steps.<node id>`` reaches results of earlier
nodes (the record as it was read, the answer of a write, a looked-up row); ``$key`` and ``$title`` are the
record's own, ``$run.started`` is the time at which the run began. Inside ``lines``, ``$`` is the line and
``$parent`` what is around it (``$parent.$parent`` around that); a record made by split has a ``$parent`` too.

Three kinds of nothing. *Missing*: the path leads nowhere. *Null*: the system answered "no value". *Blank*:
the text ``""``. All three are **empty**: unless «may be empty» is ticked or a default is given, the record
is rejected, so nothing empty slips into the books unseen. With «may be empty», missing and null become null
and blank stays blank. A default stands in for all three. False, 0, a blank space and an empty list are values.
Empty values pass through functions unchanged, except through those made for them (default if empty, length…).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from engine.chain import Compiled, Step, same
from engine.errors import DefinitionError, Problem
from engine.flow import Document
from engine.functions import (
    FUNCTIONS,
    Argument,
    BadInput,
    Function,
    Table,
    Tables,
    exact,
    fits,
    show,
    tables_of,
    type_of,
)
from engine.path import MISSING, PathError
from engine.scope import Get, Place, Scope, Source
from engine.shape import ValueType


class Call(Document):
    """One function of the library (engine.functions), applied to the value so far."""

    function: str
    args: dict[str, Value] = {}


class PathValue(Document):
    """A value from the record. An empty one is an error unless ``may_be_empty`` or ``default`` is set."""

    kind: Literal["path"] = "path"
    path: str
    may_be_empty: bool = False
    default: Value | None = None
    then: list[Call] = []


class ConstantValue(Document):
    kind: Literal["constant"] = "constant"
    value: Any = None
    then: list[Call] = []


Value = Annotated[PathValue | ConstantValue, Field(discriminator="kind")]

Call.model_rebuild()
PathValue.model_rebuild()


def compile_value(value: Value, tables: Tables | None = None, field: str = "") -> Compiled:
    """Makes a closure of a Value, once per drawing.

    ``tables`` are the flow's, by id (indexed ones are taken as they are); ``field`` locates the value within the settings, for Problems. Raises
    DefinitionError with every Problem found: path syntax, unknown functions, tables, columns, arguments.
    """
    problems: list[Problem] = []
    compiled = _compile(value, tables_of(tables or {}), field, problems)
    if problems:
        raise DefinitionError(problems)
    return compiled


def check_value(value: Value, tables: Tables | None = None, field: str = "") -> list[Problem]:
    """What is wrong with a value, without an exception."""
    try:
        compile_value(value, tables, field)
    except DefinitionError as error:
        return error.problems
    return []


def _compile(value: Value, tables: Mapping[str, Table], field: str, problems: list[Problem]) -> Compiled:
    sources: list[str] = []
    start: Get
    kind: ValueType = "any"
    default = None
    constant: Any = MISSING
    place: Place | None = None
    required = False
    if isinstance(value, ConstantValue):
        constant = exact(value.value)
        label = show(constant)
        kind = type_of(constant)

        def start(_: Scope) -> Any:
            return constant

    else:
        sources.append(value.path)
        if value.default is not None:
            default = _compile(value.default, tables, _at(field, "default"), problems)
            sources.extend(default.sources)
        try:
            source = Source(value.path)
        except PathError as error:
            problems.append(
                Problem("E-PATH", str(error), "Pick the field from the list.", field=_at(field, "path"))
            )
            source = Source("$")
        label = source.label
        place, required = source.place, not value.may_be_empty and default is None
        start = source.required() if required else source.optional()
    steps: list[Step] = []
    for number, call in enumerate(value.then):
        step = _step(call, kind, tables, _at(field, f"then.{number}"), problems)
        if step is not None:
            steps.append(step)
            kind = step.function.output
            sources.extend(step.sources)
    return Compiled(
        label, start, tuple(steps), kind, tuple(sources), default,
        constant=constant, place=place, required=required,
    )  # fmt: skip


def _at(field: str, part: str) -> str:
    return f"{field}.{part}" if field else part


def _step(
    call: Call, arriving: ValueType, tables: Mapping[str, Table], field: str, problems: list[Problem]
) -> Step | None:
    function = FUNCTIONS.get(call.function)
    if function is None:
        near = difflib.get_close_matches(call.function, FUNCTIONS, 1)
        cure = f"Did you mean {near[0]}?" if near else "Choose one from the list."
        problems.append(
            Problem(
                "E-FUNCTION", f"There is no function {call.function}.", cure, field=_at(field, "function")
            )
        )
        return None
    before = len(problems)
    if not fits(arriving, function.input.type):
        problems.append(
            Problem(
                "E-ARGUMENT",
                f"«{function.title}» cannot take what arrives there ({arriving}).",
                "Take it out, or put a step before it that makes a fitting value.",
                field=field,
            )
        )
    for name in call.args.keys() - {argument.name for argument in function.arguments}:
        problems.append(
            Problem(
                "E-ARGUMENT",
                f"«{function.title}» has no argument {name}.",
                "Take it out.",
                field=_at(field, f"args.{name}"),
            )
        )
    sources: list[str] = []
    arguments: list[Any] = []
    for argument in function.arguments:
        where = _at(field, f"args.{argument.name}")
        value = call.args.get(argument.name)
        if value is None and argument.kind.dated and any(getattr(one, "dated", False) for one in arguments):
            value = PathValue(path=argument.kind.dated, may_be_empty=True)
        given = _given(function, argument, value, tables, where, problems)
        arguments.append(given)
        if isinstance(given, Compiled):
            sources.extend(given.sources)
    if function.check is not None and len(problems) == before:
        try:
            function.check(
                {arg.name: given for arg, given in zip(function.arguments, arguments, strict=True)}
            )
        except BadInput as error:
            problems.append(
                Problem("E-ARGUMENT", f"«{function.title}»: {error}.", "Choose another value.", field=field)
            )
    return Step(function, arguments, tuple(sources))


def _given(
    function: Function,
    argument: Argument,
    value: Value | None,
    tables: Mapping[str, Table],
    field: str,
    problems: list[Problem],
) -> Any:
    """An argument ready for use: a fixed value as it is, anything else as a Compiled."""

    def wrong(message: str, cure: str) -> None:
        problems.append(Problem("E-ARGUMENT", message, cure, field=field))

    if value is None:
        if argument.required:
            wrong(f"«{function.title}» lacks {argument.title.lower()}.", "Fill it in.")
        return partial(same, argument.default) if argument.kind.lazy else argument.fallback()
    fixed = isinstance(value, ConstantValue) and not value.then
    if argument.kind.constant and not fixed:
        wrong(
            f"{argument.title} of «{function.title}» must be fixed, it cannot come from the record.",
            "Choose it.",
        )
        return None
    if not fixed or argument.kind.lazy:
        compiled = _compile(value, tables, field, problems)
        if not argument.kind.lazy and not fits(compiled.type, argument.kind.type):
            wrong(
                f"{argument.title} of «{function.title}» cannot be {compiled.type}.",
                f"Give it a value of the type {argument.kind.type}.",
            )
        return compiled
    constant = exact(value.value)  # type: ignore[union-attr] # fixed says that it is a constant
    if argument.kind.widget == "table":
        if constant not in tables:
            wrong(f"The flow has no lookup table {show(constant)}.", "Choose a table, or make one.")
            return None
        return tables[constant]
    if constant is None and not argument.required:
        return argument.fallback()
    try:
        return argument.kind.convert(constant)
    except BadInput as error:
        wrong(f"{argument.title} of «{function.title}»: {error}.", "Choose another value.")
        return None
