"""Whether a value can stand in a field as it is: what does not fit is held, never cut to fit.

A value that was cut or rounded on its way would come back as a change of the other side.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.agreement import empty
from engine.errors import Held
from engine.shape import Entity, Field

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def fit(entity: Entity, path: str, value: Any, *, create: bool) -> None:
    """Raises Held when the entity's shape says that the field cannot take the value."""
    field = field_at(entity, path)
    if field is None:
        return
    name, what = field.label(), entity.title or entity.name
    if field.create_only and not create:
        raise _held(f"Held: {name} of {what} cannot be changed once it is there.", path, "Change it back.")
    if field.read_only:
        raise _held(
            f"Held: {name} of {what} cannot be written.", path, "Let the field go the other way only."
        )
    if empty(value):
        if field.required:
            message = f"Held: {name} of {what} must have a value, and the other side has none."
            raise _held(message, path, "Fill it in.")
        return
    if field.max_length is not None and isinstance(value, str) and len(value) > field.max_length:
        message = (
            f"Held: {name} of {what} takes {field.max_length} characters, and the value has {len(value)}."
        )
        raise _held(message, path, "Shorten it.")
    if field.choices and isinstance(value, str) and value not in {choice.value for choice in field.choices}:
        message = f"Held: {value} is none of the choices of {name} of {what}."
        raise _held(message, path, "Translate it by a table, or choose another value.")
    if not _of_kind(field, value):
        raise _held(
            f"Held: {name} of {what} cannot be set to {value}.",
            path,
            "Correct it, or translate it by a table.",
        )


def field_at(entity: Entity, path: str) -> Field | None:
    """The field at a dotted path, None where the shape does not say."""
    found = entity.field(path)
    fields = entity.fields
    for part in () if found is not None else path.split("."):
        found = next((field for field in fields if field.name == part), None)
        if found is None:
            return None
        fields = found.fields
    return found


def _of_kind(field: Field, value: Any) -> bool:
    match field.type:
        case "integer" | "number" | "money":
            number = _number(value)
            return number is not None and (field.type != "integer" or number == number.to_integral_value())
        case "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        case "date" | "datetime":
            return isinstance(value, str) and _DATE.match(value) is not None
        case "lines":
            return isinstance(value, list)
        case "text" | "choice" | "id" | "reference":
            return not isinstance(value, list | dict)
    return True


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _held(message: str, path: str, cure: str) -> Held:
    return Held(
        message, question={"kind": "value", "field": path}, field=path, code="E-SYNC-VALUE", cure=cure
    )
