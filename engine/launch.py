"""Starting runs: one cause, one run, whatever was pressed twice or delivered again."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import clock, faults
from engine.batch import pack
from engine.errors import EngineError
from engine.node import TriggerNode
from engine.plan import Plan, entry_points
from engine.record import Record, from_json, to_json
from engine.store import runs
from engine.store.database import Session
from engine.store.lanes import Lane, StagedBatch
from engine.store.runs import Run, new_id


@dataclass(frozen=True)
class Cause:
    """Why a run starts. ``key`` makes it unique: the same key again is the same run; None never repeats."""

    kind: str
    by: str = ""
    key: str | None = None


@dataclass(frozen=True)
class Started:
    """A run and the lanes to ring for once the transaction is committed; ``new`` is False for a repeat."""

    run: str
    lanes: list[int]
    new: bool = True


def start(
    session: Session,
    plan: Plan,
    *,
    flow_id: str,
    version_id: int,
    bindings: Mapping[str, str],
    mode: str,
    cause: Cause,
    brought: Any = None,
    trigger: str = "",
    window: Mapping[str, str] | None = None,
    plan_id: str | None = None,
) -> Started:
    """Writes a run, its lanes and what the trigger brought, all in the caller's transaction.

    mode     live, dry-run or sample        trigger  the trigger node that fired; empty means any
    brought  what it brought, JSON          window   {"since", "until"} of an incremental read
    plan_id  the dry run whose plan is executed
    """
    faults.point("before-cause")
    if runs.of_cause(session, cause.key) is not None:
        return _repeat(session, cause)
    reads = bool(plan.behind(trigger))
    lanes = 1 if mode == "sample" else plan.flow.policy.lanes
    run = _run(flow_id, version_id, bindings, mode, cause, lanes)
    run.trigger = trigger
    run.plan_id = plan_id
    run.input = None if brought is None else to_json(brought)
    run.window = to_json({**from_json(run.window), **(window or {})}).decode()
    if not runs.add(session, run):
        return _repeat(session, cause)
    entries: dict[str, list[Record]] = {}
    targets = entry_points(plan, trigger)
    if targets and brought is not None:
        records = _brought(plan, trigger, brought)
        entries = dict.fromkeys(targets, records)
    return _with_lanes(session, run, entries, reads=reads, size=plan.flow.policy.batch_size)


def start_inside(
    session: Session,
    *,
    flow_id: str,
    version_id: int,
    bindings: Mapping[str, str],
    mode: str,
    cause: Cause,
    entries: Mapping[str, Sequence[Record]],
    parent: str,
    batch_size: int = 200,
) -> Started:
    """A run that enters in the middle: retry, answer, approval. ``entries``: node → records arriving there."""
    if runs.of_cause(session, cause.key) is not None:
        return _repeat(session, cause)
    run = _run(flow_id, version_id, bindings, mode, cause, 1)
    run.parent_id = parent
    if not runs.add(session, run):
        return _repeat(session, cause)
    return _with_lanes(session, run, entries, reads=False, size=batch_size)


def _repeat(session: Session, cause: Cause) -> Started:
    run_id = runs.of_cause(session, cause.key)
    if run_id is None:
        raise EngineError("A run was refused as a repeat of one that is not there.", code="E-CAUSE")
    return Started(run_id, [], new=False)


def _run(
    flow_id: str, version_id: int, bindings: Mapping[str, str], mode: str, cause: Cause, lanes: int
) -> Run:
    run_id = new_id()
    return Run(
        id=run_id, flow_id=flow_id, version_id=version_id, mode=mode, cause_kind=cause.kind, cause_by=cause.by,
        cause_key=cause.key or run_id, bindings=to_json(dict(bindings)).decode(), lanes=lanes,
        window=to_json({"until": clock.iso()}).decode(),
    )  # fmt: skip


def _brought(plan: Plan, trigger: str, brought: Any) -> list[Record]:
    node = plan.nodes[trigger or plan.triggers[0]]
    return node.bring(brought) if isinstance(node, TriggerNode) else []


def _with_lanes(
    session: Session, run: Run, entries: Mapping[str, Sequence[Record]], *, reads: bool, size: int
) -> Started:
    """Stages entries by lane; the reader's lane only where there is something to read."""
    lanes = {number: Lane(run_id=run.id, number=number) for number in range(1, run.lanes + 1)}
    keys = list(dict.fromkeys(record.key for records in entries.values() for record in records))
    by_lane: dict[int, list[str]] = {}
    for key in keys:
        by_lane.setdefault(1 + zlib.crc32(key.encode("utf-8", "surrogatepass")) % run.lanes, []).append(key)
    batches: list[StagedBatch] = []
    for lane, lane_keys in by_lane.items():
        for first in range(0, len(lane_keys), size):
            batches.append(_batch(run.id, lane, lanes[lane].staged, entries, lane_keys[first : first + size]))
            lanes[lane].staged += 1
    if reads:
        lanes[0] = Lane(run_id=run.id, number=0)
    session.add_all(lanes.values())
    session.flush()
    session.add_all(batches)
    faults.point("after-cause")
    return Started(run.id, [0] if reads else [lane for lane in sorted(lanes) if lanes[lane].staged] or [1])


def _batch(
    run_id: str, lane: int, at: int, entries: Mapping[str, Sequence[Record]], keys: Sequence[str]
) -> StagedBatch:
    place = {key: root for root, key in enumerate(keys)}
    here = {
        node: [_rooted(record, place[record.key]) for record in records if record.key in place]
        for node, records in entries.items()
    }
    return StagedBatch(
        run_id=run_id, lane=lane, number=at, count=len(keys),
        payload=pack({node: records for node, records in here.items() if records}),
    )  # fmt: skip


def _rooted(record: Record, root: int) -> Record:
    return Record(
        record.key,
        record.data,
        root,
        record.origin,
        record.version,
        record.deleted,
        record.title,
        record.steps,
    )
