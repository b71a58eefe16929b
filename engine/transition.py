"""The states of an approval: open, then one of approved, declined, expired, withdrawn, for good.

The rules stand here twice: as a table of conclusions, judged by durable-rules in a process whose gate is
open, and as a plain function, which is the truth that the other is held to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine import inference
from engine.facts import Conclusion, conclude
from engine.scope import Scope
from engine.terms import NO_FACTS, Facts, Group, Term

Event = Literal["approve", "decline", "expire", "withdraw"]
EVENTS: tuple[Event, ...] = ("approve", "decline", "expire", "withdraw")


@dataclass(frozen=True, slots=True)
class Said(Term):
    """One thing that is so or is not: the state is open, the event is this one, the quorum is full."""

    name: str

    def holds(self, scope: Scope, facts: Facts = NO_FACTS) -> bool:
        return bool(scope.data.get(self.name))

    def words(self) -> str:
        return self.name

    def because(self, scope: Scope, facts: Facts = NO_FACTS) -> str:
        return f"{self.name}: {'yes' if self.holds(scope) else 'no'}"


OPEN, ENOUGH = Said("open"), Said("enough")
SAID: Mapping[Event, Said] = {event: Said(event) for event in EVENTS}

TABLE = tuple(
    Conclusion(rule, Group("all", terms), "state", state)
    for rule, (terms, state) in enumerate(
        [
            ((OPEN, SAID["approve"], ENOUGH), "approved"),
            ((OPEN, SAID["decline"]), "declined"),
            ((OPEN, SAID["expire"]), "expired"),
            ((OPEN, SAID["withdraw"]), "withdrawn"),
        ]
    )
)


def transition(state: str, event: Event, *, enough: bool = False) -> str:
    """The next state. One "no" is enough to decline; to approve, the quorum must be full."""
    if state != "open":
        return state
    if event == "approve":
        return "approved" if enough else "open"
    return {"decline": "declined", "expire": "expired", "withdraw": "withdrawn"}[event]


def infer(state: str, event: Event, *, enough: bool = False) -> str:
    """The same, drawn from the table: by durable-rules where its gate is open, else by repetition."""
    truth: dict[Term, bool] = {
        OPEN: state == "open",
        ENOUGH: enough,
        **{term: name == event for name, term in SAID.items()},
    }
    facts = _engine()(truth) if inference.enabled() else conclude(TABLE, truth)
    found = list(facts.get("state", ()))
    return str(found[0]) if found else state


def judge(state: str, event: Event, *, enough: bool = False) -> str:
    """The next state, by whichever way this process has."""
    return (
        infer(state, event, enough=enough) if inference.enabled() else transition(state, event, enough=enough)
    )


_engines: list[inference.Inference] = []


def _engine() -> inference.Inference:
    if not _engines:
        _engines.append(inference.Inference(TABLE))
    return _engines[0]
