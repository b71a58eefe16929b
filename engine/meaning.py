"""What S-FEEL trees compute: values, arithmetic and comparison with null standing for "cannot be told".

Numbers are decimals of 34 digits (IEEE 754-2008 decimal128, as DMN asks). An operation on values that do not
fit, a division by zero or an overflow gives null, never an exception; but a text beyond LONGEST rejects the record.
Source: OMG DMN 1.3, 10.3.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, NamedTuple

from engine.errors import RecordRejected
from engine.feel import Constant, Invocation, Listing, Member, Name, Test, Tests, Tree
from engine.moments import shifted

Names = Mapping[str, Any]
"""What names mean where a tree is evaluated; functions are callables that take a list of arguments."""

LONGEST = 1_000_000
"""Characters of a text that is put together."""

EXACT = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[])


class Months(NamedTuple):
    """A duration of years and months."""

    months: int


_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<years>\d{1,9})Y)?(?:(?P<months>\d{1,9})M)?(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?"
)


def kind(value: Any) -> str:
    """The FEEL type of a value, as comparisons tell values apart."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    for name, types in _KINDS:
        if isinstance(value, types):
            return name
    return "unknown"


_KINDS: tuple[tuple[str, Any], ...] = (
    ("number", (Decimal, int)),
    ("string", str),
    ("date and time", datetime),
    ("date", date),
    ("time", time),
    ("days and time duration", timedelta),
    ("years and months duration", Months),
    ("list", list),
    ("context", dict),
)
_ORDERED = {name for name, _ in _KINDS} - {"list", "context"}


def evaluate(tree: Tree, names: Names) -> Any:
    """The value of a tree."""
    if isinstance(tree, Constant):
        return tree.value
    if isinstance(tree, Name):
        return names.get(tree.name)
    if isinstance(tree, Member):
        return member(evaluate(tree.of, names), tree.name)
    if isinstance(tree, Listing):
        return [evaluate(item, names) for item in tree.items]
    if isinstance(tree, Invocation):
        return invoke(tree, names)
    if tree.operator in ("and", "or"):
        return logical(tree.operator, *(evaluate(operand, names) for operand in tree.operands))
    operands = [evaluate(operand, names) for operand in tree.operands]
    if len(operands) == 1:
        return negated(operands[0])
    if tree.operator in _ARITHMETIC:
        return arithmetic(tree.operator, operands[0], operands[1])
    return compared(tree.operator, operands[0], operands[1])


def member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def invoke(tree: Invocation, names: Names) -> Any:
    """A built-in function, or one among the names; null when there is no such function."""
    arguments = [evaluate(argument, names) for argument in tree.arguments]
    if tree.function in _BUILT_IN and len(arguments) == 1:
        return _BUILT_IN[tree.function](arguments[0])
    function = names.get(tree.function)
    return function(arguments, tree.names) if callable(function) else None


def logical(operator: str, left: Any, right: Any) -> bool | None:
    """Three-valued: what is neither true nor false counts as unknown."""
    decisive = operator == "or"
    if left is decisive or right is decisive:
        return bool(decisive)
    return (not decisive) if left is (not decisive) and right is (not decisive) else None


def negated(value: Any) -> Any:
    if kind(value) == "number":
        return _number(EXACT.minus(Decimal(value)))
    if isinstance(value, timedelta):
        return -value
    return Months(-value.months) if isinstance(value, Months) else None


def compared(operator: str, left: Any, right: Any) -> bool | None:
    """A comparison; null when the values are of different types, or cannot be ordered."""
    if operator in ("=", "!="):
        same = equal(left, right)
        return same if operator == "=" or same is None else not same
    if kind(left) != kind(right) or kind(left) not in _ORDERED:
        return None
    try:
        return bool(_ORDER[operator](left, right))
    except TypeError:  # a time with a zone against one without
        return None


def equal(left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return left is right
    if kind(left) != kind(right):
        return None
    if isinstance(left, list):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    return bool(left == right)


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """``+ - * / **`` of numbers, ``+`` of texts, and what dates and durations allow."""
    kinds = (kind(left), kind(right))
    try:
        if kinds == ("number", "number"):
            return _number(_ARITHMETIC[operator](Decimal(left), Decimal(right)))
        if kinds == ("string", "string"):
            return _joined(left, right) if operator == "+" else None
        return _temporal(operator, left, right)
    except (ArithmeticError, TypeError, ValueError):
        return None


_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": EXACT.multiply,
    "/": EXACT.divide,
    "**": EXACT.power,
}


