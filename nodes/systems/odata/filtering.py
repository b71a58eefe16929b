"""Conditions in OData's own language (URL conventions, 5.1.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.connector import Filter
from engine.errors import RecordRejected
from nodes.systems.odata.metadata import KEY, Model
from nodes.systems.odata.query import all_of
from nodes.systems.odata.values import literal

_PART = re.compile(r"(\w+)=('(?:[^']|'')*'|[^,']+)(?:,|$)")


def condition(model: Model, entity: str, given: Filter) -> str:
    """One condition. Raises RecordRejected for a field that is not known or a value of the wrong type."""
    if given.field == KEY:
        return all_of(f"{name} eq {value}" for name, value in _PART.findall(str(given.value)))
    path, edm = given.field.replace(".", "/"), _edm(model, entity, given.field, given.value)
    text = edm == "Edm.String"
    empty = f"({path} eq null or {path} eq '')" if text else f"{path} eq null"
    nothing = given.value is None or given.value == ""
    if given.op == "empty" or (given.op == "eq" and nothing):
        return empty
    if given.op == "not_empty" or (given.op == "ne" and nothing):
        return f"not ({empty})"
    if given.op == "in":
        values = given.value if isinstance(given.value, list | tuple) else [given.value]
        parts = [condition(model, entity, Filter(field=given.field, value=value)) for value in values]
        return "(" + " or ".join(parts) + ")" if parts else "false"
    if nothing:
        raise RecordRejected(
            f"{given.field} cannot be compared with nothing.",
            field=given.field,
            code="E-FILTER",
            cure="Give a value.",
        )
    value = literal(given.value, edm, given.field)
    if given.op in {"contains", "starts"}:
        if not text:
            raise RecordRejected(
                f"{given.field} is not a text, so it cannot be searched for a part.",
                field=given.field,
                code="E-FILTER",
                cure="Compare it as a whole.",
            )
        return f"{'contains' if given.op == 'contains' else 'startswith'}({path},{value})"
    plain = f"{path} {given.op} {value}"
    # An empty value is not equal to any: without this, "is not X" would leave out what has no value.
    return f"({plain} or {empty})" if given.op == "ne" else plain


def match_of(model: Model, entity: str, match: Mapping[str, Any]) -> str:
    return all_of(condition(model, entity, Filter(field=name, value=value)) for name, value in match.items())


def _edm(model: Model, entity: str, field: str, value: Any) -> str:
    """The type of a field; of a service that does not describe itself, what the value looks like."""
    edm = model.edm(entity, field)
    if not edm and model.live and not model.type(entity).open:
        raise RecordRejected(
            f"{entity} has no field {field!r}.",
            field=field,
            code="E-UNKNOWN-FIELD",
            cure="Choose another field.",
        )
    if not re.fullmatch(r"\w+([./]\w+)*", field):
        raise RecordRejected(f"{field!r} is no name of a field.", field=field, code="E-UNKNOWN-FIELD")
    one = value[0] if isinstance(value, list | tuple) and value else value
    if edm:
        # A complex value cannot be compared as a whole; the service says so better than we could.
        return edm if edm.startswith("Edm.") or edm in model.enums else "Edm.String"
    return "Edm.Boolean" if isinstance(one, bool) else "Edm.String" if isinstance(one, str) else "Edm.Decimal"
