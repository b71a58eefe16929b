"""Lets through what meets a condition."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from engine.binding import bind
from engine.conditions import AllOf, Condition
from engine.errors import DefinitionError, Held, Problem, RecordRejected
from engine.flow import Port
from engine.node import OUT, Node, NodeContext, NodeSettings, Outbox
from engine.record import Record
from engine.scope import Scope
from engine.terms import Term


class FilterSettings(NodeSettings):
    condition: Condition = Field(
        default=AllOf(all=[]),
        title="Condition",
        description="Records for which this is true go on.",
        json_schema_extra={"x-widget": "condition"},
    )


class FilterNode(Node[FilterSettings]):
    """Lets records through that meet a condition. The others leave by «No»; where nothing is connected
    there they end as skipped, with the reason."""

    Settings = FilterSettings
    type = "filter"
    title = "Filter"
    group = "shape"
    glyph = "filter"
    outputs = (OUT.model_copy(update={"title": "Yes"}), Port(name="no", title="No", required=False))

    def __init__(self, settings: FilterSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.problems: list[Problem] = []
        self.term: Term | None = None
        try:
            self.term = bind(settings.condition, context.tables, "condition")
        except DefinitionError as error:
            self.problems.extend(error.problems)

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        if self.term is None:
            raise DefinitionError(self.problems)
        for record in records:
            scope = Scope(record, run=out.run)
            try:
                holds = self.term.holds(scope)
                if out.trace is not None:
                    out.trace.note(
                        self.context.node, record.key, condition=self.term.words(), holds=holds,
                        because=self.term.because(scope),
                    )  # fmt: skip
            except (RecordRejected, Held) as error:
                out.fail(record, error)
            else:
                out.send(record, "out" if holds else "no")

    def check(self) -> list[Problem]:
        if self.settings.condition == AllOf(all=[]):
            return [
                Problem(
                    "E-FILTER-EMPTY",
                    "The filter has no condition and lets everything through.",
                    "Add a condition, or take the filter out.",
                    field="condition",
                    severity="warning",
                )
            ]
        return self.problems

    def summary(self) -> str:
        if self.term is None or self.settings.condition == AllOf(all=[]):
            return ""
        words = self.term.words()
        return f"Only where {words}"
