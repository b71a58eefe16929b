"""The difference of two drawings in plain words; where things stand on the canvas is one flag."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from designer.wording import atoms, chosen, describe, title_of
from engine import registry
from engine.agreement import FieldPair
from engine.flow import Edge, Flow, LookupTable, Node
from engine.library import PLACES, Issue, parse


@dataclass(frozen=True)
class Change:
    """One difference. ``node`` is None for what concerns the flow as a whole."""

    kind: str
    node: str | None
    title: str
    text: str


@dataclass(frozen=True)
class Difference:
    changes: list[Change]
    layout_changed: bool


def compare(old: Flow, new: Flow) -> Difference:
    """What somebody would have to be told to get from one drawing to the other."""
    changes = [
        *_words(old, new),
        *_nodes(old, new),
        *_edges(old, new),
        *_slots(old, new),
        *_held("table", "table", old.tables, new.tables, lambda table: table.title, _table),
        *_held("rules", "rules", old.rules, new.rules, _own_title, _rules),
        *_held("decision", "decision table", old.decisions, new.decisions, _own_title, _decision),
        *_pins(old, new),
    ]
    return Difference(changes, old.layout != new.layout)


def compare_shared(old: Issue, new: Issue) -> list[Change]:
    """The same for two versions of something in the library."""
    both = [Flow(name=new.title).model_copy(update=_alone(one)) for one in (old, new)]
    return compare(*both).changes


def _alone(issue: Issue) -> dict[str, Any]:
    document: Any = parse(issue.kind, issue.document)
    held = document if issue.kind == "lookup" else document.model_dump()
    return {PLACES[issue.kind]: {issue.slug: held}}


def _words(old: Flow, new: Flow) -> Iterator[Change]:
    if old.name != new.name:
        yield Change("name", None, new.name, f"The flow is called «{new.name}», no longer «{old.name}».")
    if old.description != new.description:
        yield Change("description", None, new.name, "The description of the flow changed.")
    before, after = old.policy.model_dump(), new.policy.model_dump()
    for name in after:
        if before[name] != after[name]:
            if name == "four_eyes":
                who = "A second person publishes it" if after[name] else "One person may publish it"
                yield Change("policy", None, "How it runs", f"{who} from now on.")
                continue
            label = name.replace("_", " ").capitalize()
            text = f"{label}: {describe(before[name])} → {describe(after[name])}"
            yield Change("policy", None, "How it runs", text)


def _nodes(old: Flow, new: Flow) -> Iterator[Change]:
    before = {node.id: node for node in old.nodes}
    after = {node.id: node for node in new.nodes}
    for node_id, node in before.items():
        if node_id not in after:
            yield Change("node-removed", node_id, _title(node), f"«{_title(node)}» was removed.")
    for node_id, node in after.items():
        if node_id not in before:
            yield Change("node-added", node_id, _title(node), f"«{_title(node)}» was added ({_type(node)}).")
        else:
            yield from _node(before[node_id], node)


def _node(old: Node, new: Node) -> Iterator[Change]:
    title = _title(new)
    if old.type != new.type:
        yield Change("node-type", new.id, title, f"«{title}» is now {_type(new)}, it was {_type(old)}.")
        return
    if _title(old) != title:
        yield Change("node-renamed", new.id, title, f"«{_title(old)}» is now called «{title}».")
    if old.disabled != new.disabled:
        yield Change(
            "node-switched", new.id, title, f"«{title}» was switched {'off' if new.disabled else 'on'}."
        )
    if old.note != new.note:
        yield Change("note", new.id, title, f"The note on «{title}» changed.")
    for name in [*old.settings, *(name for name in new.settings if name not in old.settings)]:
        before, after = old.settings.get(name), new.settings.get(name)
        if before != after:
            yield from _setting(new, name, before, after)


def _setting(node: Node, name: str, old: Any, new: Any) -> Iterator[Change]:
    title = _title(node)
    cls = registry.node_types().get(node.type)
    settings = cls.Settings if cls else None
    label = title_of(settings, name)
    if _is_mapping(old or new) and _is_mapping(new or old):
        for text in _rows(old or [], new or [], ""):
            yield Change("mapping", node.id, title, text)
        return
    if _is_pairing(old or new) and _is_pairing(new or old):
        for text in _field_pairs(old or [], new or []):
            yield Change("mapping", node.id, title, text)
        return
    before, after = atoms(old), atoms(new)
    if before is not None and after is not None:
        for text in _pairs(before, after):
            yield Change("setting", node.id, title, text)
        return
    yield Change(
        "setting", node.id, title, f"{label}: {chosen(settings, name, old)} → {chosen(settings, name, new)}"
    )


def _is_pairing(value: Any) -> bool:
    """Whether these are the pairs of fields that two systems keep in step."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(pair, dict) and {"left", "right"} <= pair.keys() for pair in value)
    )


