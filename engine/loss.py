"""An object is gone: what becomes of its counterpart, and what a person is asked where nobody can tell."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine import compare
from engine.agreement import SIDES, SideName, other
from engine.couple import Couple, SyncErrand
from engine.record import Outcome

Fate = Literal["hold", "mark", "delete", "keep"]

CURE = "Say what has become of it; the answer is carried out at once."


def judge_gone(errand: SyncErrand, couple: Couple) -> None:
    """What becomes of a couple of which one object is not there any more, or neither is."""
    gone = [side for side in SIDES if couple.now[side] is None]
    if len(gone) == 2:
        assert couple.kept is not None  # what we do not know was ended before
        couple.kept = msgspec.structs.replace(
            couple.kept, agreed=msgspec.structs.replace(couple.kept.agreed, gone=True)
        )
        echo = bool(couple.kept.echo(couple.side)) and couple.side in couple.deleted
        couple.end(Outcome.ECHO if echo else Outcome.UNCHANGED, "Deleted on both sides.")
        return
    lost = gone[0]
    if couple.answer is not None and couple.answer.choice in ("delete", "mark", "keep"):
        _carry_out(
            errand, couple, lost, couple.answer.choice, f"{_told(errand, couple, lost)}; somebody said so"
        )
    elif couple.merged is not None:
        _judge_surplus(errand, couple, lost)
    else:
        _judge_deleted(errand, couple, lost)


def ask_where(errand: SyncErrand, couple: Couple, lost: SideName, reason: str) -> None:
    """Holds a couple with the question whether the lost object was deleted, or merged and into which one."""
    _ask(errand, couple, lost, f"{couple.title} is gone in {errand.called(lost)}, and {reason}")


def _judge_surplus(errand: SyncErrand, couple: Couple, lost: SideName) -> None:
    """The survivor of a merge has a counterpart of its own, so that of the loser is left over."""
    merge, here = couple.merged, other(lost)
    assert merge is not None  # that is why it is left over
    told = f"{merge.loser} was merged into {merge.survivor} in {errand.called(lost)}, " + (
        f"which is kept in step with {merge.partner}" if merge.partner else "which is left out"
    )
    fate = errand.agreement.side(here).surplus
    if fate == "hold":
        _ask(errand, couple, lost, told)
    elif fate == "delete":
        _delete(errand, couple, lost, told)
    else:
        _carry_out(errand, couple, lost, fate, told)


def _judge_deleted(errand: SyncErrand, couple: Couple, lost: SideName) -> None:
    here = other(lost)
    fate, told = errand.agreement.side(here).deleted, _told(errand, couple, lost)
    if fate == "ignore":
        couple.end(Outcome.SKIPPED, f"{told}; the one in {errand.called(here)} is left as it is.")
    elif fate == "hold":
        _ask(errand, couple, lost, told)
    elif lost not in couple.deleted:
        told = f"{couple.title} cannot be found in {errand.called(lost)}, which has not reported that it was deleted"
        _ask(errand, couple, lost, told)
    elif fate == "mark":
        _mark(errand, couple, here)
        couple.reason = f"{told}; the one in {errand.called(here)} is marked."
        couple.judged = True
    else:
        _delete(errand, couple, lost, told)


def _delete(errand: SyncErrand, couple: Couple, lost: SideName, told: str) -> None:
    """Deletes what is left, unless it was changed meanwhile: then somebody may still want it, and is asked."""
    here = other(lost)
    if _edited(errand, couple, here):
        changed = f"{told}; {_left(errand, couple, here)} was changed since both agreed"
        _ask(errand, couple, lost, changed)
    else:
        _carry_out(errand, couple, lost, "delete", told)


def _carry_out(errand: SyncErrand, couple: Couple, lost: SideName, fate: str, told: str) -> None:
    here = other(lost)
    left = _left(errand, couple, here)
    if fate == "delete":
        couple.removes = here
        couple.reason = f"{told}, so {left} is deleted as well."
    else:
        if fate == "mark":
            _mark(errand, couple, here)
        couple.left_out = True
        did = "is marked, and no longer" if fate == "mark" else "stays, and is no longer"
        couple.reason = f"{told}; {left} {did} kept in step."
    couple.judged = True


def _mark(errand: SyncErrand, couple: Couple, here: SideName) -> None:
    mark, remote = errand.agreement.side(here).mark, couple.now[here]
    assert remote is not None  # only one of the two is gone
    if mark is not None and not compare.same(mark.value, compare.dig(remote.data, mark.field)):
        couple.changes[here][mark.field] = mark.value


def _ask(errand: SyncErrand, couple: Couple, lost: SideName, told: str) -> None:
    """Holds a couple with a form. The question is the same whichever side brought the couple up, so that one answer
    is enough."""
    here = other(lost)
    question: dict[str, Any] = {
        "kind": "gone",
        "node": errand.node_id,
        "entity": errand.entity(lost),
        "id": couple.merged.loser if couple.merged else couple.ids[lost],
        "title": _name(errand, couple, here),
        "connection": errand.connections[lost],
        "partner": {
            "connection": errand.connections[here],
            "entity": errand.entity(here),
            "id": couple.ids[here],
        },
    }
    wanted = f"What is to become of {_left(errand, couple, here)}?"
    couple.hold(f"Held: {told}. {wanted}", question, CURE)


def _told(errand: SyncErrand, couple: Couple, lost: SideName) -> str:
    return f"{couple.title} was deleted in {errand.called(lost)}"


def _left(errand: SyncErrand, couple: Couple, here: SideName) -> str:
    remote = couple.now[here]
    name = (remote.number if remote is not None else None) or couple.ids[here]
    return f"{name} in {errand.called(here)}"


def _name(errand: SyncErrand, couple: Couple, here: SideName) -> str:
    """What people call the pair, whichever side brought it up."""
    remote, field = couple.now[here], errand.connectors[here].entity(errand.entity(here)).title_field
    name = compare.dig(remote.data, field) if remote is not None and field else None
    return str(name or (remote.number if remote is not None else None) or couple.ids[here])


def _edited(errand: SyncErrand, couple: Couple, side: SideName) -> bool:
    """Whether somebody changed what both sides had agreed on: a delete must not take that with it."""
    remote, kept = couple.now[side], couple.kept
    if remote is None or kept is None:
        return False
    agreed = kept.agreed.left if side == "left" else kept.agreed.right
    return any(
        pair.key in agreed and not pair.same(agreed[pair.key], compare.dig(remote.data, pair.path(side)))
        for pair in errand.agreement.fields
    )
