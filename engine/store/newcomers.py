"""New runs by the dozen, past the object mapper: runs, their lanes and staged batches in one statement each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Table
from sqlmodel import Session

from engine.store import bulk, plain
from engine.store.lanes import Lane, StagedBatch
from engine.store.runs import Run


class Known(NamedTuple):
    """The run that a cause key stands for, and when it began."""

    run_id: str
    created_at: float


class NewRun(NamedTuple):
    """Columns of Run, under their names there."""

    id: str
    flow_id: str
    version_id: int
    mode: str
    cause_kind: str
    cause_by: str
    cause_key: str
    bindings: str
    input: bytes
    trigger: str
    lanes: int
    window: str
    created_at: float
    state: str = "queued"
    gate: int = 0
    code: str = ""
    message: str = ""


class NewLane(NamedTuple):
    """Columns of Lane; ``rung_at`` because whoever stores it rings for it, unless there is nothing to do yet."""

    run_id: str
    number: int
    staged: int
    rung_at: float
    state: str = "open"
    next: int = 0
    until: float = 0.0
    fence: int = 0
    due_at: float = 0.0
    attempts: int = 0
    failures: int = 0
    told_since: float = 0.0
    counts: str = "{}"
    code: str = ""
    message: str = ""


class NewBatch(NamedTuple):
    """Columns of StagedBatch; ``size`` is its ``count``."""

    run_id: str
    lane: int
    number: int
    payload: bytes
    size: int
    state: str = "staged"
    settled: str = "[]"


_runs: Table = Run.__table__  # type: ignore[attr-defined]
_lanes: Table = Lane.__table__  # type: ignore[attr-defined]
_batches: Table = StagedBatch.__table__  # type: ignore[attr-defined]
_BATCH = tuple("count" if name == "size" else name for name in NewBatch._fields)
_CHUNK = 500


def known(session: Session, keys: Sequence[str]) -> dict[str, Known]:
    """Cause key → its run, for those that have one."""
    found: dict[str, Known] = {}
    for start in range(0, len(keys), _CHUNK):
        some = keys[start : start + _CHUNK]
        query = f"SELECT cause_key, id, created_at FROM run WHERE cause_key IN ({', '.join('?' * len(some))})"  # noqa: S608
        found.update({key: Known(run_id, at) for key, run_id, at in plain.rows(session, query, *some)})
    return found


def add(
    session: Session, runs: Sequence[NewRun], lanes: Sequence[NewLane], batches: Sequence[NewBatch]
) -> dict[str, str]:
    """Stores them. Answers the runs that were not: another transaction has one for the same cause."""
    stored = bulk.insert(session, _runs, NewRun._fields, runs, "ON CONFLICT (cause_key) DO NOTHING")
    lost: dict[str, str] = {}
    if stored != len(runs):
        standing = known(session, [run.cause_key for run in runs])
        lost = {run.id: one for run in runs if (one := standing[run.cause_key].run_id) != run.id}
    bulk.insert(session, _lanes, NewLane._fields, [lane for lane in lanes if lane.run_id not in lost])
    bulk.insert(session, _batches, _BATCH, [one for one in batches if one.run_id not in lost])
    return lost
