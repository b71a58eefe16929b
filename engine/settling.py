"""What a couple came to: its receipts, what both sides agree on now, and the marks of our own writes."""

from __future__ import annotations

from typing import Any

import msgspec

from engine import compare
from engine.agreement import SIDES, SideName, other
from engine.clock import now
from engine.couple import Couple, Reconciled, SyncErrand
from engine.errors import Held
from engine.judgement import WITHIN
from engine.record import WEIGHT, Outcome, Result, fingerprint
from engine.store.agreements import Agreed, Kept
from engine.store.roots import Root, origin
from engine.store.timeline import MERGE
from engine.walk import Receipt

_WROTE = (Outcome.CREATED, Outcome.UPDATED)
_REPEATED = (*_WROTE, Outcome.ECHO)
_CLEAR = (*_WROTE, Outcome.UNCHANGED, Outcome.ECHO, Outcome.SKIPPED)


def settle(errand: SyncErrand, couple: Couple, done: Reconciled) -> bool:
    """Files the receipts of a couple that is done. False when it is not."""
    wanted = {side for side in SIDES if couple.changes[side]} | ({couple.removes} - {None})
    complete = couple.judged and wanted <= couple.sent
    if not couple.papers and not complete:
        return False
    if couple.judged and not complete:
        return False
    papers = [*couple.papers, *_open(couple)] or [_quiet(errand, couple)]
    papers.sort(key=lambda paper: -WEIGHT[paper.result.outcome])
    main, *others = papers
    ids = {side: {"id": couple.ids[side], "link": _link(couple, side)} for side in SIDES}
    result = msgspec.structs.replace(main.result, answer={**main.result.answer, **ids})
    receipt = msgspec.structs.replace(main, result=result, others=tuple(others))
    *doubles, last = couple.at
    done.receipts[last] = receipt
    for at in doubles:
        if errand.dry and not errand.run_id:
            # a try on a sample: whichever record somebody looks at tells it all
            done.receipts[at] = receipt
            continue
        together = Result(
            Outcome.UNCHANGED,
            result.remote_id,
            message="Looked at together with another record of this batch.",
        )
        done.receipts[at] = Receipt(together, "unchanged")
    if all(paper.result.outcome in _CLEAR for paper in papers):
        done.known += [_root(errand, side, one) for side in SIDES if (one := couple.ids[side]) is not None]
    there = couple.ids[other(couple.side)]
    if there is not None:
        done.partners[couple.record.key] = there
    if couple.merged is not None:
        done.known.append(_root(errand, couple.merged.side, couple.merged.loser))
    kept = _kept(errand, couple)
    if kept is not None and not errand.dry:
        _keep(couple, kept, str(result.outcome), done)
    return True


def _root(errand: SyncErrand, side: SideName, key: str) -> Root:
    """An object of one side, as it is read."""
    own = errand.agreement.side(side)
    return Root(origin(own.slot, own.entity), key)


def _keep(couple: Couple, kept: Kept, outcome: str, done: Reconciled) -> None:
    """Notes what is remembered of the pair: whose it is from now on, or that it is none any more."""
    merge = couple.merged
    if couple.left_out and not couple.failed:
        lost: SideName = "left" if couple.now["left"] is None else "right"
        done.left_out.append((kept, lost))
        return
    if merge is not None and couple.ids[merge.side] == merge.survivor:
        done.moved.append((kept, merge))
    done.kept.append(kept)
    done.outcomes.append(outcome if outcome in _REPEATED else "")


def told(errand: SyncErrand, couple: Couple, side: SideName) -> list[dict[str, Any]]:
    """Why each field of one side is written: {"field", "did", "value", "winner", "changed_by", "reason", …}."""
    pairs = {pair.key: pair for pair in errand.agreement.fields}
    found = []
    for decision in couple.decisions:
        pair = pairs[decision.field]
        path = pair.path(side)
        if decision.winner == other(side) or (decision.winner == side and path in couple.changes[side]):
            value = couple.changes[side].get(path, decision.value)
            found.append(
                {
                    "field": path,
                    "did": "precedence",
                    "value": value,
                    "reason": decision.reason,
                    "winner": decision.winner,
                    "changed_by": decision.changed_by,
                    "source": pair.path(other(side)),
                }
            )
    return found


def _open(couple: Couple) -> list[Receipt]:
    """The receipts of what a person must answer: one for all conflicts, one for each field that cannot be carried."""
    papers = []
    if couple.conflicts:
        names = [row["title"] for row in couple.conflicts]
        listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        message = f"Conflict: {listed} of {couple.title} must be decided."
        result = Result(
            Outcome.CONFLICT,
            couple.ids[other(couple.side)],
            code="E-CONFLICT",
            message=message,
            detail="Choose which values stay; everything else goes on.",
            question={
                "kind": "conflict",
                "title": couple.title,
                "fields": couple.conflicts,
                **{side: {"id": couple.ids[side], "link": _link(couple, side)} for side in SIDES},
            },
        )
        why = [{**row, "did": "precedence", "winner": "ask", "value": None} for row in couple.conflicts]
        papers.append(Receipt(result, "hold", why=why))
    for held in couple.holds:
        result = Result(
            Outcome.HELD,
            couple.ids[other(couple.side)],
            code=held.code,
            message=held.message,
            detail=held.cure,
            field=held.field,
            question=held.question,
        )
        papers.append(Receipt(result, "hold"))
    return papers


