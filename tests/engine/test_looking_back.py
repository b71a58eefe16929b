"""What a record was at its reading step is kept for those who ask for it, and forgotten where nobody does."""

from __future__ import annotations

import pytest

from engine.flow import Edge, Flow, Node, Slot
from engine.plan import Plan, build
from engine.record import Record
from engine.walk import Course, WriteAsk, walk

ROW = {"name": "Kestrel", "city": "Porto"}


def drawing(path: str, rule: str = "$.name") -> Plan:
    """read → map → rules → write"""
    when = {
        "left": {"kind": "path", "path": rule},
        "op": "is",
        "right": {"kind": "constant", "value": "Kestrel"},
    }
    mark = {"do": "set", "target": "known", "value": {"kind": "constant", "value": "yes"}}
    named = {"rules": [{"id": "named", "when": when, "then": [mark]}]}
    ways = ("start", "read"), ("read", "map"), ("map", "judge"), ("judge", "write")
    return build(
        Flow(
            name="Looking back",
            slots={slot: Slot(system="http") for slot in ("left", "right")},
            nodes=[
                Node(id="start", type="manual"),
                Node(id="read", type="read", settings={"slot": "left", "entity": "customer"}),
                Node(id="map", type="map", settings={"rows": [
                    {"target": "city", "value": {"kind": "path", "path": path}},
                    {"target": "name", "value": {"kind": "path", "path": "$.name"}},
                ]}),
                Node(id="judge", type="rules", settings={"rules": named}),
                Node(id="write", type="write", settings={"slot": "right", "entity": "customer", "operation": "create"}),
            ],
            edges=[Edge(source=source, target=target) for source, target in ways],
        )
    )  # fmt: skip


def arrived(plan: Plan, course: Course) -> Record:
    """The record as it arrives at the write step."""
    ask = next(walk(plan, {"read": [Record("1", ROW)]}, course))
    assert isinstance(ask, WriteAsk)
    return ask.records[0]


@pytest.mark.parametrize(("path", "rule"), [("$steps.read.city", "$.name"), ("$.city", "$steps.read.name")])
def test_who_looks_back_finds_the_record_as_it_was_read(path: str, rule: str) -> None:
    found = arrived(drawing(path, rule), Course())
    assert (found.data["city"], found.data["known"], found.steps["read"]) == ("Porto", "yes", ROW)


def test_where_nobody_looks_back_it_is_forgotten() -> None:
    found = arrived(drawing("$.city"), Course())
    assert (found.data["city"], "read" in found.steps) == ("Porto", False)


def test_who_walks_a_batch_again_to_explain_it_or_to_go_on_elsewhere_has_it_all() -> None:
    assert arrived(drawing("$.city"), Course(trail=[])).steps["read"] == ROW