def _number(value: Decimal) -> Decimal | None:
    return value if value.is_finite() else None


def _joined(left: str, right: str) -> str:
    if len(left) + len(right) > LONGEST:
        raise RecordRejected(
            f"A text of more than {LONGEST:,} characters would come of it.",
            code="E-VALUE",
            cure="Put shorter texts together.",
        )
    return left + right


def _whole(number: Decimal) -> int:
    """Raises OverflowError for what is beyond every calendar, and beyond memory as a whole number."""
    if number.adjusted() > 24:
        raise OverflowError
    return int(number)


def _temporal(operator: str, left: Any, right: Any) -> Any:
    sign = {"+": 1, "-": -1}.get(operator)
    if isinstance(left, date) and isinstance(right, Months | timedelta) and sign:
        if isinstance(right, Months):
            return shifted(left, (abs(right.months), "months"), sign * (1 if right.months >= 0 else -1))
        return left + sign * right
    if isinstance(right, date) and isinstance(left, Months | timedelta) and operator == "+":
        return _temporal("+", right, left)
    if isinstance(left, date) and kind(left) == kind(right) and operator == "-":
        return left - right
    if isinstance(left, Months) and isinstance(right, Months) and sign:
        return Months(left.months + sign * right.months)
    if isinstance(left, timedelta) and isinstance(right, timedelta) and sign:
        return left + sign * right
    if isinstance(left, timedelta | Months) and kind(right) == "number" and operator in ("*", "/"):
        factor = right if operator == "*" else 1 / Decimal(right)
        if isinstance(left, Months):
            return Months(_whole(left.months * factor))
        return timedelta(microseconds=_whole(left // timedelta(microseconds=1) * factor))
    return None


def as_date(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def as_datetime(value: Any) -> datetime | None:
    """A time of a day in UTC; a text without a zone means UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(read, datetime):
            return None
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def as_time(value: Any) -> time | None:
    try:
        return time.fromisoformat(value) if isinstance(value, str) and ":" in value else None
    except ValueError:
        return None


def as_duration(value: Any) -> timedelta | Months | None:
    """``P1Y2M`` or ``P3DT4H``; years and months do not mix with days."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not found or value.endswith(("P", "T")):
        return None
    parts = {name: Decimal(text) for name, text in found.groupdict().items() if text and name != "sign"}
    sign = -1 if found["sign"] else 1
    if parts.keys() <= {"years", "months"}:
        return Months(sign * int(parts.get("years", 0) * 12 + parts.get("months", 0)))
    if parts.keys() & {"years", "months"}:
        return None
    try:
        seconds = parts.pop("seconds", Decimal(0))
        whole = {name: int(part) for name, part in parts.items()}
        return sign * timedelta(**whole, microseconds=int(seconds * 1_000_000))
    except OverflowError:
        return None


def _not(value: Any) -> bool | None:
    return not value if isinstance(value, bool) else None


_BUILT_IN: dict[str, Callable[[Any], Any]] = {
    "date": as_date,
    "date and time": as_datetime,
    "time": as_time,
    "duration": as_duration,
    "not": _not,
}


def fulfils(value: Any, tests: Tests, names: Names) -> bool | None:
    """Whether a value passes the tests of a cell; null when that cannot be told."""
    if tests.anything:
        return True
    outcome: bool | None = False
    for test in tests.alternatives:
        outcome = logical("or", outcome, _passes(value, test, names))
        if outcome is True:
            break
    return _not(outcome) if tests.negated else outcome


def _passes(value: Any, test: Test, names: Names) -> bool | None:
    low = evaluate(test.low, names)
    if test.operator == "in" and test.high is not None:
        above = compared(">=" if test.low_included else ">", value, low)
        below = compared("<=" if test.high_included else "<", value, evaluate(test.high, names))
        return logical("and", above, below)
    if test.operator == "=" and isinstance(low, list) and not isinstance(value, list):
        return any(equal(value, item) is True for item in low)
    return compared(test.operator, value, low)
