"""Starting runs: one cause, one run, whatever was pressed twice or delivered again."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import clock, faults
from engine.batch import pack
from engine.errors import EngineError
from engine.node import ReadNode, TriggerNode
from engine.plan import Plan, entry_points
from engine.record import COUNTED, Record, from_json, idempotency_key, to_json
from engine.store import closing, control, runs, turns
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
    Raises DefinitionError when what was brought does not name the records that a read asks it to name.
    """
    faults.point("before-cause")
    if runs.of_cause(session, cause.key) is not None:
        return _repeat(session, cause)
    if brought is not None:
        for source in plan.behind(trigger):
            reads = plan.nodes[source]
            if isinstance(reads, ReadNode):
                reads.query(Record("trigger", brought))  # what names nothing to read is refused at the door
    live = mode == "live"
    node = plan.nodes.get(trigger or next(iter(plan.triggers), ""))
    starter = node if isinstance(node, TriggerNode) else None
    overlap = (starter.overlap if starter else None) or plan.flow.policy.overlap
    settle = starter.settle if starter and trigger and live and brought is not None else 0.0
    targets = entry_points(plan, trigger)
    records = starter.bring(brought) if starter and brought is not None and (targets or settle) else []
    if live and (overlap.kind != "parallel" or overlap.parallel or settle):
        turns.lock(session, flow_id)
    run = _run(flow_id, version_id, bindings, mode, cause, 1 if mode == "sample" else plan.flow.policy.lanes)
    run.trigger = trigger
    run.plan_id = plan_id
    run.input = None if brought is None else to_json(brought)
    if window:
        run.window = to_json({**from_json(run.window), **window, "given": True}).decode()
    due_at = 0.0
    if settle:
        run.settles = idempotency_key("settle", flow_id, trigger, *sorted(record.key for record in records))
        due_at = clock.now() + settle
        earlier = runs.settling(session, run.settles)
        if earlier is not None:
            return _join(session, plan, run, earlier, targets, records)
    older = turns.open_runs(session, flow_id) if live and overlap.kind in ("skip", "cancel-older") else []
    run.gate = overlap.at_once if live else 0
    if older and overlap.kind == "skip":
        _leave_out(run, older[-1])
    if not runs.add(session, run):
        return _repeat(session, cause)
    if run.ended_at is not None:
        return Started(run.id, [])
    if overlap.kind == "cancel-older":
        for one in older:
            closing.cancel(session, one.id, "a newer run")
    return _with_lanes(
        session, run, dict.fromkeys(targets, records) if records else {},
        reads=bool(plan.behind(trigger)), size=plan.flow.policy.batch_size, due_at=due_at,
    )  # fmt: skip


def _leave_out(run: Run, older: Run) -> None:
    """Records a cause that came while a run was at work: it is over before it began."""
    run.state = "cancelled"
    run.ended_at = clock.now()
    run.counts = to_json({"read": 0, **dict.fromkeys(COUNTED, 0)}).decode()
    run.message = f"Left out: the run that began at {clock.iso(older.created_at)[11:16]} UTC was not over."


def _join(
    session: Session, plan: Plan, run: Run, earlier: Run, targets: Sequence[str], records: list[Record]
) -> Started:
    """Another event on records whose run still waits: it goes with what came last, when it was due anyway."""
    earlier.input = run.input
    due_at = control.empty(session, earlier.id)
    session.add(earlier)
    joined = _with_lanes(
        session, earlier, dict.fromkeys(targets, records) if records else {},
        reads=bool(plan.behind(earlier.trigger)), size=plan.flow.policy.batch_size, due_at=due_at,
    )  # fmt: skip
    return Started(joined.run, joined.lanes, new=False)


def start_inside(
    session: Session,
    *,
    flow_id: str,
    version_id: int,
    bindings: Mapping[str, str],
    mode: str,
    cause: Cause,
    entries: Mapping[str, Sequence[Record]],
    parent: str | None,
    batch_size: int = 200,
) -> Started:
    """A run that enters in the middle: retry, answer, approval. ``entries``: place → records entering there."""
    if runs.of_cause(session, cause.key) is not None:
        return _repeat(session, cause)
    run = _run(flow_id, version_id, bindings, mode, cause, 1)
    run.parent_id = parent
    if not runs.add(session, run):
        return _repeat(session, cause)
    return _with_lanes(session, run, entries, reads=False, size=batch_size)


def read_again(
    session: Session,
    *,
    flow_id: str,
    version_id: int,
    bindings: Mapping[str, str],
    cause: Cause,
    keys: Mapping[str, Sequence[str]],
    parent: str,
    lanes: int,
) -> Started:
    """A run that reads just these records anew. ``keys``: read node → keys; other reads read nothing."""
    if runs.of_cause(session, cause.key) is not None:
        return _repeat(session, cause)
    run = _run(flow_id, version_id, bindings, "live", cause, lanes)
    run.parent_id = parent
    run.window = to_json({**from_json(run.window), "given": True, "keys": keys}).decode()
    if not runs.add(session, run):
        return _repeat(session, cause)
    return _with_lanes(session, run, {}, reads=True, size=1)


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


def _with_lanes(
    session: Session, run: Run, entries: Mapping[str, Sequence[Record]], *, reads: bool, size: int,
    due_at: float = 0.0,
) -> Started:  # fmt: skip
    """Stages entries by lane; the reader's lane only where there is something to read. Nothing before ``due_at``."""
    lanes = {number: Lane(run_id=run.id, number=number, due_at=due_at) for number in range(1, run.lanes + 1)}
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
        lanes[0] = Lane(run_id=run.id, number=0, due_at=due_at)
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
