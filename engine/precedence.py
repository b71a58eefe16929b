"""Who decides a field: the three-way comparison of what was agreed with what both sides have now.

Only a field that both sides changed, to different values, is a conflict, and only then the policy of the
field speaks. A change that one side alone made always gets through. Pure, deterministic and total.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine import compare
from engine.agreement import ByState, FieldPair, SideName, empty, other

Winner = Literal["left", "right", "none", "ask"]

Judge = Callable[[FieldPair, "Standing", "Facts"], tuple[Winner, str]]
"""Asks a rule set: (left, right or ask, its reason)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One pair of fields as it stands.

    left, right  the values now, as each side holds them
    agreed       the values that both sides last agreed on, None if they have never
    equal        whether ``left`` and ``right`` stand for the same
    left_at, right_at  when that side was last changed, in epoch seconds; None when it does not say
    """

    left: Any
    right: Any
    agreed: tuple[Any, Any] | None
    equal: bool
    left_at: float | None = None
    right_at: float | None = None

    def value(self, side: SideName) -> Any:
        return self.left if side == "left" else self.right

    def at(self, side: SideName) -> float | None:
        return self.left_at if side == "left" else self.right_at


@dataclass(frozen=True, slots=True)
class Facts:
    """What a policy may know besides the field: both objects, what people call the sides, the settings."""

    left: Mapping[str, Any] = field(default_factory=dict)
    right: Mapping[str, Any] = field(default_factory=dict)
    left_name: str = "the left side"
    right_name: str = "the right side"
    tolerance: float = 300.0
    drift: Literal["restore", "leave", "ask"] = "restore"
    judge: Judge | None = None

    def name(self, side: SideName) -> str:
        return self.left_name if side == "left" else self.right_name

    def data(self, side: SideName) -> Mapping[str, Any]:
        return self.left if side == "left" else self.right


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one pair of fields.

    winner      whose value goes to the other side; ``none``: nothing is to be done; ``ask``: a person decides
    value       the winner's value, as the winner holds it
    changed_by  left, right, both or nobody, since they last agreed
    proposal    for ``ask``: the side that would be proposed, if there is a reason for one
    settled     both values now count as agreed (once what is written is there)
    decided     a person, or a flow, has decided
    flow        for ``ask``: the flow that is asked before a person
    """

    field: str
    winner: Winner
    value: Any
    reason: str
    changed_by: Literal["left", "right", "both", "nobody"]
    proposal: Literal["left", "right", ""] = ""
    settled: bool = True
    decided: bool = False
    flow: str = ""


def decide(pair: FieldPair, at: Standing, facts: Facts) -> Decision:
    """The decision on one pair of fields, and its reason in plain words."""
    changed = _changed(pair, at)
    if at.agreed is not None and changed == "nobody":
        return Decision(pair.key, "none", None, "Not changed since both sides agreed.", changed)
    if at.equal:
        reason = "Both sides have the same value."
        return Decision(pair.key, "none", None, reason, changed)
    if pair.direction != "both":
        return _one_way(pair, at, facts, changed)
    if at.agreed is None:
        if empty(at.left) != empty(at.right):
            filled: SideName = "right" if empty(at.left) else "left"
            return _won(pair, at, filled, f"Only {facts.name(filled)} has a value.", changed)
        return _by_policy(pair, at, facts, changed, "They differ, and have never agreed")
    if changed != "both":
        side: SideName = "left" if changed == "left" else "right"
        return _won(pair, at, side, f"Changed in {facts.name(side)} only.", changed)
    return _by_policy(pair, at, facts, changed, "Both sides changed it")


def _changed(pair: FieldPair, at: Standing) -> Literal["left", "right", "both", "nobody"]:
    if at.agreed is None:
        return "both" if not (empty(at.left) or empty(at.right)) else "nobody"
    left, right = (
        not pair.same(value, agreed) for value, agreed in zip((at.left, at.right), at.agreed, strict=True)
    )
    if left and right:
        return "both"
    return "left" if left else "right" if right else "nobody"


def _won(
    pair: FieldPair,
    at: Standing,
    side: SideName,
    reason: str,
    changed: Literal["left", "right", "both", "nobody"],
) -> Decision:
    return Decision(pair.key, side, at.value(side), reason, changed)


