"""Starting runs: one cause, one run, whatever was pressed twice or delivered again."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import clock, editions, faults
from engine.batch import pack, unpack
from engine.errors import EngineError
from engine.flow import Overlap
from engine.node import ReadNode, TriggerNode
from engine.plan import Plan, entry_points
from engine.record import COUNTED, Origin, Record, from_json, idempotency_key, to_json
from engine.store import closing, control, runs, turns
from engine.store.database import Session
from engine.store.lanes import Lane, StagedBatch
from engine.store.runs import Run, new_id
from engine.store.timepiece import shared_now

_Object = tuple[str, Origin | None]


@dataclass(frozen=True)
class Cause:
    """Why a run starts. ``key`` makes it unique: the same key again is the same run; None never repeats."""

    kind: str
    by: str = ""
    key: str | None = None


@dataclass(frozen=True)
class Started:
    """A run and the lanes to ring for once the transaction is committed; ``new`` is False for a repeat. ``crowd`` names
    small runs of which whoever answers takes all along."""

    run: str
    lanes: list[int]
    new: bool = True
    crowd: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """What a trigger brought, unpacked: where its records enter, and how its run gets on with others.

    reads  there is something to read besides     settle  seconds in which further events join the run
    lanes  how many the run needs
    """

    records: list[Record]
    targets: list[str]
    reads: bool
    overlap: Overlap
    settle: float
    lanes: int

    @property
    def entries(self) -> dict[str, list[Record]]:
        return dict.fromkeys(self.targets, self.records) if self.records else {}

    @property
    def plain(self) -> bool:
        """Whether the run needs to know of no other run."""
        return self.overlap.kind == "parallel" and not self.overlap.parallel and not self.settle


def unload(plan: Plan, trigger: str, brought: Any, *, live: bool) -> Load:
    """Unpacks what a trigger brought. Raises DefinitionError when it does not name what a read asks it to name, and
    RequestError when it holds no record where one is agreed on."""
    reads = plan.behind(trigger)
    if brought is not None:
        for source in reads:
            node = plan.nodes[source]
            if isinstance(node, ReadNode):
                node.query(Record("trigger", brought))  # what names nothing to read is refused at the door
    first = plan.nodes.get(trigger or next(iter(plan.triggers), ""))
    starter = first if isinstance(first, TriggerNode) else None
    settle = starter.settle if starter and trigger and live and brought is not None else 0.0
    targets = entry_points(plan, trigger)
    records = starter.bring(brought) if starter and brought is not None and (targets or settle) else []
    lanes = plan.flow.policy.lanes
    if not reads:  # nothing is to come: no more lanes than there are objects
        lanes = min(lanes, max(1, len({record.key for record in records})))
    overlap = (starter.overlap if starter else None) or plan.flow.policy.overlap
    return Load(records, targets, bool(reads), overlap, settle, lanes)


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
    window: Mapping[str, Any] | None = None,
    plan_id: str | None = None,
) -> Started:
    """Writes a run, its lanes and what the trigger brought, all in the caller's transaction.

    mode     live, dry-run or sample        trigger  the trigger node that fired; empty means any
    brought  what it brought, JSON          window   {"since", "until"} of an incremental read, or engine.store.plans.window
    plan_id  the dry run whose plan is executed
    Raises DefinitionError when what was brought does not name the records that a read asks it to name.
    """
    faults.point("before-cause")
    if runs.of_cause(session, cause.key) is not None:
        return _repeat(session, cause)
    live = mode == "live"
    load = unload(plan, trigger, brought, live=live)
    overlap, settle = load.overlap, load.settle
    if live and not load.plain:
        turns.lock(session, flow_id)
    runs.keep_order(session)
    run = _run(flow_id, version_id, bindings, mode, cause, 1 if mode == "sample" else load.lanes)
    entries = editions.accept(load.entries, run.id)
    run.trigger = trigger
    run.plan_id = plan_id
    run.input = None if brought is None else to_json(brought)
    if window:
        run.window = to_json({**from_json(run.window), **window, "given": True}).decode()
    due_at = 0.0
    if settle:
        run.settles = idempotency_key(
            "settle", flow_id, trigger, *sorted(record.key for record in load.records)
        )
        due_at = shared_now(session) + settle
        earlier = runs.settling(session, run.settles)
        if earlier is not None:
            return _join(session, plan, run, earlier, entries)
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
        session, run, entries, reads=load.reads, size=plan.flow.policy.batch_size, due_at=due_at
    )


def _leave_out(run: Run, older: Run) -> None:
    """Records a cause that came while a run was at work: it is over before it began."""
    run.state = "cancelled"
    run.ended_at = clock.now()
    run.counts = to_json({"read": 0, **dict.fromkeys(COUNTED, 0)}).decode()
    run.message = f"Left out: the run that began at {clock.iso(older.created_at)[11:16]} UTC was not over."


def _join(
    session: Session, plan: Plan, run: Run, earlier: Run, entries: Mapping[str, Sequence[Record]]
) -> Started:
    """Another event on records whose run still waits: it goes with what is newest, when it was due anyway."""
    entries = editions.merge(_waiting(session, earlier.id), entries)
    earlier.input = run.input
    due_at = control.empty(session, earlier.id)
    session.add(earlier)
    joined = _with_lanes(
        session, earlier, entries,
        reads=bool(plan.behind(earlier.trigger)), size=plan.flow.policy.batch_size, due_at=due_at,
    )  # fmt: skip
    return Started(joined.run, joined.lanes, new=False)


def _waiting(session: Session, run_id: str) -> list[Record]:
    """What a run that has not started was to be about."""
    payloads = control.payloads(session, run_id)
    return [record for payload in payloads for some in unpack(payload).values() for record in some]


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
    staged = stage(run.lanes, entries, size)
    lanes = {number: len(batches) for number, batches in staged.items()}
    if reads:
        lanes[0] = 0
    session.add_all(
        Lane(run_id=run.id, number=number, staged=count, due_at=due_at) for number, count in lanes.items()
    )
    session.flush()
    session.add_all(
        StagedBatch(run_id=run.id, lane=lane, number=at, count=count, payload=payload)
        for lane, batches in staged.items()
        for at, (payload, count) in enumerate(batches)
    )
    faults.point("after-cause")
    return Started(run.id, to_ring(staged, reads=reads))


def to_ring(staged: Mapping[int, Sequence[Any]], *, reads: bool) -> list[int]:
    """The lanes of a new run that have something to do."""
    return [0] if reads else [lane for lane in sorted(staged) if staged[lane]] or [1]


def stage(
    lanes: int, entries: Mapping[str, Sequence[Record]], size: int
) -> dict[int, list[tuple[bytes, int]]]:
    """Lane → its batches: payload and number of records. One object's records are in one lane."""
    objects = list(dict.fromkeys(_object(record) for records in entries.values() for record in records))
    by_lane: dict[int, list[_Object]] = {number: [] for number in range(1, lanes + 1)}
    for one in objects:
        by_lane[1 + zlib.crc32(one[0].encode("utf-8", "surrogatepass")) % lanes].append(one)
    return {
        lane: [_payload(entries, some[first : first + size]) for first in range(0, len(some), size)]
        for lane, some in by_lane.items()
    }


def _object(record: Record) -> _Object:
    """Whose record it is. Two systems may have objects with one key."""
    return record.key, record.origin


def _payload(entries: Mapping[str, Sequence[Record]], objects: Sequence[_Object]) -> tuple[bytes, int]:
    place = {one: root for root, one in enumerate(objects)}
    here = {
        node: [_rooted(record, place[_object(record)]) for record in records if _object(record) in place]
        for node, records in entries.items()
    }
    return pack({node: records for node, records in here.items() if records}), len(objects)


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
