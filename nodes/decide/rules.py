"""Business rules: conditions in plain words, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, ValidationError

from engine.errors import DefinitionError, Problem
from engine.flow import Port
from engine.node import OUT, Node, NodeContext, NodeSettings, Outbox
from engine.record import Record
from engine.rules import Program, RuleSet, check_rule_set
from engine.shape import Entity
from nodes.decide.acts import Applied, describe


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
            self._applied = Applied(self.document, self.context.tables, name, self.context.node)
        self._applied.apply(records, out)

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
