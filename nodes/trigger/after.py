"""Started when a run of another flow is over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from engine.errors import DefinitionError, Problem
from engine.node import After, NodeContext, NodeSettings, Outbox, TriggerNode
from engine.record import Record

ENDS = {
    "done": "is done",
    "clean": "is done without anything failed or held",
    "failed": "has failed",
    "over": "is over",
}


class AfterSettings(NodeSettings):
    flow: str = Field(
        default="",
        title="Flow",
        description="The short name of the other flow, as its address shows it.",
        json_schema_extra={"x-widget": "flow"},
    )
    when: Literal["done", "clean", "failed", "over"] = Field(
        default="done",
        title="When it",
        description="After every run that is done, only when nothing failed or is held, only when "
        "something failed, or however it ended. Retries and try-outs do not count.",
        json_schema_extra={"x-titles": {**ENDS}},
    )


class AfterNode(TriggerNode[AfterSettings]):
    """Starts the flow when a run of another flow is over, so that flows follow each other: first the
    customers, then their invoices."""

    Settings = AfterSettings
    type = "after"
    title = "After another flow"
    group = "trigger"
    glyph = "arrows-join-2"

    def __init__(self, settings: AfterSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        if settings.flow:
            self.after = After(flow=settings.flow, when=settings.when)

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        if problems := self.check():
            raise DefinitionError(problems)
        super().process(records, out)

    def check(self) -> list[Problem]:
        if self.settings.flow:
            return []
        return [Problem("E-AFTER", "It is not said after which flow.", "Choose the flow.", field="flow")]

    def summary(self) -> str:
        return f"When «{self.settings.flow}» {ENDS[self.settings.when]}" if self.settings.flow else ""
