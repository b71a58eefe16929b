"""What became different in the systems since a flow was published, as far as its drawing uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any

from engine.errors import DefinitionError
from engine.flow import Flow, Node
from engine.node import ReadNode, WriteNode
from engine.plan import Plan, build, check
from engine.shape import Entity, Field

Place = tuple[str, str]
"""(slot, entity)"""

Shapes = Mapping[Place, Entity | None]
ALIKE = 0.6
"""How alike two names must be for one to be proposed as what became of the other."""

_PATH = re.compile(r"\$(?P<root>steps\.(?P<step>[a-z][a-z0-9_-]*)|parent)?\.(?P<rest>.+)$")


@dataclass(frozen=True)
class Used:
    """A field that the drawing uses: ``path`` is dotted in objects, ``LINES.FIELD`` in lines; ``row`` says for what."""

    place: Place
    path: str
    node: str
    row: str


@dataclass(frozen=True)
class Drift:
    """One difference that matters.

    kind   gone (the whole object), removed, type, or mandatory (it was not when the flow was published)
    rows   [(node, its title, the row that uses it)]     renamed  the new field that it probably is now, or ""
    """

    kind: str
    slot: str
    entity: str
    field: str
    message: str
    rows: tuple[tuple[str, str, str], ...] = ()
    renamed: str = ""

    def as_json(self) -> dict[str, Any]:
        rows = [{"node": node, "step": step, "row": row} for node, step, row in self.rows]
        return {**asdict(self), "rows": rows}


def places(flow: Flow) -> list[Place]:
    """Every kind of object that the drawing names, behind its slots."""
    found: dict[Place, None] = {}
    for node in flow.nodes:
        for settings in _sides(node):
            place = _place(settings)
            if place is not None and place[0] in flow.slots:
                found[place] = None
    return list(found)


def compare(flow: Flow, before: Shapes, now: Mapping[Place, Entity | str | None]) -> list[Drift]:
    """What matters of the difference. ``now``: a shape, None where the system could not say, or why there is none."""
    known = {place: shape for place, shape in before.items() if shape is not None}
    uses = list(used(flow, known))
    found: list[Drift] = []
    for place, old in known.items():
        new = now.get(place)
        mine = [use for use in uses if use.place == place]
        if isinstance(new, str):
            rows = _rows(flow, mine) or _nodes(flow, place)
            found.append(Drift("gone", *place, "", f"{_named(old)} is no longer there: {new}", rows))
        elif new is not None:
            found += _fields(flow, place, old, new, mine)
            found += _mandatory(flow, place, old, new)
    return found


def used(flow: Flow, shapes: Mapping[Place, Entity]) -> Iterator[Used]:
    """Every field that the drawing reads, fills or looks for, as far as the settings tell."""
    for node in flow.nodes:
        for settings in _sides(node):
            place = _place(settings)
            if place is not None:
                yield from _declared(node.id, place, settings)
        yield from _pairs(node)
    yield from taken(flow, shapes)


def taken(flow: Flow, shapes: Mapping[Place, Entity]) -> Iterator[Used]:
    """Every field of what was read that a later step takes a value from."""
    sources = _sources(flow)
    arriving = _arriving(flow, shapes, sources)
    for node in flow.nodes:
        base = arriving.get(node.id)
        yield from _paths(node.id, node.settings, (base, "") if base else None, sources, "")


# what the drawing uses ---------------------------------------------------------------------------------


def _sides(node: Node) -> Iterator[dict[str, Any]]:
    """The settings, and those of each side of a step that has two."""
    yield node.settings
    for side in ("left", "right"):
        if isinstance(node.settings.get(side), dict):
            yield node.settings[side]


def _place(settings: Mapping[str, Any]) -> Place | None:
    slot, entity = settings.get("slot"), settings.get("entity")
    return (slot, entity) if isinstance(slot, str) and isinstance(entity, str) and slot and entity else None


def _declared(node: str, place: Place, settings: Mapping[str, Any]) -> Iterator[Used]:
    for name, row in (("fields", "reads"), ("lines", "reads the lines"), ("match", "looks for")):
        for one in settings.get(name) or []:
            text = one if isinstance(one, str) else one.get("field") if isinstance(one, dict) else None
            if isinstance(text, str) and text:
                yield Used(place, text, node, f"{row} {text}")
    for one in settings.get("filters") or []:
        if isinstance(one, dict) and one.get("field"):
            yield Used(place, str(one["field"]), node, f"reads only where {one['field']} fits")
    if isinstance(settings.get("title_field"), str):
        yield Used(place, settings["title_field"], node, f"is called by {settings['title_field']}")
    yield from _targets(node, place, settings.get("rows"), "")


def _targets(node: str, place: Place, rows: Any, within: str) -> Iterator[Used]:
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and isinstance(row.get("target"), str):
            path = f"{within}{row['target']}"
            yield Used(place, path, node, f"fills {path}")
            yield from _targets(node, place, row.get("rows"), f"{path}.")


def _pairs(node: Node) -> Iterator[Used]:
    for side in ("left", "right"):
        place = _place(node.settings.get(side) or {}) if isinstance(node.settings.get(side), dict) else None
        for pair in node.settings.get("fields") or [] if place else []:
            if place and isinstance(pair, dict) and isinstance(pair.get(side), str):
                yield Used(place, pair[side], node.id, f"keeps {pair[side]} in step")


def _sources(flow: Flow) -> dict[str, Place]:
    """Read node → what it reads."""
    return {node.id: place for node in flow.nodes if node.type == "read" and (place := _place(node.settings))}


def _arriving(flow: Flow, shapes: Mapping[Place, Entity], sources: Mapping[str, Place]) -> dict[str, Place]:
    """Node → the place of the records that arrive there as they were read."""
    cards = check(flow, lambda slot, entity: shapes.get((slot, entity))).nodes
    by_name = {shapes[place].name: place for place in sources.values() if place in shapes}
    return {
        node: by_name[card.shape_in.name]
        for node, card in cards.items()
        if card.shape_in is not None
        and card.shape_in.name in by_name
        and card.shape_in.fields == shapes[by_name[card.shape_in.name]].fields
    }


Base = tuple[Place, str] | None


def _paths(
    node: str, document: Any, base: Base, sources: Mapping[str, Place], row: str, outer: Base = None
) -> Iterator[Used]:
    """Paths of the settings that lead into what was read. ``row``: the target field that is being filled."""
    if isinstance(document, list):
        for one in document:
            yield from _paths(node, one, base, sources, row, outer)
        return
    if not isinstance(document, dict):
        return
    row = str(document.get("target") or row)
    lines = document.get("lines")
    if isinstance(lines, str) and isinstance(document.get("rows"), list):
        there = _resolve(lines, base, outer, sources)
        if there is not None:
            yield Used(there[0], there[1], node, _for(row, there[1]))
        inside = (there[0], f"{there[1]}.") if there else None
        for name, value in document.items():
            deeper = name in ("rows", "where")
            yield from _paths(
                node, value, inside if deeper else base, sources, row, base if deeper else outer
            )
        return
    path = document.get("path")
    if document.get("kind") == "path" and isinstance(path, str):
        there = _resolve(path, base, outer, sources)
        if there is not None:
            yield Used(there[0], there[1], node, _for(row, there[1]))
    for value in document.values():
        yield from _paths(node, value, base, sources, row, outer)


def _for(row: str, path: str) -> str:
    return f"fills {row} from {path}" if row else f"looks at {path}"


def _resolve(path: str, base: Base, outer: Base, sources: Mapping[str, Place]) -> tuple[Place, str] | None:
    match = _PATH.match(path.strip())
    if match is None:
        return None
    rest = re.sub(r"\[[^\]]*\]", "", match["rest"]).strip(".")
    if match["step"]:
        place = sources.get(match["step"])
        return (place, rest) if place and rest else None
    start = outer if match["root"] == "parent" else base
    return (start[0], f"{start[1]}{rest}") if start and rest else None


# what became different ---------------------------------------------------------------------------------


def _fields(flow: Flow, place: Place, old: Entity, new: Entity, uses: Sequence[Used]) -> Iterator[Drift]:
    by_field: dict[str, list[Used]] = {}
    for use in uses:
        chain = _chain(old.fields, use.path)
        if not chain:
            continue
        there = _chain(new.fields, use.path)
        lost = chain[len(there)] if len(there) < len(chain) else None
        other = next(
            (pair for pair in zip(chain, there, strict=False) if pair[0][1].type != pair[1][1].type), None
        )
        if lost is not None:
            by_field.setdefault(f"removed {lost[0]}", []).append(use)
        elif other is not None:
            by_field.setdefault(f"type {other[0][0]}", []).append(use)
    for key, some in by_field.items():
        kind, _, name = key.partition(" ")
        was = _chain(old.fields, name)[-1][1]
        if kind == "type":
            is_now = _chain(new.fields, name)[-1][1]
            said = f"{was.label()} of {_named(old)} was {was.type} and is {is_now.type} now."
            yield Drift("type", *place, name, said, _rows(flow, some))
            continue
        renamed = _renamed(name, was, old, new)
        said = f"{was.label()} ({name}) of {_named(old)} is no longer there."
        if renamed:
            said += f" It is probably called {renamed} now."
        yield Drift("removed", *place, name, said, _rows(flow, some), renamed)


def _mandatory(flow: Flow, place: Place, old: Entity, new: Entity) -> Iterator[Drift]:
    demanded = {field.name for field in old.required()}
    fresh = [field for field in new.required() if field.name not in demanded]
    writers = [node for node in _writers(flow) if _place(node.settings) == place]
    if not fresh or not writers:
        return
    filled = {use.path.split(".")[0] for node in flow.nodes for use in _declared_rows(node, place)}
    for field in fresh:
        if field.name not in filled and field.name.split(".")[0] not in filled:
            rows = tuple((node.id, _title(node), "writes without it") for node in writers)
            said = (
                f"{_named(new)} needs {field.label()} ({field.name}) now, and no row of the mapping fills it."
            )
            yield Drift("mandatory", *place, field.name, said, rows)


def _declared_rows(node: Node, place: Place) -> Iterator[Used]:
    if _place(node.settings) == place:
        yield from _targets(node.id, place, node.settings.get("rows"), "")


def _writers(flow: Flow) -> list[Node]:
    """Write steps that may create."""
    try:
        plan: Plan = build(flow)
    except DefinitionError:
        return []
    return [
        node
        for node in flow.nodes
        if isinstance(made := plan.nodes.get(node.id), WriteNode)
        and not isinstance(made, ReadNode)
        and made.target().operation in ("create", "upsert")
    ]


def _chain(fields: Sequence[Field], path: str) -> list[tuple[str, Field]]:
    """[(dotted name so far, field)] along a path, as far as the shape knows it; a flat name with dots wins."""
    flat = next((field for field in fields if field.name == path), None)
    if flat is not None:
        return [(path, flat)]
    first, _, rest = path.partition(".")
    found = next((field for field in fields if field.name == first), None)
    if found is None:
        return []
    deeper = _chain(found.fields, rest) if rest and found.fields else []
    return [(first, found), *((f"{first}.{name}", field) for name, field in deeper)]


def _renamed(name: str, was: Field, old: Entity, new: Entity) -> str:
    """The field that is new where this one was, of the same type, with the same title or a name much like it."""
    outer, _, own = name.rpartition(".")
    before, after = _siblings(old.fields, outer), _siblings(new.fields, outer)
    fresh = [
        field for field in after if field.name not in {one.name for one in before} and field.type == was.type
    ]
    same = [field for field in fresh if field.title and field.title == was.title]
    alike = [
        field
        for field in fresh
        if SequenceMatcher(None, field.name.casefold(), own.casefold()).ratio() >= ALIKE
    ]
    best = same if len(same) == 1 else alike if len(alike) == 1 else []
    return f"{outer}.{best[0].name}".lstrip(".") if best else ""


def _siblings(fields: Sequence[Field], outer: str) -> Sequence[Field]:
    chain = _chain(fields, outer) if outer else []
    return chain[-1][1].fields if chain else fields


def _rows(flow: Flow, uses: Sequence[Used]) -> tuple[tuple[str, str, str], ...]:
    titles = {node.id: _title(node) for node in flow.nodes}
    return tuple(dict.fromkeys((use.node, titles[use.node], use.row) for use in uses))


def _nodes(flow: Flow, place: Place) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (node.id, _title(node), "uses it")
        for node in flow.nodes
        if any(_place(settings) == place for settings in _sides(node))
    )


def _title(node: Node) -> str:
    return node.title or node.type


def _named(entity: Entity) -> str:
    return entity.title or entity.name