def _quiet(errand: SyncErrand, couple: Couple) -> Receipt:
    """Nothing was to be done: it is our own write that came back, or nothing has changed."""
    there = couple.now[other(couple.side)]
    kept = couple.kept
    outcome, message = Outcome.UNCHANGED, couple.reason or "Both sides are equal, or as they were agreed on."
    if kept is not None and kept.echo(couple.side) and not _stale(errand, couple):
        outcome, message = Outcome.ECHO, "Our own write came back as a change."
    operation, slot, entity = "unchanged", "", ""
    if couple.merged is not None or couple.left_out:
        side = errand.agreement.side(other(couple.side))
        outcome, operation, slot, entity = Outcome.UNCHANGED, MERGE, side.slot, side.entity
    if kept is not None and kept.claim == errand.claim and kept.claim_outcome:
        outcome, message = Outcome(kept.claim_outcome), "Done by this batch before it was interrupted."
    result = Result(
        outcome,
        couple.ids[other(couple.side)],
        there.number if there is not None else None,
        there.link if there is not None else None,
        message=message,
    )
    return Receipt(result, operation, slot=slot, entity=entity)


def _stale(errand: SyncErrand, couple: Couple) -> bool:
    """Whether the record was read before the object became what it is now."""
    remote = couple.now[couple.side]
    if remote is None:
        return couple.side not in couple.deleted
    if not isinstance(couple.record.data, dict):
        return False
    for pair in errand.agreement.fields:
        path = pair.path(couple.side)
        read = compare.dig(couple.record.data, path)
        if read is not None and not pair.same(read, compare.dig(remote.data, path)):
            return True
    return False


def _kept(errand: SyncErrand, couple: Couple) -> Kept | None:
    """What is remembered of the pair from now on; None where there is no pair."""
    left_id, right_id = couple.ids["left"], couple.ids["right"]
    if left_id is None or right_id is None:
        return None
    known = couple.kept or Kept(0, left_id, right_id, turned=couple.side == "right")
    echoes: dict[SideName, str] = {side: known.echo(side) for side in SIDES}
    if not _stale(errand, couple):
        echoes[couple.side] = ""
    for side in SIDES:
        wrote = couple.removes == side or bool(couple.changes[side])
        if wrote and side not in couple.failed:
            echoes[side] = fingerprint(couple.changes[side])
    agreed = known.agreed
    if couple.removes is not None and couple.removes not in couple.failed:
        agreed = msgspec.structs.replace(agreed, gone=True)
    elif couple.decisions:
        agreed = _agreed(errand, couple, agreed)
    return Kept(
        known.row, left_id, right_id, known.turned, agreed, echoes["left"], echoes["right"], errand.claim,
        steps=known.steps, updated_at=known.updated_at, stored_at=known.stored_at,
    )  # fmt: skip


def _agreed(errand: SyncErrand, couple: Couple, before: Agreed) -> Agreed:
    left, right, writes = dict(before.left), dict(before.right), _recent(before)
    pairs = {pair.key: pair for pair in errand.agreement.fields}
    for decision in couple.decisions:
        pair = pairs[decision.field]
        written = [side for side in SIDES if pair.path(side) in couple.changes[side]]
        if not decision.settled or couple.failed & set(written):
            continue
        values: dict[SideName, Any] = {}
        for side in SIDES:
            remote = couple.now[side]
            there = compare.dig(remote.data, pair.path(side)) if remote is not None else None
            values[side] = couple.changes[side].get(pair.path(side), there)
        if couple.now["left"] is None or couple.now["right"] is None:
            values = _born(errand, couple, decision.field)
        left[pair.key], right[pair.key] = values["left"], values["right"]
        if decision.decided:
            writes.pop(pair.key, None)
        for side in written:
            entry = [now(), side, fingerprint(couple.changes[side][pair.path(side)])]
            writes.setdefault(pair.key, []).append(entry)
    return Agreed(left, right, writes)


def _born(errand: SyncErrand, couple: Couple, key: str) -> dict[SideName, Any]:
    """The values of a field with which an object was created on the other side."""
    source, target = couple.side, other(couple.side)
    pair = next(pair for pair in errand.agreement.fields if pair.key == key)
    remote = couple.now[source]
    value = compare.dig(remote.data, pair.path(source)) if remote is not None else None
    values: dict[SideName, Any] = {source: value}
    sent = compare.dig(couple.changes[target], pair.path(target))
    if sent is not None:
        return {source: value, target: sent}
    try:
        values[target] = errand.translators[key].carry(value, target)
    except Held:  # it was carried a moment ago
        values[target] = value
    return values


def _recent(agreed: Agreed) -> dict[str, list[list[Any]]]:
    found = {
        name: [entry for entry in entries if entry[0] > now() - WITHIN]
        for name, entries in agreed.writes.items()
    }
    return {name: entries for name, entries in found.items() if entries}


def _link(couple: Couple, side: SideName) -> str | None:
    remote = couple.now[side]
    return remote.link if remote is not None else None
