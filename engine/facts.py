"""Chaining: conclusions of rules that are conditions of other rules, and what they mean.

A rule set with conclusions is a stratified logic program over the truth of its comparisons. A fact can hold
several values; drawing a conclusion only ever adds one. A rule may ask that a fact is *not* so only where
no conclusion of its own can feed that fact again, so there is exactly one set of facts that follows,
whatever order the rules are tried in. ``conclude`` finds it by plain repetition; engine.inference finds the
same through durable-rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.conditions import FactValue
from engine.errors import Problem
from engine.readings import identity
from engine.terms import Facts, FactTerm, Group, Term

Truth = Mapping[Term, bool]
"""Whether each comparison of a rule set is true for the record at hand."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a rule adds when its condition holds. ``level``: after how many "not" it may be drawn."""

    rule: int
    term: Term
    fact: str
    value: FactValue
    level: int = 0


Concluder = Callable[[Truth], Facts]


def settled(term: Term, truth: Truth, facts: Facts) -> bool:
    """A condition's truth from that of its comparisons, and from what has been concluded."""
    if isinstance(term, Group):
        if term.kind == "all":
            return all(settled(child, truth, facts) for child in term.terms)
        return any(settled(child, truth, facts) for child in term.terms) is (term.kind == "any")
    return term.test(facts) if isinstance(term, FactTerm) else truth[term]


def conclude(conclusions: Sequence[Conclusion], truth: Truth) -> Facts:
    """Everything that follows, values in the order of the rules that conclude them."""
    facts: dict[str, list[FactValue]] = {}
    for level in sorted({conclusion.level for conclusion in conclusions}):
        here = [conclusion for conclusion in conclusions if conclusion.level == level]
        grown = True
        while grown:
            grown = False
            for conclusion in here:
                if settled(conclusion.term, truth, facts) and _add(facts, conclusion):
                    grown = True
    return in_order(conclusions, truth, facts)


def in_order(conclusions: Sequence[Conclusion], truth: Truth, facts: Facts) -> Facts:
    """The same facts, their values in the order of the rules."""
    ordered: dict[str, list[FactValue]] = {}
    for conclusion in conclusions:
        if settled(conclusion.term, truth, facts):
            _add(ordered, conclusion)
    return ordered


def _add(facts: dict[str, list[FactValue]], conclusion: Conclusion) -> bool:
    values = facts.setdefault(conclusion.fact, [])
    if any(identity(value) == identity(conclusion.value) for value in values):
        return False
    values.append(conclusion.value)
    return True


def leveled(conclusions: Sequence[Conclusion]) -> tuple[list[Conclusion], list[Problem]]:
    """The conclusions with their levels, or the Problem that a fact depends on its own absence."""
    levels = {conclusion.fact: 0 for conclusion in conclusions}
    for _ in range(len(levels) + 1):
        before = dict(levels)
        for conclusion in conclusions:
            for fact, wanted in dependencies(conclusion.term):
                needed = levels.get(fact, 0) + (0 if wanted else 1)
                levels[conclusion.fact] = max(levels[conclusion.fact], needed)
        if levels == before:
            placed = [
                Conclusion(each.rule, each.term, each.fact, each.value, levels[each.fact])
                for each in conclusions
            ]
            return placed, []
    name = max(levels, key=lambda fact: levels[fact])
    problem = Problem(
        "E-FACT-CIRCLE",
        f"The conclusion “{name}” depends on itself not being drawn.",
        "Take the “is not” or “is empty” on a conclusion out of one of these rules.",
    )
    return list(conclusions), [problem]


def dependencies(term: Term, wanted: bool = True) -> list[tuple[str, bool]]:
    """The facts a condition asks for, each with whether it must be drawn (True) or must not."""
    if isinstance(term, FactTerm):
        positive = term.document.op in ("is", "not_empty")
        return [(term.document.fact, positive is wanted)]
    if isinstance(term, Group):
        inside = wanted if term.kind != "none" else not wanted
        return [found for child in term.terms for found in dependencies(child, inside)]
    return []
