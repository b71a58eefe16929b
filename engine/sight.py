"""Looking at both sides: the objects as they stand now, two calls a batch, and partners found by their fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine import compare
from engine.agreement import SIDES, SideName, empty, other
from engine.claims import await_sight
from engine.couple import Couple, SyncErrand
from engine.errors import Held
from engine.pairing import is_left_out, leave_out, still_claimed
from engine.record import Outcome, Remote
from engine.store import agreements


def look(errand: SyncErrand, couples: Sequence[Couple], sides: Sequence[SideName] = SIDES) -> None:
    """Fetches the objects of these couples as they stand now. None is one that is not there.

    Raises Unavailable while searches may not see yet what we have written last.
    """
    for side in sides:
        wanted = [couple for couple in couples if couple.ids[side] is not None and not couple.over]
        found = find(errand, side, [{key_field(errand, side): couple.ids[side]} for couple in wanted])
        for couple, remotes in zip(wanted, found, strict=True):
            couple.now[side] = next((one for one in remotes if one.id == couple.ids[side]), None)
            if couple.now[side] is None and couple.kept is not None and side not in couple.deleted:
                age = errand.database.now() - couple.kept.stored_at
                await_sight(errand.connectors[side], age)


def match(errand: SyncErrand, couples: Sequence[Couple]) -> bool:
    """Finds partners of objects that we do not know, by the declared fields.

    Ends the couples that go no further; those that are left either have a partner or are new on the other
    side. True when somebody else is creating one of the partners right now: those couples are left undone.
    """
    look_at: dict[SideName, list[Couple]] = {"left": [], "right": []}
    for couple in couples:
        if couple.kept is None and couple.ids[other(couple.side)] is None and not couple.over:
            look_at[couple.side].append(couple)
    lost = False
    for side, some in look_at.items():
        alive = [couple for couple in some if _there(errand, couple)]
        lost = _partners(errand, side, alive) or lost
    return lost


def survivor_of(errand: SyncErrand, side: SideName, remote: Remote | None) -> str:
    """The id that an object says it was merged into; empty for one that stands for itself."""
    own = errand.agreement.side(side)
    if remote is None or own.survivor != "field" or not own.survivor_field:
        return ""
    named = compare.dig(remote.data, own.survivor_field)
    return "" if empty(named) or str(named) == remote.id else str(named)


def _there(errand: SyncErrand, couple: Couple) -> bool:
    here = errand.called(couple.side)
    remote = couple.now[couple.side]
    survivor = survivor_of(errand, couple.side, remote)
    if survivor:
        couple.end(Outcome.SKIPPED, f"{couple.title} was merged into {survivor} in {here}.")
        return False
    if remote is not None:
        return True
    if couple.side in couple.deleted:
        couple.end(Outcome.SKIPPED, f"Deleted in {here}; it was never kept in step with anything.")
    else:
        couple.hold(
            f"Held: {here} reported {couple.title} as changed, and it cannot be found there.",
            {"kind": "gone", "entity": errand.entity(couple.side), "id": couple.record.key},
            "Restore it, or dismiss it if it was deleted.",
        )
    return False


def _partners(errand: SyncErrand, side: SideName, couples: Sequence[Couple]) -> bool:
    there = other(side)
    asked: list[tuple[Couple, dict[str, Any]]] = []
    for couple in couples:
        wanted = match_values(errand, couple, there)
        if wanted is None:
            names = ", ".join(errand.agreement.side(side).match)
            couple.hold(
                f"Held: {names} of {couple.title} is empty, so it cannot be told whether it is new.",
                {"kind": "no-key", "entity": errand.entity(side)},
                f"Fill it in in {errand.called(side)}.",
            )
        elif wanted:
            asked.append((couple, wanted))
    found = find(errand, there, [wanted for _, wanted in asked])
    candidates: list[tuple[Couple, Remote]] = []
    firsts: dict[str, Couple] = {}
    for (couple, wanted), remotes in zip(asked, found, strict=True):
        fitting = {
            one.id: one
            for one in remotes
            if compare.matches(wanted, one.data) and not survivor_of(errand, there, one)
        }
        words = " and ".join(f"{name} {value}" for name, value in wanted.items())
        name = " ".join(str(compare.normal(value)) for value in wanted.values())
        first = firsts.setdefault(name, couple)
        if len(fitting) > 1:
            _ambiguous(errand, couple, there, words, sorted(fitting))
        elif first is not couple:
            _ambiguous(errand, couple, side, words, sorted([first.record.key, couple.record.key]))
        elif fitting:
            candidates.append((couple, next(iter(fitting.values()))))
    return _join(errand, there, candidates)


def _join(errand: SyncErrand, there: SideName, candidates: Sequence[tuple[Couple, Remote]]) -> bool:
    """Makes pairs of what was found, unless a partner belongs to somebody else already."""
    if not candidates:
        return False
    with errand.database.read() as session:
        known = agreements.load(session, errand.pair, there, [remote.id for _, remote in candidates])
        stands = {one.claim for some in known.values() for one in some if still_claimed(errand, session, one)}
    lost, abandoned = False, []
    for couple, remote in candidates:
        taken = [one for one in known.get(remote.id, []) if not one.agreed.gone]
        pending = [one for one in taken if one.id(couple.side) is None]
        if pending and is_left_out(pending[0]):
            leave_out(couple)
            continue
        if pending and pending[0].claim in stands:
            couple.over = lost = True
            continue
        if len(taken) > len(pending):
            partner = next(one.id(couple.side) for one in taken if one not in pending)
            couple.hold(
                f"Held: {couple.title} looks like {remote.number or remote.id} in {errand.called(there)}, which "
                f"is kept in step with {partner}.",
                {"kind": "ambiguous", "entity": errand.entity(there), "candidates": [remote.id]},
                "Merge the doubles, or correct the fields by which they are recognised.",
            )
            continue
        # A create of which nobody knows whether it happened: what was found by its fields is what it made.
        abandoned += [one.row for one in known.get(remote.id, [])]
        couple.ids[there], couple.now[there] = remote.id, remote
    if abandoned and not errand.dry:
        with errand.database.write() as session:
            agreements.forget(session, abandoned)
    return lost


def match_values(errand: SyncErrand, couple: Couple, there: SideName) -> dict[str, Any] | None:
    """Field → value by which the partner would be recognised; empty when none are declared, None when one is empty."""
    here = other(there)
    own, theirs = errand.agreement.side(here).match, errand.agreement.side(there).match
    remote = couple.now[here]
    values: dict[str, Any] = {}
    for from_path, to_path in zip(own, theirs, strict=True):
        value = compare.dig(remote.data, from_path) if remote is not None else None
        if empty(value):
            return None
        values[to_path] = _carried(errand, from_path, to_path, value, there)
    return values


def _carried(errand: SyncErrand, own: str, theirs: str, value: Any, there: SideName) -> Any:
    key = f"{own}={theirs}" if there == "right" else f"{theirs}={own}"
    translator = errand.translators.get(key)
    try:
        return value if translator is None else translator.carry(value, there)
    except Held:
        return value  # nothing can have it; the object is new, and its create will ask for the translation


def _ambiguous(errand: SyncErrand, couple: Couple, side: SideName, words: str, ids: list[str]) -> None:
    couple.hold(
        f"Held: {len(ids)} objects in {errand.called(side)} have {words}, so it cannot be told which belongs to "
        f"{couple.title}.",
        {"kind": "ambiguous", "entity": errand.entity(side), "candidates": ids},
        "Merge them, or correct the fields by which they are recognised.",
    )


def find(errand: SyncErrand, side: SideName, matches: Sequence[dict[str, Any]]) -> list[list[Remote]]:
    """The objects of one side that fit each of the matches, in as few calls as the system allows."""
    if not matches:
        return []
    connector, entity = errand.connectors[side], errand.entity(side)
    errand.headway.enter(len(matches), looking=True)
    return connector.find_all(entity, matches, fields(errand, side), errand.headway.part)


def fields(errand: SyncErrand, side: SideName) -> list[str]:
    """Everything of a side's objects that a decision may need."""
    agreement, own = errand.agreement, errand.agreement.side(side)
    shape = errand.connectors[side].entity(own.entity)
    names = [pair.path(side) for pair in agreement.fields]
    names += own.match
    names += [pair.state.field for pair in agreement.fields if pair.state and pair.state.side == side]
    names += [name for name in (shape.modified, shape.modified_by, shape.title_field) if name]
    names += [own.mark.field] if own.mark is not None else []
    names += [own.survivor_field] if own.survivor == "field" and own.survivor_field else []
    return list(dict.fromkeys(names))


def key_field(errand: SyncErrand, side: SideName) -> str:
    """The field with the id of a side's objects."""
    return errand.connectors[side].entity(errand.entity(side)).key
