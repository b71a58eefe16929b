"""Who may create what: the source object and the match key are claimed in one transaction, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine import alike
from engine.clock import now
from engine.intent import Errand, Intent
from engine.node import WriteTarget
from engine.record import Remote
from engine.store import matches, references
from engine.store.matches import Key
from engine.store.references import Pair


@dataclass(frozen=True)
class Claimed:
    """mine: to be created by us · made: somebody created the object for this key meanwhile, with its id ·
    busy: somebody is creating it, or the source object, right now
    """

    mine: list[Intent]
    made: list[tuple[Intent, str]]
    busy: bool


def take(errand: Errand, target: WriteTarget, intents: list[Intent]) -> Claimed:
    """Claims creates, and reserves them in the write budget. Raises OverBudget beyond it: then nothing is claimed."""
    with errand.database.write(lasting=not _tells_repeats(errand)) as session:
        until = now() + errand.patience
        owned: dict[Pair, set[str]] = {}
        for pair in sorted({intent.pair for intent in intents}, key=str):
            owners = {intent.left_id: intent.claim for intent in intents if intent.pair == pair}
            owned[pair] = references.claim(session, pair, dict(sorted(owners.items())), until)
        ours = [intent for intent in intents if intent.left_id in owned[intent.pair]]
        for intent in ours if target.match else ():
            intent.key = key(target, intent)
        lost: dict[Key, str | None] = {}
        for owner in sorted({intent.claim for intent in ours if intent.key is not None}):
            wanted = [(one.key, one.left_id) for one in ours if one.key is not None and one.claim == owner]
            lost |= matches.claim(session, wanted, owner, until)
        for intent in ours:
            if intent.key in lost:
                references.release(session, intent.pair, [intent.left_id], intent.claim)
        mine = [intent for intent in ours if intent.key not in lost]
        if errand.allowance is not None and mine:
            sent = {intent.source: intent.wanted("create") for intent in mine}
            errand.allowance.reserve(session, "create", sent)
    met = [(intent, lost[intent.key]) for intent in ours if intent.key in lost]
    made = [(intent, right_id) for intent, right_id in met if right_id is not None]
    return Claimed(mine, made, len(mine) + len(made) < len(intents))


def _tells_repeats(errand: Errand) -> bool:
    """Whether the system itself recognises a repeated create: then a power cut may forget the claim on it."""
    return errand.connector.capability.idempotency in ("key", "client-id") and errand.allowance is None


def key(target: WriteTarget, intent: Intent) -> Key | None:
    """What no two objects of the target may share; None where nothing is declared, or a person said «create»."""
    if not intent.match or intent.insisted:
        return None
    pair = intent.pair
    return Key(pair.right_connection, pair.right_entity, alike.digest(intent.match, target.alike))


def look(
    errand: Errand, target: WriteTarget, made: list[tuple[Intent, str]]
) -> list[tuple[Intent, Remote | None]]:
    """The objects that others made for our keys, as they stand now; None where one is gone, or has another key
    by now: that is forgotten, so that the next attempt creates it."""
    id_field = errand.connector.entity(target.entity).key
    fields = sorted({name for intent, _ in made for name in intent.data})
    answers: list[tuple[Intent, Remote | None]] = []
    size = max(1, errand.connector.capability.find)
    for start in range(0, len(made), size):
        some = made[start : start + size]
        asked: list[dict[str, Any]] = [{id_field: right_id} for _, right_id in some]
        for (intent, _), found in zip(some, errand.connector.find(target.entity, asked, fields), strict=True):
            fits = [one for one in found if alike.likely(intent.match, one.data, target.alike)]
            answers.append((intent, fits[0] if fits else None))
    gone = {id(intent) for intent, remote in answers if remote is None}
    if gone:
        with errand.database.write() as session:
            matches.forget(
                session,
                [(intent.key, right_id) for intent, right_id in made if id(intent) in gone and intent.key],
            )
    return answers
