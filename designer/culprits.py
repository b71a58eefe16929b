"""Which fields of a record, as it was read, a failure is about: so that whoever corrects it begins there.

The failure names a field of what was to be written, or of what a mapping was to fill. Its value is followed back
through the mappings of the drawing, to the fields of the source that it was made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.flow import Flow, Node
from engine.path import PathError, parse_path
from engine.plan import Plan
from engine.record import COUNTS_AS, Outcome
from engine.store.deliveries import Delivery

_LINE = re.compile(r"\[(\d+)\]")
Place = tuple[str, str]
"""The step whose result it stands in, empty for the record itself, and the dotted name in it."""

_PARENT = "^"
_STEPS = re.compile(r"^\$steps\.([a-z][a-z0-9_-]*)\.(.+)$")


def culprits(plan: Plan, found: Sequence[Delivery], data: Any) -> list[dict[str, str]]:
    """[{"field", "message"}] for what failed: dotted names within the record, lines by their place from 0 on.

    Only fields that the record has, or could have beside those that it has; empty where the failure names none.
    """
    told: dict[str, str] = {}
    for row in found:
        if COUNTS_AS[Outcome(row.outcome)] != "failed" or not row.field or not isinstance(data, Mapping):
            continue
        for name in _origins(plan, row.node, row.field):
            if _stands(data, name):
                told.setdefault(name, row.message)
    return [{"field": name, "message": message} for name, message in told.items()]


def _origins(plan: Plan, node: str, field: str) -> list[str]:
    """The fields of the source that a field of a node was made of; the field itself where no mapping fills it."""
    if node not in plan.order:
        return [field]
    before = [one for one in plan.order[: plan.order.index(node) + 1] if node in _behind(plan, one)]
    rows = [_rows(plan.flow, one) for one in reversed(before)]
    return list(dict.fromkeys(_trace(plan, [some for some in rows if some], field)))


def _behind(plan: Plan, node: str) -> set[str]:
    """A node and all that its records reach."""
    reached, ahead = {node}, [node]
    while ahead:
        here = ahead.pop()
        following = {edge.target for edge in plan.flow.edges if edge.source == here} - reached
        reached |= following
        ahead += following
    return reached


def _rows(flow: Flow, node: str) -> Sequence[Mapping[str, Any]]:
    drawn: Node | None = flow.node(node)
    rows = drawn.settings.get("rows") if drawn is not None and drawn.type == "map" else None
    return rows if isinstance(rows, list) else []


def _trace(plan: Plan, mappings: Sequence[Sequence[Mapping[str, Any]]], field: str) -> Iterator[str]:
    """Goes back through mappings, the last one first."""
    for at, rows in enumerate(mappings):
        made = _made_of(rows, field)
        if made is None:
            continue
        for step, name in made:
            if not step:
                yield from _trace(plan, mappings[at + 1 :], name)
            elif step in plan.sources:
                yield name
        return
    yield _LINE.sub(lambda found: f".{int(found[1]) - 1}", field)


def _made_of(rows: Iterable[Mapping[str, Any]], field: str) -> list[Place] | None:
    """What the row that fills a field takes, None where no row does; of lines only which one the failure says."""
    plain, line = _LINE.sub("", field).casefold(), _LINE.search(field)
    for row in rows:
        target = str(row.get("target", "")).casefold()
        inside = plain.removeprefix(f"{target}.") if plain.startswith(f"{target}.") else ""
        if target != plain and not inside:
            continue
        if "lines" not in row:
            return list(_places(row.get("value")))
        lines = _place(str(row["lines"]))
        found = _made_of(row.get("rows", []), inside) if inside and line else None
        if lines is None or line is None or found is None:
            return [lines] if lines is not None else []
        return [_of_line(lines, line[0], place) for place in found]
    return None


def _of_line(lines: Place, line: str, place: Place) -> Place:
    """A place within a line as one of the record."""
    step, name = place
    if name.startswith(_PARENT):
        return "", name.removeprefix(_PARENT)
    return (step, name) if step else (lines[0], f"{lines[1]}{line}.{name}")


def _places(value: Any) -> Iterator[Place]:
    """What a value takes from the record: where it starts, and what its functions are given."""
    if isinstance(value, Mapping):
        place = _place(str(value.get("path", ""))) if value.get("kind") == "path" else None
        if place is not None:
            yield place
        for name, inner in value.items():
            if name != "path":
                yield from _places(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _places(inner)


def _place(text: str) -> Place | None:
    """A path that is nothing but names; None for any other, such as what the run tells."""
    steps = _STEPS.match(text)
    parent = text.startswith("$parent.")
    if not (steps or parent or text.startswith(("$.", "$["))):
        return None
    plain = f"$.{steps[2]}" if steps else text.replace("$parent.", "$.", 1)
    try:
        path = parse_path(plain)
    except PathError:
        return None
    names = path.names or path.listed
    if not names:
        return None
    return steps[1] if steps else "", (_PARENT if parent else "") + ".".join(names)


def _stands(data: Mapping[str, Any], name: str) -> bool:
    """Whether the record has the place that a field stands in."""
    place: Any = data
    for part in name.split(".")[:-1]:
        if isinstance(place, Mapping):
            place = place.get(part)
        elif isinstance(place, list) and part.isdigit() and int(part) < len(place):
            place = place[int(part)]
        else:
            return False
    return isinstance(place, Mapping)
