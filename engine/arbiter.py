"""The terms of a two-way sync made ready: translations indexed, rule sets compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.agreement import Agreement, FieldPair
from engine.errors import Held, RecordRejected
from engine.flow import LookupTable
from engine.message import Message
from engine.precedence import Facts, Judge, Standing, Winner
from engine.record import Record
from engine.rules import Hold, Program, Reject, Route, RuleSet
from engine.scope import Scope
from engine.translation import Translator


@dataclass(frozen=True)
class Terms:
    """An agreement with everything that it refers to in its flow version."""

    agreement: Agreement
    translators: Mapping[str, Translator]
    judge: Judge


def prepare(
    agreement: Agreement, tables: Mapping[str, LookupTable], rules: Mapping[str, dict[str, Any]]
) -> Terms:
    """Raises DefinitionError for rules that cannot be compiled."""
    wanted = {pair.rules for pair in agreement.fields if pair.policy == "rules" and pair.rules}
    arbiter = Arbiter({name: Program(RuleSet.model_validate(rules[name]), tables) for name in wanted})
    translators = {pair.key: Translator(pair, tables) for pair in agreement.fields}
    return Terms(agreement, translators, arbiter.judge)


class Arbiter:
    """Asks rule sets who decides. They see ``left``, ``right`` (the objects), ``agreed``, ``field``, ``values``.

    The first rule that routes to ``left``, ``right`` or ``ask`` decides; one that holds asks with its message.
    """

    def __init__(self, programs: Mapping[str, Program]) -> None:
        self._programs = programs

    def judge(self, pair: FieldPair, at: Standing, facts: Facts) -> tuple[Winner, str]:
        """(winner, reason). A rule set that cannot judge these values, or says nothing, asks."""
        program = self._programs[pair.rules or ""]
        agreed = None if at.agreed is None else {"left": at.agreed[0], "right": at.agreed[1]}
        data = {
            "left": dict(facts.left),
            "right": dict(facts.right),
            "agreed": agreed,
            "field": pair.key,
            "values": {"left": at.left, "right": at.right},
        }
        scope = Scope(Record(pair.key, data, title=pair.left))
        try:
            fired = program.judge(scope).fired
            for rule in (program.rules[index] for index in fired):
                for action in rule.then:
                    if isinstance(action, Route) and action.port in ("left", "right"):
                        side: Winner = "left" if action.port == "left" else "right"
                        return side, f"the rule “{rule.label()}” says {facts.name(side)}."  # type: ignore[arg-type]
                    if isinstance(action, Route):
                        return "ask", f"the rule “{rule.label()}” wants somebody to decide."
                    if isinstance(action, Hold | Reject):
                        return "ask", Message(action.message).fill(scope)
        except (RecordRejected, Held) as error:
            return "ask", f"the rules cannot judge it: {error.message}"
        return "ask", "no rule decides it, so somebody must."
