"""Rule sets: the documents, and ``Program``, a rule set ready to judge records.

Rules are judged in the order of their priority (a lower number comes first), rules of equal priority as they
are drawn. Every rule sees the record as it came in; what an earlier rule sets is not seen by a later one.
Only conclusions are: they are drawn first (engine.facts), from the truth of every comparison in the set.

- policy ``all``: every rule that holds fires; ``first``: the first one ends it
- a rule with ``stop``, ``hold`` or ``reject`` ends it as well; a rule that only concludes never does, nor one
  that asks: once its question is answered, the rules behind it count
- the first rule to set a target wins

One document, three evaluators that must agree: ``walk`` reads the conditions as they stand, ``judge`` is
compiled (engine.source), and conclusions run through durable-rules where its gate is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StringConstraints

from engine.binding import Binder
from engine.conditions import Condition, FactValue, facts_in
from engine.errors import DefinitionError, Problem
from engine.expression import Value, check_value
from engine.facts import Concluder, Conclusion, Truth, conclude, leveled, settled
from engine.flow import Document, Identifier
from engine.functions import Tables
from engine.inference import Inference, enabled
from engine.message import Message
from engine.scope import Scope
from engine.source import compile_rules, compile_truth, judge_plainly
from engine.terms import Facts, Group, Term

MAX_RULES = 5_000

RuleId = Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,64}$")]


class Route(Document):
    """Sends the record out by a port of its own."""

    do: Literal["route"] = "route"
    port: Identifier


class Set(Document):
    """Sets a field of the record; ``target`` is dotted for nested ones."""

    do: Literal["set"] = "set"
    target: Annotated[str, Field(min_length=1, max_length=500)]
    value: Value


class Hold(Document):
    """Makes the record wait until somebody decides. ``{Field}`` in the message is filled in."""

    do: Literal["hold"] = "hold"
    message: str
    owner: str = ""


class Reject(Document):
    """Refuses the record, which leaves by ``rejected``. ``{Field}`` in the message is filled in."""

    do: Literal["reject"] = "reject"
    message: str


class Source(Document):
    """Where choices are read live: two fields of an entity of a system."""

    system: Identifier
    entity: Annotated[str, Field(min_length=1, max_length=200)]
    value: Annotated[str, Field(min_length=1, max_length=200)]
    title: Annotated[str, Field(max_length=200)] = ""


class Choose(Document):
    """Sets a field to what somebody has chosen from a list that a system has: a company, a currency, a price book.

    title   how the chosen value is called there         source  where the list is read while drawing
    """

    do: Literal["choose"] = "choose"
    what: Literal["legal_entity", "company", "currency", "price_book", "other"] = "other"
    target: Annotated[str, Field(min_length=1, max_length=500)]
    value: Annotated[str, Field(min_length=1, max_length=500)]
    title: Annotated[str, Field(max_length=500)] = ""
    source: Source | None = None


class RequireApproval(Document):
    """Sends the record out by a port for approval; an approval behind it asks these people, for this reason.

    roles, users  who decides; empty leaves it to the approval step
    """

    do: Literal["approve"] = "approve"
    port: Identifier = "approval"
    roles: list[Literal["operator", "editor", "admin"]] = []
    users: list[Annotated[str, Field(max_length=200)]] = []
    reason: str = ""


class Ask(Document):
    """Holds the record with a question whose answer fills a field; then the record goes on with it.

    choices   what may be answered, where it is not free: constants, or fields of the record
    conflict  two systems disagree, and somebody says which is right
    """

    do: Literal["ask"] = "ask"
    message: str
    target: Annotated[str, Field(min_length=1, max_length=500)]
    choices: list[Value] = []
    conflict: bool = False
    owner: str = ""


class Conclude(Document):
    """Draws a conclusion that conditions of other rules can ask for."""

    do: Literal["conclude"] = "conclude"
    fact: Identifier
    value: FactValue = True


Action = Annotated[
    Route | Set | Choose | RequireApproval | Ask | Hold | Reject | Conclude, Field(discriminator="do")
]


class Rule(Document):
    id: RuleId
    title: str = ""
    when: Condition
    then: list[Action] = []
    stop: bool = False
    enabled: bool = True
    priority: int = 0

    def label(self) -> str:
        return self.title or self.id


class RuleSet(Document):
    title: str = ""
    policy: Literal["all", "first"] = "all"
    rules: Annotated[list[Rule], Field(max_length=MAX_RULES)] = []

    def in_order(self) -> list[Rule]:
        """The enabled rules as they are judged."""
        return sorted((rule for rule in self.rules if rule.enabled), key=lambda rule: rule.priority)

    def ports(self) -> list[str]:
        """The ports that enabled rules route to, in the order of the rules, each once."""
        used = (
            action.port
            for rule in self.in_order()
            for action in rule.then
            if isinstance(action, Route | RequireApproval)
        )
        return list(dict.fromkeys(used))


class Verdict(NamedTuple):
    """The rules that fired, as places in ``Program.rules`` in their order, and what was concluded."""

    fired: list[int]
    facts: Facts


class Program:
    """A rule set ready for use. Raises DefinitionError with every Problem that stands in its way."""

    def __init__(self, document: RuleSet, tables: Tables | None = None) -> None:
        binder = Binder(tables)
        self.document = document
        self.rules = document.in_order()
        place = {id(rule): f"rules.{index}.when" for index, rule in enumerate(document.rules)}
        self.terms: list[Term] = [binder.bind(rule.when, place[id(rule)]) for rule in self.rules]
        conclusions, circles = leveled(_conclusions(self.rules, self.terms))
        if binder.problems or circles:
            raise DefinitionError([*binder.problems, *circles])
        self._stops = [_stops(rule, document.policy) for rule in self.rules]
        self._conclusions = conclusions
        self._chained = bool(conclusions) or any(facts_in(rule.when) for rule in self.rules)
        self._inference: Inference | None = None
        if self._chained:
            self._atoms = list(dict.fromkeys(atom for term in self.terms for atom in term.atoms()))
            self._truth = compile_truth(self._atoms)
        else:
            self._judge = compile_rules(self.terms, self._stops)

    def judge(self, scope: Scope) -> Verdict:
        """Which rules fire. Raises RecordRejected for a value that cannot be judged, Held for a look-up."""
        if not self._chained:
            return Verdict(self._judge(scope), {})
        return self._chain(self._truth(scope), self._concluder())

    def walk(self, scope: Scope) -> Verdict:
        """The same, read from the conditions as they stand: the reference for the other evaluators."""
        if not self._chained:
            return Verdict(judge_plainly(self.terms, self._stops, scope), {})
        return self._chain([atom.holds(scope) for atom in self._atoms], self._plain)

    def explain(self, scope: Scope) -> list[dict[str, Any]]:
        """Every rule in order: ``{"rule", "title", "fired", "because"}``; judged no further than the rules were."""
        verdict = self.walk(scope)
        last = verdict.fired[-1] if verdict.fired else -1
        ended = last if last >= 0 and self._stops[last] else None
        told = []
        for index, (rule, term) in enumerate(zip(self.rules, self.terms, strict=True)):
            if ended is not None and index > ended:
                because = f"not judged: “{self.rules[ended].label()}” ended it"
            else:
                because = term.because(scope, verdict.facts)
            fired = index in verdict.fired
            told.append({"rule": rule.id, "title": rule.label(), "fired": fired, "because": because})
        return told

    def _chain(self, truth: Sequence[bool], concluder: Concluder) -> Verdict:
        known = dict(zip(self._atoms, truth, strict=True))
        facts = concluder(known)
        fired = []
        for index, term in enumerate(self.terms):
            if settled(term, known, facts):
                fired.append(index)
                if self._stops[index]:
                    break
        return Verdict(fired, facts)

    def _plain(self, truth: Truth) -> Facts:
        return conclude(self._conclusions, truth)

    def _concluder(self) -> Concluder:
        if not enabled():
            return self._plain
        if self._inference is None:
            self._inference = Inference(self._conclusions)
        return self._inference


def _conclusions(rules: Sequence[Rule], terms: Sequence[Term]) -> list[Conclusion]:
    return [
        Conclusion(index, term, action.fact, action.value)
        for index, (rule, term) in enumerate(zip(rules, terms, strict=True))
        for action in rule.then
        if isinstance(action, Conclude)
    ]


def _stops(rule: Rule, policy: str) -> bool:
    if rule.then and all(isinstance(action, Conclude) for action in rule.then):
        return False
    return policy == "first" or rule.stop or any(isinstance(action, Hold | Reject) for action in rule.then)


def check_rule_set(document: RuleSet, tables: Tables | None = None, field: str = "") -> list[Problem]:
    """Everything that is wrong with a rule set, ``field`` being the place of the set in the settings."""
    binder = Binder(tables)
    problems: list[Problem] = []
    seen: set[str] = set()
    concluded = {
        action.fact
        for rule in document.rules
        if rule.enabled
        for action in rule.then
        if isinstance(action, Conclude)
    }
    for index, rule in enumerate(document.rules):
        place = f"{field}.rules.{index}".lstrip(".")
        if rule.id in seen:
            message = f"Two rules have the id “{rule.id}”."
            problems.append(
                Problem("E-RULE-TWICE", message, "Give one of them another id.", field=f"{place}.id")
            )
        seen.add(rule.id)
        binder.bind(rule.when, f"{place}.when")
        for fact in facts_in(rule.when):
            if fact.fact not in concluded:
                message = f"The rule “{rule.label()}” asks for “{fact.fact}”, which no rule concludes."
                cure = "Add a rule that concludes it, or take the question out."
                problems.append(Problem("E-FACT-UNKNOWN", message, cure, field=f"{place}.when"))
        for number, action in enumerate(rule.then):
            problems += _check_action(action, f"{place}.then.{number}", tables)
        if not rule.then:
            message = f"The rule “{rule.label()}” does nothing."
            problems.append(
                Problem(
                    "E-RULE-IDLE",
                    message,
                    "Add what it should do.",
                    field=f"{place}.then",
                    severity="warning",
                )
            )
    problems += binder.problems
    if not problems or all(problem.severity == "warning" for problem in problems):
        problems += _check_order(document, tables, field)
    return problems


def _check_action(action: Any, place: str, tables: Tables | None) -> list[Problem]:
    if isinstance(action, Set):
        return check_value(action.value, tables, f"{place}.value")
    if isinstance(action, RequireApproval) and action.reason.strip():
        return _check_message(action.reason, f"{place}.reason")
    if isinstance(action, Ask):
        found = [
            problem
            for at, choice in enumerate(action.choices)
            for problem in check_value(choice, tables, f"{place}.choices.{at}")
        ]
        if action.conflict and len(action.choices) < 2:
            message = f"A conflict over {action.target} needs the two values that disagree."
            found.append(Problem("E-RULE-CONFLICT", message, "Name both.", field=f"{place}.choices"))
        return [*found, *_check_message(action.message, f"{place}.message")]
    if isinstance(action, Hold | Reject):
        return _check_message(action.message, f"{place}.message")
    if isinstance(action, Route | RequireApproval) and action.port in ("rejected", "in"):
        message = f"The port “{action.port}” is the node's own."
        return [Problem("E-PORT", message, "Choose another name.", field=f"{place}.port")]
    return []


def _check_message(text: str, place: str) -> list[Problem]:
    if not text.strip():
        message = "Nobody could see why the record stops here."
        return [Problem("E-MESSAGE", message, "Write a message.", field=place)]
    try:
        Message(text, place)
    except DefinitionError as error:
        return list(error.problems)
    return []


def _check_order(document: RuleSet, tables: Tables | None, field: str) -> list[Problem]:
    """Circles of conclusions, and rules that nothing can reach."""
    binder = Binder(tables)
    rules = document.in_order()
    terms = [binder.bind(rule.when) for rule in rules]
    _, problems = leveled(_conclusions(rules, terms))
    for index, (rule, term) in enumerate(zip(rules, terms, strict=True)):
        if _stops(rule, document.policy) and isinstance(term, Group) and _always(term):
            hidden = rules[index + 1 :]
            names = ", ".join(f"“{each.label()}”" for each in hidden[:5]) + (" …" if len(hidden) > 5 else "")
            if hidden:
                message = f"“{rule.label()}” always holds and ends the rules, so {names} can never fire."
                place = f"{field}.rules.{document.rules.index(hidden[0])}".lstrip(".")
                cure = "Move it to the end, or give it a condition."
                problems.append(Problem("E-RULE-UNREACHED", message, cure, field=place, severity="warning"))
            break
    return problems


def _always(term: Term) -> bool:
    if not isinstance(term, Group):
        return False
    if term.kind == "all":
        return all(_always(child) for child in term.terms)
    return any(_always(child) for child in term.terms) if term.kind == "any" else not term.terms
