"""Creatio's dialect of OData: what to select and expand, how to filter, how to read the rows.

What bites: a lookup is filtered through its navigation (``Account/Id eq …``; the column ``AccountId`` fails
on current builds), dates are not quoted, ``in`` is not spoken, and a null is unequal to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.connector import Filter
from engine.errors import RecordRejected
from engine.shape import Field
from nodes.systems.creatio.metadata import KINDS, Model, Property, Type
from nodes.systems.creatio.values import READERS, literal

Reader = Callable[[dict[str, Any]], dict[str, Any]]


def unknown_field(path: str, entity: str, model: Model) -> RecordRejected:
    cure = "Choose another field, or add the column in Creatio and publish it."
    if not model.live:
        cure = "Let the user read $metadata: without it only Creatio's stock columns are known."
    return RecordRejected(f"{entity} has no field {path!r}.", field=path, code="E-UNKNOWN-FIELD", cure=cure)


@dataclass
class Selection:
    """What to bring of one type: its columns (empty: all), its lookups and child collections."""

    model: Model
    type: Type
    columns: set[str] = field(default_factory=set)
    inner: dict[str, Selection] = field(default_factory=dict)

    def add(self, path: str) -> None:
        """Adds ``Name``, ``Account.Name`` or a whole lookup. Raises RecordRejected for an unknown step."""
        head, _, rest = path.partition(".")
        lookup = head if head in self.type.lookups else self.type.lookup_of(head) if rest else None
        if lookup is not None or head in self.type.collections:
            inner = self.step(lookup or head)
            if rest:
                inner.add(rest)
            else:
                inner.add_display()
        elif head in self.type.properties and not rest:
            self.columns.add(head)
        else:
            raise unknown_field(path, self.type.name, self.model)

    def step(self, name: str) -> Selection:
        """The selection behind a lookup or collection, made if it is not there."""
        if name not in self.inner:
            target = self.type.lookups[name][0] if name in self.type.lookups else self.type.collections[name]
            inner = self.inner[name] = Selection(self.model, self.model.type(target))
            inner.columns |= {"Id"} | (
                {"CreatedOn"} & inner.type.properties.keys() if self._many(name) else set()
            )
        return self.inner[name]

    def add_display(self) -> None:
        self.columns |= {"Id"} | {
            name for name in (self.type.display, "Code") if name in self.type.properties and name
        }

    def add_lines(self, name: str) -> None:
        """A child collection with all its columns, and of its lookups what people call them."""
        if name not in self.type.collections:
            raise unknown_field(name, self.type.name, self.model)
        inner = self.step(name)
        inner.columns = set()
        parent = name.rpartition("CollectionBy")[2]
        for lookup, (target, column) in inner.type.lookups.items():
            if (
                lookup == parent
                or target not in self.model.types
                or column in {"CreatedById", "ModifiedById"}
            ):
                continue
            looked_up = inner.step(lookup)
            looked_up.add_display()
            if lookup == "Product":
                for kind in KINDS:
                    if kind in looked_up.type.lookups and looked_up.type.lookups[kind][0] in self.model.types:
                        looked_up.step(kind).add_display()

    def query(self) -> list[str]:
        """The $select and $expand options."""
        options = []
        if self.columns:
            options.append("$select=" + ",".join(sorted(self.columns)))
        if self.inner:
            parts = []
            for name, inner in self.inner.items():
                nested = ";".join(inner.query())
                parts.append(f"{name}({nested})" if nested else name)
            options.append("$expand=" + ",".join(parts))
        return options

    def reader(self) -> Reader:
        """What turns a row as received into canonical data: only known columns, children in order."""
        columns = {one.name: READERS.get(one.type) for one in self.model.columns(self.type.name)}
        inner = {name: (part.reader(), self._many(name)) for name, part in self.inner.items()}

        def read(row: dict[str, Any]) -> dict[str, Any]:
            data: dict[str, Any] = {}
            for name, value in row.items():
                if name in columns:
                    convert = columns[name]
                    data[name] = convert(value) if convert is not None else value
                elif name in inner:
                    one, many = inner[name]
                    if many:
                        data[name] = [one(child) for child in sorted(value or [], key=_age)]
                    else:
                        data[name] = one(value) if value else None
            return data

        return read

    def _many(self, name: str) -> bool:
        return name in self.type.collections


def _age(row: dict[str, Any]) -> tuple[str, str]:
    return str(row.get("CreatedOn", "")), str(row.get("Id", ""))


def resolve(model: Model, entity: str, path: str) -> tuple[str, Field, Property]:
    """A dotted field as a $filter path, with the field it ends in. A lookup ends in its Id."""
    found = model.type(entity)
    steps = path.split(".")
    way = []
    for step in steps[:-1]:
        lookup = step if step in found.lookups else found.lookup_of(step)
        if lookup is None:
            raise unknown_field(path, entity, model)
        way.append(lookup)
        found = model.type(found.lookups[lookup][0])
    last = steps[-1]
    if last in found.lookups:
        last = found.lookups[last][1]
    if last not in found.properties:
        raise unknown_field(path, entity, model)
    one = found.properties[last]
    lookup = found.lookup_of(last)
    return "/".join([*way, *([lookup, "Id"] if lookup else [last])]), model.column(found, one), one


def condition(model: Model, entity: str, given: Filter) -> str:
    """One condition in OData. Raises RecordRejected for an unknown field or a value of the wrong type."""
    path, one, known = resolve(model, entity, given.field)
    nothing = f"{path.removesuffix('/Id')} eq null"
    empty = f"({nothing} or {path} eq '')" if one.type == "text" else nothing
    if given.op == "empty":
        return empty
    if given.op == "not_empty":
        return f"not ({empty})"
    if given.op == "in":
        values = given.value if isinstance(given.value, list | tuple) else [given.value]
        parts = [
            condition(model, entity, Filter(field=given.field, op="eq", value=value)) for value in values
        ]
        return f"({' or '.join(parts)})"
    if given.op in {"contains", "starts"}:
        if one.type != "text":
            raise RecordRejected(
                f"{one.label()} is not a text, so it cannot be searched for a part.",
                field=given.field,
                code="E-FILTER",
                cure="Compare it as a whole.",
            )
        function = "contains" if given.op == "contains" else "startswith"
        return f"{function}({path},{literal(one, given.value, known.edm)})"
    if given.value is None or (given.value == "" and one.type == "text"):
        if given.op in {"eq", "ne"}:
            return empty if given.op == "eq" else f"not ({empty})"
        raise RecordRejected(
            f"{one.label()} cannot be compared with nothing.",
            field=given.field,
            code="E-FILTER",
            cure="Give a value.",
        )
    plain = f"{path} {given.op} {literal(one, given.value, known.edm)}"
    # An empty value is not equal to any: without this, "is not X" would leave out what has no value.
    return f"({plain} or {empty})" if given.op == "ne" else plain
