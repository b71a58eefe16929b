"""Values at work: closures that take a value out of a scope and pass it through functions, step by step.

This plain reading is the reference, and the form that explains itself; engine.quick writes the same as one
Python function for the loop over records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from engine.functions import Argument, BadInput, Function, refusal
from engine.path import MISSING
from engine.scope import Get, Place, Scope
from engine.shape import ValueType


class Compiled:
    """A value ready for use. ``get`` is the plain closure, for loops that count microseconds.

    type      what the value is, as far as the drawing tells
    sources   the paths that it reads, as they were written
    constant  what it starts with when that is fixed, else MISSING
    place     where it starts when that is nothing but nested fields; ``required``: nothing empty may be there

    Calling raises RecordRejected (something empty, or a function that cannot take what arrived) or Held (a
    lookup without a row); nothing else, whatever the record holds.
    """

    __slots__ = (
        "constant", "default", "get", "label", "place", "required", "sources", "start", "steps", "type",
    )  # fmt: skip

    def __init__(
        self,
        label: str,
        start: Get,
        steps: tuple[Step, ...],
        kind: ValueType,
        sources: tuple[str, ...],
        default: Compiled | None,
        *,
        constant: Any = MISSING,
        place: Place | None = None,
        required: bool = False,
    ) -> None:
        self.label = label
        self.start = start
        self.steps = steps
        self.type = kind
        self.sources = sources
        self.default = default
        self.constant = constant
        self.place = place
        self.required = required
        self.get: Get = _chain(start if default is None else _or(start, default.get), steps)

    def __call__(self, scope: Scope) -> Any:
        return self.get(scope)

    @property
    def fixed(self) -> Any:
        """The value where it is equal for every record, else MISSING."""
        return self.constant if not self.steps and self.default is None else MISSING

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


class Step:
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


def same(value: Any) -> Any:
    return value


def _or(start: Get, default: Get) -> Get:
    def get(scope: Scope) -> Any:
        value = start(scope)
        return default(scope) if value is None or value == "" else value

    return get


def _chain(start: Get, steps: tuple[Step, ...]) -> Get:
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
