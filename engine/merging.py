"""Objects that were merged: which one survived, and who takes over the counterpart of the other one.

Few systems tell of a merge. Dataverse keeps the loser, inactive, with the survivor's id in ``masterid``;
Salesforce keeps its id on the deleted record; Creatio deletes the loser and says nothing, Sage Intacct and
Vtiger likewise. So the survivor is what the system tells, what a field names, the one other object with the
same match fields, or what a person answers (engine.loss).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from engine import compare, orphans
from engine.agreement import SIDES, SideName, empty, other
from engine.couple import Couple, Merge, Reconciled, SyncErrand
from engine.loss import ask_where
from engine.pairing import absorb, is_left_out, still_claimed
from engine.record import Outcome, Remote
from engine.sight import find, key_field, match_values, survivor_of
from engine.store import agreements, claims, references
from engine.store.agreements import Agreed, Kept
from engine.store.database import Session

CHAIN = 5
"""So many merges in a row are followed: A into B, B into C."""


def follow(errand: SyncErrand, couples: Sequence[Couple]) -> bool:
    """Hands counterparts of merged objects on to the survivors, and notes which are left over.

    True when somebody is creating the counterpart of a survivor right now: such couples are left undone.
    """
    waits = False
    for side in SIDES:
        losers = [couple for couple in couples if not couple.over and _lost(errand, couple, side)]
        if losers:
            survivors = _live(errand, side, _survivors(errand, side, losers))
            waits = _hand_on(errand, side, survivors, couples) or waits
    return waits


def _lost(errand: SyncErrand, couple: Couple, side: SideName) -> bool:
    """Whether the object of this side is gone, with a counterpart that is left. One that names its survivor is as
    good as gone, even if its system keeps it."""
    if couple.kept is None or couple.kept.agreed.gone:
        return False
    named = survivor_of(errand, side, couple.now[side])
    if named:
        couple.successors[side] = named
        couple.deleted.add(side)
        couple.now[side] = None
    gone = couple.now[side] is None and couple.now[other(side)] is not None
    return gone and (side in couple.deleted or couple.answer is not None)


def _survivors(errand: SyncErrand, side: SideName, losers: Sequence[Couple]) -> dict[Couple, str]:
    """Loser → the id of what it was merged into, as far as anybody says so."""
    own = errand.agreement.side(side)
    found: dict[Couple, str] = {}
    looked: list[tuple[Couple, dict[str, Any]]] = []
    told = {couple.ids[side] or "": couple.successors.get(side, "") for couple in losers}
    for couple in losers:
        if couple.answer is not None:
            if couple.answer.choice == "merged":
                found[couple] = couple.answer.id
            continue
        data = couple.record.data if couple.side == side and isinstance(couple.record.data, dict) else {}
        named = compare.dig(data, own.survivor_field) if own.survivor == "field" else None
        survivor = couple.successors.get(side) or ("" if empty(named) else str(named))
        if survivor:
            found[couple] = _last(survivor, told)
        elif own.survivor == "match":
            wanted = match_values(errand, couple, side)
            if wanted:
                looked.append((couple, wanted))
    answers = find(errand, side, [wanted for _, wanted in looked])
    for (couple, wanted), remotes in zip(looked, answers, strict=True):
        fitting = sorted({one.id for one in remotes if compare.matches(wanted, one.data)})
        if len(fitting) == 1:
            found[couple] = fitting[0]
        elif fitting:
            ask_where(errand, couple, side, f"{len(fitting)} others look like it: {', '.join(fitting)}")
    return found


def _last(survivor: str, told: dict[str, str]) -> str:
    """The end of a chain of merges that were told together."""
    for _ in range(CHAIN):
        if not told.get(survivor):
            break
        survivor = told[survivor]
    return survivor


def _live(errand: SyncErrand, side: SideName, survivors: dict[Couple, str]) -> dict[Couple, Remote]:
    """The survivors as they stand now. Asks where one is not there, and where a person is to confirm it."""
    found: dict[Couple, Remote] = {}
    wanted = dict(survivors)
    for _ in range(CHAIN):
        answers = find(errand, side, [{key_field(errand, side): one} for one in wanted.values()])
        further: dict[Couple, str] = {}
        for (couple, key), remotes in zip(wanted.items(), answers, strict=True):
            remote = next((one for one in remotes if one.id == key), None)
            named = survivor_of(errand, side, remote)
            if named:
                further[couple] = named
            elif remote is None or key == couple.ids[side]:
                ask_where(errand, couple, side, f"it is said to be merged into {key}, which is not there")
            elif errand.agreement.side(side).merged == "ask" and couple.answer is None:
                reason = f"it seems to be merged into {remote.number or key}"
                ask_where(errand, couple, side, reason)
            else:
                found[couple] = remote
        if not further:
            break
        wanted = further
    return found


def _hand_on(
    errand: SyncErrand, side: SideName, survivors: dict[Couple, Remote], couples: Sequence[Couple]
) -> bool:
    if not survivors:
        return False
    ids = [remote.id for remote in survivors.values()]
    waits = False
    here = {twin.ids[side] for twin in couples if not twin.over}
    with errand.database.read() as session:
        known = agreements.load(session, errand.pair, side, ids)
        busy = {
            one.row for some in known.values() for one in some
            if _is_looked_after(errand, session, one, here=one.id(side) in here)
        }  # fmt: skip
    made = _orphans(errand, side, survivors, known, busy)
    taken: dict[str, str | None] = {}
    for couple, remote in survivors.items():
        assert couple.kept is not None  # only known pairs lose an object
        if couple.over:  # it is asked about
            continue
        merge = Merge(side, couple.ids[side] or "", remote.id)
        own = [one for one in known.get(remote.id, []) if not one.agreed.gone]
        partner = next((one.id(other(side)) for one in own if one.id(other(side))), made.get(remote.id))
        if partner is None and any(one.row in busy for one in own):
            couple.over = waits = True
        elif partner is not None and partner == couple.ids[other(side)]:
            _forget(errand, couple, merge)
        elif partner or remote.id in taken or any(is_left_out(one) for one in own):
            partner = partner or taken.get(remote.id)
            couple.merged = replace(merge, partner=partner)
        elif not _reserved(errand, side, remote.id):
            couple.over = waits = True
        else:
            taken[remote.id] = couple.ids[other(side)]
            _take_over(errand, couple, merge, remote)
            for twin in couples:
                alone = twin.kept is None or twin.kept.claim == agreements.reservation(errand.claim)
                if twin is not couple and not twin.over and alone and twin.ids[side] == remote.id:
                    absorb(couple, twin)
    return waits


def _is_looked_after(errand: SyncErrand, session: Session, kept: Kept, *, here: bool) -> bool:
    """Whether somebody is at work on a pair, or will look for what came of its create; ``here``: it is in our batch."""
    if kept.claim == errand.claim:
        return here
    if kept.claim == agreements.reservation(errand.claim):
        return False
    return still_claimed(errand, session, kept) or (
        _is_open(kept) and claims.is_under_way(session, kept.claim)
    )


def _is_open(kept: Kept) -> bool:
    """Whether a counterpart may have been made without an answer."""
    reserved = kept.claim.endswith(agreements.reservation(""))
    return None in (kept.left_id, kept.right_id) and bool(kept.claim) and not reserved


def _orphans(
    errand: SyncErrand,
    side: SideName,
    survivors: dict[Couple, Remote],
    known: dict[str, list[Kept]],
    busy: set[int],
) -> dict[str, str]:
    """Survivor → a counterpart that was made without an answer, where nobody else is left to look for it."""
    lost: list[orphans.Lost] = []
    for remote in {remote.id: remote for remote in survivors.values()}.values():
        losers = [couple for couple, survivor in survivors.items() if survivor.id == remote.id]
        lost += [
            orphans.Lost(remote, one, losers)
            for one in known.get(remote.id, [])
            if _is_open(one) and one.row not in busy and not one.agreed.gone
        ]
    return orphans.look_for(errand, side, lost) if lost and not errand.dry else {}


def _forget(errand: SyncErrand, couple: Couple, merge: Merge) -> None:
    """The survivor has the counterpart already: somebody handed it over and died before it was remembered."""
    if couple.kept is not None and not errand.dry:
        with errand.database.write() as session:
            agreements.forget(session, [couple.kept.row])
    couple.end(
        Outcome.UNCHANGED,
        f"{merge.loser} was merged into {merge.survivor} in {errand.called(merge.side)}, which has taken over its counterpart.",
    )
    couple.kept, couple.ids[merge.side] = None, None


def _reserved(errand: SyncErrand, side: SideName, survivor: str) -> bool:
    """Keeps others from making the survivor a counterpart of its own, as whoever makes one does: before anything is
    written. False when somebody was quicker."""
    if errand.dry:
        return True
    with errand.database.write() as session:
        known = agreements.load(session, errand.pair, side, [survivor]).get(survivor, [])
        agreements.forget(session, [one.row for one in known if one.agreed.gone])
        wanted = {survivor: agreements.reservation(errand.claim)}
        return bool(references.claim(session, errand.pair_from(side), wanted, errand.patience))


def release(errand: SyncErrand, couples: Sequence[Couple], done: Reconciled) -> None:
    """Gives up what was reserved: the survivors have got their counterparts by then, or are met again."""
    for couple in couples:
        if couple.merged is not None and couple.merged.partner is None and not errand.dry:
            merge = couple.merged
            reserved = agreements.reservation(errand.claim)
            done.released.append((errand.pair_from(merge.side), merge.survivor, reserved))


def _take_over(errand: SyncErrand, couple: Couple, merge: Merge, remote: Remote) -> None:
    """The pair goes on with the survivor. What that one lacks counts as never agreed on, so that the counterpart
    fills it in instead of losing it."""
    side, kept = merge.side, couple.kept
    assert kept is not None  # only known pairs lose an object
    agreed = kept.agreed
    lacking = {
        pair.key for pair in errand.agreement.fields if empty(compare.dig(remote.data, pair.path(side)))
    }
    left, right = (
        {name: value for name, value in values.items() if name not in lacking}
        for values in (agreed.left, agreed.right)
    )
    couple.kept = _renamed(kept, side, remote.id, Agreed(left, right, agreed.writes))
    couple.merged = merge
    couple.ids[side], couple.now[side] = remote.id, remote
    couple.deleted.discard(side)
    couple.reason = (
        f"{merge.loser} was merged into {remote.number or remote.id} in {errand.called(side)}, which takes over "
        f"its counterpart in {errand.called(other(side))}."
    )


def _renamed(kept: Kept, side: SideName, key: str, agreed: Agreed) -> Kept:
    if side == "left":
        return msgspec.structs.replace(kept, left_id=key, left_echo="", agreed=agreed)
    return msgspec.structs.replace(kept, right_id=key, right_echo="", agreed=agreed)
