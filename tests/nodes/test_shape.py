"""Filter, switch, split and lookup."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DefinitionError, Held, RecordRejected
from engine.flow import Edge, Flow, LookupTable, Slot
from engine.flow import Node as Drawn
from engine.node import Node, NodeContext, Outbox, Trace
from engine.plan import build
from engine.record import Origin, Record, fingerprint
from engine.shape import Entity, Field
from engine.walk import Course, WantAsk, WriteAsk, walk
from nodes.decide.switch import SwitchNode
from nodes.shape import split
from nodes.shape.filter import FilterNode
from nodes.shape.lookup import LookupRecordsNode
from nodes.shape.map import MapNode
from nodes.shape.split import SplitNode


def make(cls: type[Node[Any]], **drawn: Any) -> Any:
    return cls(cls.Settings.model_validate(drawn), NodeContext(node="n"))


def run(node: Node[Any], *records: Record, **more: Any) -> Outbox:
    out = Outbox(**more)
    node.process(list(records), out)
    return out


def where(path: str, op: str, value: Any) -> dict[str, Any]:
    return {"left": {"kind": "path", "path": path}, "op": op, "right": {"kind": "constant", "value": value}}


# filter --------------------------------------------------------------------------------------------------


def test_filter_sends_each_record_one_way_and_says_why() -> None:
    node = make(FilterNode, condition=where("$.Stage", "is", "Closed won"))
    won, lost = Record("1", {"Stage": "Closed won"}), Record("2", {"Stage": "Lost"})
    out = run(node, won, lost, trace=Trace())
    assert out.ports == {"out": [won], "no": [lost]}
    assert "Stage" in node.summary()
    assert out.trace is not None
    note = out.trace.notes["n", "2"][0]
    assert note["holds"] is False
    assert "Lost" in note["because"]


def test_a_filter_without_a_condition_warns() -> None:
    (problem,) = make(FilterNode).check()
    assert problem.severity == "warning"


def test_what_cannot_be_judged_is_rejected() -> None:
    out = run(make(FilterNode, condition=where("$.Amount", ">", 5)), Record("1", {"Amount": "many"}))
    assert isinstance(out.failures[0][1], RecordRejected)


def test_a_broken_condition_is_a_problem_of_the_drawing() -> None:
    node = make(FilterNode, condition=where("$.a[", "is", 1))
    assert node.check()[0].field.startswith("condition")
    with pytest.raises(DefinitionError):
        run(node, Record("1", {}))


# switch --------------------------------------------------------------------------------------------------

CASES = [
    {"port": "vip", "title": "VIP", "condition": where("$.Amount", ">", 1000)},
    {"port": "big", "condition": where("$.Amount", ">", 100)},
]


def test_the_first_case_that_is_true_wins() -> None:
    node = make(SwitchNode, cases=CASES)
    records = [Record(str(amount), {"Amount": amount}) for amount in (5000, 500, 5)]
    out = run(node, *records)
    assert out.ports == {"vip": [records[0]], "big": [records[1]], "otherwise": [records[2]]}
    assert [port.name for port in node.ports_out(node.settings)] == ["vip", "big", "otherwise"]
    assert node.summary() == "VIP, big"


def test_without_a_way_for_others_they_are_rejected() -> None:
    node = make(SwitchNode, cases=CASES, otherwise=False)
    out = run(node, Record("1", {"Amount": 5}, title="Deal"))
    assert "Deal fits none of the cases" in out.failures[0][1].message
    assert [port.name for port in node.ports_out(node.settings)] == ["vip", "big"]


def test_switch_checks_its_ports() -> None:
    fields = [
        problem.field
        for problem in make(SwitchNode, cases=[CASES[0], CASES[0], {**CASES[0], "port": "rejected"}]).check()
    ]
    assert fields == ["cases.1.port", "cases.2.port"]
    assert make(SwitchNode).check()[0].severity == "warning"


# split ---------------------------------------------------------------------------------------------------


def test_split_makes_numbered_children_that_know_their_parent() -> None:
    order = Record("O", {"Number": 1, "Lines": [{"A": 1}, "x"]}, 3, Origin("crm", "Order"), title="Order 1")
    first, second = run(make(SplitNode), order).ports["out"]
    assert (first.key, second.key) == ("O#1", "O#2")
    assert (first.data, second.data) == ({"A": 1}, {"value": "x"})
    assert (first.root, first.origin, first.title) == (3, Origin("crm", "Order"), "Order 1, line 1")
    rows = [{"target": "N", "value": {"kind": "path", "path": "$parent.Number"}}]
    assert run(make(MapNode, rows=rows), first).ports["out"][0].data == {"N": 1}


def test_split_of_split_reaches_both_parents() -> None:
    order = Record("O", {"N": 1, "Lines": [{"N": 2, "Lines": [{"N": 3}]}]})
    (line,) = run(make(SplitNode), order).ports["out"]
    (part,) = run(make(SplitNode), line).ports["out"]
    rows = [
        {"target": name, "value": {"kind": "path", "path": path}}
        for name, path in (("a", "$.N"), ("b", "$parent.N"), ("c", "$parent.$parent.N"))
    ]
    assert run(make(MapNode, rows=rows), part).ports["out"][0].data == {"a": 3, "b": 2, "c": 1}
    assert part.key == "O#1#1"


def test_without_keep_parent_it_is_gone() -> None:
    (child,) = run(make(SplitNode, keep_parent=False), Record("O", {"Lines": [{}]})).ports["out"]
    assert child.steps == {}


@pytest.mark.parametrize("data", [{}, {"Lines": None}, {"Lines": "x"}, {"Lines": {"a": 1}}, None])
def test_split_refuses_what_is_no_list(data: Any) -> None:
    assert isinstance(run(make(SplitNode), Record("1", data)).failures[0][1], RecordRejected)


def test_split_skips_a_record_without_lines_aloud() -> None:
    out = run(make(SplitNode), Record("1", {"Lines": []}, title="Order 1"))
    assert out.skipped == [(out.skipped[0][0], "Order 1 has no lines in Lines.")]


@settings(max_examples=100, deadline=None)
@given(
    orders=st.lists(st.lists(st.integers(), max_size=5), max_size=5),
    path=st.sampled_from(["$.Lines", "$.Lines[*]"]),
)
def test_split_loses_no_line(orders: list[list[int]], path: str) -> None:
    records = [Record(f"O{at}", {"Lines": lines}, at) for at, lines in enumerate(orders)]
    out = run(make(SplitNode, path=path), *records)
    leaving = out.ports.get("out", [])
    assert [record.data["value"] for record in leaving] == [value for lines in orders for value in lines]
    assert len({record.key for record in leaving}) == len(leaving)
    assert len(out.skipped) == sum(not lines for lines in orders)


def test_a_list_that_is_split_again_and_again_is_refused_before_it_has_no_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other records of the batch go on."""
    monkeypatch.setattr(split, "MOST", 20)
    big, small = (
        Record(name, {"Lines": [{}] * size}, at) for at, (name, size) in enumerate((("B", 5), ("S", 4)))
    )
    again = make(SplitNode, path="$parent.Lines")
    out = run(again, *run(make(SplitNode), big, small).ports["out"])
    assert [record.root for record in out.ports["out"]] == [1] * 16
    assert {(record.root, error.code) for record, error in out.failures} == {(0, "E-VALUE")}
    assert "more than 20 lines" in out.failures[0][1].message


