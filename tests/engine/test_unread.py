"""A value that the reading step does not bring along is told while drawing, not by records that lack it."""

from __future__ import annotations

from typing import Any

import pytest

from engine import unread
from engine.flow import Flow
from engine.shape import Entity, Field

ORDER = Entity(
    name="Orders",
    fields=(
        Field(name="No"),
        Field(name="Place", type="object", fields=(Field(name="City"),)),
        Field(name="Customer", type="object", asked=True, fields=(Field(name="Code"), Field(name="Name"))),
        Field(name="Lines", type="lines", asked=True, fields=(Field(name="Item"),)),
    ),
)


def drawn(**reading: Any) -> Flow:
    def row(target: str, path: str) -> dict[str, Any]:
        return {"target": target, "value": {"kind": "path", "path": path}}

    lines = {"target": "lines", "lines": "$.Lines", "rows": [row("item", "$.Item")]}
    rows = [row("no", "$.No"), row("city", "$.Place.City"), row("name", "$.Customer.Name"), lines]
    return Flow.model_validate(
        {
            "name": "x",
            "slots": {"erp": {"system": "odata"}},
            "nodes": [
                {"id": "hand", "type": "manual"},
                {"id": "read", "type": "read", "settings": {"slot": "erp", "entity": "Orders", **reading}},
                {"id": "map", "type": "map", "settings": {"rows": rows}},
            ],
            "edges": [{"source": "hand", "target": "read"}, {"source": "read", "target": "map"}],
        }
    )


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        ({}, ["Customer.Name", "Lines"]),
        ({"fields": ["Customer.Code"], "lines": ["Lines"]}, ["Customer.Name"]),
        ({"fields": ["Customer"], "lines": ["Lines"]}, []),
        ({"fields": ["No", "Customer.Name"], "lines": ["Lines"]}, []),
    ],
)
def test_what_is_not_asked_for_is_not_there(reading: dict[str, Any], told: list[str]) -> None:
    found = unread.problems(drawn(**reading), {("erp", "Orders"): ORDER})
    assert [one.message.partition(" ")[0] for one in found] == told
    assert {(one.code, one.severity, one.node) for one in found} <= {("E-NOT-READ", "warning", "map")}
    if "Lines" in told:
        assert found[1].cure == "Choose it under «Lines» of the step that reads Orders."


def test_a_system_that_brings_all_is_trusted() -> None:
    whole = ORDER.model_copy(
        update={"fields": tuple(one.model_copy(update={"asked": False}) for one in ORDER.fields)}
    )
    assert unread.problems(drawn(), {("erp", "Orders"): whole}) == []
