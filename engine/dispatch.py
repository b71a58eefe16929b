"""Sending: what goes out in each call, under which key, and what is certain when a call fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from engine import compare, faults
from engine.connector import Partly
from engine.errors import AccessError, HeddleError, Unavailable
from engine.foreseen import is_placeholder, placeholder
from engine.intent import Delivered, Errand, Intent
from engine.node import WriteTarget
from engine.record import Change, Outcome, Result, fingerprint, idempotency_key, to_json


def send(
    errand: Errand, target: WriteTarget, intents: list[Intent], operation: str, done: Delivered
) -> Iterator[tuple[Intent, Result, Change, dict[str, Any] | None]]:
    """Sends in calls as large as the system takes; yields (intent, result, change, values before).

    Creates that certainly did not happen, because their call was refused or never made, are given up: who
    tries them again need not look for them, and cannot be in doubt.
    """
    size = max(1, errand.connector.capability.write)
    for start in range(0, len(intents), size):
        some = intents[start : start + size]
        changes = [change_of(errand, intent, operation) for intent in some]
        done.calls.append(([intent.at[-1] for intent in some], changes))
        results: Sequence[Result | None]
        trouble: HeddleError | None = None
        left: Sequence[int] = ()
        if errand.dry:
            results = [_imagined(intent, operation, target) for intent in some]
        else:
            faults.point("before-send")
            errand.keep_lease()
            errand.headway.part(len(some))
            try:
                results = errand.connector.write(target.entity, changes)
            except Partly as partly:
                results, trouble, left = partly.results, partly.error, partly.unsent
            except HeddleError as error:
                results, trouble = [None] * len(some), error
            faults.point("after-send")
        for intent, change, result in zip(some, changes, results, strict=True):
            if result is None:
                continue
            before = None
            if intent.current is not None:
                before = {name: intent.current.data.get(name) for name in change.data}
            yield intent, linked(errand, target, intent, result), change, before
        if trouble is not None:
            if operation == "create":
                certain = isinstance(trouble, Unavailable | AccessError)
                silent = [place for place, result in enumerate(results) if result is None]
                unsent = [some[place] for place in silent if certain or place in left]
                unsent += intents[start + size :]
                done.released.extend((intent.pair, intent.left_id, intent.claim) for intent in unsent)
            raise trouble


def change_of(errand: Errand, intent: Intent, operation: str) -> Change:
    key = errand.key(intent.pair, intent.left_id)
    data = intent.wanted(operation)
    if operation == "update":
        if intent.current is not None:
            data = compare.changed(data, intent.current.data)
        key = idempotency_key(key, fingerprint(data))
    return Change(key, operation, data, intent.remote_id, intent.match, to_json(data))


def _imagined(intent: Intent, operation: str, target: WriteTarget) -> Result:
    """What a dry run says in place of the system."""
    if operation == "update":
        current = intent.current
        return Result(Outcome.UPDATED, intent.remote_id, current.number if current else None)
    new = placeholder(target.entity)
    return Result(Outcome.CREATED, new, new, new, message=intent.ahead)


def linked(errand: Errand, target: WriteTarget, intent: Intent, result: Result) -> Result:
    """The result with what else is known of the object: its id, its number, where people open it."""
    if result.remote_id and intent.current is None and not errand.links:
        return result
    remote_id, link = result.remote_id or intent.remote_id, result.link
    if link is None and remote_id and not (errand.dry and is_placeholder(remote_id)):
        link = errand.connector.link(target.entity, remote_id)
    number = result.number
    if number is None and intent.current is not None:
        number = intent.current.number
    if remote_id == result.remote_id and link == result.link and number == result.number:
        return result
    return msgspec.structs.replace(result, remote_id=remote_id, link=link, number=number)
