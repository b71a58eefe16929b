"""Fixed values of a drawing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.shape import ValueType


def exact(value: Any) -> Any:
    """A constant without binary floats, however the document was decoded."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    return value


def type_of(constant: Any) -> ValueType:
    """What a constant is, as far as its JSON tells."""
    if isinstance(constant, bool):
        return "boolean"
    if isinstance(constant, int):
        return "integer"
    if isinstance(constant, Decimal):
        return "number"
    if isinstance(constant, list):
        return "lines"
    if isinstance(constant, dict):
        return "object"
    return "text" if isinstance(constant, str) else "any"