def _field_pairs(old: Sequence[Any], new: Sequence[Any]) -> Iterator[str]:
    usual = {name: field.default for name, field in FieldPair.model_fields.items()}
    before = {(pair["left"], pair["right"]): pair for pair in old}
    after = {(pair["left"], pair["right"]): pair for pair in new}
    for both in [*before, *(one for one in after if one not in before)]:
        place = " ↔ ".join(map(str, both))
        if both not in after:
            yield f"{place} is no longer kept in step."
        elif both not in before:
            rest = {key: value for key, value in after[both].items() if key not in ("left", "right")}
            yield f"{place} is now kept in step" + (f": {describe(rest)}." if rest else ".")
        else:
            for key in dict.fromkeys([*before[both], *after[both]]):
                was, now = before[both].get(key, usual.get(key)), after[both].get(key, usual.get(key))
                if was != now:
                    yield f"{place}, {key}: {describe(was)} → {describe(now)}"


def _is_mapping(value: Any) -> bool:
    """Whether these are rows of a mapping, each told by its target."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(row, dict) and isinstance(row.get("target"), str) for row in value)
    )


def _rows(old: Sequence[Any], new: Sequence[Any], within: str) -> Iterator[str]:
    """Mapping rows, told apart by their target; rows inside lines are named with their list."""
    before = {row["target"]: row for row in old}
    after = {row["target"]: row for row in new}
    for target, row in before.items():
        if target not in after:
            yield f"{within}{target} is no longer mapped (was {describe(row)})."
    for target, row in after.items():
        place = f"{within}{target}"
        if target not in before:
            yield f"{place} is now mapped from {describe(row)}."
        elif before[target] != row:
            yield from _row(before[target], row, place)


def _row(old: Mapping[str, Any], new: Mapping[str, Any], place: str) -> Iterator[str]:
    if _is_mapping(old.get("rows")) and _is_mapping(new.get("rows")):
        yield from _rows(old["rows"], new["rows"], f"{place} › ")
        old, new = ({key: value for key, value in row.items() if key != "rows"} for row in (old, new))
    if old == new:
        return
    if describe(old) != describe(new):
        yield f"{place}: {describe(old)} → {describe(new)}"
    for name in ("when", "where"):
        if old.get(name) != new.get(name):
            yield f"{place}, {name}: {describe(old.get(name))} → {describe(new.get(name))}"


def _pairs(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for what, value in old.items():
        if what not in new:
            yield f"{what} {value}: removed"
    for what, value in new.items():
        if what not in old:
            yield f"{what} {value}: added"
        elif old[what] != value:
            yield f"{what}: {old[what]} → {value}"


def _edges(old: Flow, new: Flow) -> Iterator[Change]:
    """Edges between nodes that both drawings have; those of new or removed nodes go without saying."""
    both = {node.id for node in old.nodes} & {node.id for node in new.nodes}
    for kind, edges, others, flow in (
        ("edge-removed", old.edges, new.edges, old),
        ("edge-added", new.edges, old.edges, new),
    ):
        for edge in edges:
            if edge not in others and {edge.source, edge.target} <= both:
                verb = "is now" if kind == "edge-added" else "is no longer"
                yield Change(kind, edge.source, _name(flow, edge.source), _edge(flow, edge, verb))


def _edge(flow: Flow, edge: Edge, verb: str) -> str:
    port = "" if edge.output == "out" else f" (output «{edge.output}»)"
    return f"«{_name(flow, edge.source)}»{port} {verb} connected to «{_name(flow, edge.target)}»."


def _slots(old: Flow, new: Flow) -> Iterator[Change]:
    for name in sorted({*old.slots, *new.slots}):
        before, after = old.slots.get(name), new.slots.get(name)
        if before == after:
            continue
        label = (after or before).title or name  # type: ignore[union-attr]
        text = (
            f"The flow needs a connection to {after.system}."
            if before is None and after is not None
            else f"The flow no longer needs «{label}»."
            if after is None
            else f"The connection «{label}» changed."
        )
        yield Change("slot", None, label, text)


T = TypeVar("T")


def _held(
    kind: str,
    is_called: str,
    old: Mapping[str, T],
    new: Mapping[str, T],
    title_of: Callable[[T], str],
    differ: Callable[[T, T], Iterator[str]],
) -> Iterator[Change]:
    """What a flow holds by name: come, gone, or changed in the ways that ``differ`` tells."""
    was = "were" if is_called.endswith("s") else "was"
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        title = next(title_of(one) for one in (after, before) if one is not None) or name
        if before is None or after is None:
            come = "added" if before is None else "removed"
            yield Change(kind, None, title, f"The {is_called} «{title}» {was} {come}.")
        elif before != after:
            for text in differ(before, after):
                yield Change(kind, None, title, text)


def _own_title(document: Mapping[str, Any]) -> str:
    return str(document.get("title") or "")


def _table(old: LookupTable, new: LookupTable) -> Iterator[str]:
    title = new.title or old.title
    if old.columns != new.columns:
        yield f"{title}: the columns are now {', '.join(new.columns)}."
    before = {row[0]: row[1:] for row in old.rows if row}
    after = {row[0]: row[1:] for row in new.rows if row}
    for key in [*before, *(key for key in after if key not in before)]:
        if before.get(key) != after.get(key):
            yield f"{title}, {key}: {describe(before.get(key))} → {describe(after.get(key))}"
    for column in sorted({*old.options, *new.options}):
        if old.options.get(column) != new.options.get(column):
            source = new.options.get(column)
            yield f"{title}: {column} is now {f'chosen from {source.entity}' if source else 'typed freely'}."
    if (old.title, old.description) != (new.title, new.description):
        yield f"The words around the table «{title}» changed."


def _rules(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before = {str(rule.get("id")): rule for rule in old.get("rules", [])}
    after = {str(rule.get("id")): rule for rule in new.get("rules", [])}
    if old.get("policy") != new.get("policy"):
        yield f"Policy: {describe(old.get('policy'))} → {describe(new.get('policy'))}"
    for key, rule in before.items():
        if key not in after:
            yield f"The rule «{rule.get('title') or key}» was removed."
    for key, rule in after.items():
        label = rule.get("title") or key
        if key not in before:
            yield f"The rule «{label}» was added: when {describe(rule.get('when'))}."
        elif before[key] != rule:
            if before[key].get("enabled", True) != rule.get("enabled", True):
                yield f"The rule «{label}» was switched {'on' if rule.get('enabled', True) else 'off'}."
            for part in ("when", "then", "stop"):
                if before[key].get(part) != rule.get(part):
                    yield f"«{label}», {part}: {describe(before[key].get(part))} → {describe(rule.get(part))}"
    if list(before) != list(after) and set(before) == set(after):
        yield "The order of the rules changed."


def _decision(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for part, label in (("hit_policy", "When several rows fit"), ("aggregate", "What becomes of them")):
        if old.get(part) != new.get(part):
            yield f"{label}: {describe(old.get(part))} → {describe(new.get(part))}"
    for part, label in (("inputs", "condition"), ("outputs", "answer")):
        before = {str(one["id"]): one for one in old.get(part, [])}
        after = {str(one["id"]): one for one in new.get(part, [])}
        for key in [*before, *(key for key in after if key not in before)]:
            name = (after.get(key) or before[key]).get("title") or key
            if before.get(key) != after.get(key):
                verb = "removed" if key not in after else "added" if key not in before else "changed"
                yield f"The {label} «{name}» was {verb}."
    before = {str(row["id"]): row for row in old.get("rows", [])}
    places = {str(row["id"]): (at, row) for at, row in enumerate(new.get("rows", []), 1)}
    for key, row in before.items():
        if key not in places:
            yield f"The row {_cells(row)} was removed."
    for key, (at, row) in places.items():
        if key not in before:
            yield f"Row {at} was added: {_cells(row)}."
        elif before[key] != row:
            yield f"Row {at}: {_cells(before[key])} → {_cells(row)}"
    if list(before) != list(places) and set(before) == set(places):
        yield "The order of the rows changed."


def _cells(row: Mapping[str, Any]) -> str:
    told = f"{' | '.join(row['when'])} → {' | '.join(row['then'])}"
    return f"{told} ({row['note']})" if row.get("note") else told


def _pins(old: Flow, new: Flow) -> Iterator[Change]:
    for slug in sorted({*old.shared, *new.shared}):
        before, after = old.shared.get(slug), new.shared.get(slug)
        if before is not None and after is not None and before.version != after.version:
            text = f"«{after.title or slug}» of the library: version {before.version} → {after.version}."
            yield Change("shared", None, after.title or slug, text)


def _title(node: Node) -> str:
    return node.title or _type(node)


def _type(node: Node) -> str:
    cls = registry.node_types().get(node.type)
    return cls.title if cls else node.type


def _name(flow: Flow, node_id: str) -> str:
    node = flow.node(node_id)
    return _title(node) if node else node_id
