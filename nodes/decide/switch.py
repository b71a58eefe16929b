"""Sends each record along the first way whose condition it meets."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from engine.binding import bind
from engine.conditions import Condition
from engine.errors import DefinitionError, Held, Problem, RecordRejected
from engine.flow import Document, Identifier, Port
from engine.node import Node, NodeContext, NodeSettings, Outbox
from engine.record import Record
from engine.scope import Scope
from engine.terms import Term

OTHERWISE = "otherwise"


class Case(Document):
    """One way out, and when it is taken."""

    port: Identifier = Field(
        title="Way", description="Short name of the way out: small letters, digits and -."
    )
    title: str = Field(default="", title="Title", description="What stands beside the way out.")
    condition: Condition = Field(
        title="Condition",
        description="Records for which this is true take this way.",
        json_schema_extra={"x-widget": "condition"},
    )


class SwitchSettings(NodeSettings):
    cases: list[Case] = Field(
        default=[],
        title="Cases",
        description="Judged from the top; the first that is true wins.",
        json_schema_extra={"x-widget": "cases"},
    )
    otherwise: bool = Field(
        default=True,
        title="Way for all others",
        description="On: what fits no case leaves by «Otherwise». Off: it is rejected.",
    )


class SwitchNode(Node[SwitchSettings]):
    """Sends each record one way: along the first case that is true for it, else by «Otherwise»."""

    Settings = SwitchSettings
    type = "switch"
    title = "Switch"
    group = "decide"
    glyph = "arrows-split-2"
    outputs = (Port(name=OTHERWISE, title="Otherwise", required=False),)

    def __init__(self, settings: SwitchSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.problems: list[Problem] = []
        self.terms: list[tuple[str, Term]] = []
        for index, case in enumerate(settings.cases):
            try:
                self.terms.append(
                    (case.port, bind(case.condition, context.tables, f"cases.{index}.condition"))
                )
            except DefinitionError as error:
                self.problems.extend(error.problems)

    @classmethod
    def ports_out(cls, settings: SwitchSettings) -> tuple[Port, ...]:
        ports = {case.port: Port(name=case.port, title=case.title, required=False) for case in settings.cases}
        return (*ports.values(), *(cls.outputs if settings.otherwise and OTHERWISE not in ports else ()))

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        if self.problems:
            raise DefinitionError(self.problems)
        for record in records:
            scope = Scope(record, run=out.run)
            try:
                port = self._way(scope, out)
            except (RecordRejected, Held) as error:
                out.fail(record, error)
            else:
                out.send(record, port)

    def _way(self, scope: Scope, out: Outbox) -> str:
        for port, term in self.terms:
            holds = term.holds(scope)
            if out.trace is not None:
                out.trace.note(
                    self.context.node, scope.record.key, port=port, condition=term.words(), holds=holds,
                    because=term.because(scope),
                )  # fmt: skip
            if holds:
                return port
        if self.settings.otherwise:
            return OTHERWISE
        raise RecordRejected(
            f"{scope.label()} fits none of the cases.",
            code="E-NO-CASE",
            cure="Add a case for it, or a way for all others.",
        )

    def check(self) -> list[Problem]:
        problems = list(self.problems)
        names = [case.port for case in self.settings.cases]
        for index, name in enumerate(names):
            if name in names[:index] or name in (OTHERWISE, "rejected"):
                problems.append(
                    Problem(
                        "E-PORT-TWICE",
                        f"Two ways out are called {name}.",
                        "Give one of them another name.",
                        port=name,
                        field=f"cases.{index}.port",
                    )
                )
        if not names:
            problems.append(
                Problem(
                    "E-SWITCH-EMPTY", "The switch has no case.", "Add one.", field="cases", severity="warning"
                )
            )
        return problems

    def summary(self) -> str:
        return ", ".join(case.title or case.port for case in self.settings.cases)
