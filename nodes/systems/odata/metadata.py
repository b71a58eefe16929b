"""What is known of an OData service: what it says of itself (csdl.py), and where it is silent, what is entered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from engine.errors import RecordRejected
from engine.shape import Choice, Entity, Field, Summary, ValueType
from nodes.systems.http.shapes import learned
from nodes.systems.odata.values import TYPES, incoming, literal

STAMPS = (
    "ModifiedOn", "modifiedon", "LastModifiedDateTime", "lastModifiedDateTime", "ModifiedDateTime", "ModifiedAt",
    "UpdatedAt", "updatedAt", "UpdatedOn", "LastModified", "ChangedOn", "SystemModifiedAt", "systemModifiedAt",
)  # fmt: skip
"""Names under which services keep the moment of the last change."""
TITLES = ("Name", "name", "DisplayName", "displayName", "Title", "title", "Description", "number", "Number")
NUMBERED = ("Number", "number", "No", "DocumentNumber", "InvoiceNumber")
DEPTH = 2
"""How far a shape follows complex types and lines: services refer to themselves."""


@dataclass(frozen=True, slots=True)
class Property:
    """``edm``: ``Edm.…`` or the full name of a complex type or an enumeration; ``many``: a collection of these.

    needed    a create has to bring it           computed  nobody but the service sets it
    fixed     it is set by a create alone        refers    the entity type whose key it holds
    """

    name: str
    edm: str
    many: bool = False
    needed: bool = False
    max_length: int | None = None
    computed: bool = False
    fixed: bool = False
    refers: str = ""


@dataclass
class Type:
    """An entity type or a complex type. ``links``: navigation name → (type, whether to many); ``open``: it may have
    properties besides these."""

    name: str
    base: str = ""
    keys: tuple[str, ...] = ()
    properties: dict[str, Property] = field(default_factory=dict)
    links: dict[str, tuple[str, bool]] = field(default_factory=dict)
    open: bool = False


@dataclass
class Model:
    """A service. ``sets``: name of the entity set → type; ``stamp``: an entered name of the stamp, else known ones."""

    sets: dict[str, str]
    types: dict[str, Type]
    enums: dict[str, list[str]] = field(default_factory=dict)
    stamp: str = ""
    live: bool = True

    def type(self, entity: str) -> Type:
        """Raises RecordRejected if there is no such set."""
        found = self.types.get(self.sets.get(entity, ""))
        if found is None:
            raise RecordRejected(
                f"The service has no objects called {entity!r}.",
                code="E-UNKNOWN-ENTITY",
                cure="Choose another kind of object, or enter it in the connection.",
            )
        return found

    def stamp_of(self, entity: str) -> str:
        found = self.type(entity)
        if not self.live:
            return self.stamp
        names = (self.stamp,) if self.stamp else STAMPS
        return next((name for name in names if name in found.properties), "")

    def title_of(self, entity: str) -> str:
        return next((name for name in TITLES if name in self.type(entity).properties), "")

    def number_of(self, entity: str) -> str:
        return next((name for name in NUMBERED if name in self.type(entity).properties), "")

    def read_by(self, entity: str) -> tuple[str, ...]:
        """The fields that reading goes by: those of the key, the stamp and the title."""
        names = (*self.type(entity).keys, self.stamp_of(entity), self.title_of(entity))
        return tuple(name for name in names if name)

    def edm(self, entity: str, path: str) -> str:
        """The type at the end of ``Account/Name``; empty when it is not known."""
        found: Type | None = self.type(entity)
        steps = re.split(r"[./]", path)
        for step in steps[:-1]:
            if found is None:
                return ""
            link = found.links.get(step, ("", False))[0]
            inner = link or (found.properties[step].edm if step in found.properties else "")
            found = self.types.get(inner)
        known = found.properties.get(steps[-1]) if found else None
        return known.edm if known else ""

    def key_of(self, entity: str, row: dict[str, Any]) -> str:
        """The id of a row: the value of a single key, else ``Company='usmf',Number='1'``. Empty when it has none."""
        return self.key_within(entity, self.type(entity).keys, row)

    def key_within(self, entity: str, keys: tuple[str, ...], row: dict[str, Any]) -> str:
        """``key_of`` for who knows the keys of the type already."""
        if len(keys) == 1:
            only = row.get(keys[0])
            return "" if only is None or isinstance(only, list | dict) else str(only)
        values = [row.get(name) for name in keys]
        if not keys or any(value is None or isinstance(value, list | dict) for value in values):
            return ""
        return ",".join(
            f"{name}={literal(value, self.edm(entity, name), name)}"
            for name, value in zip(keys, values, strict=True)
        )

    def address(self, entity: str, key: str) -> str:
        """Where an object is, below the service: ``Orders(7)``, ``Customers('A%2FB')`` (URL conventions, 4.3.1)."""
        keys = self.type(entity).keys
        inner = literal(key, self.edm(entity, keys[0]) or "Edm.String", keys[0]) if len(keys) == 1 else key
        return entity + quote(f"({inner})", safe="'(),=:@$!*;")

    def set_of(self, kind: str) -> str:
        """The one set that holds objects of a type; empty when there is none, or several."""
        found = [name for name, one in self.sets.items() if one == kind]
        return found[0] if len(found) == 1 else ""

    def summaries(self) -> list[Summary]:
        return [Summary(name=name, title=humane(name), common=not self.live) for name in sorted(self.sets)]

    def entity(self, name: str, sample: Sequence[Any] = ()) -> Entity:
        """The shape of a set; ``sample`` is looked at where the service does not describe it."""
        found = self.type(name)
        fields = tuple(self._fields(found, DEPTH)) or learned(sample, found.keys[0] if found.keys else "")
        return Entity(
            name=name,
            title=humane(name),
            key=found.keys[0] if len(found.keys) == 1 else KEY,
            title_field=self.title_of(name) or None,
            modified=self.stamp_of(name) or None,
            operations=("read", "create", "update", "delete"),
            open=found.open or not self.live,
            fields=fields,
        )

    def _fields(self, found: Type, depth: int) -> Iterator[Field]:
        for one in found.properties.values():
            yield self._field(one, found, depth)
        for name, (target, many) in found.links.items():
            if depth and target in self.types:
                inner = tuple(
                    self._field(one, self.types[target], 0) for one in self.types[target].properties.values()
                )
                if not many:  # its key alone will do: it refers to an object that is there
                    inner = tuple(one.model_copy(update={"required": False}) for one in inner)
                kind: Any = "lines" if many else "object"
                yield Field(name=name, title=humane(name), type=kind, asked=True, fields=inner)

    def _field(self, one: Property, owner: Type, depth: int) -> Field:
        title = humane(one.name)
        inner = self.types.get(one.edm)
        if inner is not None:
            fields = tuple(self._fields(inner, depth - 1)) if depth else ()
            return Field(name=one.name, title=title, type="lines" if one.many else "object", fields=fields)
        choices = tuple(Choice(value=value, title=humane(value)) for value in self.enums.get(one.edm, ()))
        refers = self.set_of(one.refers) if one.refers else ""
        kind: ValueType = "choice" if choices else "reference" if refers else TYPES.get(one.edm, "text")
        return Field(
            name=one.name,
            title=title,
            type="any" if one.many else "id" if owner.keys == (one.name,) else kind,
            required=one.needed and one.name not in owner.keys and not one.computed,
            read_only=one.computed,
            create_only=one.fixed,
            max_length=one.max_length,
            refers_to=refers or None,
            choices=choices,
        )

    def is_open(self, entity: str) -> bool:
        """Whether nothing is known of what its rows hold, so that they are taken as they come."""
        found = self.type(entity)
        return not (found.properties or found.links)

    def canonical(self, entity: str, row: dict[str, Any]) -> dict[str, Any]:
        """A row as received, without its annotations, with canonical values."""
        return self._read(self.type(entity), row)

    def _read(self, found: Type | None, row: dict[str, Any]) -> dict[str, Any]:
        if found is None or not (found.properties or found.links):
            return bare(row)
        data: dict[str, Any] = {}
        for name, value in row.items():
            if "@" in name:
                continue
            known = found.properties.get(name)
            link = found.links.get(name, ("", False))[0]
            inner = self.types.get(link or (known.edm if known else ""))
            if isinstance(value, dict):
                data[name] = self._read(inner, value)
            elif isinstance(value, list):
                data[name] = [self._read(inner, one) if isinstance(one, dict) else one for one in value]
            else:
                data[name] = incoming(value, known.edm) if known else value
        return data


def bare(row: dict[str, Any]) -> dict[str, Any]:
    """A row without annotations, at any depth; the row itself where it has none."""
    if "@" in "".join(row):
        row = {name: value for name, value in row.items() if "@" not in name}
    changed = {}
    for name, value in row.items():
        if type(value) is dict:
            inner: Any = bare(value)
        elif type(value) is list:
            inner = [bare(one) if type(one) is dict else one for one in value]
        else:
            continue
        changed[name] = inner
    return {**row, **changed} if changed else row


KEY = "@key"
"""Stands for the id of objects whose key has several parts."""


def entered(keys: dict[str, str], stamp: str) -> Model:
    """The objects that somebody has entered, for a service that does not describe itself: name → key field."""
    return Model(
        {name: name for name in keys},
        {name: Type(name, keys=(key,)) for name, key in keys.items()},
        stamp=stamp,
        live=False,
    )


def humane(name: str) -> str:
    """``CustomerAccount`` → ``Customer account``."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name) or [name]
    text = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    return text[:1].upper() + text[1:]
