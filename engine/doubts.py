"""Creates that may have happened: how long nobody can know, and how it is found out.

A call whose answer was lost, or whose worker died, may still be carried out. What is found is adopted at once. That
it is not there is only believed when the time limit of the call is over and searches see what was written by then;
until then everybody waits. Where the system itself recognises a repeated create, sending it again is the surest way
to ask, and nobody waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from engine import compare
from engine.claims import await_sight, key
from engine.connector import CannotTell
from engine.dispatch import change_of
from engine.errors import InDoubt, Unavailable
from engine.intent import Delivered, Errand, Intent, keep, receive
from engine.node import WriteTarget
from engine.record import Outcome, Remote, Result
from engine.store import claims as standing
from engine.store import matches
from engine.store.references import Pair
from engine.walk import Receipt


def settle(errand: Errand, target: WriteTarget, intents: list[Intent], done: Delivered) -> list[Intent]:
    """Looks for what may have happened; answers what is left to do.

    Raises Unavailable as long as it is too early to say that something is not there.
    """
    doubtful = [intent for intent in intents if intent.doubtful]
    if not doubtful:
        return intents
    _hear_out(errand, doubtful)
    changes = [change_of(errand, intent, "create") for intent in doubtful]
    looked = errand.database.now()
    try:
        found = errand.connector.resolve(target.entity, changes)
    except CannotTell as error:
        for intent in doubtful:
            result = Result(
                Outcome.IN_DOUBT,
                code=error.code,
                message=error.message,
                question=question(intent.pair, intent.left_id),
            )
            receive(done, intent, Receipt(result, "create", intent.wanted("create")))
        return [intent for intent in intents if not intent.doubtful]
    stale: list[Intent] = []
    others = _made_by_others(errand, target, doubtful)
    for intent, change, remote in zip(doubtful, changes, found, strict=True):
        if remote is not None and id(intent) in others:
            intent.remote_id, intent.doubtful = remote.id, False
            stale.append(intent)
            continue
        if remote is not None and _differs(change.data, remote):
            # it was created with what the source held then
            if target.operation != "create":
                intent.remote_id, intent.doubtful = remote.id, False
                stale.append(intent)
                continue
            done.outdated.add(intent.left_id)
        if remote is not None:
            result = _found(errand, target, remote)
            intent.key = key(target, intent)
            keep(errand, intent, result, done)
            receive(done, intent, Receipt(result, "create", change.data, json=change.json))
    missing = [intent for intent, remote in zip(doubtful, found, strict=True) if remote is None]
    _wait_for(errand, missing, looked)
    settled = {id(intent) for intent in doubtful} - {id(intent) for intent in (*missing, *stale)}
    return [intent for intent in intents if id(intent) not in settled]


def _made_by_others(errand: Errand, target: WriteTarget, doubtful: Sequence[Intent]) -> set[int]:
    """Those whose match key was handed over since (engine.rivals), because they certainly were not created: what is
    found under it is another's."""
    keys = {id(intent): its for intent in doubtful if (its := key(target, intent)) is not None}
    if not keys:
        return set()
    with errand.database.read() as session:
        taken = matches.load(session, list(keys.values()))
    return {
        id(intent) for intent in doubtful
        if id(intent) in keys and (has := taken.get(keys[id(intent)])) and (known := intent.reference)
        and (has.source, has.claim) != (intent.left, known.claim)
    }  # fmt: skip


def note(errand: Errand, intents: Sequence[Intent], error: Exception) -> None:
    """Writes down until when a call that failed may still be carried out: as long as it got no answer. Without the
    note its claim stands for longer, so it does no harm that the database cannot take it. Raises LeaseLost."""
    left = error.left() if isinstance(error, InDoubt) else 0.0
    with suppress(Unavailable):
        if intents:
            _stand(errand, intents, errand.database.now() + left)


def _hear_out(errand: Errand, doubtful: Sequence[Intent]) -> None:
    """Whoever had the batch before us died, or was frozen: what it sent last may still be under way."""
    until = errand.silent_until
    if until is None or errand.dry:
        return
    ours = [
        intent for intent in doubtful
        if (known := intent.reference) and known.claim == intent.claim and known.claim_until < until
    ]  # fmt: skip
    if ours:
        _stand(errand, ours, until)


def _stand(errand: Errand, intents: Sequence[Intent], until: float) -> None:
    for intent in intents:
        if intent.reference is not None:
            intent.reference = msgspec.structs.replace(intent.reference, claim_until=until)
    with errand.database.write() as session:
        errand.guard(
            session, {intent.claim for intent in intents}
        )  # whoever has the batch now may be sending
        standing.stand(session, [(intent.pair, intent.left_id, intent.claim) for intent in intents], until)


def _wait_for(errand: Errand, missing: Sequence[Intent], looked: float) -> None:
    capability = errand.connector.capability
    if errand.dry or not missing or capability.idempotency in ("key", "client-id"):
        return
    until = max(one.reference.claim_until for one in missing if one.reference)
    await_sight(errand.connector, looked - until)


def _differs(wanted: Mapping[str, Any], remote: Remote) -> bool:
    """Whether an object that was found again holds other values than it is to have, as far as it was told."""
    told = {name: value for name, value in wanted.items() if name in remote.data}
    return bool(compare.changed(told, remote.data))


def _found(errand: Errand, target: WriteTarget, remote: Remote) -> Result:
    return Result(
        Outcome.CREATED,
        remote.id,
        remote.number,
        remote.link or errand.connector.link(target.entity, remote.id),
        answer=remote.data,
        message="Found again after an answer was lost.",
    )


def question(pair: Pair, left_id: str) -> dict[str, object]:
    """What a person is asked who can look in the system: whether this source object was created there."""
    source = {**msgspec.structs.asdict(pair), "left_id": left_id}
    return {"kind": "in-doubt", "entity": pair.right_entity, "source": source}