def test_split_says_which_fields_leave() -> None:
    order = Entity(name="Order", fields=(Field(name="Lines", type="lines", fields=(Field(name="A"),)),))
    shape = make(SplitNode, path="$.Lines[*]").infer({"in": order})["out"]
    assert [field.name for field in shape.fields] == ["A"]


# lookup --------------------------------------------------------------------------------------------------


def lookup(**more: Any) -> Any:
    match = [{"field": "NAME", "value": {"kind": "path", "path": "$.Customer"}}]
    return make(LookupRecordsNode, slot="erp", entity="CUSTOMER", match=match, **more)


def answered(node: Any, data: Any, *rows: dict[str, Any]) -> Outbox:
    record = Record("1", data, title="Order 1")
    want = node.want([record])
    return run(node, record, answers={key: list(rows) for key in want.matches})


def test_lookup_asks_once_for_equal_wishes() -> None:
    records = [Record("1", {"Customer": "Acme"}), Record("2", {"Customer": "Acme"}), Record("3", {})]
    want = lookup(fields=["CUSTOMERID"]).want(records)
    assert list(want.matches.values()) == [{"NAME": "Acme"}]
    assert list(want.matches) == [fingerprint({"NAME": "Acme"})]
    assert want.fields == ("CUSTOMERID", "NAME")


def test_lookup_joins_the_one_that_fits() -> None:
    rows = [{"CUSTOMERID": "C1", "NAME": " acme"}, {"CUSTOMERID": "C2", "NAME": "Acme Inc"}]
    out = answered(lookup(**{"as": "customer"}), {"Customer": "Acme"}, *rows)
    (record,) = out.ports["out"]
    assert record.steps["n"] == rows[0]
    assert record.data == {"Customer": "Acme", "customer": rows[0]}


