"""Conditions as people draw them, and their plain reading: the documents, and ``Atom``, one comparison.

A condition is one of

- ``{"all": […]}``, ``{"any": […]}``, ``{"none": […]}``; an empty ``all`` or ``none`` is true, an empty ``any`` not
- ``{"left": Value, "op": "…", "right": Value | {"low": Value, "high": Value} | null}`` (engine.operators)
- ``{"lines": "$.Lines", "quantifier": "any" | "every" | "none", "where": Condition}``: inside, ``$`` is the
  line and ``$parent`` the record; without lines, ``every`` and ``none`` are true
- ``{"fact": "vip", "op": "is", "right": true}``: what another rule concluded (engine.facts)

They are judged left to right and no further than needed. A path that leads nowhere is no error here but
*no value*; what each operator makes of that stands in engine.operators.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Discriminator, Field, Tag

from engine.errors import Problem
from engine.expression import ConstantValue, PathValue, Value
from engine.flow import Document, Identifier

MAX_DEPTH = 32
"""How deep conditions nest. A person reads three levels; the rest is headroom for generated ones."""

FactValue = bool | Annotated[str, Field(max_length=64)] | int


class Range(Document):
    """The right side of ``between`` and ``in_period``; both ends belong to it."""

    low: Value
    high: Value


def _right_kind(right: Any) -> str:
    if isinstance(right, dict):
        return str(right.get("kind", "range" if {"low", "high"} & set(right) else "constant"))
    return "range" if isinstance(right, Range) else str(getattr(right, "kind", "constant"))


Right = Annotated[
    Annotated[PathValue, Tag("path")]
    | Annotated[ConstantValue, Tag("constant")]
    | Annotated[Range, Tag("range")],
    Discriminator(_right_kind),
]


class AllOf(Document):
    all: list[Condition]


class AnyOf(Document):
    any: list[Condition]


class NoneOf(Document):
    none: list[Condition]


class Comparison(Document):
    left: Value
    op: str
    right: Right | None = None


class LinesCondition(Document):
    lines: str
    quantifier: Literal["any", "every", "none"] = "any"
    where: Condition


class FactCondition(Document):
    """``is`` is true when the value is among those concluded; ``empty`` when nothing was."""

    fact: Identifier
    op: Literal["is", "is_not", "empty", "not_empty"] = "is"
    right: FactValue | None = True


def kind_of(condition: Any) -> str:
    """``all``, ``any``, ``none``, ``lines``, ``fact`` or ``comparison``."""
    for key in ("all", "any", "none", "lines", "fact"):
        if key in condition if isinstance(condition, dict) else hasattr(condition, key):
            return key
    return "comparison"


Condition = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[NoneOf, Tag("none")]
    | Annotated[LinesCondition, Tag("lines")]
    | Annotated[FactCondition, Tag("fact")]
    | Annotated[Comparison, Tag("comparison")],
    Discriminator(kind_of),
]

for _document in (AllOf, AnyOf, NoneOf, LinesCondition, Comparison):
    _document.model_rebuild()


def children(condition: Any) -> list[Any]:
    """The conditions directly inside an ``all``, ``any`` or ``none``; nothing for the others."""
    for kind, key in ((AllOf, "all"), (AnyOf, "any"), (NoneOf, "none")):
        if isinstance(condition, kind):
            return list(getattr(condition, key))
    return []


class Part(NamedTuple):
    """A condition within another: where it stands ("all.0.where"), and how deep."""

    path: str
    condition: Any
    depth: int
    in_lines: bool


def parts(condition: Any, path: str = "", depth: int = 1, in_lines: bool = False) -> Iterator[Part]:
    """The condition and all within it, in the order in which they are judged."""
    yield Part(path, condition, depth, in_lines)
    if depth > MAX_DEPTH:
        return
    if isinstance(condition, LinesCondition):
        yield from parts(condition.where, f"{path}.where".lstrip("."), depth + 1, True)
    for index, child in enumerate(children(condition)):
        name = kind_of(condition)
        yield from parts(child, f"{path}.{name}.{index}".lstrip("."), depth + 1, in_lines)


def facts_in(condition: Any) -> list[FactCondition]:
    return [part.condition for part in parts(condition) if isinstance(part.condition, FactCondition)]


def too_deep(condition: Any, field: str) -> list[Problem]:
    if any(part.depth > MAX_DEPTH for part in parts(condition)):
        return [
            Problem(
                "E-CONDITION-DEPTH",
                f"The condition nests more than {MAX_DEPTH} levels deep.",
                "Split it into several rules.",
                field=field,
            )
        ]
    return []
