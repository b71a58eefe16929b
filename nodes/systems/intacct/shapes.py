"""Shapes of Intacct's objects: shapes.json, joined with what ``lookup`` says of this company.

``lookup`` answers ``<Type Name><Fields><Field><ID/><LABEL/><REQUIRED/><READONLY/><DATATYPE/><VALIDVALUES/>
<ISCUSTOM/>``. Source: developer.intacct.com, web services, queries.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from engine.shape import Choice, Entity, Field, Summary, ValueType
from nodes.systems.intacct import people
from nodes.systems.intacct.envelope import Element
from nodes.systems.intacct.objects import WRITE_ONLY
from nodes.systems.intacct.values import leaves, nest

_TYPES: dict[str, ValueType] = {
    "INTEGER": "integer",
    "TEXT": "text",
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "DECIMAL": "number",
    "CURRENCY": "money",
    "PERCENT": "number",
    "BOOLEAN": "boolean",
    "ENUM": "choice",
    "SEQUENCE": "id",
}


@cache
def _document() -> dict[str, Any]:
    text = files("nodes.systems.intacct").joinpath("shapes.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def known() -> dict[str, Entity]:
    """The shipped shapes by name, the most used first."""
    entities = [Entity.model_validate(entity) for entity in _document()["entities"]]
    return {entity.name: entity for entity in entities}


def summaries(offered: dict[str, str]) -> list[Summary]:
    """All objects: the shipped ones first, then what ``inspect`` listed (name → label)."""
    common = set(_document()["common"])
    shipped = [
        Summary(name=shape.name, title=shape.title, description=shape.description, common=name in common)
        for name, shape in known().items()
    ]
    others = sorted((label or name, name) for name, label in offered.items() if name not in known())
    return [*shipped, *(Summary(name=name, title=label) for label, name in others)]


def merge(name: str, described: Element | None) -> Entity | None:
    """The shipped shape with the company's own fields, choices and labels; either part may be missing."""
    base = known().get(name)
    live = [] if described is None else [_live(field) for field in described.iterfind("Fields/Field")]
    if base is None:
        return _unknown(name, live) if live else None
    have = {path for path, _ in leaves(base.fields)} | {field.name for field in base.fields}
    added = [field for field in live if field.name not in have and "." not in field.name]
    choices = {field.name: field.choices for field in live if field.choices}
    fields = [
        field.model_copy(update={"choices": _titled(choices[field.name], field)})
        if field.type == "choice" and field.name in choices
        else field
        for field in base.fields
    ]
    changer = people.field(field.name for field in live)
    return base.model_copy(update={"fields": (*fields, *added), "modified_by": changer})


def selectable(shape: Entity, described: Element | None) -> list[str]:
    """Dotted paths that a query may select: all of the shape's, less what this company does not have.

    A query that names one unknown field is refused as a whole, so what ``lookup`` does not list stays out.
    """
    paths = [path for path, _ in leaves(shape.fields) if path not in WRITE_ONLY.get(shape.name, ())]
    if described is None:
        return paths
    listed = {field.findtext("ID") or "" for field in described.iterfind("Fields/Field")}
    dotted = any("." in name for name in listed)
    return [path for path in paths if path in listed or ("." in path and not dotted)]


def _titled(live: tuple[Choice, ...], shipped: Field) -> tuple[Choice, ...]:
    """The company's values under the titles that we ship for them."""
    titles = {choice.value: choice.title for choice in shipped.choices}
    return tuple(Choice(value=one.value, title=titles.get(one.value, one.title)) for one in live)


def _live(described: Element) -> Field:
    values = [value.text or "" for value in described.iterfind("VALIDVALUES/VALIDVALUE")]
    kind = _TYPES.get((described.findtext("DATATYPE") or "").upper(), "text")
    return Field(
        name=described.findtext("ID") or "",
        title=described.findtext("LABEL") or "",
        description=described.findtext("DESCRIPTION") or "",
        type="choice" if values and kind in {"text", "choice"} else kind,
        required=described.findtext("REQUIRED") == "true",
        read_only=described.findtext("READONLY") == "true",
        choices=tuple(Choice(value=value, title=value) for value in values),
    )


def _unknown(name: str, live: list[Field]) -> Entity:
    """An object that Heddle ships no shape for, as the company describes it."""
    names = {field.name for field in live}
    tree = nest((field.name, field) for field in live if field.name)
    return Entity(
        name=name,
        title=name,
        key="RECORDNO" if "RECORDNO" in names else live[0].name,
        title_field="NAME" if "NAME" in names else None,
        modified="WHENMODIFIED" if "WHENMODIFIED" in names else None,
        modified_by=people.field(names),
        match=("NAME",) if "NAME" in names else (),
        fields=tuple(_grown(part, value) for part, value in tree.items()),
    )


def _grown(name: str, value: Any) -> Field:
    if isinstance(value, Field):
        return value.model_copy(update={"name": name})
    return Field(name=name, type="object", fields=tuple(_grown(part, below) for part, below in value.items()))