def _one_way(
    pair: FieldPair, at: Standing, facts: Facts, changed: Literal["left", "right", "both", "nobody"]
) -> Decision:
    """A field with one owner. What was changed on the receiving side has drifted."""
    owner: SideName = "left" if pair.direction == "to_right" else "right"
    receiver = other(owner)
    if at.agreed is None and empty(at.value(owner)):
        reason = f"{facts.name(owner)} owns it and has no value yet."
        return Decision(pair.key, "none", None, _sentence(reason), changed)
    if at.agreed is None or changed == owner:
        reason = f"{facts.name(owner)} owns it."
        return _won(pair, at, owner, _sentence(reason), changed)
    drifted = f"It belongs to {facts.name(owner)} and was changed in {facts.name(receiver)}"
    if facts.drift == "ask":
        return Decision(pair.key, "ask", None, f"{drifted}.", changed, owner, settled=False)
    if facts.drift == "leave" and changed == receiver:
        return Decision(pair.key, "none", None, f"{drifted}; left as it is.", changed)
    return _won(pair, at, owner, f"{drifted}; restored.", changed)


def _by_policy(
    pair: FieldPair,
    at: Standing,
    facts: Facts,
    changed: Literal["left", "right", "both", "nobody"],
    what: str,
) -> Decision:
    winner, why, proposal = _policy(pair, at, facts)
    match winner:
        case "left" | "right" as side:
            return _won(pair, at, side, f"{what}; {why}", changed)
    asked = (pair.flow or "") if pair.policy == "flow" else ""
    return Decision(pair.key, "ask", None, f"{what}; {why}", changed, proposal, settled=False, flow=asked)


def _policy(pair: FieldPair, at: Standing, facts: Facts) -> tuple[Winner, str, Literal["left", "right", ""]]:
    """(winner, why, proposal) for two values of which only one can stay."""
    match pair.policy:
        case "left" | "right" as owner:
            return owner, f"{facts.name(owner)} decides.", ""
        case "newest":
            return _newest(at, facts)
        case "first_filled_left":
            return _first_filled("left", at, facts)
        case "first_filled_right":
            return _first_filled("right", at, facts)
        case "by_state" if pair.state is not None:
            return _by_state(pair.state, facts)
        case "rules" if facts.judge is not None:
            winner, why = facts.judge(pair, at, facts)
            return winner, why, ""
        case "flow" if pair.flow:
            return "ask", f"the flow “{pair.flow}” decides.", ""
    return "ask", "somebody must decide.", _newer(at, facts)


def _first_filled(
    first: SideName, at: Standing, facts: Facts
) -> tuple[Winner, str, Literal["left", "right", ""]]:
    if empty(at.value(first)):
        return other(first), f"{facts.name(first)} is empty.", ""
    return first, f"{facts.name(first)} goes first and is filled in.", ""


def _newest(at: Standing, facts: Facts) -> tuple[Winner, str, Literal["left", "right", ""]]:
    if at.left_at is None and at.right_at is None:
        return "ask", "neither system says when, so somebody must decide.", ""
    if at.left_at is None or at.right_at is None:
        silent = facts.left_name if at.left_at is None else facts.right_name
        return "ask", f"{silent} does not say when, so somebody must decide.", ""
    newer = _newer(at, facts)
    if not newer:
        within = _duration(facts.tolerance)
        return "ask", f"the changes lie within {within} of each other, so their order is not certain.", ""
    return newer, f"the change in {facts.name(newer)} is the later one.", ""


def _newer(at: Standing, facts: Facts) -> Literal["left", "right", ""]:
    """The side that was certainly changed later."""
    if at.left_at is None or at.right_at is None or abs(at.left_at - at.right_at) <= facts.tolerance:
        return ""
    return "left" if at.left_at > at.right_at else "right"


def _by_state(state: ByState, facts: Facts) -> tuple[Winner, str, Literal["left", "right", ""]]:
    now = compare.dig(facts.data(state.side), state.field)
    there = any(compare.normal(now) == compare.normal(value) for value in state.values)
    winner = state.then if there else state.otherwise
    told = "empty" if now is None or now == "" else str(now)
    return (
        winner,
        f"{state.field} in {facts.name(state.side)} is {told}, so {facts.name(winner)} decides.",
        "",
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} seconds"
    return "a minute" if minutes == 1 else f"{minutes} minutes"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
