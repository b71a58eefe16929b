"""Asking which object a record is: several match, or one that only looks like it."""

from __future__ import annotations

from typing import Any

import msgspec

from engine import alike, compare
from engine.intent import Delivered, Errand, Intent, hold
from engine.node import WriteTarget
from engine.record import Remote
from engine.shape import plural

MOST = 20
"""Candidates shown at most; nobody chooses among more."""

CURE = "Choose the right one, or have a new one created; the choice is kept."


def hold_ambiguous(
    errand: Errand, target: WriteTarget, intent: Intent, candidates: list[Remote], done: Delivered
) -> None:
    """Holds a record until somebody says which of the candidates it is, or that it is a new object."""
    entity = errand.connector.entity(target.entity)
    thing = entity.title or entity.name
    words = " and ".join(f"{name} {value}" for name, value in intent.match.items())
    exact = [one for one in candidates if alike.same(intent.match, one.data, target.alike)]
    if len(exact) > 1:
        message = f"Held: {len(exact)} {plural(thing, len(exact))} match {words}."
    elif len(candidates) == 1:
        other = told(intent, candidates[0])
        message = f"Held: the {plural(thing, 1)} {other} looks like {words}, but is not written alike."
    else:
        message = f"Held: {len(candidates)} {plural(thing, len(candidates))} look like {words}."
    shown = sorted(candidates, key=lambda one: (one not in exact, one.id))[:MOST]
    question = {
        "kind": "ambiguous",
        "entity": target.entity,
        "thing": plural(thing, 1),
        "match": {name: str(value) for name, value in intent.match.items()},
        "candidates": [
            {
                "id": one.id,
                "number": one.number,
                "title": _text(compare.dig(one.data, entity.title_field)) if entity.title_field else "",
                "link": one.link or errand.connector.link(target.entity, one.id),
                "values": {name: _text(compare.dig(one.data, name)) for name in intent.match},
                "exact": one in exact,
            }
            for one in shown
        ],
        "source": {**msgspec.structs.asdict(intent.pair), "left_id": intent.left_id},
    }
    hold(done, intent, message, question, CURE)


def told(intent: Intent, remote: Remote) -> str:
    """A candidate in words: its number, and the values by which it was compared."""
    values: list[Any] = [compare.dig(remote.data, name) for name in intent.match]
    words = ", ".join(str(value) for value in values if value not in (None, ""))
    return f"{remote.number} ({words})" if remote.number and words else words or remote.number or remote.id


def _text(value: Any) -> str:
    return "" if value is None else str(value)
