"""Pre-flight checks: named rules that are ready to be added to a rules step, each with the fields that it asks for."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from designer.web import ROOT
from engine.flow import Document
from engine.record import from_json
from engine.rules import Rule


class Asked(Document):
    """One thing to choose before a check is added.

    In the rule, ``$.<name>`` stands for a field of the record, its lines, or a field of a line; the text
    ``@<name>`` for a list, a day or a text that is typed, and for a table of currency rates. ``suggest`` are
    names that such a field often has.
    """

    name: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    title: str
    of: Literal["field", "lines", "line", "list", "date", "text", "table"] = "field"
    suggest: list[str] = []


class Check(Document):
    id: str
    title: str
    help: str
    fields: list[Asked]
    rule: Rule


class Library(Document):
    title: str
    checks: list[Check]


@cache
def library() -> Library:
    """The checks that come with Heddle. Raises pydantic's ValidationError for a broken file."""
    path = ROOT / "flows" / "rules" / "preflight.json"
    return Library.model_validate(from_json(path.read_bytes()))
