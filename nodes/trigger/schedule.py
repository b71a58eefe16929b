"""Started by the clock."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.errors import Problem
from engine.flow import Overlap
from engine.node import NodeContext, NodeSettings, TriggerNode
from engine.schedule import Missed, Timer, Timing, problems, words

MINUTES = {"minutes": 60, "hours": 3_600, "days": 86_400}


class ScheduleSettings(NodeSettings):
    kind: Literal["times", "interval"] = Field(
        default="times",
        title="Rhythm",
        description="At certain times of the clock, or again and again after the same time.",
        json_schema_extra={"x-titles": {"times": "At certain times", "interval": "In equal intervals"}},
    )
    cron: str = Field(
        default="0 6 * * *",
        title="Times",
        description="Minute, hour, day of the month, month and day of the week: 0 6 * * 1-5 is every weekday "
        "at six.",
        json_schema_extra={"x-widget": "cron", "x-when": {"kind": "times"}},
    )
    zone: str = Field(
        default="UTC",
        title="Time zone",
        description="Whose clock it is, such as Europe/Berlin. A time that the change to summer time leaves "
        "out runs right after it; one that comes twice in autumn runs the first time.",
        json_schema_extra={"x-widget": "zone", "x-when": {"kind": "times"}},
    )
    every: int = Field(
        default=15,
        ge=1,
        le=100_000,
        title="Every",
        description="How many minutes, hours or days lie between two runs.",
        json_schema_extra={"x-when": {"kind": "interval"}},
    )
    unit: Literal["minutes", "hours", "days"] = Field(
        default="minutes",
        title="Unit",
        description="What the interval is counted in.",
        json_schema_extra={"x-when": {"kind": "interval"}},
    )
    missed: Missed = Field(
        default="last",
        title="Missed runs",
        description="What to do with times at which Heddle was not running: leave them out, make up for the "
        "last one, make up for all, or ask.",
        json_schema_extra={
            "x-titles": {
                "skip": "Leave them out",
                "last": "Make up for the last one",
                "all": "Make up for all",
                "ask": "Ask",
            }
        },
    )
    overlap: Literal["queue", "skip", "cancel-older", "parallel"] = Field(
        default="queue",
        title="When the last run is not over",
        description="Wait for it, leave this one out, stop the older one, or run beside it.",
        json_schema_extra={
            "x-titles": {
                "queue": "Wait for it",
                "skip": "Leave this one out",
                "cancel-older": "Stop the older one",
                "parallel": "Run beside it",
            }
        },
    )
    parallel: int = Field(
        default=2,
        ge=1,
        le=32,
        title="At most at once",
        description="How many runs of the flow may work at once when they run beside each other.",
        json_schema_extra={"x-when": {"overlap": "parallel"}},
    )


class ScheduleNode(TriggerNode[ScheduleSettings]):
    """Starts the flow by the clock: at certain times in a time zone, or in equal intervals. What was missed
    while Heddle was not running is made up for, left out or asked about."""

    Settings = ScheduleSettings
    type = "schedule"
    title = "Schedule"
    group = "trigger"
    glyph = "clock"

    def __init__(self, settings: ScheduleSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        timing = (
            Timing(every=settings.every * MINUTES[settings.unit])
            if settings.kind == "interval"
            else Timing(cron=" ".join(settings.cron.split()), zone=settings.zone)
        )
        self.timer = Timer(timing=timing, missed=settings.missed)
        self.overlap = Overlap(kind=settings.overlap, parallel=settings.parallel)

    def check(self) -> list[Problem]:
        assert self.timer is not None
        return problems(self.timer.timing)

    def summary(self) -> str:
        assert self.timer is not None
        return words(self.timer.timing)
