"""What a mapping makes is called as its target calls it, for the steps behind it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.flow import Flow
from engine.plan import check
from engine.shape import Choice, Entity, Field
from tests.nodes.test_map import call, path, row


def test_what_it_fills_is_called_as_the_target_calls_it() -> None:
    within = (Field(name="EMAIL1", title="E-mail", type="text"),)
    customer = Entity(
        name="CUSTOMER",
        fields=(
            Field(name="NAME", title="Name", type="text"),
            Field(name="TERM", title="Term", type="choice", choices=(Choice(value="n30", title="Net 30"),)),
            Field(name="CONTACT", title="Contact", type="object", fields=within),
        ),
    )
    rows = [
        row("NAME", path("$.a", call("upper"))),
        row("TERM", path("$.b")),
        row("CONTACT.EMAIL1", path("$.c")),
        row("OWN", path("$.d")),
    ]
    settings = {"slot": "erp", "entity": "CUSTOMER", "rows": rows}
    flow = Flow.model_validate(
        {
            "name": "x",
            "slots": {"erp": {"system": "intacct"}},
            "nodes": [
                {"id": "hand", "type": "manual"},
                {"id": "map", "type": "map", "settings": settings},
            ],
            "edges": [{"source": "hand", "target": "map"}],
        }
    )
    made = check(flow, lambda slot, entity: customer).nodes["map"].shapes["out"]
    assert made is not None
    told = {field.name: (field.label(), field.type, len(field.choices)) for field in made.fields}
    assert told == {
        "NAME": ("Name", "text", 0), "TERM": ("Term", "choice", 1), "CONTACT": ("Contact", "object", 0), "OWN": ("OWN", "any", 0),
    }  # fmt: skip
    assert made.field("CONTACT").fields[0].label() == "E-mail"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (Entity(name="invoices", open=True), []),
        (Entity(name="invoices", open=True, fields=(Field(name="a"),)), [("E-FIELD-NEW", "warning", "b")]),
        (Entity(name="invoices", fields=(Field(name="a"),)), [("E-FIELD-UNKNOWN", "error", "b")]),
    ],
)
def test_an_object_of_which_not_all_is_known_takes_any_field(target: Entity, told: list[Any]) -> None:
    place = {"slot": "shop", "entity": "invoices"}
    flow = Flow.model_validate(
        {
            "name": "x",
            "slots": {"shop": {"system": "http"}},
            "nodes": [
                {"id": "hand", "type": "manual"},
                {
                    "id": "map",
                    "type": "map",
                    "settings": {**place, "rows": [row("a", path("$.a")), row("b", path("$.b"))]},
                },
                {"id": "write", "type": "write", "settings": {**place, "operation": "create"}},
            ],
            "edges": [{"source": "hand", "target": "map"}, {"source": "map", "target": "write"}],
        }
    )
    found = check(flow, lambda slot, entity: target).problems
    assert [(one.code, one.severity, one.field) for one in found if "FIELD" in one.code] == told
