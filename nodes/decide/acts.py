"""What rules do to a record: set, choose, send, ask, hold, refuse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.chain import Compiled
from engine.errors import HeddleError, Held, RecordRejected
from engine.expression import compile_value
from engine.message import Message
from engine.node import Outbox
from engine.path import MISSING
from engine.readings import show
from engine.record import Record
from engine.rules import (
    Action,
    Ask,
    Choose,
    Conclude,
    Hold,
    Program,
    Reject,
    RequireApproval,
    Route,
    Rule,
    RuleSet,
    Set,
)
from engine.scope import ANSWERS, APPROVAL, Scope


@dataclass
class Done:
    """What the rules have made of a record so far."""

    data: Any
    targets: set[str] = field(default_factory=set)
    ports: dict[str, None] = field(default_factory=dict)
    roles: dict[str, None] = field(default_factory=dict)
    users: dict[str, None] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


class Effect(NamedTuple):
    """What some rules together do to every record alike: constants for plain fields, and the ports it leaves by."""

    values: dict[str, Any]
    ports: tuple[str, ...]


class Applied:
    """A rule set with its actions ready: judges a record and does what the rules say."""

    def __init__(self, document: RuleSet, tables: Mapping[str, Any], name: str, node: str) -> None:
        self.program = Program(document, tables)
        self.name = name
        self.node = node
        self._values: dict[int, Compiled] = {}
        self._choices: dict[int, list[Compiled]] = {}
        self._messages: dict[int, Message] = {}
        self._effects: dict[tuple[int, ...], Effect | None] = {}
        for rule in self.program.rules:
            for action in rule.then:
                if isinstance(action, Set):
                    self._values[id(action)] = compile_value(action.value, tables)
                elif isinstance(action, Ask):
                    self._choices[id(action)] = [compile_value(one, tables) for one in action.choices]
                    self._messages[id(action)] = Message(action.message)
                elif isinstance(action, RequireApproval):
                    self._messages[id(action)] = Message(action.reason)
                elif isinstance(action, Hold | Reject):
                    self._messages[id(action)] = Message(action.message)

    def apply(self, records: Iterable[Record], out: Outbox) -> None:
        effects, judge, run, traced = self._effects, self.program.judge, out.run, out.trace is not None
        for record in records:
            scope = Scope(record, run=run)
            try:
                if traced:
                    self._note(scope, out)
                fired = tuple(judge(scope).fired)
                if fired not in effects:
                    effects[fired] = self._alike([self.program.rules[index] for index in fired])
                effect = effects[fired]
                if effect is None or traced or type(record.data) is not dict:
                    self._apply_singly(record, scope, fired, out)
                    continue
            except (RecordRejected, Held) as error:
                out.fail(record, error)
                continue
            leaving = record.with_data({**record.data, **effect.values}) if effect.values else record
            for port in effect.ports:
                out.send(leaving, port)

    def _apply_singly(self, record: Record, scope: Scope, fired: Sequence[int], out: Outbox) -> None:
        """Does to one record what the rules that fired say. Raises Held or RecordRejected."""
        done = self._act([self.program.rules[index] for index in fired], scope, out)
        leaving = record if done.data is record.data else record.with_data(done.data)
        if done.ports and (done.roles or done.users or done.reasons):
            asked = {"roles": list(done.roles), "users": list(done.users), "reasons": done.reasons}
            leaving = leaving.with_step(APPROVAL, asked)
        for port in done.ports or ["out"]:
            out.send(leaving, port)

    def _alike(self, rules: Sequence[Rule]) -> Effect | None:
        """What these rules do; None where it depends on the record. Found out once for each set that fires."""
        values: dict[str, Any] = {}
        ports: dict[str, None] = {}
        for action in (action for rule in rules for action in rule.then):
            if isinstance(action, Route):
                ports[action.port] = None
            elif isinstance(action, Set) and "." not in action.target:
                value = self._values[id(action)].fixed
                if value is MISSING:
                    return None
                values.setdefault(action.target, value)
            else:
                return None
        return Effect(values, (*ports,) or ("out",))

    def _act(self, fired: Sequence[Rule], scope: Scope, out: Outbox) -> Done:
        """Raises Held or RecordRejected."""
        done = Done(scope.data)
        for rule in fired:
            for action in rule.then:
                self._do(rule, action, scope, done, out)
        return done

    def _do(self, rule: Rule, action: Action, scope: Scope, done: Done, out: Outbox) -> None:
        if isinstance(action, Route):
            done.ports[action.port] = None
        elif isinstance(action, RequireApproval):
            done.ports[action.port] = None
            done.roles.update(dict.fromkeys(action.roles))
            done.users.update(dict.fromkeys(action.users))
            reason = self._messages[id(action)].fill(scope)
            done.reasons += [reason] if reason else []
        elif isinstance(action, Set | Choose | Ask):
            if action.target not in done.targets:
                value = self._value(rule, action, scope)
                done.data = put(done.data, action.target, value, scope)
                done.targets.add(action.target)
                if out.trace is not None:
                    step = {"did": f"Rule «{rule.label()}»", "value": value}
                    out.trace.note(self.node, scope.record.key, field=action.target, on=True, steps=[step])
        elif isinstance(action, Hold | Reject):
            raise self._stopped(rule, action, scope)

    def _value(self, rule: Rule, action: Set | Choose | Ask, scope: Scope) -> Any:
        if isinstance(action, Set):
            return self._values[id(action)].get(scope)
        if isinstance(action, Choose):
            return action.value
        answers = scope.record.steps.get(ANSWERS, {})
        mark = f"{self.node}/{rule.id}/{action.target}"
        choices = [(show(value), value) for value in (one.get(scope) for one in self._choices[id(action)])]
        if mark not in answers:
            raise self._asked(rule, action, scope, [bare(text, value) for text, value in choices])
        given = answers[mark]
        return next((value for text, value in choices if bare(text, value) == given), given)

    def _asked(self, rule: Rule, action: Ask, scope: Scope, choices: list[str]) -> Held:
        message = self._messages[id(action)].fill(scope)
        question = {
            "kind": "ask",
            "rule": rule.id,
            "rule_set": self.name,
            "node": self.node,
            "target": action.target,
            "message": message,
            "choices": list(dict.fromkeys(choices)),
        }
        if action.owner:
            question["owner"] = action.owner
        code = "E-RULE-CONFLICT" if action.conflict else "E-RULE-ASK"
        cure = f"Answer it, and {action.target} is filled in for all that wait for it."
        return Held(message, code=code, question=question, cure=cure)

    def _stopped(self, rule: Rule, action: Hold | Reject, scope: Scope) -> HeddleError:
        message = self._messages[id(action)].fill(scope)
        if isinstance(action, Reject):
            return RecordRejected(message, code="E-RULE", detail=f"rule {rule.id} of {self.name}")
        question = {"kind": "rule", "rule": rule.id, "rule_set": self.name}
        if message != action.message:
            question["message"] = message
        if action.owner:
            question["owner"] = action.owner
        return Held(message, code="E-RULE-HOLD", question=question, detail=f"rule {rule.id} of {self.name}")

    def _note(self, scope: Scope, out: Outbox) -> None:
        assert out.trace is not None
        rules = {rule.id: rule for rule in self.program.rules}
        for told in self.program.explain(scope):
            done = [describe(action) for action in rules[told["rule"]].then] if told["fired"] else []
            out.trace.note(self.node, scope.record.key, **told, did=done, rule_set=self.name)


def bare(text: str, value: Any) -> str:
    """A value as somebody chooses it: text without the quotes that messages put round it."""
    return value if isinstance(value, str) else text


def put(data: Any, target: str, value: Any, scope: Scope) -> Any:
    """The data with one dotted target set; what is not on the way is shared, nothing changes in place."""
    name, _, rest = target.partition(".")
    if not isinstance(data, dict):
        raise RecordRejected(
            f"{scope.label()}: {target} cannot be set, because there is {'a list' if isinstance(data, list) else 'a value'} on the way.",
            code="E-RULE-TARGET",
            field=target,
            cure="Choose another target.",
        )
    return {**data, name: put(data.get(name) or {}, rest, value, scope) if rest else value}


def describe(action: Action) -> str:
    """What an action does, in words."""
    if isinstance(action, Route):
        return f"send to “{action.port}”"
    if isinstance(action, Set):
        return f"set {action.target}"
    if isinstance(action, Choose):
        return f"choose {action.title or action.value} as {action.target}"
    if isinstance(action, RequireApproval):
        return f"require approval by {' or '.join([*action.roles, *action.users]) or 'those whom the step names'}"
    if isinstance(action, Ask):
        return f"{'raise a conflict over' if action.conflict else 'ask for'} {action.target}"
    if isinstance(action, Conclude):
        return f"conclude {action.fact}"
    return "hold" if isinstance(action, Hold) else "reject"
