"""How a function joins the library: a plain, typed Python function under a decorator.

``@function("text", "Upper case", "ACME for Acme.")`` above ``def upper(value: Text) -> Text`` is all there is
to it. The first parameter is the value so far; the others are arguments, drawn as a small form. From the
annotations come the conversion of what arrives, the check of the drawing and the entry in the catalog.

Functions are pure and total: they answer, or raise BadInput with a reason (Held, for a lookup). They know
no clock, no locale of the machine and no binary floats.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from engine.errors import RecordRejected
from engine.path import MISSING, Path, PathError, parse_path
from engine.shape import ValueType

Group = Literal["text", "number", "date", "lookup", "list", "logic"]


WORDS = {
    "half-up": "Half up: 2.5 → 3",
    "half-even": "Half to even: 2.5 → 2",
    "up": "Up, away from zero",
    "down": "Down, towards zero",
    "multiply": "Multiply by the rate",
    "divide": "Divide by the rate",
    "earlier": "The earlier one",
    "later": "The later one",
    "ascending": "Smallest first",
    "descending": "Largest first",
    "hold": "Hold the record and ask",
    "error": "Refuse the record",
    "empty": "Leave it empty",
    "start": "At the start",
    "end": "At the end",
}
"""What the choices of arguments are called."""

TITLES = {"missing": "When there is no row", "on": "On which day", "mode": "How it is rounded"}
"""What arguments are called whose name alone does not say it."""


class BadInput(ValueError):
    """A value that a function cannot take; the message names the value and, where it can, the cure."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a parameter takes: its type in the catalog and how an arriving value becomes one.

    constant  fixed in the drawing, not taken from the record       lazy  handed over as a thunk
    widget    how the form offers it, where the type alone does not say
    """

    type: ValueType
    convert: Callable[[Any], Any]
    constant: bool = False
    lazy: bool = False
    widget: str | None = None
    dated: str = ""


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    title: str
    kind: Kind
    required: bool
    default: Any
    choices: tuple[str, ...] = ()

    def fallback(self) -> Any:
        """The default, converted as a given value is."""
        return self.default if self.default is None or self.kind.lazy else self.kind.convert(self.default)

    def card(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "type": self.kind.type,
            "required": self.required,
            "default": self.default,
            "choices": [{"value": one, "title": WORDS.get(one, one)} for one in self.choices],
            "constant": self.kind.constant,
            "widget": self.kind.widget,
        }


Quick = Callable[..., Callable[..., Any] | None]


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the library.

    takes_empty  it wants to see null and blank text too; otherwise those pass by unchanged
    check        looks at the constant arguments together when the drawing is checked; raises BadInput
    detail       what the explanation of a value says besides the result
    quick        given the arguments (MISSING for those that come from the record), an equal function of the value
                 and of those; it may raise anything where this one refuses. None where there is none. A number
                 that it answers is a finite Decimal.
    """

    name: str
    title: str
    group: Group
    help: str
    input: Kind
    output: ValueType
    arguments: tuple[Argument, ...]
    call: Callable[..., Any]
    takes_empty: bool
    check: Callable[[Mapping[str, Any]], None] | None
    detail: Callable[..., dict[str, Any]] | None
    quick: Quick | None

    def card(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "group": self.group,
            "help": self.help,
            "input": self.input.type,
            "output": self.output,
            "args": [argument.card() for argument in self.arguments],
        }


FUNCTIONS: dict[str, Function] = {}


