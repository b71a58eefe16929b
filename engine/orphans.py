"""Counterparts that may have been made without an answer, of objects into which others were merged.

Usually the batch that sent such a create looks for what became of it, and everybody waits for it. But its run may be
cancelled, or it may be behind us in our own lane. Then whoever meets the merge looks itself, by the declared fields: what
it finds belongs to the survivor; what is certainly not there is forgotten. Where that cannot be told, a person is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from engine import compare, doubts
from engine.agreement import SideName, other
from engine.claims import await_sight
from engine.connector import CannotTell
from engine.couple import Couple, SyncErrand, busy
from engine.record import Remote
from engine.sight import find, match_values, survivor_of
from engine.store import agreements
from engine.store.agreements import Kept


class Lost(NamedTuple):
    """A survivor, what is remembered of the create of its counterpart, and the couples of those merged into it."""

    remote: Remote
    kept: Kept
    losers: Sequence[Couple]


def look_for(errand: SyncErrand, side: SideName, lost: Sequence[Lost]) -> dict[str, str]:
    """Survivor → its counterpart, where one was made. Couples of which nobody can tell are held.

    Raises Unavailable as long as it is too early to say that none was made, and where somebody makes one now.
    """
    there, looked, until = other(side), errand.database.now(), 0.0
    asked = [(one, values) for one in lost if (values := _values(errand, side, one)) is not None]
    try:
        answers = find(errand, there, [values for _, values in asked])
    except CannotTell:
        answers, asked = [], []
    found: dict[str, str] = {}
    absent: list[Kept] = []
    for (one, values), remotes in zip(asked, answers, strict=True):
        fitting = _fitting(errand, there, values, remotes)
        if len(fitting) == 1:
            found[one.remote.id] = fitting[0]
        elif not fitting:
            absent.append(one.kept)
            latest = errand.silent_until or 0.0 if one.kept.claim == errand.claim else 0.0
            until = max(until, one.kept.claim_until, latest)
    told = {*found, *(one.remote.id for one in lost if one.kept in absent)}
    for one in lost:
        if one.remote.id not in told:
            _ask(errand, side, one)
    if absent:
        await_sight(errand.connectors[there], looked - until)
    with errand.database.write() as session:
        free = agreements.abandon(session, absent)
        for one in lost:
            if one.remote.id in found:
                agreements.complete(session, one.kept.row, found[one.remote.id])
    if not free:
        raise busy()  # its record is tried once more: that run looks for itself
    return found


def _values(errand: SyncErrand, side: SideName, one: Lost) -> dict[str, Any] | None:
    """By what its counterpart would be recognised; None where it cannot be."""
    ids: dict[SideName, str | None] = {side: one.remote.id, other(side): None}
    now: dict[SideName, Remote | None] = {side: one.remote, other(side): None}
    survivor = Couple([], one.losers[0].record, side, ids, now=now)
    return match_values(errand, survivor, other(side)) or None


def _fitting(
    errand: SyncErrand, there: SideName, values: dict[str, Any], remotes: Sequence[Remote]
) -> list[str]:
    """The objects that it may be: those that belong to no other."""
    fitting = {
        one.id for one in remotes if compare.matches(values, one.data) and not survivor_of(errand, there, one)
    }
    with errand.database.read() as session:
        known = agreements.load(session, errand.pair, there, sorted(fitting))
    taken = {
        key for key, some in known.items()
        if any(one.id(other(there)) is not None and not one.agreed.gone for one in some)
    }  # fmt: skip
    return sorted(fitting - taken)


def _ask(errand: SyncErrand, side: SideName, one: Lost) -> None:
    target = errand.pair_from(side)
    for couple in one.losers:
        couple.hold(
            f"Held: {couple.title} was merged into {one.remote.number or one.remote.id}, and it cannot be told whether "
            f"that one has a counterpart in {errand.called(other(side))} already.",
            doubts.question(target, one.remote.id),
            "Look there, and say which one it is; the merge goes on then.",
        )
