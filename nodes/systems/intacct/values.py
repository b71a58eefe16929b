"""Canonical values to Intacct's text and back, and dotted names to nested objects and back.

On the wire everything is text: dates ``MM/DD/YYYY``, times ``MM/DD/YYYY HH:MM:SS`` (the audit trail's are
GMT whatever the company prefers; for other objects that is taken to hold too), booleans ``true``/``false``
(``T``/``F`` in older answers), several choices joined by ``#~#``. Source: developer.intacct.com, web
services (queries, functions) and API reference; the official SDKs write the same forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from engine.errors import RecordRejected
from engine.shape import Entity, Field

GLUE = "#~#"
CENT = Decimal("0.01")
NAME = re.compile(r"[A-Za-z_][\w.\-]*\Z", re.ASCII)
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
TRUE, FALSE = frozenset({"true", "t", "yes", "1"}), frozenset({"false", "f", "no", "0"})


def clean(text: str, field: str) -> str:
    """The text itself, if XML can carry it. Raises RecordRejected naming the field and the character."""
    bad = FORBIDDEN.search(text)
    if bad is None:
        return text
    raise RecordRejected(
        f"{field} holds a character that Intacct cannot receive (U+{ord(bad[0]):04X}, at {bad.start() + 1}).",
        code="E-CHARACTER",
        field=field,
        cure="Remove the control character at its source, or clean the field in the mapping.",
    )


def to_wire(value: Any, field: str, kind: str = "any") -> str:
    """The text that Intacct expects for a canonical value of this kind. Raises RecordRejected."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return GLUE.join(to_wire(item, field, kind) for item in value)
    if isinstance(value, Mapping):
        raise RecordRejected(f"{field} must be a single value, not an object.", field=field)
    if kind == "boolean":
        return "true" if _boolean(str(value)) else "false"
    if kind == "date":
        return _day(value, field).strftime("%m/%d/%Y")
    if kind == "datetime":
        return _moment(value, field).strftime("%m/%d/%Y %H:%M:%S")
    if kind in {"money", "number", "integer"}:
        return _number(value, field, kind)
    if isinstance(value, Decimal):
        return format(value, "f")
    return clean(str(value), field)


def from_wire(text: str, kind: str) -> Any:
    """The canonical value of Intacct's text; what cannot be understood stays the text it was."""
    if kind in {"text", "any", "id", "reference", "choice"}:
        return text if text or kind in {"text", "any"} else None
    if text == "":
        return None
    if kind == "boolean":
        return _boolean(text)
    try:
        if kind == "date":
            return _parse(text).date().isoformat()
        if kind == "datetime":
            return _parse(text).strftime("%Y-%m-%dT%H:%M:%SZ")
        if kind == "integer":
            return int(text.replace(",", ""))
        if kind in {"money", "number"}:
            return Decimal(text.replace(",", ""))
    except (ValueError, InvalidOperation):
        return text
    return text


def split_date(value: Any, field: str) -> tuple[str, str, str]:
    """Year, month and day as the legacy functions want them: ``2026``, ``01``, ``31``."""
    day = _day(value, field)
    return f"{day.year:04d}", f"{day.month:02d}", f"{day.day:02d}"


def flatten(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """``{"A": {"B": 1}}`` → ``("A.B", 1)``. Lists stay whole."""
    for name, value in data.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from flatten(value, f"{path}.")
        else:
            yield path, value


def nest(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """``("A.B", 1)`` → ``{"A": {"B": 1}}``, in the order given."""
    whole: dict[str, Any] = {}
    for path, value in pairs:
        *parents, leaf = path.split(".")
        level = whole
        for parent in parents:
            below = level.get(parent)
            if not isinstance(below, dict):
                below = level[parent] = {}
            level = below
        level[leaf] = value
    return whole


def leaves(fields: Iterable[Field], prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Every single-valued field with its dotted path; line collections are left out."""
    for field in fields:
        if field.type == "object":
            yield from leaves(field.fields, f"{prefix}{field.name}.")
        elif field.type != "lines":
            yield f"{prefix}{field.name}", field


def kinds(shape: Entity) -> dict[str, str]:
    """Value type by dotted path."""
    return {path: field.type for path, field in leaves(shape.fields)}


def _boolean(text: str) -> bool | str:
    lowered = text.strip().lower()
    if lowered in TRUE:
        return True
    return False if lowered in FALSE else text


def _number(value: Any, field: str, kind: str) -> str:
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise RecordRejected(
            f"{field} must be a number, but it is {str(value)!r}.", code="E-NUMBER", field=field
        )
    if kind == "money":
        # Intacct rounds amounts to two decimals itself; sending what it will book keeps both sides equal.
        number = number.quantize(CENT, ROUND_HALF_UP) if -number.as_tuple().exponent > 2 else number  # type: ignore[operator]
    return format(number, "f")


def _day(value: Any, field: str) -> date:
    text = str(value)
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise RecordRejected(
            f"{field} must be a date like 2026-01-31, but it is {text!r}.", code="E-DATE", field=field
        ) from None


def _moment(value: Any, field: str) -> datetime:
    text = str(value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RecordRejected(
            f"{field} must be a time like 2026-01-31T12:00:00Z, but it is {text!r}.",
            code="E-DATE",
            field=field,
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _parse(text: str) -> datetime:
    text = text.strip()
    if re.match(r"\d{4}-\d\d-\d\d", text):
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment
    form = "%m/%d/%Y %H:%M:%S" if ":" in text else "%m/%d/%Y"
    return datetime.strptime(text, form)  # noqa: DTZ007 - taken to be UTC, see the module docstring
