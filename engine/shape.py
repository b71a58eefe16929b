"""What a record looks like: entities, fields and value types, as a connector offers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as PydanticField

ValueType = Literal[
    "text",
    "integer",
    "number",
    "money",
    "boolean",
    "date",
    "datetime",
    "id",
    "reference",
    "choice",
    "lines",
    "object",
    "any",
]
"""How a value is meant: JSON types are the same for several of them, comparison and forms are not.

date = ``YYYY-MM-DD``; datetime = UTC ``YYYY-MM-DDTHH:MM:SSZ``; money and number = Decimal;
reference = the id of another entity; lines = a list of objects with ``fields`` of their own.
"""


class Shape(BaseModel):
    """Base of the shape documents: frozen, and nothing unknown slips in."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(Shape):
    value: str
    title: str


class Field(Shape):
    """One field of an entity. ``name`` is the system's own name, ``title`` what people read; ``asked``: it comes only
    where a reading step names it."""

    name: str
    title: str = ""
    type: ValueType = "text"
    required: bool = False
    read_only: bool = False
    create_only: bool = False
    asked: bool = False
    max_length: int | None = None
    refers_to: str | None = None
    choices: tuple[Choice, ...] = ()
    fields: tuple[Field, ...] = ()
    description: str = ""

    def label(self) -> str:
        return self.title or self.name


class Entity(Shape):
    """One kind of object in a system.

    key          the field that identifies a record          title_field  what people call it by
    modified     the change stamp for incremental reads      match        sensible match keys for an upsert
    modified_by  the field that says who changed it last     operations   what the system allows
    role         what it is in business, where Heddle tells it apart: a payment that came in
    open         it may have fields besides these: nobody has said which there are, or the system allows any
    """

    name: str
    title: str = ""
    plural: str = ""
    key: str = "id"
    title_field: str | None = None
    modified: str | None = None
    modified_by: str | None = None
    match: tuple[str, ...] = ()
    operations: tuple[Literal["read", "create", "update", "delete"], ...] = ("read", "create", "update")
    role: Literal["payment"] | None = None
    open: bool = False
    fields: tuple[Field, ...] = ()
    description: str = ""

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    def required(self) -> list[Field]:
        return [field for field in self.fields if field.required and not field.read_only]


class Summary(Shape):
    """An entity in a list: cheap to fetch, without its fields."""

    name: str
    title: str
    description: str = ""
    common: bool = PydanticField(default=False, description="Shown first, because most flows use it.")


def titled(fields: Sequence[Field], name: str) -> tuple[str, Sequence[Field]]:
    """What people call the field at a dotted name, and the fields within it; its name where the shape does not say."""
    titles: list[str] = []
    for part in name.split("."):
        found = next((one for one in fields if one.name == part), None)
        titles.append(found.label() if found else part)
        fields = found.fields if found else ()
    return " · ".join(titles), fields


def named_after(entity: Entity, fields: Sequence[Field]) -> tuple[Field, ...]:
    """Fields that are to fill an entity, called as it calls them; of its kind where nothing else is known."""
    known = {field.name: field for field in entity.fields}
    return tuple(_named(field, known[field.name]) if field.name in known else field for field in fields)


def _named(field: Field, known: Field) -> Field:
    within = {one.name: one for one in known.fields}
    inner = tuple(_named(one, within[one.name]) if one.name in within else one for one in field.fields)
    told = {"title": field.title or known.title, "fields": inner}
    if field.type == "any":
        told |= {"type": known.type, "choices": known.choices, "fields": known.fields}
    return field.model_copy(update=told)


def plural(thing: str, count: int) -> str:
    """«Invoice», 2 → «invoices»; words that are all capitals stay as they are."""
    word = thing if thing.isupper() else thing.lower()
    if count == 1 or word.endswith("s"):
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("ch", "sh", "x", "z")) else f"{word}s"


def sample_value(field: Field) -> Any:
    """A placeholder of the right type, for previews before a system has been connected."""
    samples: dict[str, Any] = {
        "integer": 1,
        "boolean": True,
        "date": "2026-01-31",
        "datetime": "2026-01-31T12:00:00Z",
    }
    if field.type == "lines":
        return [{child.name: sample_value(child) for child in field.fields}]
    if field.type == "object":
        return {child.name: sample_value(child) for child in field.fields}
    return samples.get(field.type, field.label())
