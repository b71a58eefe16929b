"""Started when something has changed: asks again and again."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.errors import Problem
from engine.node import NodeContext, NodeSettings, TriggerNode
from engine.schedule import Timer, Timing, problems, words

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3_600}


class ChangesSettings(NodeSettings):
    every: int = Field(
        default=5,
        ge=1,
        le=100_000,
        title="Ask every",
        description="How many seconds, minutes or hours lie between two questions; ten seconds at least.",
    )
    unit: Literal["seconds", "minutes", "hours"] = Field(
        default="minutes", title="Unit", description="What the interval is counted in."
    )


class ChangesNode(TriggerNode[ChangesSettings]):
    """Asks a system again and again for what changed since the last time. The read step behind it must be set
    to «Only what changed». While a run is still at work no other one starts: the next one brings everything."""

    Settings = ChangesSettings
    type = "changes"
    title = "When something changes"
    group = "trigger"
    glyph = "refresh"
    wants_changes = True

    def __init__(self, settings: ChangesSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        timing = Timing(every=settings.every * SECONDS[settings.unit])
        self.timer = Timer(timing=timing, missed="last", alone=True)

    def check(self) -> list[Problem]:
        assert self.timer is not None
        return problems(self.timer.timing)

    def summary(self) -> str:
        assert self.timer is not None
        return f"{words(self.timer.timing)}, what changed"
