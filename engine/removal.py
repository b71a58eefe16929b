"""Deleting: only what a cross reference names, only what is there, and only as much as the budget allows.

A delete is safe to repeat, because it looks before it sends: what is gone is done. So nothing is claimed. With the
delete the cross reference ends, but not the memory of it: an object that comes back is created anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine import editions, faults
from engine.connector import Partly
from engine.errors import HeddleError
from engine.intent import Delivered, Errand, Intent, gather, overtaken, receive
from engine.memory import Seen, newest_edition
from engine.node import WriteTarget
from engine.record import Change, Outcome, Record, Remote, Result, idempotency_key
from engine.store import references
from engine.store.references import DELETED, Reference
from engine.walk import Receipt


def remove(errand: Errand, target: WriteTarget, records: Sequence[Record]) -> Delivered:
    """One Receipt a record. Never raises for a system's refusal or silence: see ``Delivered.interruption``."""
    done = Delivered([None] * len(records))
    intents = gather(errand, target, records, done)
    try:
        known = _known(errand, intents, done)
        there = _there(errand, target, known, done)
        _send(errand, target, _allowed(errand, there, done), done)
    except HeddleError as error:
        done.interruption = error
    return done


def _known(errand: Errand, intents: list[Intent], done: Delivered) -> list[Intent]:
    """Those with a cross reference; whatever else is in the system is none of ours to delete."""
    left: list[Intent] = []
    with errand.database.read() as session:
        for pair in {intent.pair for intent in intents}:
            some = [intent for intent in intents if intent.pair == pair]
            found = references.load(session, pair, [intent.left_id for intent in some])
            for intent in some:
                intent.reference = found.get(intent.left_id)
    for intent in intents:
        reference = intent.reference
        if editions.older(intent.edition, edition := newest_edition(errand.flow_id, reference)):
            overtaken(intent, editions.version(edition), done)
            continue
        if reference is not None and reference.right_id is not None:
            intent.remote_id = reference.right_id
            left.append(intent)
            continue
        before = reference is not None and reference.claim_outcome == DELETED
        message = (
            "It was deleted before." if before else "Heddle knows no object of it there; nothing is deleted."
        )
        receive(done, intent, Receipt(Result(Outcome.SKIPPED, message=message), "unchanged"))
    return left


def _there(errand: Errand, target: WriteTarget, intents: list[Intent], done: Delivered) -> list[Intent]:
    """Those whose object is still there."""
    key = errand.connector.entity(target.entity).key
    left: list[Intent] = []
    there = errand.connector.find_all(target.entity, [{key: intent.remote_id} for intent in intents])
    for intent, remotes in zip(intents, there, strict=True):
        if remotes:
            intent.current = remotes[0]
            left.append(intent)
            continue
        result = Result(Outcome.UNCHANGED, intent.remote_id, message="It was gone there already.")
        receive(done, intent, Receipt(result, "unchanged"))
        _end(errand, intent, done)
    return left


def _allowed(errand: Errand, intents: list[Intent], done: Delivered) -> list[Intent]:
    """Leaves what the approved plan shows, and reserves it in the budget. Raises OverBudget beyond it."""
    passed = intents
    if errand.approval is not None:
        passed = []
        for intent in intents:
            refusal = errand.approval.refusal(intent.at, "delete", {})
            if refusal is None:
                passed.append(intent)
            else:
                receive(done, intent, Receipt(refusal, "" if refusal.question is None else "hold"))
    if errand.allowance is not None and passed and not errand.dry:
        with errand.database.write() as session:
            errand.allowance.reserve(session, "delete", {intent.source: {} for intent in passed})
    return passed


def _send(errand: Errand, target: WriteTarget, intents: list[Intent], done: Delivered) -> None:
    size = max(1, errand.connector.capability.write)
    for start in range(0, len(intents), size):
        some = intents[start : start + size]
        if errand.dry:
            results = [Result(Outcome.UPDATED, intent.remote_id) for intent in some]
        else:
            faults.point("before-send")
            errand.keep_lease()
            try:
                results = errand.connector.write(target.entity, [_change(errand, intent) for intent in some])
            except Partly as partly:
                for intent, answered in zip(some, partly.results, strict=True):
                    if answered is not None:
                        _file(errand, intent, answered, done)
                raise partly.error from partly
            faults.point("after-send")
        for intent, result in zip(some, results, strict=True):
            _file(errand, intent, result, done)


def _file(errand: Errand, intent: Intent, result: Result, done: Delivered) -> None:
    current = intent.current or Remote(intent.remote_id or "", {})
    gone = result.outcome in (Outcome.UPDATED, Outcome.UNCHANGED)
    reference = intent.reference
    result = msgspec.structs.replace(
        result,
        remote_id=intent.remote_id,
        number=current.number or (reference.number if reference else None),
        message=result.message or ("Deleted." if gone else ""),
    )
    receive(done, intent, Receipt(result, "delete", {}, current.data))
    if gone:
        _end(errand, intent, done)


def _end(errand: Errand, intent: Intent, done: Delivered) -> None:
    if errand.dry or intent.reference is None:
        return
    newest = editions.newest(intent.edition, newest_edition(errand.flow_id, intent.reference))
    done.references.append(
        Reference(
            intent.pair,
            intent.left_id,
            None,
            intent.reference.number,
            fingerprints={errand.scope: Seen(edition=newest).text()} if newest else {},
            claim_outcome=DELETED,
        )
    )


def _change(errand: Errand, intent: Intent) -> Change:
    key = idempotency_key("delete", errand.claim, intent.source, intent.remote_id or "")
    return Change(key, "delete", {}, intent.remote_id)
