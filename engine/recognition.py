"""A closer look at what no search found: objects whose match key is written differently, or only looks alike."""

from __future__ import annotations

from engine import alike
from engine.choosing import hold_ambiguous
from engine.intent import Delivered, Errand, Intent
from engine.node import WriteTarget
from engine.record import Remote


def look_closer(errand: Errand, target: WriteTarget, intents: list[Intent], done: Delivered) -> list[Intent]:
    """Recognises what certainly is the same, holds what only may be, and answers the intents still to be settled.

    Candidates come from a directory of the entity and are judged by their values as they are now.
    """
    if errand.directories is None or not alike.SEARCHED & set(target.alike.values()):
        return intents
    sought = [
        one
        for one in intents
        if one.remote_id is None and one.match and not one.doubtful and not one.insisted
    ]
    if not sought:
        return intents
    directory = errand.directories.of(
        errand.connections[target.slot], target.entity, target.match, target.alike
    )
    keys = {id(intent): alike.key(intent.match, target.alike) for intent in sought}
    named = directory.candidates(errand.connector, set(keys.values()))
    found = _now(errand, target, sorted({one for ids in named.values() for one in ids}), sought)
    held: set[int] = set()
    for intent in sought:
        remotes = [found[one] for one in named[keys[id(intent)]] if one in found]
        fits = [one for one in remotes if alike.likely(intent.match, one.data, target.alike)]
        exact = [one for one in fits if alike.same(intent.match, one.data, target.alike)]
        if len(exact) == 1:
            intent.current, intent.remote_id = exact[0], exact[0].id
        elif fits:
            held.add(id(intent))
            hold_ambiguous(errand, target, intent, fits, done)
    return [intent for intent in intents if id(intent) not in held]


def _now(errand: Errand, target: WriteTarget, ids: list[str], sought: list[Intent]) -> dict[str, Remote]:
    """Objects by id, as they stand now."""
    shape = errand.connector.entity(target.entity)
    id_field = shape.key
    titles = {shape.title_field} if shape.title_field else set()  # people choose by it
    fields = sorted(titles | {name for intent in sought for name in intent.data})
    answers = errand.connector.find_all(target.entity, [{id_field: one} for one in ids], fields)
    return {one: remotes[0] for one, remotes in zip(ids, answers, strict=True) if remotes}
