"""Started by hand or by another program."""

from __future__ import annotations

from engine.node import NodeSettings, TriggerNode


class ManualSettings(NodeSettings):
    pass


class ManualNode(TriggerNode[ManualSettings]):
    """Starts the flow when somebody presses «Run», or when another program asks for a run. What it brings
    along goes on as records: each element of a list, or the one object."""

    Settings = ManualSettings
    type = "manual"
    title = "By hand"
    group = "trigger"
    glyph = "player-play"

    def summary(self) -> str:
        return "When somebody starts it"
