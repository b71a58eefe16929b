"""Started when two systems disagree and this flow is to decide."""

from __future__ import annotations

from engine.node import NodeSettings, TriggerNode


class ConflictSettings(NodeSettings):
    pass


class ConflictNode(TriggerNode[ConflictSettings]):
    """Starts the flow when a step *Keep in step* has a conflict on which this flow decides. The record tells of it:
    `conflict` (its number), `title`, `left` and `right` (entity and id of both objects), and `fields`, a line a field
    in conflict, with `field`, `title`, `agreed` (what both sides last agreed on, as the left side holds it), and
    `left` and `right` with `value`, `at` and `by`. The flow ends in *Decide the conflict*."""

    Settings = ConflictSettings
    type = "conflict"
    title = "A conflict"
    group = "trigger"
    glyph = "arrows-left-right"

    def summary(self) -> str:
        return "When two systems disagree and this flow decides"
