"""Values that a drawing takes from what its reading step does not bring along: they would be empty for ever."""

from __future__ import annotations

from collections.abc import Mapping

from engine import drift
from engine.drift import Place
from engine.errors import Problem
from engine.flow import Flow
from engine.shape import Entity


def problems(flow: Flow, shapes: Mapping[Place, Entity]) -> list[Problem]:
    """A warning for each such value. ``shapes``: of what the drawing reads, as far as they are known."""
    if not any(field.asked for shape in shapes.values() for field in shape.fields):
        return []
    found: dict[tuple[str, str], Problem] = {}
    for use in drift.taken(flow, shapes):
        head = use.path.partition(".")[0]
        field = shapes[use.place].field(head) if use.place in shapes else None
        if field is None or not field.asked or _comes(flow, use.place, use.path):
            continue
        where, what = ("Lines", head) if field.type == "lines" else ("Fields", use.path)
        found[use.node, what] = Problem(
            "E-NOT-READ",
            f"{what} is not read, so it is always empty here.",
            f"Choose it under «{where}» of the step that reads {shapes[use.place].title or use.place[1]}.",
            use.node,
            severity="warning",
        )
    return list(found.values())


def _comes(flow: Flow, place: Place, path: str) -> bool:
    """Whether a step that reads these objects asks for it."""
    reads = [node.settings for node in flow.nodes if node.type == "read"]
    asked = [
        name
        for settings in reads
        if (settings.get("slot"), settings.get("entity")) == place
        for name in (*(settings.get("fields") or ()), *(settings.get("lines") or ()))
    ]
    return any(path == name or path.startswith(f"{name}.") or name.startswith(f"{path}.") for name in asked)
