"""Numbers and money: exact Decimals, rounded only where the drawing says so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from functools import lru_cache
from operator import methodcaller
from typing import Any, Literal

from engine.functions.signature import (
    Anything,
    BadInput,
    Flag,
    Integer,
    Money,
    Number,
    Text,
    as_number,
    as_text,
    function,
    show,
)
from engine.path import MISSING

Mode = Literal["half-up", "half-even", "up", "down"]

ROUNDING = {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN, "up": ROUND_UP, "down": ROUND_DOWN}

_EXACT = Context(prec=600, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
"""Arithmetic that answers exactly or not at all. 600 digits hold the product of any two numbers taken in."""

MOST_DIGITS = 30

_UNIT = {digits: Decimal(1).scaleb(-digits) for digits in range(-MOST_DIGITS, MOST_DIGITS + 1)}
_ROUNDING = {mode: Context(prec=600, rounding=rounding) for mode, rounding in ROUNDING.items()}


def _moving(call: Callable[[Decimal, Decimal], Decimal], other: Any) -> Callable[..., Decimal]:
    """The bare calculation; with a fixed other side if there is one."""
    return call if other is MISSING else lambda value: call(value, other)


def total(numbers: list[Decimal]) -> Decimal:
    """The exact sum; 0 of nothing."""
    result = Decimal(0)
    for number in numbers:
        result = _EXACT.add(result, number)
    return result


def rounded(number: Decimal, digits: int, mode: str) -> Decimal:
    """Rounds to digits behind the point; negative digits round to tens, hundreds and so on."""
    if not -MOST_DIGITS <= digits <= MOST_DIGITS:
        raise BadInput(f"the number of digits must be between -{MOST_DIGITS} and {MOST_DIGITS}")
    result = number.quantize(_UNIT[digits], context=_ROUNDING[mode])
    return result if digits >= 0 else result.quantize(Decimal(1), context=_ROUNDING[mode])


def _round_to(digits: Any, mode: Any) -> Callable[[Decimal], Decimal] | None:
    if MISSING in (digits, mode) or not 0 <= digits <= MOST_DIGITS:
        return None
    return methodcaller("quantize", _UNIT[digits], None, _ROUNDING[mode])


def quotient(number: Decimal, by: Decimal, digits: int, mode: str) -> Decimal:
    """The exact quotient if it has an end, else rounded to digits."""
    if not by:
        raise BadInput(f"{show(number)} cannot be divided by zero")
    context = Context(prec=600, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Overflow])
    result = context.divide(number, by)
    return rounded(result, digits, mode) if context.flags[Inexact] else result


@function("number", "Add", "The sum of two numbers.", quick=lambda number: _moving(_EXACT.add, number))
def add(value: Number, number: Number) -> Number:
    return _EXACT.add(value, number)


@function(
    "number", "Subtract", "The value less a number.", quick=lambda number: _moving(_EXACT.subtract, number)
)
def subtract(value: Number, number: Number) -> Number:
    return _EXACT.subtract(value, number)


@function(
    "number",
    "Multiply",
    "The product of two numbers, unrounded.",
    quick=lambda by: _moving(_EXACT.multiply, by),
)
def multiply(value: Number, by: Number) -> Number:
    return _EXACT.multiply(value, by)


@function(
    "number", "Divide", "The quotient; one without an end is rounded to the digits. Zero rejects the record."
)
def divide(value: Number, by: Number, digits: Integer = 10, mode: Mode = "half-up") -> Number:
    return quotient(value, by, digits, mode)


@function("number", "Percent of", "So many percent of the value, unrounded: 19 of 200 is 38.")
def percent(value: Number, percent: Number) -> Number:
    return _EXACT.multiply(_EXACT.multiply(value, percent), Decimal("0.01"))


@function(
    "number",
    "Round",
    "To digits behind the point. half-up: 2.5 → 3 and -2.5 → -3 (as in bookkeeping); half-even: 2.5 → 2; "
    "up: away from zero; down: towards zero.",
    quick=_round_to,
)
def round_(value: Number, digits: Integer = 2, mode: Mode = "half-up") -> Number:
    return rounded(value, digits, mode)


@function("number", "Absolute", "Without its sign.")
def absolute(value: Number) -> Number:
    return value.copy_abs()


@function("number", "Negate", "With the opposite sign: for credit notes.")
def negate(value: Number) -> Number:
    return value.copy_negate() if value else value


@function("number", "At least", "The larger of two numbers.")
def maximum(value: Number, number: Number) -> Number:
    return max(value, number)


@function("number", "At most", "The smaller of two numbers.")
def minimum(value: Number, number: Number) -> Number:
    return min(value, number)


@function(
    "number",
    "Convert currency",
    "The amount in another currency, rounded. «multiply» when the rate says what one unit of the amount's "
    "currency costs in the other, «divide» when it is the other way round.",
)
def convert_currency(
    value: Money,
    rate: Number,
    direction: Literal["multiply", "divide"] = "multiply",
    digits: Integer = 2,
    mode: Mode = "half-up",
) -> Money:
    if rate <= 0:
        raise BadInput(f"{show(rate)} is not a rate; a rate is more than zero")
    if direction == "divide":
        exact = Context(prec=600, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Overflow]).divide(
            value, rate
        )
        return rounded(exact, digits, mode)
    return rounded(_EXACT.multiply(value, rate), digits, mode)


@function(
    "number",
    "To number",
    "Reads a number from text with the given separators: «1.234,50 €» with , and . is 1234.50. Currency "
    "signs and blanks are left out; groups must be of three digits, so «1,5» is never read as 15.",
)
def to_number(value: Anything, decimal: Text = ".", thousands: Text = ",") -> Number:
    if not isinstance(value, str):
        return as_number(value)
    return _read(value, decimal, thousands)


@lru_cache(maxsize=2048)
def _read(value: str, decimal: str, thousands: str) -> Decimal:
    if len(decimal) != 1 or len(thousands) > 1 or decimal == thousands:
        raise BadInput("the separators must be two different characters")
    text = "".join(char for char in value if unicodedata.category(char) not in ("Sc", "Zs") and char != "\t")
    text = text.replace("\u2212", "-")
    separator = "" if not thousands.strip() else re.escape(thousands)
    grouped = rf"\d{{1,3}}(?:{separator}\d{{3}})+|" if separator else ""
    pattern = rf"([+-]?)({grouped}\d+)?(?:{re.escape(decimal)}(\d*))?"
    match = re.fullmatch(pattern, text.strip(), re.ASCII)
    if match is None or not (match[2] or match[3]) or len(text) > 200:
        raise BadInput(f"{show(value)} is not a number with «{decimal}» before the decimals")
    whole = (match[2] or "0").replace(thousands, "") if thousands else match[2] or "0"
    return as_number(Decimal(f"{match[1]}{whole}.{match[3] or ''}".rstrip(".")))


@function("number", "Format number", "Text with fixed decimals and the given separators.")
def format_number(
    value: Number, digits: Integer = 2, decimal: Text = ".", thousands: Text = "", mode: Mode = "half-up"
) -> Text:
    if digits < 0:
        raise BadInput("the number of digits cannot be negative")
    plain = f"{rounded(value, digits, mode):,f}"
    return plain.replace(",", "\x00").replace(".", decimal).replace("\x00", thousands)


@function("number", "To whole number", "Refuses what has decimals; round before if they may go.")
def to_integer(value: Integer) -> Integer:
    return value


@function("number", "Greater than", "Yes when the value is greater than the number.")
def greater_than(value: Number, number: Number) -> Flag:
    return value > number


@function("number", "Less than", "Yes when the value is less than the number.")
def less_than(value: Number, number: Number) -> Flag:
    return value < number


@function("text", "To text", "Numbers exactly as they are, yes/no as true and false.")
def to_text(value: Anything) -> Text:
    return as_text(value)
