"""What becomes of one couple: field by field a decision, and from the decisions what is to be written where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine import birth, compare
from engine.agreement import SIDES, FieldPair, SideName, other
from engine.clock import iso, now
from engine.couple import Couple, SyncErrand
from engine.errors import Held
from engine.explain import field_title
from engine.fitting import fit
from engine.loss import judge_gone
from engine.precedence import Decision, Facts, Standing, decide
from engine.record import Outcome, fingerprint
from engine.shape import Entity

BACK_AND_FORTH = 3
WITHIN = 3600.0
"""The same value of a field is set at most so often within so many seconds; then a person is asked."""


def judge(errand: SyncErrand, couple: Couple) -> None:
    """Fills in decisions, changes, conflicts and holds; ends the couple when there is nothing to do."""
    if couple.over:
        return
    left, right = couple.now["left"], couple.now["right"]
    if left is None or right is None:
        judge_gone(errand, couple)
        return
    data: dict[SideName, Mapping[str, Any]] = {"left": left.data, "right": right.data}
    shapes = {side: errand.connectors[side].entity(errand.entity(side)) for side in SIDES}
    facts = Facts(
        data["left"],
        data["right"],
        errand.called("left"),
        errand.called("right"),
        errand.agreement.tolerance,
        errand.agreement.drift,
        errand.terms.judge,
    )
    known = {row["field"]: row for row in couple.waiting.rows()} if couple.waiting else {}
    for pair in errand.agreement.fields:
        at = _standing(errand, pair, couple, data, shapes, known.get(pair.key))
        decision = _decided(pair, at, couple, known.get(pair.key)) or decide(pair, at, facts)
        decision = _calm(errand, pair, couple, decision)
        try:
            _plan(errand, pair, at, couple, decision, shapes)
        except Held as error:
            couple.holds.append(error)
            continue
        couple.decisions.append(decision)
        if decision.winner == "ask":
            couple.conflicts.append(_conflict(pair, at, couple, decision, shapes))
    couple.judged = True


def judge_new(errand: SyncErrand, couple: Couple) -> dict[str, Any]:
    """The values with which an object that is new on the other side is created there. {} when it is not."""
    source, target = couple.side, other(couple.side)
    remote = couple.now[source]
    if not errand.agreement.side(target).create:
        couple.end(
            Outcome.SKIPPED,
            f"New in {errand.called(source)}; nothing is created in {errand.called(target)}.",
        )
        return {}
    assert remote is not None  # what is not there any more was ended before
    shape = errand.connectors[target].entity(errand.entity(target))
    pairs = {pair.key: pair for pair in errand.agreement.fields}
    try:
        carried = birth.carried(errand.agreement, errand.translators, source, remote.data)
        values = birth.values(errand.agreement, carried, source, remote.data)
        own = errand.agreement.side(target).match
        for path, value in values.items():
            if path not in own or path in {pairs[key].path(target) for key in carried}:
                fit(shape, path, value, create=True)
    except Held as error:
        couple.hold(error.message, error.question, error.cure, error.code)
        return {}
    preset = {one.field for one in errand.agreement.side(target).presets}
    couple.decisions += [
        Decision(
            pair.key,
            source,
            compare.dig(remote.data, pair.path(source)),
            f"New in {errand.called(source)}.",
            source,
        )
        for pair in errand.agreement.fields
        if pair.key in carried or (pair.flows_to(target) and pair.path(target) in preset)
    ]
    return birth.nested(shape, values)


def _standing(
    errand: SyncErrand,
    pair: FieldPair,
    couple: Couple,
    data: Mapping[SideName, Mapping[str, Any]],
    shapes: Mapping[SideName, Entity],
    waiting: Mapping[str, Any] | None,
) -> Standing:
    left, right = (compare.dig(data[side], pair.path(side)) for side in SIDES)
    agreed = _since_begun(errand, pair, couple, data)
    if agreed is None and couple.kept is not None:
        both = couple.kept.agreed
        if pair.key in both.left and pair.key in both.right:
            agreed = (both.left[pair.key], both.right[pair.key])
    at = {side: _changed_at(couple, side, shapes[side]) for side in SIDES}
    if waiting is not None:
        # What waits was changed when it was first seen: later changes, ours among them, were of other fields.
        for side, value in (("left", left), ("right", right)):
            if pair.same(waiting[f"{side}_value"], value) and waiting[f"{side}_at"]:
                at[side] = _seconds(waiting[f"{side}_at"])  # type: ignore[index]
    equal = errand.translators[pair.key].equal(left, right)
    return Standing(left, right, agreed, equal, at["left"], at["right"])


def _since_begun(
    errand: SyncErrand, pair: FieldPair, couple: Couple, data: Mapping[SideName, Mapping[str, Any]]
) -> tuple[Any, Any] | None:
    """The value of a field that both sides had, where an earlier attempt at this batch may have died behind its write:
    if the other side has by now what the record was read with, that is ours, and nobody's edit."""
    read, path, there = couple.record.data, pair.path(couple.side), other(couple.side)
    if not couple.begun or not isinstance(read, dict) or path.partition(".")[0] not in read:
        return None
    own, its = compare.dig(read, path), compare.dig(data[there], pair.path(there))
    both = (own, its) if couple.side == "left" else (its, own)
    return both if errand.translators[pair.key].equal(*both) else None