def test_lookup_with_several_that_fit_asks_a_person() -> None:
    rows = [{"CUSTOMERID": "C1", "NAME": "Acme"}, {"CUSTOMERID": "C2", "NAME": "ACME"}]
    held = answered(lookup(), {"Customer": "Acme"}, *rows).failures[0][1]
    assert isinstance(held, Held)
    assert held.question == {
        "kind": "ambiguous",
        "slot": "erp",
        "entity": "CUSTOMER",
        "match": {"NAME": "Acme"},
    }
    assert held.message == "2 objects of CUSTOMER have NAME «Acme», and one is needed."
    assert answered(lookup(many=True), {"Customer": "Acme"}, *rows).ports["out"][0].steps["n"] == rows


def test_lookup_without_a_find_does_what_was_drawn() -> None:
    assert isinstance(answered(lookup(), {"Customer": "Acme"}).failures[0][1], Held)
    refused = answered(lookup(missing="reject"), {"Customer": "Acme"}).failures[0][1]
    assert isinstance(refused, RecordRejected)
    assert refused.message == "There is no CUSTOMER with NAME «Acme»."
    assert answered(lookup(missing="empty"), {"Customer": "Acme"}).ports["out"][0].steps == {"n": None}
    assert answered(lookup(missing="empty"), {}).ports["out"][0].steps == {"n": None}
    assert answered(lookup(many=True), {"Customer": "Acme"}).ports["out"][0].steps == {"n": []}


def test_lookup_needs_a_value_to_look_for() -> None:
    assert "has no Customer" in answered(lookup(), {}).failures[0][1].message


def test_lookup_compares_ids_of_either_kind() -> None:
    node = make(
        LookupRecordsNode,
        slot="erp",
        entity="C",
        match=[{"field": "id", "value": {"kind": "constant", "value": "5"}}],
    )
    assert answered(node, {}, {"id": 5}).ports["out"][0].steps == {"n": {"id": 5}}


def test_lookup_checks_its_drawing() -> None:
    assert [problem.field for problem in make(LookupRecordsNode).check()] == ["slot", "entity", "match"]
    assert lookup().summary() == "CUSTOMER by NAME"
    shape = lookup(**{"as": "c"}, fields=["CUSTOMERID"]).infer({"in": Entity(name="Order")})["out"]
    assert [field.name for field in shape.field("c").fields] == ["CUSTOMERID", "NAME"]


DATED = LookupTable(
    title="Regions",
    columns=["Country", "Since", "Region"],
    rows=[["DE", "2026-01-01", "Middle"], ["DE", "2026-07-01", "Europe"]],
    valid_from="Since",
)


@pytest.mark.parametrize(("day", "region"), [("2026-03-01", "Middle"), ("2026-08-01", "Europe")])
def test_lookup_and_write_ask_tables_with_days_for_the_day_of_the_run(day: str, region: str) -> None:
    given = {
        name: {"kind": "constant", "value": to} for name, to in (("table", "regions"), ("column", "Region"))
    }
    value = {"kind": "path", "path": "$.Country", "then": [{"function": "lookup", "args": given}]}
    flow = Flow(
        name="By region",
        slots={"erp": Slot(system="creatio")},
        tables={"regions": DATED},
        nodes=[
            Drawn(id="hand", type="manual"),
            Drawn(id="find", type="lookup", settings={"slot": "erp", "entity": "Region", "match": [{"field": "Name", "value": value}]}),
            Drawn(id="keep", type="write", settings={"slot": "erp", "entity": "Region", "operation": "update", "id": value}),
        ],
        edges=[Edge(source="hand", target="find"), Edge(source="find", target="keep")],
    )  # fmt: skip
    plan = build(flow)
    facts = {"started": f"{day}T09:00:00Z"}
    way = walk(plan, {"find": [Record("1", {"Country": "DE"})]}, Course(), run=facts)
    asked = next(way)
    assert isinstance(asked, WantAsk)
    ((key, match),) = asked.want.matches.items()
    assert match == {"Name": region}
    to_write = way.send({key: [{"Id": "r", "Name": region}]})
    assert isinstance(to_write, WriteAsk)
    (record,) = to_write.records
    assert record.steps["find"] == {"Id": "r", "Name": region}
    write: Any = plan.nodes["keep"]
    assert write.identify(record, facts)[0] == region
