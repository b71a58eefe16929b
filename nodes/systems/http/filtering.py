"""Conditions that a service cannot check, checked here on what it answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from engine.compare import dig, normal
from engine.connector import Filter

_EMPTY: tuple[Any, ...] = (None, "")


def passes(data: Any, filters: Sequence[Filter]) -> bool:
    """Whether a record meets all conditions. Text is compared without case and surrounding blanks."""
    return all(_meets(dig(data, one.field) if isinstance(data, dict) else None, one) for one in filters)


def _meets(value: Any, one: Filter) -> bool:
    empty = value in _EMPTY if not isinstance(value, list | dict) else not value
    if one.op in ("empty", "not_empty"):
        return empty == (one.op == "empty")
    if one.op == "in":
        wanted = one.value if isinstance(one.value, list | tuple) else [one.value]
        return any(normal(value) == normal(each) for each in wanted)
    if one.op in ("eq", "ne"):
        same = empty if one.value in _EMPTY else normal(value) == normal(one.value)
        return bool(same == (one.op == "eq"))
    if empty or one.value in _EMPTY:
        return False
    left, right = normal(value), normal(one.value)
    if one.op in ("contains", "starts"):
        left, right = str(left), str(right)
        return right in left if one.op == "contains" else left.startswith(right)
    if not (isinstance(left, str) and isinstance(right, str)):
        left, right = _number(left), _number(right)
        if left is None or right is None:
            return False
    return _ORDER[one.op](left, right)


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
}


def _number(value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    try:
        return Decimal(str(value).strip())
    except ArithmeticError:
        return None
