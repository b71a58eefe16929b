"""Business rules: conditions in plain words, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import Field, ValidationError

from engine.chain import Compiled
from engine.errors import DefinitionError, HeddleError, Held, Problem, RecordRejected
from engine.expression import compile_value
from engine.flow import Port
from engine.message import Message
from engine.node import OUT, Node, NodeContext, NodeSettings, Outbox
from engine.record import Record
from engine.rules import Action, Conclude, Hold, Program, Reject, Route, Rule, RuleSet, Set, check_rule_set
from engine.scope import Scope
from engine.shape import Entity


class RulesSettings(NodeSettings):
    rule_set: str | None = Field(
        default=None,
        title="Rule set",
        description="A rule set of this flow or of the library, when several steps share it.",
        json_schema_extra={"x-widget": "rule-set"},
    )
    rules: RuleSet | None = Field(
        default=None,
        title="Rules",
        description="Rules of this step alone.",
        json_schema_extra={"x-widget": "rules"},
    )
    routes: list[str] | None = Field(
        default=None,
        title="Routes",
        description="The ports that a shared rule set routes to; the editor fills them in.",
        json_schema_extra={"x-widget": "hidden"},
    )


class RulesNode(Node[RulesSettings]):
    """Judges each record by rules: sends it another way, sets fields, holds it with a question, or refuses
    it. Rules are judged from the top; every one sees the record as it arrived, and the first to set a field
    wins. A record that several rules route leaves by each of their ports; one that none routes leaves by «Out».
    """

    Settings = RulesSettings
    type = "rules"
    title = "Rules"
    group = "decide"
    glyph = "gavel"
    editor = "rules"

    def __init__(self, settings: RulesSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.problems: list[Problem] = []
        self.document = self._document()
        if self.document is not None:
            self.problems += check_rule_set(self.document, context.tables, "rules")
        self._applied: Applied | None = None

    @classmethod
    def ports_out(cls, settings: RulesSettings) -> tuple[Port, ...]:
        """``out`` and one port a route. A shared rule set is not known here, so ``routes`` names its ports."""
        names = settings.rules.ports() if settings.rules is not None else settings.routes or []
        return (OUT, *(Port(name=name, required=False) for name in names if name != "out"))

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        if self._applied is None:
            if any(problem.severity == "error" for problem in self.problems) or self.document is None:
                raise DefinitionError(self.problems)
            name = self.context.label(self.settings.rule_set)
            self._applied = Applied(self.document, self.context.tables, name)
        for record in records:
            self._applied.apply(record, out, self.context.node)

    def _document(self) -> RuleSet | None:
        if self.settings.rules is not None:
            return self.settings.rules
        wanted = self.settings.rule_set
        if not wanted:
            self._problem(
                "E-RULES-NONE", "There are no rules yet.", "Add a rule, or choose a rule set.", "rules"
            )
            return None
        if wanted not in self.context.rules:
            message = f"The flow has no rule set “{wanted}”."
            self._problem(
                "E-RULES-UNKNOWN", message, "Choose one of this flow, or of the library.", "rule_set"
            )
            return None
        try:
            document = RuleSet.model_validate(self.context.rules[wanted])
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            message = f"The rule set “{wanted}” is damaged at {place}: {first['msg']}."
            self._problem("E-RULES-DAMAGED", message, "Open it and correct it there.", "rule_set")
            return None
        missing = set(document.ports()) - set(self.settings.routes or []) - {"out"}
        if missing:
            message = f"The rule set routes to {', '.join(sorted(missing))}, which this step does not offer."
            self._problem(
                "E-PORT-UNREACHED", message, "Choose the rule set again to refresh its ports.", "routes"
            )
        return document

    def _problem(self, code: str, message: str, cure: str, field: str) -> None:
        self.problems.append(Problem(code, message, cure, field=field))

    def check(self) -> list[Problem]:
        if self.document is None:
            return self.problems
        offered = {port.name for port in self.ports_out(self.settings)} - {"out"}
        unused = sorted(offered - set(self.document.ports()))
        return [
            *self.problems,
            *(
                Problem(
                    "E-PORT-UNREACHED",
                    f"No rule routes to the port “{name}”.",
                    "Take its edges away, or add a rule that routes there.",
                    port=name,
                    severity="warning",
                )
                for name in unused
            ),
        ]

    def infer(self, shapes: Mapping[str, Entity | None]) -> Mapping[str, Entity | None]:
        before = next(iter(shapes.values()), None)
        return {port.name: before for port in self.ports_out(self.settings)}

    def summary(self) -> str:
        if self.document is None or any(problem.severity == "error" for problem in self.problems):
            return ""
        return summary(self.document, self.context.tables)


class Applied:
    """A rule set with its actions ready: judges a record and does what the rules say."""

    def __init__(self, document: RuleSet, tables: Mapping[str, Any], name: str) -> None:
        self.program = Program(document, tables)
        self.name = name
        self._values: dict[int, Compiled] = {}
        self._messages: dict[int, Message] = {}
        for rule in self.program.rules:
            for action in rule.then:
                if isinstance(action, Set):
                    self._values[id(action)] = compile_value(action.value, tables)
                elif isinstance(action, Hold | Reject):
                    self._messages[id(action)] = Message(action.message)

    def apply(self, record: Record, out: Outbox, node: str) -> None:
        scope = Scope(record, run=out.run)
        try:
            if out.trace is not None:
                self._note(scope, out, node)
            fired = [self.program.rules[index] for index in self.program.judge(scope).fired]
            data, ports = self._act(
                fired, scope, None if out.trace is None else partial(out.trace.note, node)
            )
        except (RecordRejected, Held) as error:
            out.fail(record, error)
            return
        leaving = record if data is record.data else record.with_data(data)
        for port in ports or ["out"]:
            out.send(leaving, port)

    def _act(
        self, fired: Sequence[Rule], scope: Scope, note: Callable[..., None] | None = None
    ) -> tuple[Any, list[str]]:
        """The data as the rules leave it and the ports they chose. Raises Held or RecordRejected."""
        data = scope.data
        done: dict[str, None] = {}
        ports: dict[str, None] = {}
        for rule in fired:
            for action in rule.then:
                if isinstance(action, Route):
                    ports[action.port] = None
                elif isinstance(action, Set) and action.target not in done:
                    value = self._values[id(action)].get(scope)
                    data = put(data, action.target, value, scope)
                    done[action.target] = None
                    if note is not None:
                        step = {"did": f"Rule «{rule.label()}»", "value": value}
                        note(scope.record.key, field=action.target, on=True, steps=[step])
                elif isinstance(action, Hold | Reject):
                    raise self._stopped(rule, action, scope)
        return data, list(ports)

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

    def _note(self, scope: Scope, out: Outbox, node: str) -> None:
        assert out.trace is not None
        rules = {rule.id: rule for rule in self.program.rules}
        for told in self.program.explain(scope):
            done = [describe(action) for action in rules[told["rule"]].then] if told["fired"] else []
            out.trace.note(node, scope.record.key, **told, did=done, rule_set=self.name)


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
    if isinstance(action, Conclude):
        return f"conclude {action.fact}"
    return "hold" if isinstance(action, Hold) else "reject"


def summary(document: RuleSet, tables: Mapping[str, Any]) -> str:
    """The rules in one line: "Hold if ledger account is missing"; the number of those that do not fit."""
    program = Program(document, tables)
    if not program.rules:
        return "No rules"
    rule, term = program.rules[0], program.terms[0]
    does = " and ".join(describe(action) for action in rule.then) or "do nothing"
    text = f"{does[:1].upper()}{does[1:]} if {term.words()}"
    text = text if len(text) <= 90 else f"{text[:89]}…"
    more = len(program.rules) - 1
    return f"{text}, and {more} more rule{'s' if more > 1 else ''}" if more else text
