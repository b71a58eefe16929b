"""Which of two messages about one object, or of two readings of it, is the newer one, whatever their order of work.

A message tells of a moment in the past: it may be repeated, put off, or overtaken by another one. Its *edition*
travels in ``Record.version``: under which run it was accepted, and the source's own version, if it carries one. Run
ids grow in the order of acceptance (engine.store.runs).

What was read is put off too, by a run that waits beside others or a retry of what had failed. It is judged by the
source's version alone: where there is none, or none that compares, it is as new as its writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from engine.record import Record


def accept(entries: Mapping[str, Sequence[Record]], run_id: str) -> dict[str, list[Record]]:
    """Marks messages with the run under which they were accepted."""
    return {node: [_marked(record, run_id) for record in records] for node, records in entries.items()}


def merge(before: Sequence[Record], entries: Mapping[str, Sequence[Record]]) -> dict[str, list[Record]]:
    """The same entries, but of each object with what was told before where that is newer."""
    known = {record.key: record for record in before}
    return {
        node: [
            was if (was := known.get(one.key)) and older(one.version or "", was.version or "") else one
            for one in records
        ]
        for node, records in entries.items()
    }


def corrected(record: Record, data: Any) -> Record:
    """The record with what a person says it should be: nothing that is known makes that out of date."""
    return msgspec.structs.replace(record, data=data, version=None)


def edition(record: Record, left_id: str) -> str:
    """The edition of a message; empty for what was read. ``left_id``: the object that is written for it; where that
    is another one than the message is about, the source's version says nothing of it."""
    if record.origin is not None or record.version is None:
        return ""
    return record.version if left_id == record.key else record.version.partition(" ")[0]


def reading(record: Record, left_id: str) -> str:
    """The version at the source of what was read; empty for a message, and where another object than that of the
    record is written."""
    if record.origin is None or record.version is None or left_id != record.key:
        return ""
    return record.version.replace("\n", " ")


def older(one: str, other: str) -> bool:
    """Whether an edition is older than another: by the source's versions where both have one that compares, else by
    acceptance. Nothing is older than no edition, and no edition is older than anything."""
    if not one or not other:
        return False
    (accepted, _, mine), (before, _, known) = one.partition(" "), other.partition(" ")
    told = _compared(mine, known)
    return accepted < before if told is None else told


def outdated(one: str, other: str) -> bool:
    """Whether a version at the source is older than another. Of two that do not compare neither is."""
    return bool(_compared(one, other))


def _compared(mine: str, known: str) -> bool | None:
    """Whether a version of the source is the older one; None where they are equal or do not compare."""
    if mine == known or not mine or not known:
        return None
    for read in (_number, _moment):
        here, there = read(mine), read(known)
        if here is not None and there is not None and here != there:
            return here < there
    return None


def newest(one: str, other: str) -> str:
    """The newer of two editions, either of which may be empty."""
    return other if not one or older(one, other) else one


def version(text: str) -> str:
    """What people call an edition: the source's version, if there is one."""
    return text.partition(" ")[2]


def _marked(record: Record, run_id: str) -> Record:
    if record.origin is not None:
        return record
    return msgspec.structs.replace(record, version=f"{run_id} {record.version}" if record.version else run_id)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str) -> Decimal | None:
    """Microseconds of a moment; one without an offset is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Decimal((moment - _ZERO) // timedelta(microseconds=1))


_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
