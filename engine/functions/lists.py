"""Lists: line items, and everything that a path with a wildcard finds."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from engine.functions.number import Mode, quotient, total
from engine.functions.signature import (
    Anything,
    BadInput,
    Flag,
    Integer,
    Items,
    Kind,
    Number,
    Text,
    Way,
    as_number,
    as_text,
    function,
    show,
    within,
)
from engine.path import MISSING, Path

WHOLE: Any = "$"
"""The path to an element itself."""

MaybeNumber = Annotated[Decimal | None, Kind("number", as_number)]


@function("list", "Count", "Number of elements; 0 when there is no list.", takes_empty=True)
def count(value: Items) -> Integer:
    return len(value)


@function("list", "Sum", "The exact sum of the elements, or of one field of each; 0 of an empty list.")
def sum_of(value: Items, path: Way = WHOLE) -> Number:
    return total(_numbers(value, path))


@function("list", "Average", "The average of the elements, or of one field of each; empty for an empty list.")
def average_of(value: Items, path: Way = WHOLE, digits: Integer = 10, mode: Mode = "half-up") -> MaybeNumber:
    numbers = _numbers(value, path)
    return quotient(total(numbers), Decimal(len(numbers)), digits, mode) if numbers else None


@function("list", "Smallest", "The smallest number of a list, or of one field of its elements.")
def smallest(value: Items, path: Way = WHOLE) -> MaybeNumber:
    return min(_numbers(value, path), default=None)


@function("list", "Largest", "The largest number of a list, or of one field of its elements.")
def largest(value: Items, path: Way = WHOLE) -> MaybeNumber:
    return max(_numbers(value, path), default=None)


@function("list", "First", "The first element; empty for an empty list.")
def first(value: Items) -> Anything:
    return value[0] if value else None


@function("list", "Last", "The last element; empty for an empty list.")
def last(value: Items) -> Anything:
    return value[-1] if value else None


@function(
    "list", "Any equals", "Yes when one element, or one field of it, equals the value.", takes_empty=True
)
def any_equals(value: Items, to: Anything, path: Way = WHOLE) -> Flag:
    return any(same(path.get(element), to) for element in value)


@function("list", "Join", "One text of all elements, or of one field of each, with a separator between.")
def join(value: Items, separator: Text = ", ", path: Way = WHOLE) -> Text:
    parts = (as_text(within(element, path)) for element in value)
    return separator.join(part for part in parts if part)


@function("list", "One field of each", "The list of one field's values.")
def pick(value: Items, path: Way) -> Items:
    return [within(element, path) for element in value]


@function("list", "Sort", "By the elements, or by one field of each; numbers before text, empty ones first.")
def sort(value: Items, path: Way = WHOLE, order: Literal["ascending", "descending"] = "ascending") -> Items:
    return sorted(value, key=lambda element: _rank(path.get(element)), reverse=order == "descending")


@function("list", "Without doubles", "The first of equal elements, or of elements equal in one field.")
def unique(value: Items, path: Way = WHOLE) -> Items:
    kept: list[Any] = []
    seen: list[Any] = []
    known: set[tuple[int, Any]] = set()
    for element in value:
        found = path.get(element)
        if isinstance(found, (list, dict)):
            if found in seen:
                continue
            seen.append(found)
        elif _rank(found) in known:
            continue
        else:
            known.add(_rank(found))
        kept.append(element)
    return kept


@function("list", "Only where", "The elements in which a field equals a value.")
def only_where(value: Items, path: Way, equals: Anything) -> Items:
    return [element for element in value if same(path.get(element), equals)]


def same(left: Any, right: Any) -> bool:
    """Equality as people mean it: 5, 5.00 and «5» are one number; text is compared exactly; yes is not 1."""
    if left is MISSING:
        return False
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) != isinstance(right, str) and isinstance(left, (str, int, Decimal)):
        try:
            return as_number(left) == as_number(right)
        except BadInput:
            return False
    return bool(left == right)


def _numbers(value: list[Any], path: Path) -> list[Decimal]:
    return [as_number(within(element, path)) for element in value]


def _rank(value: Any) -> tuple[int, Any]:
    """An order among unlike values."""
    if value is MISSING or value is None:
        return 0, 0
    if isinstance(value, bool):
        return 1, value
    if isinstance(value, (int, Decimal)):
        return 2, as_number(value)
    if isinstance(value, str):
        return 3, value
    raise BadInput(f"{show(value)} has no place in an order; sort by one of its fields")
