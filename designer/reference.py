"""The reference of node types and connectors as Markdown, made from the same cards that the editor uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine import registry

GROUPS = {"trigger": "Start", "read": "Read", "shape": "Shape", "decide": "Decide", "write": "Write"}
_CHANGES = {
    "modified-since": "by the stamp of the last change",
    "feed": "by the system's own feed of changes",
    "none": "not at all",
}
_REPEATS = {
    "client-id": "Heddle chooses the new object's id",
    "key": "the call carries a unique key",
    "reference": "a field of the object carries Heddle's key",
    "none": "the system has no means",
}


def nodes() -> str:
    """``docs/nodes.md``: every node type of this installation."""
    cards = [registry.card(cls) for cls in registry.node_types().values()]
    cards.sort(key=lambda card: (list(GROUPS).index(card["group"]), card["title"]))
    lines = [
        "# Node types",
        "",
        "Made from the code by `heddle docs`. Do not edit it by hand.",
        "",
        "Every node also has the way out `rejected`: there leaves what the node cannot handle.",
    ]
    group = ""
    for card in cards:
        if card["group"] != group:
            group = card["group"]
            lines += ["", f"## {GROUPS[group]}"]
        lines += ["", f"### {card['title']} (`{card['type']}`, version {card['version']})", "", card["help"]]
        outputs = [f"`{port['name']}`" for port in card["outputs"] if port["name"] != "rejected"]
        lines += ["", f"Ways out: {', '.join(outputs) or 'by its settings'}."]
        lines += _settings(card["settings"])
    return "\n".join(lines) + "\n"


def connectors() -> str:
    """``docs/connectors.md``: every connector of this installation."""
    lines = [
        "# Connectors",
        "",
        "Made from the code by `heddle docs`. Do not edit it by hand.",
        "",
        "Saving a connection calls the system first. Secrets are sealed and never shown again.",
    ]
    for _, cls in sorted(registry.connectors().items()):
        card = registry.system_card(cls)
        can = card["capability"]
        lines += ["", f"## {card['title']} (`{card['system']}`)", "", card["help"]]
        lines += [
            "",
            f"- Records in a call: {can['page']} read, {can['write']} written, {can['find']} looked for.",
            f"- A create that is repeated is recognised so: {_REPEATS[can['idempotency']]}.",
            f"- Changes are seen {_CHANGES[can['changes']]}.",
        ]
        if can["requests_per_second"]:
            lines.append(f"- At most {can['requests_per_second']:g} calls a second.")
        if can["concurrent"]:
            lines.append(f"- At most {can['concurrent']} calls at once.")
        lines += _settings(card["settings"])
    return "\n".join(lines) + "\n"


def _settings(schema: Mapping[str, Any]) -> list[str]:
    rows = list(_rows(schema, schema.get("$defs", {})))
    if not rows:
        return ["", "It has no settings."]
    return ["", "| Setting | | Default |", "|---|---|---|", *rows]


def _rows(schema: Mapping[str, Any], known: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """One row a setting; settings inside a setting follow it, under the name of the choice they belong to."""
    needed = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        if "const" in field:
            continue
        default = "needed" if name in needed else _default(field.get("default"))
        words = " ".join(str(field.get("description", "")).split()) + _named(field)
        secret = " *Secret.*" if field.get("writeOnly") else ""
        title = field.get("title", name)
        yield f"| `{before}{name}` {_cell(title)} | {_cell(words)}{secret} | {default} |"
        for choice in _choices(field, known):
            yield from _rows(choice, known, f"{before}{name}.")


def _named(field: Mapping[str, Any]) -> str:
    """What the form calls each choice, beside what stands in the document."""
    titles = field.get("x-titles", {})
    told = "; ".join(f"`{value}`: {titles[value]}" for value in field.get("enum", ()) if value in titles)
    return f" {told}." if told else ""


def _choices(field: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The objects that a setting may be, one level deep, where they are made of described settings."""
    for one in [field, *field.get("oneOf", []), *field.get("anyOf", [])]:
        target = known.get(str(one.get("$ref", "")).rpartition("/")[2])
        if target and any(inner.get("description") for inner in target.get("properties", {}).values()):
            yield target


def _default(value: Any) -> str:
    if value in (None, "", [], {}) or isinstance(value, dict):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
