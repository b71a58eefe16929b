"""Who may create what: the source object and the match key are claimed in one transaction, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine import alike
from engine.connector import Connector
from engine.errors import Unavailable
from engine.intent import Errand, Intent
from engine.node import WriteTarget
from engine.patience import UNSEEN
from engine.record import Remote, fingerprint
from engine.store import claims as standing
from engine.store import matches, references
from engine.store.database import Session
from engine.store.matches import TURN, Key, Taken
from engine.store.references import Pair, Reference
from engine.store.timepiece import shared_now


@dataclass(frozen=True)
class Claimed:
    """mine: to be created by us · made: somebody created the object for this key meanwhile, with its id ·
    rivals: of another source object with this key nobody knows yet whether it was created (engine.rivals) ·
    busy: somebody is creating it, or the source object, right now
    """

    mine: list[Intent]
    made: list[tuple[Intent, str]]
    rivals: list[tuple[Intent, Taken]]
    busy: bool


def take(
    errand: Errand, target: WriteTarget, intents: list[Intent], answered: Sequence[Reference]
) -> Claimed:
    """Claims creates, and reserves them in the write budget. What was ``answered`` meanwhile is kept in the same
    commit: it is out of doubt, whatever happens to the calls that follow.

    Raises OverBudget beyond the budget: then nothing is claimed. Raises LeaseLost.
    """
    with errand.database.write(lasting=not _tells_repeats(errand)) as session:
        if answered or errand.database.falls_alone:
            errand.guard(session, {one.claim for one in answered} | {one.claim for one in intents})
        references.save(session, answered)
        wishes: dict[Pair, list[tuple[str, str]]] = {}
        for intent in intents:
            wishes.setdefault(intent.pair, []).append((intent.left_id, intent.claim))
        owned = {
            pair: references.claim(session, pair, dict(sorted(wishes[pair])), errand.patience)
            for pair in sorted(wishes, key=str)
        }
        ours = [intent for intent in intents if intent.left_id in owned[intent.pair]]
        lost = _claim_keys(errand, session, target, ours) if target.match else {}
        met = [(intent, lost[intent.key]) for intent in ours if intent.key in lost] if lost else []
        for intent, _ in met:
            references.release(session, intent.pair, [intent.left_id], intent.claim)
        mine = [intent for intent in ours if intent.key not in lost] if lost else ours
        if errand.allowance is not None and mine:
            sent = {intent.source: intent.wanted("create") for intent in mine}
            errand.allowance.reserve(session, "create", sent)
        rivals = [(intent, has) for intent, has in met if is_open(errand, session, intent, has)]
    made = [(intent, has.right_id) for intent, has in met if has.right_id is not None]
    return Claimed(mine, made, rivals, len(mine) + len(made) + len(rivals) < len(intents))


def _claim_keys(
    errand: Errand, session: Session, target: WriteTarget, intents: list[Intent]
) -> dict[Key, Taken]:
    """Claims the match keys of creates; answers those that others have."""
    for intent in intents:
        intent.key = key(target, intent)
    keyed = [intent for intent in intents if intent.key is not None]
    standing.prolong_keys(
        session, [one.key for one in keyed if one.key is not None], errand.connector.http.timeout
    )
    lost: dict[Key, Taken] = {}
    for owner in sorted({intent.claim for intent in keyed}):
        wanted = [(one.key, one.left) for one in keyed if one.key is not None and one.claim == owner]
        lost |= matches.claim(session, wanted, owner, errand.patience)
    return lost


def is_open(errand: Errand, session: Session, intent: Intent, has: Taken) -> bool:
    """Whether nobody is at work on the create that a key was claimed for, but for us: then we come to it later, or have
    been there before. ``has``: who claimed it."""
    if has.right_id is not None:
        return False
    if has.claim == intent.claim:
        return True
    grace = errand.connector.http.timeout
    return has.until < shared_now(session) and not standing.is_writing(session, has.claim, grace)


def turns(errand: Errand, target: WriteTarget, intents: list[Intent]) -> list[Intent]:
    """Of two messages about one object only one is written at a time, whichever workers have them. Answers the intents
    whose turn it is: a message whose turn it is not, is the newer or the older one of another that is being written.
    """
    waiting = [intent for intent in intents if intent.edition]
    if not waiting or errand.dry or target.operation == "create":
        return intents
    keys = {id(intent): _turn(intent) for intent in waiting}
    with errand.database.write(lasting=errand.database.falls_alone) as session:
        taken = matches.take_turns(session, [(keys[id(one)], one.left, one.claim) for one in waiting])
        for intent in waiting:
            former = taken.get(keys[id(intent)])
            if former is None or standing.is_writing(session, former, errand.connector.http.timeout):
                continue
            if matches.pass_turn(session, keys[id(intent)], former, intent.claim):
                del taken[keys[id(intent)]]
    return [intent for intent in intents if not intent.edition or keys[id(intent)] not in taken]


def _turn(intent: Intent) -> Key:
    pair = intent.pair
    source = fingerprint([pair.left_connection, pair.left_entity, intent.left_id])
    return Key(pair.right_connection, pair.right_entity, f"{TURN}{source}")


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
    by now: that is forgotten, so that it can be created.

    Raises Unavailable where it is too early to say that one is gone: searches do not see yet what is that new.
    """
    id_field = errand.connector.entity(target.entity).key
    fields = sorted({name for intent, _ in made for name in intent.data})
    answers: list[tuple[Intent, Remote | None]] = []
    unseen: list[tuple[Key, str]] = []
    asked = [{id_field: right_id} for _, right_id in made]
    there = errand.connector.find_all(target.entity, asked, fields)
    for (intent, right_id), found in zip(made, there, strict=True):
        fits = [one for one in found if alike.likely(intent.match, one.data, target.alike)]
        answers.append((intent, fits[0] if fits else None))
        if not fits and intent.key:
            unseen.append((intent.key, right_id))
    if unseen:
        with errand.database.write() as session:
            at = shared_now(session)
            newest = matches.forget(session, unseen, at - errand.connector.capability.lag)
        if newest is not None:
            await_sight(errand.connector, at - newest)
    return answers


def await_sight(connector: Connector[Any], age: float) -> None:
    """Raises Unavailable while searches may not see yet what was written so many seconds ago: what they do not find may
    be there all the same."""
    left = connector.capability.lag - age
    if left > 0:
        raise Unavailable(
            f"What {connector.title} did last may not be seen there yet; Heddle looks again in a moment.",
            code=UNSEEN,
            retry_after=max(left, 0.05),
        )
