"""Which objects belong together: the signals of a batch become couples, and couples are claimed.

A record that arrives at a sync node only says "look at this one". Its partner is found in what we remember,
or in the other system by the declared fields. A known pair is claimed before it is looked at, so that two
workers never write from views of which one is stale.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.agreement import SIDES, Agreement, SideName, other
from engine.couple import Couple, Reconciled, Said, SyncErrand
from engine.errors import RecordRejected
from engine.record import Outcome, Record, Result
from engine.store import agreements, claims, conflicts, deliveries
from engine.store.agreements import Kept
from engine.store.database import Session
from engine.store.references import OUT
from engine.store.timepiece import shared_now
from engine.walk import Receipt


def gather(errand: SyncErrand, records: Sequence[Record], done: Reconciled) -> list[Couple]:
    """One couple an object; the same one twice in a batch is looked at once."""
    found: dict[tuple[SideName, str], Couple] = {}
    for at, record in enumerate(records):
        side = side_of(errand.agreement, record)
        if side is None:
            error = RecordRejected(
                f"{record.title or record.key}: it cannot be told which side it comes from.",
                code="E-SYNC-ORIGIN",
                cure="Lead only records here that were read as one of the two kinds of object of this step.",
            )
            result = Result(Outcome.FAILED, code=error.code, message=error.message, detail=error.cure)
            done.receipts[at] = Receipt(result)
            continue
        known = found.get((side, record.key))
        if known is None:
            known = found[side, record.key] = Couple(
                [], record, side, {side: record.key, other(side): None}, now=dict.fromkeys(SIDES)
            )
        known.at.append(at)
        known.record = record
        known.answer = Said.of(errand.node_id, record) or known.answer
        successor = record.data.get("successor") if isinstance(record.data, dict) else None
        if record.deleted and isinstance(successor, str):
            known.successors[side] = successor
        if record.deleted:
            known.deleted.add(side)
        else:
            known.deleted.discard(side)
    return list(found.values())


def side_of(agreement: Agreement, record: Record) -> SideName | None:
    if record.origin is None:
        return None
    for name in SIDES:
        side = agreement.side(name)
        if (record.origin.slot, record.origin.entity) == (side.slot, side.entity):
            return name
    return None


def recall(errand: SyncErrand, couples: Sequence[Couple]) -> list[Couple]:
    """Joins each couple with what we remember of it. Two signals of one pair become one couple."""
    remembered: dict[SideName, dict[str, list[Kept]]] = {}
    with errand.database.read() as session:
        for side in SIDES:
            ids = [couple.record.key for couple in couples if couple.side == side]
            remembered[side] = agreements.load(session, errand.pair, side, ids) if ids else {}
    joined: list[Couple] = []
    by_row: dict[int, Couple] = {}
    for couple in couples:
        found = remembered[couple.side].get(couple.record.key, [])
        found = [one for one in found if not one.agreed.gone] or found[:1]
        if len(found) > 1:
            _several(errand, couple, found)
        elif found:
            known = by_row.get(found[0].row)
            if known is not None:
                absorb(known, couple)
                continue
            by_row[found[0].row] = couple
            _remember(couple, found[0])
            if is_left_out(found[0]):
                leave_out(couple)
        joined.append(couple)
    return joined


def absorb(couple: Couple, twin: Couple) -> None:
    """Two couples turn out to be one: the places of the twin, and what it was told, go over."""
    couple.at = sorted([*couple.at, *twin.at])
    couple.deleted |= twin.deleted
    couple.successors |= twin.successors
    couple.answer = couple.answer or twin.answer
    if couple.at[-1] == twin.at[-1]:
        couple.record, couple.side = twin.record, twin.side
    twin.at, twin.over = [], True


def revive(errand: SyncErrand, couples: Sequence[Couple]) -> None:
    """Forgets pairs that were deleted on both sides and of which one object is there again: it is new."""
    again = [
        couple
        for couple in couples
        if couple.kept is not None and couple.kept.agreed.gone and couple.now[couple.side] is not None
    ]
    if again and not errand.dry:
        with errand.database.write() as session:
            agreements.forget(session, [couple.kept.row for couple in again if couple.kept is not None])
    for couple in again:
        couple.kept = None
        couple.ids[other(couple.side)] = couple.now[other(couple.side)] = None


def _remember(couple: Couple, kept: Kept) -> None:
    couple.kept = kept
    couple.ids = {"left": kept.left_id, "right": kept.right_id}
    couple.pending = None in couple.ids.values()


def is_left_out(kept: Kept) -> bool:
    """Whether a person has said that this object shall have no partner."""
    return None in (kept.left_id, kept.right_id) and not kept.claim and kept.claim_outcome == OUT


def leave_out(couple: Couple) -> None:
    couple.end(
        Outcome.SKIPPED,
        "Left out, as somebody decided. The cross references say so, and there it can be changed.",
    )


def _several(errand: SyncErrand, couple: Couple, found: Sequence[Kept]) -> None:
    there = other(couple.side)
    ids = sorted(one.id(there) or "" for one in found)
    couple.hold(
        f"Held: {couple.title} is kept in step with {len(found)} objects of {errand.called(there)} "
        f"({' and '.join(ids)}).",
        {"kind": "ambiguous", "entity": errand.entity(there), "candidates": ids},
        "Remove the cross references that are wrong.",
    )


def still_claimed(errand: SyncErrand, session: Session, kept: Kept) -> bool:
    """Whether somebody else has claimed it and is at work, even if that takes longer than the claim was meant for."""
    if kept.claim in ("", errand.claim) or not kept.claim_until:
        return False
    grace = sum(connector.http.timeout for connector in errand.connectors.values())
    return kept.claim_until > shared_now(session) or claims.is_at_work(session, kept.claim, grace)


def claim(errand: SyncErrand, couples: Sequence[Couple]) -> bool:
    """Takes the known pairs for this batch. True when somebody else has one of them: those are left undone."""
    if errand.dry:
        return False
    rows = {one.kept.row: one for one in couples if one.kept is not None and not one.over and not one.pending}
    if not rows:
        return False
    for one in rows.values():
        one.begun = one.kept is not None and one.kept.claim == errand.claim
    with errand.database.write() as session:
        free = [
            row
            for row, one in rows.items()
            if one.kept is not None and not still_claimed(errand, session, one.kept)
        ]
        mine = agreements.take(session, free, errand.claim, errand.patience)
    for row, couple in rows.items():
        if row not in mine:
            couple.over = True
    return len(mine) < len(rows)


def refresh(errand: SyncErrand, couples: Sequence[Couple]) -> None:
    """Reads again what was remembered before the claim: whoever had it may have changed it."""
    for side in SIDES:
        some = {
            one.ids[side] or "": one
            for one in couples
            if one.kept is not None and not one.over and one.side == side
        }
        with errand.database.read() as session:
            found = agreements.load(session, errand.pair, side, list(some)) if some else {}
        for key, couple in some.items():
            assert couple.kept is not None  # chosen so
            row = couple.kept.row
            now_kept = next((one for one in found.get(key, []) if one.row == row), couple.kept)
            _remember(couple, now_kept)


def introduce(errand: SyncErrand, couples: Sequence[Couple]) -> bool:
    """Stores the pairs that were found by their fields. True when somebody else does so at this moment."""
    fresh = [couple for couple in couples if couple.kept is None and None not in couple.ids.values()]
    if errand.dry or not fresh:
        return False
    ids = [(couple.ids["left"] or "", couple.ids["right"] or "") for couple in fresh]
    with errand.database.write() as session:
        agreements.introduce(session, errand.pair, ids, errand.claim, errand.patience)
        found = agreements.load(session, errand.pair, "left", [left for left, _ in ids])
    lost = False
    for couple, (left, right) in zip(fresh, ids, strict=True):
        mine = [one for one in found.get(left, []) if one.right_id == right and one.claim == errand.claim]
        if mine:
            couple.kept = mine[0]
        else:
            couple.over = lost = True
    return lost


def show_once(errand: SyncErrand, couples: Sequence[Couple]) -> None:
    """In a dry run both halves of a pair would show what a real one does at the first of them: the second is quiet.

    So it is when a plan is executed, which knows the pair by its first half.
    """
    if not errand.run_id or not (errand.dry or any(errand.approvals.values())):
        return
    partners = {couple.ids[other(couple.side)] or "": couple for couple in couples}
    with errand.database.read() as session:
        met = deliveries.met(session, errand.run_id, errand.node_id, list(partners))
    for key in met:
        partners[key].end(Outcome.UNCHANGED, "Told with its counterpart.")


def conflicts_of(errand: SyncErrand, couples: Sequence[Couple]) -> None:
    """Joins each couple with the conflict that waits for a decision, or has just got one."""
    keys = {key_of(errand, couple): couple for couple in couples if None not in couple.ids.values()}
    with errand.database.read() as session:
        for key, row in conflicts.waiting(session, errand.flow_id, errand.node_id, list(keys)).items():
            keys[key].waiting = row


def key_of(errand: SyncErrand, couple: Couple) -> str:
    """The pair as conflicts know it."""
    left, right = ((errand.connections[side], errand.entity(side), couple.ids[side] or "") for side in SIDES)
    return conflicts.key_of(left, right)
