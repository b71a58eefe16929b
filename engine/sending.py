"""Sending what was decided to one side, in calls as large as the system takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from engine import faults
from engine.agreement import SideName
from engine.birth import nested
from engine.connector import Partly
from engine.couple import Couple, SyncErrand
from engine.errors import HeddleError
from engine.record import Change, Outcome, Result, fingerprint, idempotency_key
from engine.settling import told
from engine.walk import Receipt

_DONE = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)


def update(errand: SyncErrand, side: SideName, couples: Sequence[Couple]) -> None:
    """Writes the changes of these couples to one side. Raises what the system raises for a call as a whole."""
    wanted = [
        couple for couple in couples if couple.changes[side] and couple.removes is None and not couple.over
    ]
    _send(errand, side, _allowed(errand, side, wanted, "update"), "update")


def remove(errand: SyncErrand, side: SideName, couples: Sequence[Couple]) -> None:
    """Deletes the objects of these couples on one side, because their counterparts were deleted."""
    wanted = [couple for couple in couples if couple.removes == side and not couple.over]
    _send(errand, side, _allowed(errand, side, wanted, "delete"), "delete")


def _allowed(errand: SyncErrand, side: SideName, couples: Sequence[Couple], operation: str) -> list[Couple]:
    """Leaves what the approved plan shows just so; reserves the budget. Raises OverBudget beyond it."""
    approval, allowance = errand.approvals.get(side), errand.allowances.get(side)
    passed = []
    for couple in couples:
        refusal = approval and approval.refusal(couple.at, operation, _data(errand, side, couple))
        if refusal:
            slot = errand.agreement.side(side).slot
            sent = _data(errand, side, couple)
            hold = "" if refusal.question is None else "hold"
            couple.papers.append(Receipt(refusal, hold, sent, None, slot, errand.entity(side)))
            couple.failed.add(side)
            couple.sent.add(side)
        else:
            passed.append(couple)
    if allowance is not None and passed and not errand.dry:
        with errand.database.write() as session:
            values = {_source(errand, side, couple): _data(errand, side, couple) for couple in passed}
            allowance.reserve(session, operation, values)
    return passed


def _send(errand: SyncErrand, side: SideName, couples: Sequence[Couple], operation: str) -> None:
    connector, entity = errand.connectors[side], errand.entity(side)
    size = max(1, connector.capability.write)
    for start in range(0, len(couples), size):
        some = couples[start : start + size]
        changes = [_change(errand, side, couple, operation) for couple in some]
        trouble: HeddleError | None = None
        results: list[Result | None] = [Result(Outcome.UPDATED, couple.ids[side]) for couple in some]
        if not errand.dry:
            faults.point("before-send")
            errand.keep_lease()
            errand.headway.part(len(some))
            try:
                results = list(connector.write(entity, changes))
            except Partly as partly:
                results, trouble = partly.results, partly.error
            faults.point("after-send")
        for couple, change, result in zip(some, changes, results, strict=True):
            if result is not None:
                _file(errand, side, couple, change, result)
        if trouble is not None:
            raise trouble


def _file(errand: SyncErrand, side: SideName, couple: Couple, change: Change, result: Result) -> None:
    couple.sent.add(side)
    remote = couple.now[side]
    assert remote is not None  # only what is there is changed
    if result.outcome in _DONE:
        result = msgspec.structs.replace(result, outcome=Outcome.UPDATED)
    else:
        couple.failed.add(side)
    result = msgspec.structs.replace(
        result,
        remote_id=result.remote_id or couple.ids[side],
        number=result.number or remote.number,
        link=result.link or remote.link,
        message=result.message or couple.reason,
    )
    before = {name: remote.data.get(name) for name in change.data}
    slot = errand.agreement.side(side).slot
    why = told(errand, couple, side)
    couple.papers.append(
        Receipt(result, change.operation, change.data, before, slot, errand.entity(side), why)
    )


def _change(errand: SyncErrand, side: SideName, couple: Couple, operation: str) -> Change:
    data = _data(errand, side, couple) if operation == "update" else {}
    # A later run that sets a value once more is another intent; a repeated batch is the same.
    key = idempotency_key(errand.claim, _source(errand, side, couple), operation, fingerprint(data))
    return Change(key, operation, data, couple.ids[side])


def _data(errand: SyncErrand, side: SideName, couple: Couple) -> dict[str, Any]:
    shape = errand.connectors[side].entity(errand.entity(side))
    return nested(shape, couple.changes[side])


def _source(errand: SyncErrand, side: SideName, couple: Couple) -> str:
    return f"{errand.connections[side]}/{errand.entity(side)}/{couple.ids[side]}"