def _decided(
    pair: FieldPair, at: Standing, couple: Couple, waiting: Mapping[str, Any] | None
) -> Decision | None:
    """A person's decision, as long as both sides still have the values that it was made on."""
    row = couple.waiting
    if row is None or waiting is None or at.equal:
        return None
    answer = row.answers().get(pair.key)
    if answer is None:
        return None
    if not (pair.same(waiting["left_value"], at.left) and pair.same(waiting["right_value"], at.right)):
        return None
    reason = f"Decided by {row.decided_by}."
    match answer["take"]:
        case "left" | "right" as side:
            return Decision(pair.key, side, at.value(side), reason, "both", decided=True)
    return Decision(pair.key, "left", answer["value"], reason, "both", decided=True)


def _plan(
    errand: SyncErrand,
    pair: FieldPair,
    at: Standing,
    couple: Couple,
    decision: Decision,
    shapes: Mapping[SideName, Entity],
) -> None:
    """Notes what is to be written for a decision. Raises Held when the value cannot stand there."""
    if decision.winner not in SIDES:
        return
    wanted: dict[SideName, Any] = {
        decision.winner: decision.value,
        other(decision.winner): errand.translators[pair.key].carry(decision.value, other(decision.winner)),
    }
    changes: dict[SideName, Any] = {}
    for side, value in wanted.items():
        if not pair.same(value, at.value(side)):
            fit(shapes[side], pair.path(side), value, create=False)
            changes[side] = value
    for side, value in changes.items():
        couple.changes[side][pair.path(side)] = value


def _calm(errand: SyncErrand, pair: FieldPair, couple: Couple, decision: Decision) -> Decision:
    """Asks instead of setting a field to and fro for ever: some system, or another flow, keeps changing it back."""
    if decision.winner not in SIDES or couple.kept is None or decision.decided:
        return decision
    target = other(decision.winner)
    try:
        print_ = fingerprint(errand.translators[pair.key].carry(decision.value, target))
    except Held:
        return decision
    lately = [
        entry
        for entry in couple.kept.agreed.writes.get(pair.key, [])
        if entry[0] > now() - WITHIN and entry[1] == target and entry[2] == print_
    ]
    if len(lately) < BACK_AND_FORTH:
        return decision
    reason = (
        f"Heddle has set it to this value {len(lately)} times within an hour, and each time it was changed "
        "back; somebody must decide."
    )
    return Decision(pair.key, "ask", None, reason, decision.changed_by, decision.winner, settled=False)


def _conflict(
    pair: FieldPair,
    at: Standing,
    couple: Couple,
    decision: Decision,
    shapes: Mapping[SideName, Entity],
) -> dict[str, Any]:
    by = {side: _changed_by(couple, side, shapes[side]) for side in SIDES}
    return {
        "field": pair.key,
        "left": pair.left,
        "right": pair.right,
        "title": field_title(shapes["left"], pair.left),
        "agreed": None if at.agreed is None else {"left": at.agreed[0], "right": at.agreed[1]},
        "left_value": at.left,
        "right_value": at.right,
        "left_at": iso(at.left_at) if at.left_at is not None else None,
        "right_at": iso(at.right_at) if at.right_at is not None else None,
        "left_by": by["left"],
        "right_by": by["right"],
        "proposal": decision.proposal,
        "reason": decision.reason,
        **({"flow": decision.flow} if decision.flow else {}),
    }


def _changed_at(couple: Couple, side: SideName, shape: Entity) -> float | None:
    remote = couple.now[side]
    if remote is None:
        return None
    stamp = compare.dig(remote.data, shape.modified) if shape.modified else None
    return _seconds(stamp or remote.version)


def _changed_by(couple: Couple, side: SideName, shape: Entity) -> str:
    remote = couple.now[side]
    who = compare.dig(remote.data, shape.modified_by) if remote is not None and shape.modified_by else None
    return str(who) if who not in (None, "") else ""


def _seconds(stamp: Any) -> float | None:
    """Epoch seconds of ISO text; a stamp without an offset is UTC. None for anything else."""
    try:
        moment = datetime.fromisoformat(stamp)
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
