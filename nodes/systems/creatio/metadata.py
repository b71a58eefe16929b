"""The live shape of a Creatio site, read from ``odata/$metadata``, with the stock shapes as a fallback.

Lookups are exposed twice: as the column ``AccountId`` that is written, and under ``Account`` as the object
it points to, of which single fields can be read (``Account.Name``). Child collections, named
``<Child>CollectionBy<Column>``, are ``lines`` fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from lxml import etree

from engine.errors import RecordRejected
from engine.record import from_json
from engine.shape import Entity, Field, Summary, ValueType

DISPLAY = ("Title", "Name", "Number", "LeadName", "UsrName", "UsrTitle", "Caption")
SYSTEM = ("CreatedOn", "CreatedById", "ModifiedOn", "ModifiedById", "ProcessListeners")
KINDS = ("Type", "Category", "Currency", "Unit")
"""Lookups of a looked-up object that are worth bringing along: what kind of thing it is."""

_TYPES: dict[str, ValueType] = {
    "Edm.Guid": "id",
    "Edm.String": "text",
    "Edm.Boolean": "boolean",
    "Edm.Date": "date",
    "Edm.DateTimeOffset": "datetime",
    "Edm.DateTime": "datetime",
    "Edm.TimeOfDay": "text",
    **dict.fromkeys(("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"), "integer"),
    **dict.fromkeys(("Edm.Decimal", "Edm.Double", "Edm.Single"), "number"),
}


@dataclass(frozen=True, slots=True)
class Property:
    """One column as the metadata declares it."""

    name: str
    edm: str
    max_length: int | None = None
    nullable: bool = True


@dataclass
class Type:
    """One entity type: ``lookups`` name → (type, column), ``collections`` name → child type."""

    name: str
    properties: dict[str, Property] = field(default_factory=dict)
    lookups: dict[str, tuple[str, str]] = field(default_factory=dict)
    collections: dict[str, str] = field(default_factory=dict)

    @cached_property
    def display(self) -> str | None:
        """The column that people call an object by."""
        return next((name for name in DISPLAY if name in self.properties), None)

    def lookup_of(self, column: str) -> str | None:
        """The lookup to which a column belongs: ``AccountId`` → ``Account``."""
        return next((name for name, (_, own) in self.lookups.items() if own == column), None)


class Model:
    """All types of a site by the name of their set. ``live`` is False for the stock shapes."""

    def __init__(self, types: Mapping[str, Type], *, live: bool) -> None:
        self.types, self.live = types, live
        self._entities: dict[str, Entity] = {}

    def type(self, name: str) -> Type:
        """Raises RecordRejected if the site has no such set."""
        found = self.types.get(name)
        if found is None:
            raise RecordRejected(
                f"Creatio has no objects called {name!r}.",
                code="E-UNKNOWN-ENTITY",
                cure="Choose another kind of object, or ask for the right to it.",
            )
        return found

    def summaries(self) -> list[Summary]:
        """Common entities first, the others by title."""
        stock = stock_shapes()
        common = [name for name in stock if stock[name].get("common") and name in self.types]
        others = sorted((name for name in self.types if name not in common), key=title_of)
        return [
            Summary(
                name=name,
                title=title_of(name),
                description=stock.get(name, {}).get("description", ""),
                common=c,
            )
            for names, c in ((common, True), (others, False))
            for name in names
        ]

    def entity(self, name: str) -> Entity:
        """The whole shape of one entity: columns, looked-up objects, child collections."""
        if name not in self._entities:
            found = self.type(name)
            stock = stock_shapes().get(name, {})
            self._entities[name] = Entity(
                name=name,
                title=title_of(name),
                plural=stock.get("plural", ""),
                key="Id",
                title_field=found.display,
                modified="ModifiedOn" if "ModifiedOn" in found.properties else None,
                modified_by="ModifiedBy.Name" if found.lookup_of("ModifiedById") else None,
                match=tuple(key for key in stock.get("match", ()) if key in found.properties),
                operations=("read", "create", "update", "delete"),
                fields=(*self.columns(name), *self._objects(found), *self._children(found)),
                description=stock.get("description", ""),
            )
        return self._entities[name]

    def columns(self, name: str) -> tuple[Field, ...]:
        """The entity's own columns: custom ones last, system ones behind them."""
        found = self.type(name)
        return tuple(
            self.column(found, one)
            for one in sorted(
                found.properties.values(), key=lambda one: (one.name in SYSTEM, one.name.startswith("Usr"))
            )
            if one.edm in _TYPES
        )

    def column(self, found: Type, one: Property) -> Field:
        stock = stock_shapes().get(found.name, {}).get("fields", {}).get(one.name, {})
        lookup = found.lookup_of(one.name)
        kind: ValueType = _TYPES.get(one.edm, "any")
        if lookup:
            kind = "reference"
        elif stock.get("type") in {"date", "money"}:
            # Dates and amounts cannot be told from moments and numbers in the metadata.
            kind = stock["type"]
        return Field(
            name=one.name,
            title=stock.get("title") or humane(lookup or one.name),
            type=kind,
            required=stock.get("required", not one.nullable and one.name != "Id"),
            read_only=one.name in SYSTEM or one.name == "Id",
            max_length=one.max_length,
            refers_to=found.lookups[lookup][0] if lookup else None,
        )

    def _objects(self, found: Type, *, brief: bool = False) -> Iterator[Field]:
        """The looked-up objects; ``brief``: only what people call them, their code and kind."""
        for name, (target, column) in found.lookups.items():
            if target in self.types and column not in SYSTEM:
                yield Field(
                    name=name,
                    title=humane(name),
                    type="object",
                    read_only=True,
                    asked=True,
                    fields=(*self._plain(target, brief=brief), *self._kinds(target)),
                )

    def _plain(self, target: str, *, brief: bool) -> Iterator[Field]:
        told = {self.type(target).display, "Code", "Price", "Email"}
        for one in self.columns(target):
            if brief and one.name not in told:
                continue
            if one.type != "reference" and one.name not in SYSTEM:
                yield one.model_copy(update={"read_only": True, "required": False})

    def _kinds(self, target: str) -> Iterator[Field]:
        found = self.type(target)
        for kind in KINDS:
            inner = found.lookups.get(kind)
            display = self.types[inner[0]].display if inner and inner[0] in self.types else None
            if display:
                one = Field(name=display, title=humane(display), read_only=True)
                yield Field(name=kind, title=humane(kind), type="object", read_only=True, fields=(one,))

    def _children(self, found: Type) -> Iterator[Field]:
        stock = stock_shapes()
        rank = {name: place for place, name in enumerate(stock)}
        for name, child in sorted(
            found.collections.items(), key=lambda item: (rank.get(item[1], 999), item[0])
        ):
            # A real site has hundreds of these; those of its inner workings are left out of the shape.
            if child in self.types and (child in stock or child.startswith("Usr")):
                yield Field(
                    name=name,
                    title=plural_of(child),
                    type="lines",
                    read_only=True,
                    asked=True,
                    description=f"{plural_of(child)}, by their {humane(name.rpartition('CollectionBy')[2]).lower()}.",
                    fields=(*self.columns(child), *self._objects(self.types[child], brief=True)),
                )


