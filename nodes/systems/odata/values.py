"""Between OData's values and canonical ones. Source: OData 4.01, URL conventions (5.1.1.12) and JSON format (7)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.errors import RecordRejected
from engine.shape import ValueType

INTEGERS = frozenset({"Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"})
NUMBERS = frozenset({"Edm.Decimal", "Edm.Double", "Edm.Single"})
NO_NUMBERS = frozenset({"INF", "-INF", "NaN"})
"""What floating-point numbers may be besides (JSON format 4.01, 7.1); they stay texts, and exact."""
TYPES: dict[str, ValueType] = {
    "Edm.String": "text",
    "Edm.Guid": "id",
    "Edm.Boolean": "boolean",
    "Edm.Date": "date",
    "Edm.DateTimeOffset": "datetime",
    **dict.fromkeys(INTEGERS, "integer"),
    **dict.fromkeys(NUMBERS, "number"),
}
"""What a primitive type means to us; others (durations, streams, geography) are taken as they come."""


def utc(text: str) -> str:
    """A date or moment in ISO form as UTC with ``Z``. Raises ValueError."""
    at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.strip()).replace("Z", "+00:00"))
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    fraction = f".{at.microsecond:06d}" if at.microsecond else ""
    return f"{at.year:04d}{at.strftime('-%m-%dT%H:%M:%S')}{fraction}Z"


def stamp_key(text: str | None) -> tuple[str, str]:
    """Sorts moments rightly whatever the number of their fraction digits."""
    whole, _, fraction = (text or "").rstrip("Z").partition(".")
    return whole, fraction.ljust(7, "0")


def incoming(value: Any, edm: str) -> Any:
    """A value as received, canonical."""
    if isinstance(value, str):
        if edm in NUMBERS or edm in INTEGERS:  # with IEEE754Compatible=true numbers come as texts
            return value if value in NO_NUMBERS else _number(value, edm)
        if edm == "Edm.DateTimeOffset" and value:
            return value if value.endswith("Z") and "T" in value else utc(value)
    if edm in NUMBERS and isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value


def outgoing(value: Any, edm: str, name: str) -> Any:
    """A canonical value as the service takes it. Raises RecordRejected naming the field."""
    if value is None or (value == "" and edm in TYPES and edm != "Edm.String"):
        return None
    try:
        return _sent(value, edm)
    except (ValueError, TypeError, InvalidOperation):
        raise RecordRejected(
            f"{name} needs {_WANTED.get(edm, 'a text')}, not {str(value)[:60]!r}.",
            field=name,
            code="E-VALUE",
            cure="Convert it in the mapping.",
        ) from None


def _sent(value: Any, edm: str) -> Any:
    if edm in {"Edm.Double", "Edm.Single"} and value in NO_NUMBERS:
        return value
    if edm in INTEGERS or edm in NUMBERS:
        return _number(value, edm)
    if edm == "Edm.Boolean" and not isinstance(value, bool):
        raise TypeError
    if edm == "Edm.Date":
        return date.fromisoformat(str(value)[:10]).isoformat()
    if edm == "Edm.DateTimeOffset":
        at = str(value)
        return at if at.endswith("Z") and "T" in at and utc(at) else utc(at)
    if edm == "Edm.String":
        if isinstance(value, list | dict):
            raise TypeError
        return value if isinstance(value, str) else _plain(value)
    return value


def literal(value: Any, edm: str, name: str) -> str:
    """A value in a $filter or in a key. Raises RecordRejected when it is not of the field's type.

    Of an enumeration ``edm`` is the full name: services of OData 4.0 know its values by no other name than
    ``Trade.Color'Red'``, and those of 4.01 by this one too.
    """
    sent = outgoing(value, edm, name)
    if sent is None:
        return "null"
    if edm in _BARE:
        if re.search(r"[^0-9A-Za-z:.+-]", str(sent)):
            raise RecordRejected(
                f"{name} needs {_WANTED[edm]}, not {str(value)[:60]!r}.", field=name, code="E-VALUE"
            )
        return str(sent)
    if isinstance(sent, str) or not edm.startswith("Edm."):
        before = edm if not edm.startswith("Edm.") else _PREFIXES.get(edm, "")
        return f"{before}'" + str(sent).replace("'", "''") + "'"
    return _plain(sent)


_BARE = frozenset({"Edm.Guid", "Edm.Date", "Edm.DateTimeOffset", "Edm.TimeOfDay"})
_PREFIXES = {"Edm.Duration": "duration", "Edm.Binary": "binary"}
_WANTED = {
    **dict.fromkeys(INTEGERS, "a whole number"),
    **dict.fromkeys(NUMBERS, "a number"),
    "Edm.Boolean": "yes or no",
    "Edm.Date": "a date",
    "Edm.DateTimeOffset": "a date and time",
    "Edm.Guid": "an id",
    "Edm.TimeOfDay": "a time of day",
}


def _number(value: Any, edm: str) -> int | Decimal:
    if isinstance(value, bool):
        raise TypeError
    number = value if isinstance(value, int) else Decimal(str(value))
    if isinstance(number, Decimal) and (
        not number.is_finite() or (edm in INTEGERS and number != int(number))
    ):
        raise ValueError(value)
    return int(number) if edm in INTEGERS else number


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
