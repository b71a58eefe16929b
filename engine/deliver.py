"""Delivering the records of one write node: match, compare, claim, send, and settle doubts.

The order is what makes a write happen once. A create is *claimed* (a cross reference without a target id,
committed) before it is sent. Whoever finds its own claim, or one whose time is over, does not know whether
the create happened, and looks in the system before it writes. An answered create fills the reference in the
same commit that records the delivery. Updates carry their whole intent, so repeating one changes nothing.

In a dry run the same questions are asked and nothing is claimed, sent or kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from engine import alike, claims, compare, doubts
from engine.choosing import hold_ambiguous
from engine.dispatch import change_of, linked, send
from engine.errors import HeddleError, Unavailable
from engine.heartbeat import AHEAD
from engine.intent import Delivered, Errand, Intent, gather, hold, keep, recall, receive
from engine.node import WriteTarget
from engine.recognition import look_closer
from engine.record import Outcome, Record, Remote, Result
from engine.removal import remove
from engine.rivals import foresee, outwait
from engine.walk import Receipt

_WRITTEN = (Outcome.CREATED, Outcome.UPDATED)


def deliver(errand: Errand, records: Sequence[Record]) -> Delivered:
    """One Receipt a record. Never raises for a system's refusal or silence: see ``Delivered.interruption``.

    Raises LeaseLost when somebody else owns the lane.
    """
    done = Delivered([None] * len(records))
    target = errand.node.target()
    if target.operation == "delete":
        return remove(errand, target, records)
    intents = gather(errand, target, records, done)
    try:
        mine = claims.turns(errand, target, intents)
        busy = len(mine) < len(intents)
        intents = recall(errand, mine, done)
        intents = doubts.settle(errand, target, intents, done)
        intents = _recognise(errand, target, intents, done)
        creates, updates = _compare(errand, target, intents, done)
        errand.headway.enter(len(creates) + len(updates))
        _send_updates(errand, target, updates, done)
        if (approval := errand.approval) is not None:
            creates.sort(key=lambda intent: not approval.shows(intent.at, "create"))
        waits = False
        while creates and not waits:
            creates, twins = _part_twins(target, creates)
            waits = _send_creates(errand, target, creates, done)
            creates = [] if waits else _follow(errand, target, twins, done)
        if waits or busy:
            done.interruption = Unavailable(
                "Another run is writing the same object right now.", code="E-BUSY", retry_after=0.3
            )
    except HeddleError as error:
        done.interruption = error
    return done


def _recognise(errand: Errand, target: WriteTarget, intents: list[Intent], done: Delivered) -> list[Intent]:
    """Finds the objects that are there already: by id where we know it, else by the declared match keys."""
    key = errand.connector.entity(target.entity).key
    # What cannot be looked at is written as it should be: which object it is, is known.
    sighted = errand.connector.finds(target.entity, {key})
    asked: list[tuple[Intent, dict[str, Any]]] = []
    left: list[Intent] = []
    for intent in intents:
        if intent.remote_id is not None:
            if sighted:
                asked.append((intent, {key: intent.remote_id}))
            else:
                left.append(intent)
        elif intent.match and not intent.doubtful and not intent.insisted:
            asked.append((intent, intent.match))
        elif target.match and target.operation != "create" and not intent.doubtful and not intent.insisted:
            names = ", ".join(target.match)
            hold(
                done,
                intent,
                f"Held: {names} is empty, so it cannot be told whether this is a new {target.entity}.",
                {"kind": "no-key", "entity": target.entity},
                "Fill it in at the source.",
            )
        else:
            left.append(intent)
    fields = sorted({name for intent, _ in asked for name in intent.data})
    errand.headway.enter(len(asked), looking=True)
    matches = [match for _, match in asked]
    found = errand.connector.find_all(target.entity, matches, fields, errand.headway.part)
    for (intent, match), remotes in zip(asked, found, strict=True):
        _match(errand, target, intent, match, remotes, done, left)
    return look_closer(errand, target, left, done)


def _match(
    errand: Errand,
    target: WriteTarget,
    intent: Intent,
    match: dict[str, Any],
    remotes: list[Remote],
    done: Delivered,
    left: list[Intent],
) -> None:
    by_id = intent.remote_id is not None
    exact = (
        remotes if by_id else [remote for remote in remotes if alike.same(match, remote.data, target.alike)]
    )
    unique = {remote.id: remote for remote in exact}
    if len(unique) > 1:
        hold_ambiguous(errand, target, intent, list(unique.values()), done)
        return
    if unique:
        intent.current = next(iter(unique.values()))
        intent.remote_id = intent.current.id
    elif by_id:
        if intent.reference is not None:
            claims.await_sight(errand.connector, errand.database.now() - intent.reference.stored_at)
        if intent.reference is not None and target.operation != "update":
            hold(
                done,
                intent,
                f"Held: the {target.entity} that this was written to ({intent.remote_id}) is gone.",
                {"kind": "gone", "entity": target.entity, "id": intent.remote_id},
                "Restore it, or remove the cross reference so that it is created anew.",
            )
            return
        _missing(target, intent, done)
        return
    left.append(intent)


def _missing(target: WriteTarget, intent: Intent, done: Delivered) -> None:
    message = f"There is no such {target.entity} to update."
    if target.on_missing == "skip":
        receive(done, intent, Receipt(Result(Outcome.UNCHANGED, message=message), "update"))
    elif target.on_missing == "hold":
        hold(
            done,
            intent,
            f"Held: {message[0].lower()}{message[1:]}",
            {"kind": "missing", "entity": target.entity},
            "Create it, then release.",
        )
    else:
        result = Result(Outcome.FAILED, code="E-MISSING", message=message)
        receive(done, intent, Receipt(result, "update", intent.wanted("update")))


def _compare(
    errand: Errand, target: WriteTarget, intents: list[Intent], done: Delivered
) -> tuple[list[Intent], list[Intent]]:
    """Sorts what is left into creates and updates; what would change nothing is unchanged."""
    creates: list[Intent] = []
    updates: list[Intent] = []
    for intent in intents:
        if intent.remote_id is None:
            if target.operation == "update":
                _missing(target, intent, done)
            else:
                creates.append(intent)
        elif target.operation == "create":
            note = "It was created before; this step never writes twice."
            _adopt(errand, target, intent, done, note)
        elif intent.current is not None and not compare.changed(intent.wanted("update"), intent.current.data):
            _adopt(errand, target, intent, done, "The system has these values already.")
        else:
            updates.append(intent)
    return creates, updates


def _approved(errand: Errand, intents: list[Intent], operation: str, done: Delivered) -> list[Intent]:
    """Leaves what the approved plan shows just so; the rest is skipped or held. Everything without a plan."""
    if errand.approval is None:
        return intents
    passed: list[Intent] = []
    for intent in intents:
        change = change_of(errand, intent, operation)
        decided = intent.data if intent.decided else None
        refusal = errand.approval.refusal(intent.at, operation, change.data, decided, intent.current)
        if refusal is None:
            passed.append(intent)
        else:
            receive(done, intent, Receipt(refusal, "" if refusal.question is None else "hold", change.data))
    return passed


def _part_twins(
    target: WriteTarget, creates: list[Intent]
) -> tuple[list[Intent], list[tuple[Intent, Intent]]]:
    """Two objects of one batch with equal match keys are one object there: the first is created, its twins
    wait for what becomes of it. Answers the first ones, and each twin behind its first."""
    if not target.match:
        return creates, []
    first: dict[tuple[tuple[str, str], ...], Intent] = {}
    alone: list[Intent] = []
    twins: list[tuple[Intent, Intent]] = []
    for intent in creates:
        key = None if intent.insisted else alike.key(intent.match, target.alike)
        if key and first.setdefault(key, intent) is not intent:
            twins.append((first[key], intent))
        else:
            alone.append(intent)
    return alone, twins


def _follow(
    errand: Errand, target: WriteTarget, twins: list[tuple[Intent, Intent]], done: Delivered
) -> list[Intent]:
    """Treats twins as if their first one had been found there; answers those to be created after all."""
    again: list[Intent] = []
    found: list[Intent] = []
    for first, intent in twins:
        receipt = done.receipts[first.at[-1]]
        if receipt is None or receipt.result.outcome == Outcome.FAILED:
            again.append(intent)
        elif receipt.result.outcome not in _WRITTEN:
            receive(done, intent, receipt)
        else:
            result = receipt.result
            remote = Remote(result.remote_id or "", receipt.sent, result.number, result.link)
            if not alike.same(intent.match, first.match, target.alike):
                hold_ambiguous(errand, target, intent, [remote], done)
                continue
            intent.remote_id, intent.current = remote.id, remote
            found.append(intent)
    _, updates = _compare(errand, target, found, done)
    _send_updates(errand, target, updates, done)
    return again


def _send_updates(errand: Errand, target: WriteTarget, intents: list[Intent], done: Delivered) -> None:
    intents = _approved(errand, intents, "update", done)
    if errand.allowance is not None and intents:
        with errand.database.write() as session:
            wanted = {intent.source: change_of(errand, intent, "update").data for intent in intents}
            errand.allowance.reserve(session, "update", wanted)
    for intent, result, change, before in send(errand, target, intents, "update", done):
        if result.outcome in _WRITTEN:
            updated = msgspec.structs.replace(result, outcome=Outcome.UPDATED)
            keep(errand, intent, updated, done)
            receive(done, intent, Receipt(updated, "update", change.data, before, json=change.json))
        else:
            receive(done, intent, Receipt(result, "update", change.data, before, json=change.json))


def _send_creates(errand: Errand, target: WriteTarget, intents: list[Intent], done: Delivered) -> bool:
    """Claims and sends creates; True if some are being created by another batch."""
    busy, kept = False, len(done.references)
    for some in _handfuls(errand, target, _approved(errand, intents, "create", done)):
        left = foresee(errand, target, some, done) if errand.dry else some
        while left:
            claimed = claims.Claimed(left, [], [], busy=False)
            if not errand.dry:
                errand.keep_lease(AHEAD)
                claimed = claims.take(errand, target, left, done.references[kept:])
            busy, kept = busy or claimed.busy, len(done.references)
            _create(errand, target, claimed.mine, done)
            left = _meet(errand, target, claimed.made, done)
            left += _look_again(errand, target, outwait(errand, target, claimed.rivals, done), done)
    return busy


def _look_again(errand: Errand, target: WriteTarget, intents: list[Intent], done: Delivered) -> list[Intent]:
    """Treats those that were waited for as when they came; answers those to be created after all."""
    if not intents:
        return []
    creates, updates = _compare(errand, target, _recognise(errand, target, intents, done), done)
    errand.headway.enter(len(creates) + len(updates))
    _send_updates(errand, target, updates, done)
    return creates


def _handfuls(errand: Errand, target: WriteTarget, intents: list[Intent]) -> list[list[Intent]]:
    """What is claimed together. A system that cannot tell afterwards whether it was written to is never known to
    have been sent more than what was under way: there each call is claimed by itself."""
    match = set.intersection(*(set(intent.match) for intent in intents)) if intents else set()
    if errand.dry or not intents or errand.connector.tells(target.entity, match):
        return [intents]
    size = max(1, errand.connector.capability.write)
    return [intents[start : start + size] for start in range(0, len(intents), size)]


def _create(errand: Errand, target: WriteTarget, mine: list[Intent], done: Delivered) -> None:
    try:
        for intent, result, change, _ in send(errand, target, mine, "create", done):
            if result.outcome in _WRITTEN:
                keep(errand, intent, result, done, b"" if intent.conditions else change.json)
            elif result.outcome != Outcome.IN_DOUBT:
                done.released.append((intent.pair, intent.left_id, intent.claim))
            receive(done, intent, Receipt(result, "create", change.data, json=change.json))
    except Exception as error:
        doubts.note(errand, _open(mine, done), error)
        raise


def _open(mine: list[Intent], done: Delivered) -> list[Intent]:
    """Those without an answer that were not given up."""
    given_up = set(done.released)
    return [
        intent
        for intent in mine
        if done.receipts[intent.at[-1]] is None
        and (intent.pair, intent.left_id, intent.claim) not in given_up
    ]


def _meet(
    errand: Errand, target: WriteTarget, made: list[tuple[Intent, str]], done: Delivered
) -> list[Intent]:
    """Treats what others created for our match keys as found; answers those whose object is gone again."""
    found: list[Intent] = []
    gone: list[Intent] = []
    for intent, remote in claims.look(errand, target, made):
        if remote is None:
            gone.append(intent)
        elif alike.same(intent.match, remote.data, target.alike):
            intent.current, intent.remote_id = remote, remote.id
            found.append(intent)
        else:
            hold_ambiguous(errand, target, intent, [remote], done)
    _, updates = _compare(errand, target, found, done)
    _send_updates(errand, target, updates, done)
    return gone


def _adopt(errand: Errand, target: WriteTarget, intent: Intent, done: Delivered, note: str) -> None:
    current, reference = intent.current, intent.reference
    number = (current.number if current else None) or (reference.number if reference else None)
    link = (current.link if current else None) or (reference.link if reference else None)
    answer = reference.answer if reference else {}
    result = Result(Outcome.UNCHANGED, intent.remote_id, number, link, answer, message=note)
    result = linked(errand, target, intent, result)
    keep(errand, intent, result, done)
    before = current.data if current else None
    receive(done, intent, Receipt(result, "unchanged", intent.wanted("update"), before))
