"""Between Creatio's values and canonical ones, both ways.

Creatio shows what is empty in odd forms: an empty lookup as a GUID of zeros, an empty date as the year 1.
Decimal stays Decimal, an empty text stays an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.errors import RecordRejected
from engine.shape import Field, ValueType
from nodes.systems.odata.values import utc

EMPTY_ID = "00000000-0000-0000-0000-000000000000"
GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z")


def _id(value: Any) -> Any:
    return None if value in (None, "", EMPTY_ID) else str(value).lower()


def _number(value: Any) -> Any:
    if value is None or isinstance(value, Decimal):
        return value
    # Numbers come as strings if the content type asks for IEEE754Compatible; a proxy may add that.
    return Decimal(value) if isinstance(value, int | str) and value != "" else None


def _integer(value: Any) -> Any:
    number = _number(value)
    return int(number) if number is not None and number == number.to_integral_value() else number


def _moment(value: Any) -> Any:
    if not value or str(value).startswith("0001-01-01"):
        return None
    return value if _UTC.fullmatch(value) else utc(value)


def _date(value: Any) -> Any:
    moment = _moment(value) if value and "T" in str(value) else value
    return None if not moment or str(moment).startswith("0001-01-01") else str(moment)[:10]


READERS: dict[ValueType, Callable[[Any], Any]] = {
    "id": _id,
    "reference": _id,
    "number": _number,
    "money": _number,
    "integer": _integer,
    "date": _date,
    "datetime": _moment,
}
"""What turns a value as received into a canonical one; other types are canonical as they come."""


def literal(field: Field, value: Any, edm: str) -> str:
    """A value in a $filter. Raises RecordRejected when it is not of the field's type."""
    sent = outgoing(field, value, edm)
    if sent is None:
        return "null"
    if isinstance(sent, bool):
        return "true" if sent else "false"
    if isinstance(sent, Decimal):
        return format(sent, "f")
    if field.type in {"id", "reference", "date", "datetime"} or isinstance(sent, int):
        return str(sent)
    return "'" + str(sent).replace("'", "''") + "'"


def outgoing(field: Field, value: Any, edm: str) -> Any:
    """A canonical value as Creatio takes it. Raises RecordRejected naming the field."""
    if value is None or (value == "" and field.type != "text"):
        return "" if field.type == "text" else None
    try:
        write: Callable[[Any, str], Any] = _WRITERS.get(field.type, _text)
        return write(value, edm)
    except (ValueError, TypeError, InvalidOperation):
        wanted, cure = _WANTED.get(field.type, ("a text", "Choose a single value."))
        raise RecordRejected(
            f"{field.label()} needs {wanted}, not {str(value)[:60]!r}.",
            field=field.name,
            code="E-VALUE",
            cure=cure,
        ) from None


_WANTED: dict[str, tuple[str, str]] = {
    "id": ("an id of Creatio", "Map the id of a Creatio object."),
    "reference": ("the id of an object in Creatio", "Look the object up first, or choose a fixed one."),
    "number": ("a number", "Convert it in the mapping."),
    "money": ("an amount", "Convert it in the mapping."),
    "integer": ("a whole number", "Round it in the mapping."),
    "boolean": ("yes or no", "Convert it in the mapping."),
    "date": ("a date", "Convert it in the mapping."),
    "datetime": ("a date and time", "Convert it in the mapping."),
}


def _out_id(value: Any, _: str) -> str:
    if not isinstance(value, str) or not GUID.fullmatch(value.strip()):
        raise ValueError
    return value.strip().lower()


def _out_number(value: Any, _: str) -> Decimal | int:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError
    number = value if isinstance(value, int) else Decimal(value)
    if isinstance(number, Decimal) and not number.is_finite():
        raise ValueError
    return number


def _out_integer(value: Any, edm: str) -> int:
    number = _out_number(value, edm)
    if number != int(number):
        raise ValueError
    return int(number)


def _out_boolean(value: Any, _: str) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _out_date(value: Any, edm: str) -> str:
    day = date.fromisoformat(str(value)[:10]).isoformat()
    return day if edm == "Edm.Date" else f"{day}T00:00:00Z"


def _out_moment(value: Any, _: str) -> str:
    return value if isinstance(value, str) and _UTC.fullmatch(value) else utc(str(value))


def _text(value: Any, _: str) -> str:
    if isinstance(value, list | dict):
        raise TypeError
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


_WRITERS: dict[str, Callable[[Any, str], Any]] = {
    "id": _out_id,
    "reference": _out_id,
    "number": _out_number,
    "money": _out_number,
    "integer": _out_integer,
    "boolean": _out_boolean,
    "date": _out_date,
    "datetime": _out_moment,
}
