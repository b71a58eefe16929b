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
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

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
    refusal,
    show,
    tables_of,
    type_of,
)
from engine.path import PathError
from engine.scope import Get, Scope, Source
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


class Compiled:
    """A value ready for use. ``get`` is the plain closure, for loops that count microseconds.

    type     what the value is, as far as the drawing tells
    sources  the paths that it reads, as they were written

    Calling raises RecordRejected (something empty, or a function that cannot take what arrived) or Held (a
    lookup without a row); nothing else, whatever the record holds.
    """

    __slots__ = ("default", "get", "label", "sources", "start", "steps", "type")

    def __init__(
        self,
        label: str,
        start: Get,
        steps: tuple[_Step, ...],
        kind: ValueType,
        sources: tuple[str, ...],
        default: Compiled | None,
    ) -> None:
        self.label = label
        self.start = start
        self.steps = steps
        self.type = kind
        self.sources = sources
        self.default = default
        self.get: Get = _chain(start if default is None else _or(start, default.get), steps)

    def __call__(self, scope: Scope) -> Any:
        return self.get(scope)

    def explain(self, scope: Scope) -> tuple[Any, list[dict[str, Any]]]:
        """The same value, and how it came to be: ``[{"did": "Account.Name", "value": …}, {"did": "upper", …}]``.

        A step with arguments has them under ``with``; a lookup names the ``table`` and the ``row``, from 1.
        Where a default stood in, the empty value comes first, then ``{"did": "default", …}``.
        """
        told = list(self.tell(scope))
        return told[-1]["value"], told

    def tell(self, scope: Scope) -> Iterator[dict[str, Any]]:
        """The steps of ``explain`` one by one, so that those before a refusal are not lost."""
        value = self.start(scope)
        yield {"did": self.label, "value": value}
        if self.default is not None and (value is None or value == ""):
            did = "default"
            for told in self.default.tell(scope):
                value = told["value"]
                yield {**told, "did": did or told["did"]}
                did = ""
        for step in self.steps:
            before = value
            value = step.apply(value, scope)
            yield {"did": step.function.name, "value": value, **step.details(before, scope)}


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
        start = source.optional() if value.may_be_empty or default is not None else source.required()
    steps: list[_Step] = []
    for number, call in enumerate(value.then):
        step = _step(call, kind, tables, _at(field, f"then.{number}"), problems)
        if step is not None:
            steps.append(step)
            kind = step.function.output
            sources.extend(step.sources)
    return Compiled(label, start, tuple(steps), kind, tuple(sources), default)


class _Step:
    """One call in a chain: its function, and getters of its arguments, constants worked out beforehand."""

    __slots__ = ("apply", "arguments", "function", "sources")

    def __init__(self, function: Function, arguments: list[Compiled | Any], sources: tuple[str, ...]) -> None:
        self.function = function
        self.arguments = arguments
        self.sources = sources
        self.apply = (
            self._fixed() if not any(isinstance(arg, Compiled) for arg in arguments) else self._moving
        )

    def _fixed(self) -> Callable[[Any, Scope], Any]:
        function, args = self.function, tuple(self.arguments)
        call, convert, takes_empty = function.call, function.input.convert, function.takes_empty

        def apply(value: Any, scope: Scope) -> Any:
            if not takes_empty and (value is None or value == ""):
                return value
            try:
                return call(convert(value), *args)
            except (BadInput, ArithmeticError, ValueError) as error:
                raise refusal(function, value, error, scope.label()) from error

        return apply

    def _moving(self, value: Any, scope: Scope) -> Any:
        function = self.function
        if not function.takes_empty and (value is None or value == ""):
            return value
        try:
            return function.call(function.input.convert(value), *self._args(scope))
        except (BadInput, ArithmeticError, ValueError) as error:
            raise refusal(function, value, error, scope.label()) from error

    def _args(self, scope: Scope) -> list[Any]:
        return [
            _argument(argument, given, scope) if isinstance(given, Compiled) else given
            for argument, given in zip(self.function.arguments, self.arguments, strict=True)
        ]

    def details(self, value: Any, scope: Scope) -> dict[str, Any]:
        """What an explanation says besides the result; nothing where an empty value passed by."""
        if not self.function.takes_empty and (value is None or value == ""):
            return {}
        named = zip(self.function.arguments, self._args(scope), strict=True)
        shown = {
            argument.name: given
            for argument, given in named
            if not argument.kind.lazy and isinstance(given, (str, int, Decimal, bool))
        }
        told: dict[str, Any] = {"with": shown} if shown else {}
        if self.function.detail is not None:
            told |= self.function.detail(self.function.input.convert(value), *self._args(scope))
        return told


def _argument(argument: Argument, given: Compiled, scope: Scope) -> Any:
    if argument.kind.lazy:
        return partial(given.get, scope)
    value = given.get(scope)
    if value is None and not argument.required:
        return argument.fallback()
    try:
        return argument.kind.convert(value)
    except BadInput as error:
        raise BadInput(f"{argument.title}: {error}") from error


def _at(field: str, part: str) -> str:
    return f"{field}.{part}" if field else part


def _step(
    call: Call, arriving: ValueType, tables: Mapping[str, Table], field: str, problems: list[Problem]
) -> _Step | None:
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
    return _Step(function, arguments, tuple(sources))


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
        return partial(_same, argument.default) if argument.kind.lazy else argument.fallback()
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


def _same(value: Any) -> Any:
    return value


def _or(start: Get, default: Get) -> Get:
    def get(scope: Scope) -> Any:
        value = start(scope)
        return default(scope) if value is None or value == "" else value

    return get


def _chain(start: Get, steps: tuple[_Step, ...]) -> Get:
    if not steps:
        return start
    if len(steps) == 1:
        apply = steps[0].apply
        return lambda scope: apply(start(scope), scope)
    applies = tuple(step.apply for step in steps)

    def get(scope: Scope) -> Any:
        value = start(scope)
        for apply in applies:
            value = apply(value, scope)
        return value

    return get
