"""Where a node reads or writes: the settings that read, write and lookup have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from engine.errors import Problem

SlotName = Annotated[
    str,
    Field(
        title="Connection",
        description="The connection of this flow to use.",
        json_schema_extra={"x-widget": "slot"},
    ),
]

EntityName = Annotated[
    str,
    Field(
        title="Object",
        description="The kind of object in that system.",
        json_schema_extra={"x-widget": "entity", "x-of": "slot"},
    ),
]


def place_problems(slot: str, entity: str) -> list[Problem]:
    problems = []
    if not slot:
        problems.append(Problem("E-SLOT-NONE", "No connection is chosen.", "Choose one.", field="slot"))
    if not entity:
        problems.append(
            Problem("E-ENTITY-NONE", "No kind of object is chosen.", "Choose one.", field="entity")
        )
    return problems
