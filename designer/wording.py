"""Settings in plain words: values, conditions and filters as a person would say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from engine.flow import spelled
from engine.operators import OPERATORS

IS = {
    "eq": "is",
    "ne": "is not",
    "lt": "is below",
    "le": "is at most",
    "gt": "is above",
    "ge": "is at least",
    "in": "is one of",
    "starts": "starts with",
}
"""The operators of filters; those of conditions have titles."""

LONGEST = 120
"""Characters of a text that are shown."""

JOINED = {"all": " and ", "any": " or ", "none": " or "}


def title_of(settings: type[BaseModel] | None, name: str) -> str:
    """What people call a setting: its title in the form, else its name as a word."""
    field = settings.model_fields.get(name) if settings else None
    return (field.title if field else None) or name.replace("_", " ").capitalize()


def chosen(settings: type[BaseModel] | None, name: str, value: Any) -> str:
    """A setting's value in a few words: as the form calls it, where that has words of its own for each choice."""
    field = settings.model_fields.get(name) if settings else None
    extra = field.json_schema_extra if field else None
    titles = extra.get("x-titles") if isinstance(extra, dict) else None
    if isinstance(titles, dict) and value is None and field is not None:
        value = field.default
    title = titles.get(value) if isinstance(titles, dict) and isinstance(value, str) else None
    return f"«{title}»" if isinstance(title, str) else describe(value)


def describe(value: Any) -> str:
    """A setting's value in a few words; never empty."""
    if value is None or value in ("", [], {}):
        return "nothing"
    match value:
        case bool():
            return "yes" if value else "no"
        case {"kind": "path", "path": str(path)}:
            return _path(path) + _calls(value)
        case {"kind": "constant"}:
            return describe(value.get("value")) + _calls(value)
        case {"target": _, "lines": str(lines)}:
            return f"each of {_path(lines)}"
        case {"target": _, "value": {"kind": "constant", "value": str(text)}}:
            return f"the text «{text[:LONGEST]}»"
        case {"target": _, "value": inner}:
            return describe(inner)
        case {"left": left, "op": str(op)}:
            return _said(describe(left), op, value.get("right"))
        case {"field": str(field), "op": str(op)}:
            return _said(field, op, value.get("value"))
        case {"quantifier": str(quantifier), "lines": str(lines), "where": where}:
            return f"{quantifier} of {_path(lines)}: {describe(where)}"
        case {"do": str(do)}:
            rest = [describe(part) for key, part in value.items() if key != "do"]
            return " ".join([do, *rest])
        case dict():
            return _dict(value)
        case list() | tuple():
            return ", ".join(describe(item) for item in value)
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _dict(value: Mapping[str, Any]) -> str:
    for joint, word in JOINED.items():
        if set(value) == {joint} and isinstance(value[joint], list):
            said = word.join(describe(part) for part in value[joint]) or "nothing"
            return f"none of ({said})" if joint == "none" else said
    return ", ".join(f"{key} {describe(part)}" for key, part in value.items())


def _said(what: str, op: str, right: Any) -> str:
    known = OPERATORS.get(spelled(op))
    word = known.title if known else IS.get(op, op)
    return f"{what} {word}" if right is None else f"{what} {word} {describe(right)}"


def _path(path: str) -> str:
    return path.removeprefix("$.").removeprefix("$") or "the whole record"


def _calls(value: Mapping[str, Any]) -> str:
    return "".join(f", then {call.get('function', '?')}" for call in value.get("then") or [])


def atoms(value: Any) -> dict[str, str] | None:
    """A condition or a list of filters as «what it looks at» → «what it wants»: ``Stage is`` → ``Closed won``.

    None for anything else, and for conditions that are more than a plain list of comparisons.
    """
    if isinstance(value, dict) and set(value) in ({"all"}, {"any"}):
        value = next(iter(value.values()))
    if isinstance(value, dict) and "left" in value:
        value = [value]
    if not isinstance(value, list) or not value:
        return None
    found: dict[str, str] = {}
    for part in value:
        if not isinstance(part, dict) or "op" not in part or not ("left" in part or "field" in part):
            return None
        left = describe(part["left"]) if "left" in part else str(part["field"])
        what = _said(left, str(part["op"]), None)
        if what in found:
            return None
        found[what] = describe(part.get("right", part.get("value")))
    return found