def parse(xml: bytes) -> Model:
    """Reads a CSDL document without entities and without network. Raises ValueError if it is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    by_name: dict[str, Type] = {}
    for element in root.iterfind(".//{*}EntityType"):
        found = Type(element.get("Name", ""))
        for one in element.iterfind("{*}Property"):
            length = one.get("MaxLength", "")
            found.properties[one.get("Name", "")] = Property(
                one.get("Name", ""),
                one.get("Type", ""),
                int(length) if length.isdigit() else None,
                one.get("Nullable", "true") != "false",
            )
        for one in element.iterfind("{*}NavigationProperty"):
            name, target = one.get("Name", ""), one.get("Type", "")
            if target.startswith("Collection("):
                found.collections[name] = _bare(target[len("Collection(") : -1])
                continue
            constraint = one.find("{*}ReferentialConstraint")
            column = constraint.get("Property", "") if constraint is not None else f"{name}Id"
            if column in found.properties:
                found.lookups[name] = (_bare(target), column)
        by_name[found.name] = found
    sets = {
        one.get("Name", ""): _bare(one.get("EntityType", ""))
        for one in root.iterfind(".//{*}EntityContainer/{*}EntitySet")
    }
    if not sets:
        raise ValueError("it names no entity sets")
    # In Creatio a set is called as its type; v3 services add "Collection".
    return Model({name: by_name[kind] for name, kind in sets.items() if kind in by_name}, live=True)


def _bare(name: str) -> str:
    return name.rpartition(".")[2]


@cache
def stock_shapes() -> dict[str, Any]:
    """What every installation has, by entity: see shapes.json."""
    shapes: dict[str, Any] = from_json(Path(__file__).with_name("shapes.json").read_bytes())
    return shapes


@cache
def stock_model() -> Model:
    """The shapes to work with where $metadata is out of reach: no custom columns, no custom objects."""
    types: dict[str, Type] = {}
    edm = {value: key for key, value in reversed(_TYPES.items())}
    edm |= {"money": "Edm.Decimal", "number": "Edm.Decimal", "reference": "Edm.Guid", "integer": "Edm.Int32"}
    edm |= {"date": "Edm.DateTimeOffset", "datetime": "Edm.DateTimeOffset", "text": "Edm.String"}
    for name, shape in stock_shapes().items():
        found = types[name] = Type(name)
        fields = {"Id": {"type": "id"}, **shape["fields"], **_SYSTEM_FIELDS}
        for column, one in fields.items():
            found.properties[column] = Property(column, edm[one.get("type", "text")], one.get("max_length"))
            if one.get("refers_to"):
                found.lookups[column.removesuffix("Id")] = (one["refers_to"], column)
    for name, found in types.items():
        for lookup, (target, column) in found.lookups.items():
            if target in types and column not in SYSTEM:
                types[target].collections[f"{name}CollectionBy{lookup}"] = name
    return Model(types, live=False)


_SYSTEM_FIELDS: dict[str, dict[str, Any]] = {
    "CreatedOn": {"type": "datetime"},
    "CreatedById": {"type": "reference", "refers_to": "Contact"},
    "ModifiedOn": {"type": "datetime"},
    "ModifiedById": {"type": "reference", "refers_to": "Contact"},
    "ProcessListeners": {"type": "integer"},
}


def humane(name: str) -> str:
    """``ResponsibleDepartment`` → ``Responsible department``; ``UsrInvoiceNumber`` → ``Invoice number``."""
    bare = re.sub(r"^Usr(?=[A-Z])", "", name)
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", bare) or [bare]
    text = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    return text[:1].upper() + text[1:]


def title_of(entity: str) -> str:
    return str(stock_shapes().get(entity, {}).get("title") or humane(entity))


def plural_of(entity: str) -> str:
    if plural := stock_shapes().get(entity, {}).get("plural"):
        return str(plural)
    title = title_of(entity)
    return title[:-1] + "ies" if title.endswith("y") else f"{title}s"
