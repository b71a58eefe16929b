"""What a dry run cannot know: the ids, numbers and links that only a real write brings.

A placeholder stands for each of them on the way through the drawing, «⟨new CUSTOMER⟩». People read words in its place.
Its brackets are none that people write: what a source calls “(new branch)” is compared as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine import compare
from engine.shape import Entity, plural

START, _END = "⟨new ", "⟩"
NEW = re.compile(f"{START}([^⟨⟩]*){_END}")
"""A placeholder, alone or within a text; its group is what is new."""


class Foreseen:
    """What one record would create: for people, in the place of placeholders."""

    def __init__(self) -> None:
        self._things: dict[str, tuple[str, set[str], set[str]]] = {}

    def __bool__(self) -> bool:
        return bool(self._things)

    def add(self, entity: str, shape: Entity | None, sent: Mapping[str, Any], title: str) -> None:
        """``sent``: the values of the new object; ``title``: of its record, for what has no name of its own."""
        named = compare.dig(sent, shape.title_field) if shape and shape.title_field else None
        thing = (shape.title if shape else "") or entity
        _, names, titles = self._things.setdefault(entity, (thing, set(), set()))
        titles.add(title)
        if isinstance(named, str) and not NEW.search(named):
            names.add(named)

    def words(self, entity: str) -> str | None:
        """«the customer that this run creates (Acme Ltd)»; without the name where it could be several, None where
        nothing like that is created."""
        if entity not in self._things:
            return None
        thing, names, titles = self._things[entity]
        known = names or titles
        (name,) = known if len(known) == 1 else ("",)
        return f"the {plural(thing, 1)} that this run creates" + (f" ({name})" if name else "")


def worded(value: Any, foreseen: Foreseen) -> Any:
    """The value, or what is inside it, with words in the place of placeholders."""
    if isinstance(value, str):
        return NEW.sub(lambda found: foreseen.words(found[1]) or found[0], value)
    if isinstance(value, Mapping):
        return {name: worded(inner, foreseen) for name, inner in value.items()}
    if isinstance(value, list):
        return [worded(inner, foreseen) for inner in value]
    return value


def placeholder(entity: str) -> str:
    """What stands for the id, number or link of an object that a dry run has only imagined."""
    return f"{START}{entity}{_END}"


def is_placeholder(text: str | None) -> bool:
    """Whether an id, number or link stands for an object that a dry run has only imagined."""
    return text is not None and text.startswith(START) and NEW.fullmatch(text) is not None


def real(text: str | None) -> str | None:
    """An id, number or link; None for that of an object that a dry run has only imagined."""
    return None if is_placeholder(text) else text
