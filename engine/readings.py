"""How conditions read a value: as text, number, date, list; and what makes two values the same."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import re2

from engine.moments import Mismatch

MAX_PATTERN = 500
MAX_DIGITS = 30
"""Of a whole number: 1e999999999 is short as text and longer than memory as a number."""
MAX_NESTING = 100
"""How deep two lists or objects are compared."""


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Mismatch(f"{show(value)} is not a text")


def number(value: Any) -> Decimal | int | None:
    if type(value) is int or type(value) is Decimal:
        return value
    if value == "" and type(value) is str:
        return None
    raise Mismatch(f"{show(value)} is not a number")


def readable_number(value: Any) -> Decimal | int | None:
    """A number, or a text that is one: ``12.50``, ``-3``, ``1e3``."""
    if not isinstance(value, str) or not value.strip():
        return number(value.strip() if isinstance(value, str) else value)
    try:
        read = Decimal(value.strip())
    except InvalidOperation:
        read = Decimal("NaN")
    if not read.is_finite():
        raise Mismatch(f"{show(value)} is not a number")
    return read


def boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise Mismatch(f"{show(value)} is neither yes nor no")


def items(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    raise Mismatch(f"{show(value)} is not a list")


def whole_number(value: Any) -> int:
    read = readable_number(value)
    huge = isinstance(read, Decimal) and read.adjusted() > MAX_DIGITS
    if read is None or huge or read != int(read):
        raise Mismatch(f"{show(value)} is not a whole number" + (" that can be counted to" if huge else ""))
    return int(read)


def pattern(value: Any) -> Any:
    """Compiles a pattern once; at most 500 characters, and RE2's limit on what it may expand to."""
    source = text(value)
    if len(source) > MAX_PATTERN:
        raise Mismatch(f"the pattern is longer than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(source, options)
    except (re2.error, UnicodeEncodeError):
        raise Mismatch(f"{show(source)} is not a pattern that can be used") from None


def bounds(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        both = items(value)
        if len(both) != 2:
            raise Mismatch("a range has two ends")
        ends = tuple(None if end is None else of(end) for end in both)
        return None if None in ends else ends

    return read


def members(value: Any) -> frozenset[Any]:
    return frozenset(identity(item) for item in items(value))


def table_keys(value: Any) -> frozenset[Any]:
    """What a table's id has been replaced with by the compiler: the set of its keys."""
    if isinstance(value, frozenset):
        return value
    raise Mismatch(f"{show(value)} is not a table of this flow")


def loose(key: str) -> str:
    """A table's key as look-ups compare it: without case and without blanks around it."""
    return key.strip().casefold()


def identity(value: Any) -> Any:
    """A hashable stand-in under which exactly equal values are equal: 1 and 1.0 yes, 1 and true no."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, list | tuple | dict):
        return _deep(value, 0)
    if isinstance(value, Decimal) and value.is_nan():
        return (Decimal, "NaN")
    return value


def _deep(value: Any, depth: int) -> Any:
    if depth > MAX_NESTING:
        raise Mismatch(f"a value nested more than {MAX_NESTING} levels deep cannot be compared")
    if isinstance(value, dict):
        return (dict, frozenset((key, _deep(child, depth + 1)) for key, child in value.items()))
    if isinstance(value, list | tuple):
        return (list, tuple(_deep(child, depth + 1) for child in value))
    return identity(value)


def same(left: Any, right: Any) -> bool:
    """Exact equality of two record values. Raises Mismatch only beyond 100 levels of nesting."""
    if (
        isinstance(left, str)
        or left is None
        or isinstance(left, list | dict) != isinstance(right, list | dict)
    ):
        return left is right or (isinstance(left, str) and isinstance(right, str) and left == right)
    return bool(identity(left) == identity(right))


def is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def show(value: Any, limit: int = 60) -> str:
    """A value as a person reads it, never longer than a line."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(show(item, 30) for item in value[:5]) + (" …" if len(value) > 5 else "")
    if isinstance(value, dict):
        return f"an object with {len(value)} fields"
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return _figure(value)[:limit]
    clean = str(value).encode("utf-8", "replace").decode()
    return f"“{clean if len(clean) <= limit else clean[: limit - 1] + '…'}”"


def _figure(value: Decimal | int) -> str:
    if isinstance(value, int):
        return f"{value:,}" if value.bit_length() < 4096 else "a very long number"
    return f"{value:,}" if abs(value.adjusted()) < 30 else str(value)
