"""Whether a value that we want differs from the value that is there.

Systems answer the same value in different clothes: 100 and 100.00, "" and nothing, a nested object with
more keys than we sent. Only what we want to set is compared.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
"""What takes no room: soft hyphens and spaces of no width, as they come along when text is copied."""


def same(wanted: Any, current: Any) -> bool:
    """True when writing ``wanted`` would change nothing."""
    if wanted is None or wanted == "":
        return current is None or current == ""
    if isinstance(wanted, Mapping):
        return isinstance(current, Mapping) and all(
            same(value, current.get(key)) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(current, list)
            and len(wanted) == len(current)
            and all(same(one, other) for one, other in zip(wanted, current, strict=True))
        )
    if isinstance(wanted, bool) or isinstance(current, bool):
        return wanted is current
    if isinstance(wanted, int | Decimal):
        return bool(_number(wanted) == _number(current))
    return bool(wanted == current)


def changed(wanted: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """The part of ``wanted`` that differs from ``current``, by top-level field."""
    return {name: value for name, value in wanted.items() if not same(value, current.get(name))}


def matches(match: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Whether a found object really is the one: text ignores case and surrounding blanks."""
    return all(normal(dig(data, name)) == normal(value) for name, value in match.items())


def normal(value: Any) -> Any:
    """A match key's value in the form in which it is compared."""
    if isinstance(value, str):
        plain = (
            value if value.isascii() else unicodedata.normalize("NFC", value.translate(_UNSEEN).casefold())
        )
        return " ".join(plain.split()).casefold()
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _number(value)
    return value


def dig(data: Mapping[str, Any], name: str) -> Any:
    """``DISPLAYCONTACT.EMAIL1`` out of nested objects; a flat key of that name wins."""
    if name in data:
        return data[name]
    found: Any = data
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def without(data: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """A copy that lacks these fields; ``DISPLAYCONTACT.EMAIL1`` lacks inside the nested object."""
    kept = dict(data)
    for name in names:
        first, _, rest = name.partition(".")
        if name in kept or not rest:
            kept.pop(name, None)
        elif isinstance(kept.get(first), dict):
            kept[first] = without(kept[first], [rest])
    return kept


def _number(value: Any) -> Any:
    if isinstance(value, int | Decimal):
        return Decimal(value)
    try:
        return Decimal(str(value))
    except (InvalidOperation, ValueError):
        return value