def function(
    group: Group,
    title: str,
    help: str,
    *,
    takes_empty: bool = False,
    check: Callable[[Mapping[str, Any]], None] | None = None,
    detail: Callable[..., dict[str, Any]] | None = None,
    quick: Quick | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Puts a function into the library under its own name (a trailing ``_`` is dropped)."""

    def register(call: Callable[..., Any]) -> Callable[..., Any]:
        hints = get_type_hints(call, include_extras=True)
        parameters = list(inspect.signature(call).parameters.values())
        name = call.__name__.rstrip("_")
        FUNCTIONS[name] = Function(
            name=name,
            title=title,
            group=group,
            help=help,
            input=_kind(hints[parameters[0].name])[0],
            output=_kind(hints["return"])[0].type,
            arguments=tuple(_argument(parameter, hints[parameter.name]) for parameter in parameters[1:]),
            call=call,
            takes_empty=takes_empty,
            check=check,
            detail=detail,
            quick=quick,
        )
        return call

    return register


def _argument(parameter: inspect.Parameter, hint: Any) -> Argument:
    kind, choices = _kind(hint)
    required = parameter.default is inspect.Parameter.empty
    name = parameter.name.rstrip("_")
    return Argument(
        name=name,
        title=TITLES.get(name) or name.replace("_", " ").capitalize(),
        kind=kind,
        required=required,
        default=None if required else parameter.default,
        choices=choices,
    )


def _kind(hint: Any) -> tuple[Kind, tuple[str, ...]]:
    if get_origin(hint) is Literal:
        choices = get_args(hint)

        def choose(value: Any) -> str:
            if value not in choices:
                raise BadInput(f"{show(value)} is none of {', '.join(choices)}")
            return str(value)

        return Kind("choice", choose, constant=True), choices
    return next(part for part in get_args(hint) if isinstance(part, Kind)), ()


def show(value: Any) -> str:
    """A value as it appears in a message: short, and in quotes when it is text."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, dict)):
        return f"a list of {len(value)}" if isinstance(value, list) else "a group of fields"
    text = str(value)
    return f"«{text if len(text) <= 60 else text[:59] + '…'}»"


def refusal(function: Function, value: Any, error: Exception, label: str) -> RecordRejected:
    """What a record is told whose value a function could not take: «Renewal 14: «x» is not a number (Round).»"""
    reason = str(error) if isinstance(error, BadInput) else f"it cannot work with {show(value)}"
    return RecordRejected(
        f"{label}: {reason} ({function.title}).",
        code="E-VALUE",
        detail=f"{function.name}: {type(error).__name__}: {error}",
        cure="Correct the value at its source, or change the step in the mapping.",
    )


LARGEST_EXPONENT = 60
"""Numbers beyond 10^60 or below 10^-60 are refused: no ledger has them, and they exhaust memory as text."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)


def unchanged(value: Any) -> Any:
    return value


def as_text(value: Any) -> str:
    """Text as it is; numbers exactly and without exponent; yes/no as ``true`` and ``false``."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal, float)):
        return f"{as_number(value):f}"
    if value is None:
        return ""
    raise BadInput(f"{show(value)} is not one text; take one field or one element of it")


def as_number(value: Any) -> Decimal:
    """Exact number; text only in the plain form ``-1234.5``."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()) and len(value) < 200:
        number = Decimal(value.strip())
    elif isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 220:
        number = Decimal(value)
    elif isinstance(value, float):
        number = Decimal(repr(value))
    else:
        raise BadInput(f"{show(value)} is not a number; «To number» reads other spellings")
    if not number.is_finite() or (number and abs(number.adjusted()) > LARGEST_EXPONENT):
        raise BadInput(f"{show(value)} is out of the range of numbers")
    return number


def as_integer(value: Any) -> int:
    number = as_number(value)
    if number != number.to_integral_value():
        raise BadInput(f"{show(value)} is not a whole number")
    return int(number)


def as_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise BadInput(f"{show(value)} is neither yes nor no; «To yes/no» reads words")


def as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if value is None or value == "":
        return []
    raise BadInput(f"{show(value)} is not a list")


def as_path(value: Any) -> Path:
    if isinstance(value, Path):
        return value
    try:
        return parse_path(as_text(value))
    except PathError as error:
        raise BadInput(str(error)) from error


def as_pairs(value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {as_text(key).strip(): stands_for for key, stands_for in value.items()}
    raise BadInput("the choices are not a list of pairs")


_PLAIN = frozenset({"text", "integer", "number", "money", "date", "datetime", "id", "reference", "choice"})


def fits(given: ValueType, wanted: ValueType) -> bool:
    """False only when it can never work: a list where one value belongs, or yes/no where a number does."""
    if "any" in (given, wanted) or given == wanted:
        return True
    if wanted == "text":
        return given in _PLAIN or given == "boolean"
    return given in _PLAIN and wanted in _PLAIN


def within(value: Any, path: Path) -> Any:
    """Value at a path inside one element of a list. Raises BadInput where there is none."""
    found = path.get(value)
    if found is MISSING:
        raise BadInput(f"an element of the list has no {path.text}")
    return found


Text = Annotated[str, Kind("text", as_text)]
Number = Annotated[Decimal, Kind("number", as_number)]
Money = Annotated[Decimal, Kind("money", as_number)]
Integer = Annotated[int, Kind("integer", as_integer)]
Flag = Annotated[bool, Kind("boolean", as_boolean)]
Items = Annotated[list[Any], Kind("lines", as_list)]
Anything = Annotated[Any, Kind("any", unchanged)]
Way = Annotated[Path, Kind("text", as_path, constant=True, widget="path")]
Pairs = Annotated[dict[str, Any], Kind("object", as_pairs, constant=True, widget="pairs")]
Later = Annotated[Callable[[], Any], Kind("any", unchanged, lazy=True)]
"""An argument that is worked out only when the function asks: a branch not taken cannot fail."""
