"""The nodes that decide: rules and decision tables, on records as a flow brings them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.errors import DefinitionError, Held, RecordRejected, Waiting
from engine.node import NodeContext, Outbox, Trace
from engine.record import Record
from nodes.decide.approve import ApproveNode, ApproveSettings, Deciders
from nodes.decide.rules import RulesNode, RulesSettings
from nodes.decide.table import TableNode, TableSettings

INVOICE = {"Account": {"Name": "Acme", "Country": "DE"}, "Total": Decimal("1500.00"), "Ledger": None}


def is_(field: str, op: str, value: Any = None) -> dict[str, Any]:
    right = None if value is None else {"kind": "constant", "value": value}
    return {"left": {"kind": "path", "path": f"$.{field}"}, "op": op, "right": right}


def rule(id_: str, when: dict[str, Any], *then: dict[str, Any]) -> dict[str, Any]:
    return {"id": id_, "when": when, "then": list(then)}


def rules_node(*rules: dict[str, Any], **context: Any) -> RulesNode:
    settings = RulesSettings.model_validate({"rules": {"rules": list(rules)}})
    return RulesNode(settings, NodeContext(node="check", **context))


def run(node: Any, data: Any = INVOICE, trace: Trace | None = None) -> Outbox:
    out = Outbox(None, trace, {"started": "2026-11-20T12:00:00Z"})
    node.process([Record("7", data, title="Renewal 14")], out)
    return out


def constant(value: Any) -> dict[str, Any]:
    return {"kind": "constant", "value": value}


HOLD = rule(
    "ledger", is_("Ledger", "empty"),
    {"do": "hold", "message": "No ledger account for {Account.Name}.", "owner": "accounting"},
)  # fmt: skip


def test_hold_asks_its_question_and_reject_says_why() -> None:
    [(_, held)] = run(rules_node(HOLD)).failures
    assert isinstance(held, Held)
    assert held.message == "No ledger account for Acme."
    assert held.question == {
        "kind": "rule", "rule": "ledger", "rule_set": "check", "message": "No ledger account for Acme.", "owner": "accounting",
    }  # fmt: skip
    reject = rule("big", is_("Total", ">", 1000), {"do": "reject", "message": "{Total} is over the limit."})
    [(_, rejected)] = run(rules_node(reject, HOLD)).failures
    assert isinstance(rejected, RecordRejected)
    assert rejected.message == "1,500.00 is over the limit."


def test_set_leaves_the_record_as_it_was_and_the_first_rule_wins() -> None:
    terms = [
        rule(name, {"all": []}, {"do": "set", "target": target, "value": constant(name)})
        for name, target in (("a", "Terms.Days"), ("b", "Terms.Days"), ("c", "Terms.Text"))
    ]
    before = {**INVOICE, "Terms": {"Kept": 1}}
    [after] = run(rules_node(*terms), before).ports["out"]
    assert after.data["Terms"] == {"Kept": 1, "Days": "a", "Text": "c"}
    assert before["Terms"] == {"Kept": 1}
    [(_, refused)] = run(rules_node(*terms), {"Terms": [1]}).failures
    assert "cannot be set" in refused.message


def test_routes_become_ports_and_none_means_out() -> None:
    node = rules_node(
        rule("vip", is_("Total", ">", 1000), {"do": "route", "port": "vip"}),
        rule("de", is_("Account.Country", "is", "DE"), {"do": "route", "port": "domestic"}),
    )
    assert [port.name for port in node.ports_out(node.settings)] == ["out", "vip", "domestic"]
    assert sorted(run(node).ports) == ["domestic", "vip"]
    assert sorted(run(node, {"Total": 1}).ports) == ["out"]
    [(_, refused)] = run(node, {"Total": "lots"}).failures
    assert (
        refused.message
        == "Renewal 14: whether Total is more than 1,000 cannot be told: “lots” is not a number."
    )


def test_the_trace_tells_which_rule_fired_on_what() -> None:
    trace = Trace()
    run(rules_node(HOLD), trace=trace)
    [note] = trace.notes["check", "7"]
    assert (note["rule"], note["fired"], note["did"]) == ("ledger", True, ["hold"])
    assert note["because"] == "Ledger has no value – as asked: is empty"


def test_summary_and_problems_are_plain_words() -> None:
    assert rules_node(HOLD).summary() == "Hold if Ledger is empty"
    broken = rules_node(rule("x", is_("Total", "more", 1), {"do": "route", "port": "p"}))
    assert [problem.code for problem in broken.check()] == ["E-OPERATOR"]
    with pytest.raises(DefinitionError):
        run(broken)
    empty = RulesNode(RulesSettings(), NodeContext(node="check"))
    assert [problem.code for problem in empty.check()] == ["E-RULES-NONE"]


def test_a_shared_rule_set_comes_from_the_flow() -> None:
    shared = {"rules": [rule("vip", is_("Total", ">", 1000), {"do": "route", "port": "vip"})]}
    context = NodeContext(node="check", rules={"limits": shared, "damaged": {"rules": 3}})
    node = RulesNode(RulesSettings(rule_set="limits", routes=["vip"]), context)
    assert node.check() == []
    assert sorted(run(node).ports) == ["vip"]
    for settings, code in (
        (RulesSettings(rule_set="limits"), "E-PORT-UNREACHED"), (RulesSettings(rule_set="gone"), "E-RULES-UNKNOWN"),
        (RulesSettings(rule_set="damaged"), "E-RULES-DAMAGED"),
        (RulesSettings(rule_set="limits", routes=["vip", "old"]), "E-PORT-UNREACHED"),
    ):  # fmt: skip
        assert [problem.code for problem in RulesNode(settings, context).check()] == [code]


TABLE: dict[str, Any] = {
    "title": "Entity", "hit_policy": "unique",
    "inputs": [
        {"id": "country", "title": "Country", "type": "text", "value": {"kind": "path", "path": "$.Account.Country"}},
        {"id": "total", "title": "Total", "type": "money", "expression": "Total * 2"},
    ],
    "outputs": [{"id": "entity", "target": "Entity.Code"}, {"id": "due", "target": "Due", "type": "date"}],
    "rows": [
        {"id": "1", "when": ['"DE", "AT"', "< 5000"], "then": ['"EU-1"', 'date("2026-12-01")'], "note": "small"},
        {"id": "2", "when": ['not("DE", "AT")', "-"], "then": ['"ROW"', "null"]},
    ],
}  # fmt: skip


def table_node(table: dict[str, Any] | None = None, **settings: Any) -> TableNode:
    return TableNode(
        TableSettings.model_validate({"table": table or TABLE, **settings}), NodeContext(node="route")
    )


def test_a_table_sets_its_targets_and_tells_the_row() -> None:
    trace = Trace()
    [after] = run(table_node(), trace=trace).ports["out"]
    assert after.data["Entity"] == {"Code": "EU-1"}
    assert after.data["Due"] == "2026-12-01"
    note, *made = trace.notes["route", "7"]
    assert [(one["field"], one["steps"]) for one in made] == [
        ("Entity.Code", [{"did": "Table «Entity», row 1", "value": "EU-1"}]),
        ("Due", [{"did": "Table «Entity», row 1", "value": "2026-12-01"}]),
    ]
    assert note["rows"] == [{"row": 1, "id": "1", "note": "small"}]
    assert note["inputs"][1] == {"title": "Total", "value": Decimal("3000.00")}


def test_without_a_row_the_record_goes_on_waits_or_is_rejected() -> None:
    big = {"Account": {"Country": "DE"}, "Total": 9000}
    assert run(table_node(), big).ports["out"][0].data == big
    [(_, held)] = run(table_node(no_match="hold"), big).failures
    assert isinstance(held, Held)
    assert held.message == "Renewal 14: no row of “Entity” fits: Country is “DE”, Total is 18,000."
    [(_, refused)] = run(table_node(no_match="reject"), big).failures
    assert isinstance(refused, RecordRejected)
    [(_, wrong)] = run(table_node(), {"Account": {"Country": 5}, "Total": 1}).failures
    assert wrong.message == "Country is 5, which is no text."


def test_the_check_shows_gaps_and_overlaps_in_words() -> None:
    assert table_node().check() == []
    [gap] = table_node(no_match="hold").check()
    assert gap.code == "E-TABLE-GAP"
    assert gap.cure == 'Add a row: "AT", "DE" | >= 5000.'
    overlapping = {
        **TABLE,
        "rows": [*TABLE["rows"], {"id": "3", "when": ["-", "< 0"], "then": ['"X"', "null"]}],
    }
    codes = [problem.code for problem in table_node(overlapping).check()]
    assert codes == ["E-TABLE-OVERLAP", "E-TABLE-OVERLAP"]
    assert table_node().summary() == "2 rows: Country, Total → entity, due"
    assert [p.code for p in TableNode(TableSettings(), NodeContext(node="t")).check()] == ["E-TABLE-NONE"]


CHAIN = [
    rule("big", is_("Total", ">", 1000), {"do": "conclude", "fact": "size", "value": "big"}),
    rule("eu", is_("Account.Country", "is", "DE"), {"do": "conclude", "fact": "eu"}),
    {
        **rule(
            "both",
            {
                "all": [
                    {"fact": "size", "op": "is", "right": "big"},
                    {"fact": "eu", "op": "is", "right": True},
                ]
            },
            {"do": "approve", "roles": ["admin"], "reason": "{Account.Name} is big."},
            {"do": "choose", "what": "company", "target": "Company", "value": "EU01", "title": "Europe"},
        ),
        "priority": -1,
        "stop": True,
    },
    rule("late", {"all": []}, {"do": "set", "target": "Company", "value": constant("late")}),
]


def test_what_rules_conclude_feeds_a_rule_that_names_who_approves() -> None:
    node = rules_node(*CHAIN)
    assert [port.name for port in node.ports_out(node.settings)] == ["out", "approval"]
    out = run(node)
    [leaving] = out.ports["approval"]
    assert list(out.ports) == ["approval"]
    assert leaving.data["Company"] == "EU01", "the rule that stops keeps the later one away"
    assert leaving.steps["$approval"] == {"roles": ["admin"], "users": [], "reasons": ["Acme is big."]}
    approve = ApproveNode(
        ApproveSettings(question="Book it?", deciders=Deciders(roles=["operator"])), NodeContext(node="ok")
    )
    asked = Outbox(None, None, None)
    approve.process([leaving, Record("8", INVOICE)], asked)
    (_, by_rule), (_, by_step) = asked.failures
    assert isinstance(by_rule, Waiting)
    assert isinstance(by_step, Waiting)
    assert by_rule.request["who"] == {"roles": ["admin"], "users": []}
    assert by_rule.request["question"] == "Book it? Acme is big."
    assert by_step.request["who"] == {"roles": ["operator"], "users": []}


def test_a_conflict_asks_which_of_two_values_is_right_and_goes_on_with_the_answer() -> None:
    disagree = rule(
        "amounts",
        {"left": path("Total"), "op": "is_not", "right": path("Booked")},
        {
            "do": "ask",
            "message": "Total and Booked differ.",
            "target": "Total",
            "choices": [path("Total"), path("Booked")],
            "conflict": True,
        },
        {"do": "set", "target": "Checked", "value": constant("yes")},
    )
    node = rules_node(disagree)
    data = {**INVOICE, "Booked": Decimal("1400.10")}
    [(_, held)] = run(node, data).failures
    assert isinstance(held, Held)
    assert (held.code, held.question["kind"]) == ("E-RULE-CONFLICT", "ask")
    assert held.question["choices"] == ["1,500.00", "1,400.10"]
    out = Outbox(None, None, None)
    node.process([Record("7", data, steps={"$answers": {"check/amounts/Total": "1,400.10"}})], out)
    [after] = out.ports["out"]
    assert (after.data["Total"], after.data["Checked"]) == (Decimal("1400.10"), "yes")


def test_a_conflict_without_two_values_is_a_mistake_in_the_drawing() -> None:
    lame = rule("x", {"all": []}, {"do": "ask", "message": "?", "target": "A", "conflict": True})
    problems = rules_node(lame).check()
    assert [problem.code for problem in problems] == ["E-RULE-CONFLICT"]


def path(field: str) -> dict[str, Any]:
    return {"kind": "path", "path": f"$.{field}", "may_be_empty": True}


def test_a_column_without_a_title_is_called_as_the_editor_calls_it() -> None:
    columns = {
        "inputs": [{"id": "in_1"}, {"id": "country"}], "outputs": [{"id": "out_2", "target": "x"}],
        "rows": [{"id": "1", "when": ["-", "-"], "then": ["1"]}],
    }  # fmt: skip
    node = TableNode(TableSettings.model_validate({"table": columns}), NodeContext(node="t"))
    assert node.summary() == "1 row: Condition 1, country → Answer 2"
    assert [problem.message for problem in node.check()][:1] == ["“Condition 1” has no value to look at."]
