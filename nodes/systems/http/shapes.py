"""Shapes of objects: as given by form, or learned from the first records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from engine.shape import Entity, Field, ValueType
from nodes.systems.http.settings import EntityForm, FieldForm

SAMPLE = 50
"""Records that a shape is learned from."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


def shape(form: EntityForm, sample: Sequence[Any]) -> Entity:
    """The shape of an object; ``sample`` is looked at where the form names no fields."""
    fields = tuple(_given(one) for one in form.fields) or learned(sample, plain_name(form.key))
    operations: list[Literal["read", "create", "update", "delete"]] = []
    if form.read:
        operations.append("read")
    if form.write and form.write.create:
        operations.append("create")
    if form.write and form.write.update:
        operations.append("update")
    if form.write and form.write.delete:
        operations.append("delete")
    return Entity(
        name=form.name,
        title=form.title or form.name,
        key=plain_name(form.key),
        title_field=plain_name(form.title_path) or None,
        modified=plain_name(form.modified) or None,
        match=tuple(form.find.by) if form.find else (),
        operations=tuple(operations),
        role=form.role or None,
        open=not form.fields,
        fields=fields,
    )


def plain_name(path: str) -> str:
    """``$.account.id`` → ``account.id``: a path as the dotted name of a field."""
    return re.sub(r"\['([^']*)'\]", r".\1", path.strip()).removeprefix("$").lstrip(".")


def learned(rows: Iterable[Any], key: str = "") -> tuple[Field, ...]:
    """The fields that these records have, in the order in which they turn up."""
    values: dict[str, list[Any]] = {}
    for row in rows:
        if isinstance(row, dict):
            for name, value in row.items():
                values.setdefault(name, []).append(value)
    return tuple(_learned(name, found, is_key=name == key) for name, found in values.items())


def _learned(name: str, values: list[Any], *, is_key: bool) -> Field:
    known = [value for value in values if value is not None]
    kind: ValueType = "id" if is_key else _type(known)
    inner: tuple[Field, ...] = ()
    if kind == "object":
        inner = learned(known)
    elif kind == "lines":
        inner = learned(line for value in known for line in value)
    return Field(name=name, type=kind, fields=inner, read_only=is_key)


def _type(values: list[Any]) -> ValueType:
    """The narrowest type that all values have."""
    if not values:
        return "any"
    if all(isinstance(value, bool) for value in values):
        return "boolean"
    if any(isinstance(value, bool) for value in values):
        return "any"
    if all(isinstance(value, int) for value in values):
        return "integer"
    if all(isinstance(value, int | Decimal) for value in values):
        return "number"
    if all(isinstance(value, str) for value in values):
        if all(_DATE.fullmatch(value) for value in values):
            return "date"
        return "datetime" if all(_MOMENT.fullmatch(value) for value in values) else "text"
    if all(isinstance(value, dict) for value in values):
        return "object"
    if all(isinstance(value, list) and all(isinstance(line, dict) for line in value) for value in values):
        return "lines"
    return "any"


def _given(form: FieldForm) -> Field:
    return Field(
        name=form.name,
        title=form.title,
        type=form.type,
        required=form.required,
        read_only=form.read_only,
        fields=tuple(_given(one) for one in form.fields),
    )
