"""Keeping in step: look at both sides, decide, write to one or both in bulk, remember what they agree on.

A signal may be late, doubled or out of order without harm, because nothing of it is believed: both objects
are fetched as they are now. A pair is claimed while it is looked at. A create goes through the same claim
and the same looking after lost answers as every other create (engine.deliver); an update carries its whole
intent, so repeating one changes nothing. What both sides agree on now is stored in the commit that records
the receipts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.agreement import SIDES, SideName, other
from engine.couple import Couple, Reconciled, SyncErrand, busy
from engine.deliver import deliver
from engine.errors import HeddleError
from engine.intent import Errand
from engine.judgement import judge, judge_new
from engine.merging import follow, release
from engine.node import NodeContext, NodeSettings, WriteNode, WriteTarget
from engine.pairing import claim, conflicts_of, gather, introduce, key_of, recall, refresh, revive, show_once
from engine.record import Origin, Outcome, Record
from engine.sending import remove, update
from engine.settling import settle, told
from engine.sight import look, match
from engine.store import agreements
from engine.walk import Receipt


class Newborn(WriteNode[NodeSettings]):
    """Creates on one side what is new on the other, once."""

    def __init__(self, node: str, target: WriteTarget) -> None:
        super().__init__(NodeSettings(), NodeContext(node=node))
        self._target = target

    def target(self) -> WriteTarget:
        return self._target

    def identify(self, record: Record, run: Mapping[str, Any] | None = None) -> tuple[str | None, str, str]:
        return None, record.origin.entity if record.origin else "", record.key


def reconcile(errand: SyncErrand, records: Sequence[Record]) -> Reconciled:
    """One Receipt a record. Never raises for a system's refusal or silence: see ``Reconciled.interruption``.

    Raises LeaseLost when somebody else owns the lane.
    """
    done = Reconciled([None] * len(records))
    couples = gather(errand, records, done)
    try:
        couples = recall(errand, couples)
        waits = claim(errand, couples)
        refresh(errand, couples)
        look(errand, [couple for couple in couples if couple.kept is not None])
        revive(errand, [couple for couple in couples if not couple.over])
        waits = follow(errand, couples) or waits
        strangers = [couple for couple in couples if couple.kept is None and not couple.over]
        for side in SIDES:
            look(errand, [couple for couple in strangers if couple.side == side], [side])
        waits = match(errand, strangers) or waits
        waits = introduce(errand, strangers) or waits
        paired = [one for one in couples if None not in one.ids.values() and not one.over]
        look(errand, [one for one in paired if one in strangers])
        show_once(errand, paired)
        paired = [one for one in paired if not one.over]
        conflicts_of(errand, paired)
        for couple in paired:
            judge(errand, couple)
        writes = sum(bool(one.changes[side]) or one.removes == side for one in paired for side in SIDES)
        new = [one for one in couples if None in one.ids.values() and not one.over]
        errand.headway.enter(writes, more=bool(new))
        for side in ("right", "left"):
            update(errand, side, paired)
            remove(errand, side, paired)
        for side in SIDES:
            waits = _create(errand, side, [one for one in new if one.side != side], done) or waits
        if waits:
            done.interruption = busy()
    except HeddleError as error:
        done.interruption = error
    _finish(errand, couples, done)
    return done


def _create(errand: SyncErrand, target: SideName, couples: Sequence[Couple], done: Reconciled) -> bool:
    """Creates on one side what is new on the other. True when somebody else is doing so."""
    look(errand, [couple for couple in couples if couple.pending], [other(target)])
    wanted = []
    for couple in couples:
        if couple.now[other(target)] is None:
            couple.hold(
                f"Held: {couple.title} cannot be found in {errand.called(other(target))} any more.",
                {"kind": "gone", "entity": errand.entity(other(target)), "id": couple.record.key},
                "Restore it, or dismiss it if it was deleted.",
            )
            continue
        values = judge_new(errand, couple)
        if not couple.over:
            origin = Origin(errand.agreement.side(other(target)).slot, errand.entity(other(target)))
            wanted.append((couple, Record(couple.record.key, values, 0, origin, title=couple.title)))
    if not wanted:
        return False
    records = [record for _, record in wanted]
    delivered = deliver(_errand(errand, target, records), records)
    done.released += delivered.released
    by_source = {reference.left_id: reference for reference in delivered.references}
    again = False
    for (couple, record), receipt in zip(wanted, delivered.receipts, strict=True):
        if receipt is None:
            couple.over = True
            continue
        reference = by_source.get(record.key)
        if reference is not None:
            done.references.append(reference)
            couple.ids[target] = reference.right_id
        if receipt.result.outcome == Outcome.UNCHANGED or record.key in delivered.outdated:
            # It was there after all, or as it was created a while ago: the next look compares the two.
            again = couple.over = True
            continue
        side = errand.agreement.side(target)
        paper = Receipt(
            receipt.result, receipt.operation, receipt.sent, receipt.before, side.slot, side.entity,
            told(errand, couple, target),
        )  # fmt: skip
        couple.papers.append(paper)
        if receipt.result.outcome == Outcome.CREATED:
            couple.changes[target] = receipt.sent
    if delivered.interruption is not None:
        raise delivered.interruption
    return again


def _errand(errand: SyncErrand, target: SideName, records: Sequence[Record]) -> Errand:
    side = errand.agreement.side(target)
    goal = WriteTarget(slot=side.slot, entity=side.entity, operation="create", match=tuple(side.match))
    approval = errand.approvals.get(target)
    return Errand(
        database=errand.database,
        flow_id=errand.flow_id,
        node_id=errand.node_id,
        node=Newborn(errand.node_id, goal),
        connector=errand.connectors[target],
        connections={errand.agreement.side(name).slot: errand.connections[name] for name in SIDES},
        claim=errand.claim,
        keep_lease=errand.keep_lease,
        guard=errand.guard,
        dry=errand.dry,
        patience=errand.patience,
        silent_until=errand.silent_until,
        headway=errand.headway,
        allowance=errand.allowances.get(target),
        approval=None if approval is None else replace(approval, records=records),
    )


def _at_rest(couple: Couple) -> bool:
    """Whether nothing of the pair waits for a person any more."""
    if couple.kept is not None and couple.kept.agreed.gone:
        return True
    return couple.judged and not (couple.conflicts or couple.holds or couple.failed)


def _finish(errand: SyncErrand, couples: Sequence[Couple], done: Reconciled) -> None:
    """Files the receipts of what is done, and gives back the claims on what is not."""
    release(errand, couples, done)
    undone = []
    for couple in couples:
        if not settle(errand, couple, done):
            if couple.kept is not None:
                undone.append(couple.kept.row)
        elif _at_rest(couple):
            done.settled.append(key_of(errand, couple))
    if undone and not errand.dry:
        with errand.database.write() as session:
            agreements.give_back(session, undone, errand.claim)
