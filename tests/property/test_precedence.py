"""Precedence decides the same for the same, always decides, and never drops what one side alone changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.agreement import ByState, FieldPair, SideName, empty, other
from engine.precedence import Decision, Facts, Standing, decide

POLICIES = ("left", "right", "newest", "first_filled_left", "first_filled_right", "by_state", "rules", "ask")
MIRROR = {
    "left": "right",
    "right": "left",
    "first_filled_left": "first_filled_right",
    "first_filled_right": "first_filled_left",
    "to_left": "to_right",
    "to_right": "to_left",
}

values = st.one_of(
    st.none(),
    st.just(""),
    st.sampled_from(["a", "b", " a ", "draft", "invoiced"]),
    st.integers(-2, 2),
    st.decimals(min_value=-2, max_value=2, places=2),
    st.booleans(),
)
moments = st.one_of(st.none(), st.floats(0, 2000, allow_nan=False))
names = st.sampled_from(["left", "right"])
states = st.builds(
    lambda side, then, otherwise: ByState.model_validate(
        {"side": side, "field": "State", "values": ["invoiced"], "then": then, "else": otherwise}
    ),
    names,
    names,
    names,
)
pairs = st.builds(
    FieldPair,
    left=st.just("Name"),
    right=st.just("NAME"),
    direction=st.sampled_from(["both", "to_right", "to_left"]),
    policy=st.sampled_from(POLICIES),
    state=st.one_of(st.none(), states),
    text=st.sampled_from(["exact", "trimmed"]),
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[FieldPair, Standing, Facts]:
    pair = draw(pairs)
    agreed = draw(st.one_of(st.none(), st.tuples(values, values)))
    some = [values] if agreed is None else [values, st.sampled_from(agreed)]
    left, right = draw(st.one_of(some)), draw(st.one_of(some))
    at = Standing(left, right, agreed, pair.same(left, right), draw(moments), draw(moments))
    facts = Facts(
        left={"State": draw(st.sampled_from(["draft", "invoiced"]))},
        right={"State": draw(st.sampled_from(["draft", "invoiced", None]))},
        left_name="CRM",
        right_name="ERP",
        tolerance=draw(st.sampled_from([0.0, 300.0])),
        drift=draw(st.sampled_from(["restore", "leave", "ask"])),
    )
    return pair, at, facts


def mirrored(pair: FieldPair, at: Standing, facts: Facts) -> tuple[FieldPair, Standing, Facts]:
    state = pair.state and ByState.model_validate(
        {
            "side": other(pair.state.side),
            "field": pair.state.field,
            "values": pair.state.values,
            "then": other(pair.state.then),
            "else": other(pair.state.otherwise),
        }
    )
    changes: dict[str, Any] = {
        "left": pair.right,
        "right": pair.left,
        "direction": MIRROR.get(pair.direction, pair.direction),
        "policy": MIRROR.get(pair.policy, pair.policy),
        "state": state,
    }
    agreed = None if at.agreed is None else (at.agreed[1], at.agreed[0])
    return (
        pair.model_copy(update=changes),
        Standing(at.right, at.left, agreed, at.equal, at.right_at, at.left_at),
        Facts(facts.right, facts.left, facts.right_name, facts.left_name, facts.tolerance, facts.drift),
    )


def turned(decision: Decision) -> Decision:
    swap: dict[str, Any] = {"left": "right", "right": "left"}
    left, _, right = decision.field.partition("=")
    return Decision(
        f"{right}={left}",
        swap.get(decision.winner, decision.winner),
        decision.value,
        decision.reason,
        swap.get(decision.changed_by, decision.changed_by),
        swap.get(decision.proposal, decision.proposal),
        decision.settled,
    )


@given(cases())
def test_it_always_decides_and_always_the_same(case: tuple[FieldPair, Standing, Facts]) -> None:
    pair, at, facts = case
    decision = decide(pair, at, facts)
    assert decide(pair, at, facts) == decision
    assert decision.reason.endswith(".")
    assert decision.settled == (decision.winner != "ask")
    if decision.winner == "left" or decision.winner == "right":
        assert decision.value == at.value(decision.winner)
        assert pair.flows_to(other(decision.winner)), "a value was sent against its direction"


@given(cases())
@settings(max_examples=500)
def test_the_sides_are_only_names(case: tuple[FieldPair, Standing, Facts]) -> None:
    assert turned(decide(*mirrored(*case))) == decide(*case)


@given(cases())
def test_what_one_side_alone_changed_is_never_dropped(case: tuple[FieldPair, Standing, Facts]) -> None:
    pair, at, facts = case
    if at.agreed is None or at.equal:
        return
    pair = pair.model_copy(update={"direction": "both"})
    left, right = (not pair.same(a, b) for a, b in zip((at.left, at.right), at.agreed, strict=True))
    decision = decide(pair, at, facts)
    if left != right:
        changed: SideName = "left" if left else "right"
        assert (decision.winner, decision.changed_by) == (changed, changed)
        assert decision.value == at.value(changed)
    elif left and right:
        assert decision.changed_by == "both"
        assert decision.winner != "none", "a conflict was passed over"
    else:
        assert decision.winner == "none"


@given(cases())
def test_equal_sides_are_agreed_and_an_empty_one_never_wins_the_first_meeting(
    case: tuple[FieldPair, Standing, Facts],
) -> None:
    pair, at, facts = case
    decision = decide(pair, at, facts)
    if at.equal:
        assert decision.winner == "none"
    if at.agreed is None and decision.winner in ("left", "right"):
        assert not empty(decision.value)


@given(cases())
def test_two_changes_within_the_tolerance_are_asked_about(case: tuple[FieldPair, Standing, Facts]) -> None:
    pair, at, facts = case
    pair = pair.model_copy(update={"direction": "both", "policy": "newest"})
    decision = decide(pair, at, facts)
    if decision.changed_by != "both" or at.equal:
        return
    if at.left_at is None or at.right_at is None or abs(at.left_at - at.right_at) <= facts.tolerance:
        assert decision.winner == "ask"
    else:
        assert decision.winner == ("left" if at.left_at > at.right_at else "right")


def test_ownership_can_follow_the_state() -> None:
    state = ByState.model_validate(
        {"side": "right", "field": "STATE", "values": ["Posted"], "then": "right", "else": "left"}
    )
    pair = FieldPair(left="Total", right="TOTAL", policy="by_state", state=state)
    at = Standing(Decimal("1.00"), Decimal("2.00"), (Decimal("3"), Decimal("3")), equal=False)
    names = {"left_name": "Creatio", "right_name": "Sage Intacct"}
    draft = decide(pair, at, Facts(right={"STATE": "Draft"}, **names))
    posted = decide(pair, at, Facts(right={"STATE": "Posted"}, **names))
    assert (draft.winner, posted.winner) == ("left", "right")
    assert posted.reason == (
        "Both sides changed it; STATE in Sage Intacct is Posted, so Sage Intacct decides."
    )
