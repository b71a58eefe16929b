"""Rule sets: order, policy, conclusions, what is checked and what is told."""

from __future__ import annotations

from typing import Any

import pytest

from engine import inference
from engine.errors import DefinitionError, EngineError
from engine.message import Message
from engine.record import Record
from engine.rules import Program, RuleSet, check_rule_set
from engine.scope import Scope


def is_(field: str, value: Any) -> dict[str, Any]:
    left = {"kind": "path", "path": f"$.{field}"}
    return {"left": left, "op": "is", "right": {"kind": "constant", "value": value}}


def rule(id_: str, when: dict[str, Any], *then: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": id_, "when": when, "then": list(then) or [{"do": "route", "port": "p"}], **more}


def rule_set(*rules: dict[str, Any], policy: str = "all") -> RuleSet:
    return RuleSet.model_validate({"title": "t", "policy": policy, "rules": list(rules)})


def fired(document: RuleSet, **data: Any) -> list[str]:
    program = Program(document)
    scope = Scope(Record("1", data))
    verdict = program.judge(scope)
    assert verdict == program.walk(scope)
    return [program.rules[index].id for index in verdict.fired]


HOLDS: dict[str, Any] = {"all": []}


def test_lower_priority_numbers_go_first_and_the_drawn_order_decides_between_equals() -> None:
    rules = [rule("c", HOLDS, priority=5), rule("a", HOLDS, priority=1), rule("b", HOLDS, priority=1)]
    assert fired(rule_set(*rules)) == ["a", "b", "c"]
    assert fired(rule_set(*rules, policy="first")) == ["a"]


def test_stop_hold_and_reject_end_the_rules_and_disabled_ones_are_not_judged() -> None:
    stops = rule("b", HOLDS, stop=True)
    assert fired(rule_set(rule("a", HOLDS), stops, rule("c", HOLDS))) == ["a", "b"]
    assert fired(rule_set(rule("a", HOLDS), {**stops, "enabled": False}, rule("c", HOLDS))) == ["a", "c"]
    for do in ("hold", "reject"):
        assert fired(rule_set(rule("a", HOLDS, {"do": do, "message": "no"}), rule("b", HOLDS))) == ["a"]


def test_conclusions_feed_rules_above_and_below_and_never_end_anything() -> None:
    vip = rule("vip", is_("tier", "gold"), {"do": "conclude", "fact": "vip"})
    fast = rule("fast", {"fact": "vip"}, {"do": "conclude", "fact": "speed", "value": "fast"})
    ship = rule("ship", {"fact": "speed", "op": "is", "right": "fast"})
    slow = rule("slow", {"fact": "speed", "op": "empty"})
    document = rule_set(ship, slow, fast, vip, policy="first")
    assert fired(document, tier="gold") == ["ship"]
    assert fired(document, tier="tin") == ["slow"]
    assert fired(rule_set(fast, vip, ship, slow), tier="gold") == ["fast", "vip", "ship"]


def test_a_fact_may_hold_several_values() -> None:
    tags = [rule(name, HOLDS, {"do": "conclude", "fact": "tag", "value": name}) for name in ("x", "y")]
    asks = [rule(f"is-{name}", {"fact": "tag", "op": "is", "right": name}) for name in ("x", "y", "z")]
    assert fired(rule_set(*tags, *asks)) == ["x", "y", "is-x", "is-y"]


def test_the_gate_stays_shut_until_a_worker_opens_it() -> None:
    assert not inference.enabled()
    with pytest.raises(EngineError) as refused:
        inference.Inference([])
    assert refused.value.code == "E-GATE"


def test_explains_what_fired_what_did_not_and_what_was_not_judged() -> None:
    document = rule_set(rule("no", is_("a", 2)), rule("yes", is_("a", 1), stop=True), rule("late", HOLDS))
    told = Program(document).explain(Scope(Record("1", {"a": 1})))
    assert [(entry["rule"], entry["fired"]) for entry in told] == [
        ("no", False),
        ("yes", True),
        ("late", False),
    ]
    assert told[0]["because"] == "a is 1 – not as asked: is 2"
    assert told[1]["because"] == "a is 1 – as asked: is 1"
    assert told[2]["because"] == "not judged: “yes” ended it"


def test_an_indexed_set_judges_and_ends_like_a_plain_one() -> None:
    rules = [
        rule(f"r{n}", {"all": [is_("country", f"C{n % 10}"), is_("n", n)]}, stop=n == 15) for n in range(40)
    ]
    document = rule_set(*rules, rule("any", is_("n", 15)))
    assert fired(document, country="C5", n=15) == ["r15"]
    assert fired(document, country="C5", n=25) == ["r25"]
    assert fired(document, country=["C5"], n=15) == ["any"]
    assert fired(document) == []


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([rule("a", HOLDS), rule("a", is_("x", 1))], "E-RULE-TWICE"),
        ([rule("a", {"fact": "nobody"})], "E-FACT-UNKNOWN"),
        ([rule("a", {"fact": "a", "op": "is_not"}, {"do": "conclude", "fact": "a"})], "E-FACT-CIRCLE"),
        ([rule("a", {**is_("x", 1), "op": "like"})], "E-OPERATOR"),
        ([rule("a", is_("x", 1), {"do": "route", "port": "rejected"})], "E-PORT"),
        ([rule("a", is_("x", 1), {"do": "hold", "message": " "})], "E-MESSAGE"),
        ([rule("a", is_("x", 1), {"do": "reject", "message": "no {"})], "E-MESSAGE"),
        ([{**rule("a", is_("x", 1)), "then": []}], "E-RULE-IDLE"),
        ([rule("a", HOLDS, stop=True), rule("b", HOLDS)], "E-RULE-UNREACHED"),
    ],
)
def test_check_names_the_fault(rules: list[dict[str, Any]], code: str) -> None:
    problems = check_rule_set(rule_set(*rules), field="rules")
    assert code in [problem.code for problem in problems]
    assert all(problem.cure for problem in problems)


def test_a_sound_set_has_no_problems_and_a_broken_one_cannot_run() -> None:
    assert check_rule_set(rule_set(rule("a", is_("x", 1)))) == []
    with pytest.raises(DefinitionError):
        Program(rule_set(rule("a", {**is_("x", 1), "op": "like"})))


def test_names_and_texts_of_the_drawing_never_become_code() -> None:
    evil = "x'] or __import__('os').abort() or d['"
    left = {"kind": "path", "path": f'$["{evil}"]'.replace('"', "'").replace("['x']", "['x]")}
    plain = {
        "left": {"kind": "path", "path": "$.a"},
        "op": "is",
        "right": {"kind": "constant", "value": evil},
    }
    assert fired(rule_set(rule("a", plain), *(rule(f"r{n}", plain) for n in range(10))), a=evil)[0] == "a"
    problems = check_rule_set(rule_set(rule("a", {**plain, "left": left})))
    assert [problem.code for problem in problems] in ([], ["E-PATH"])


def test_messages_fill_in_fields() -> None:
    scope = Scope(Record("7", {"Account": {"Name": "Acme"}, "Total": 1200}))
    text = Message("{Account.Name} owes {Total}, key {$key}, {Gone} {{x}}").fill(scope)
    assert text == "Acme owes 1,200, key 7, nothing {x}"


def test_conclusions_are_drawn_without_the_engine_when_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("303")

    monkeypatch.setattr(inference, "enabled", lambda: True)
    monkeypatch.setattr(inference.Shard, "__init__", lambda *_: None)
    monkeypatch.setattr(inference.Shard, "keys", frozenset(), raising=False)
    monkeypatch.setattr(inference.Shard, "ask", refuse)
    monkeypatch.setattr("engine.rules.enabled", lambda: True)
    vip = rule("vip", is_("tier", "gold"), {"do": "conclude", "fact": "vip"})
    assert fired(rule_set(vip, rule("ship", {"fact": "vip"})), tier="gold") == ["vip", "ship"]
