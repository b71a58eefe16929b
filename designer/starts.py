"""Starting runs and doing things again: what is stored, then the doorbell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from designer import drawing
from designer.installation import here
from engine import launch, reentry
from engine.errors import DefinitionError, RequestError
from engine.flow import Flow
from engine.launch import Cause, Started
from engine.plan import Plan
from engine.record import Record, fingerprint, idempotency_key
from engine.store import flows, progress, records
from engine.store.history import Stop
from engine.store.runs import Run
from engine.walk import node_of

Mode = Literal["live", "dry-run", "sample"]
Origin = Literal["failed-node", "trigger"]
Version = Literal["run", "current"]
FAILED = ("failed", "rejected")
HELD = ("held", "conflict", "in_doubt")


@dataclass(frozen=True)
class Retry:
    """What to do again.

    only     failed, held, or the ``keys`` given, whatever their trouble
    origin   failed-node: where each record stood · trigger: from where it was read
    version  run: the drawing of that run · current: the live one
    """

    only: Literal["failed", "held", "keys"] = "failed"
    keys: tuple[str, ...] = ()
    origin: Origin = "failed-node"
    version: Version = "run"


def start(
    slug: str,
    mode: Mode,
    cause: Cause,
    *,
    brought: Any = None,
    number: int | None = None,
    window: Mapping[str, str] | None = None,
) -> str:
    """Starts a run and answers its id; the same cause again answers the same run.

    A live run follows the live version; without ``number``, a dry run or a sample follows the draft.
    ``window`` {"since", "until"} reads what changed in that time.
    Raises RequestError (404, 409) and DefinitionError when the drawing cannot run.
    """
    installation = here()
    with installation.database.write() as session:
        row = flows.find(session, slug, lock=True)
        if row is None:
            raise drawing.missing(slug)
        version = _version(session, row, mode, number)
    plan = installation.runtime.plan(_id(version))
    with installation.database.write() as session:
        row = flows.find(session, slug)
        if row is None:
            raise drawing.missing(slug)
        bindings = drawing.bind_missing(session, plan.flow, row.bound())
        _refuse_unbound(plan.flow, bindings)
        started = launch.start(
            session,
            plan,
            flow_id=row.id,
            version_id=_id(version),
            bindings=bindings,
            mode=mode,
            cause=cause,
            brought=brought or None,
            trigger=plan.trigger("manual"),
            window=window,
        )
    installation.ring(started.run, started.lanes)
    return started.run


def live_number(slug: str) -> int:
    """The number of the live version. Raises RequestError (404, 409) when there is none."""
    with here().database.read() as session:
        row = flows.find(session, slug)
    if row is None:
        raise drawing.missing(slug)
    if row.live_number is None:
        raise RequestError(
            f"«{row.name}» has not been published.",
            status=409,
            code="E-NOT-PUBLISHED",
            cure="Publish it first, or plan its draft.",
        )
    return row.live_number


def again(
    run_id: str,
    what: Retry,
    by: str,
    kind: str = "retry",
    corrected: Callable[[Record], Record] | None = None,
) -> tuple[str, int]:
    """A new run with the records of another one that have not got through; answers its id and how many.

    ``corrected`` gives each record the data with which it is to go on.
    Asked twice while nothing has changed, it is one run. Raises RequestError (404, 409, 410).
    """
    installation = here()
    with installation.database.read() as session:
        run = progress.get(session, run_id)
        if run is None:
            raise RequestError(f"There is no run {run_id!r}.", status=404, code="E-NOT-FOUND")
        outcomes = {"failed": FAILED, "held": HELD, "keys": (*FAILED, *HELD)}[what.only]
        stops = reentry.outstanding(session, run_id, outcomes, what.keys if what.only == "keys" else None)
        versions = {stop.run_id: _run(session, stop.run_id).version_id for stop in stops}
        row = flows.get(session, run.flow_id)
    version_id = run.version_id
    if what.version == "current":
        version_id = _live(row)
    plans = {stop_run: installation.runtime.plan(version) for stop_run, version in versions.items()}
    plan = installation.runtime.plan(version_id)
    with installation.database.write() as session:
        entries, count = _entries(session, plans, stops, plan, what)
        if corrected is not None:
            entries = {node: [corrected(record) for record in some] for node, some in entries.items()}
        started = _inside(session, run, version_id, plan, stops, entries, Cause(kind, by), row)
    installation.ring(started.run, started.lanes)
    return started.run, count


def _entries(
    session: Any, plans: Mapping[str, Plan], stops: Sequence[Stop], plan: Plan, what: Retry
) -> tuple[dict[str, list[Record]], int]:
    if what.origin == "failed-node" or not stops:
        found = reentry.gather(session, plans, stops, plan)
        return found.entries, found.records
    entries: dict[str, list[Record]] = {}
    roots = {(stop.run_id, stop.lane, stop.batch, stop.root) for stop in stops}
    for run_id, lane, batch, root in sorted(roots):
        for node, record in records.entered(session, run_id, lane, batch, root):
            if node_of(node) not in plan.nodes:
                raise RequestError(
                    "The step at which the records entered is no longer in the flow.",
                    status=409,
                    code="E-NODE-GONE",
                    cure="Retry on the version of the run.",
                )
            entries.setdefault(node, []).append(record)
    if not entries:
        raise RequestError("The data of this run has been cleaned up.", status=410, code="E-GONE")
    return entries, len({stop.root for stop in stops})


def _inside(
    session: Any,
    run: Run,
    version_id: int,
    plan: Plan,
    stops: Sequence[Stop],
    entries: Mapping[str, Sequence[Record]],
    cause: Cause,
    row: flows.FlowRow | None,
) -> Started:
    """The cause key names what is stopped where, so that pressing twice is one run."""
    places = sorted(f"{stop.run_id}/{stop.root}/{stop.key}/{stop.node}" for stop in stops)
    if cause.kind == "correction":
        places += [fingerprint(record.data) for some in entries.values() for record in some]
    bindings = drawing.bind_missing(session, plan.flow, row.bound() if row else {})
    _refuse_unbound(plan.flow, bindings)
    return launch.start_inside(
        session,
        flow_id=run.flow_id,
        version_id=version_id,
        bindings=bindings,
        mode=run.mode,
        cause=Cause(cause.kind, cause.by, idempotency_key("again", run.id, *places)),
        entries=entries,
        parent=run.id,
        batch_size=plan.flow.policy.batch_size,
    )


def _version(session: Any, row: flows.FlowRow, mode: Mode, number: int | None) -> flows.FlowVersion:
    """The version to follow."""
    if mode == "live" and row.state == "paused":
        raise RequestError(
            f"«{row.name}» is paused.", status=409, code="E-NOT-LIVE", cure="Resume it, then run it."
        )
    if number is None and mode != "live":
        return flows.snapshot(session, row)
    found = (
        flows.version(session, row, number)
        if number is not None
        else flows.version_by_id(session, row.live_version_id)
        if row.live_version_id is not None
        else None
    )
    if found is None:
        raise RequestError(
            f"«{row.name}» has no version {number}." if number else f"«{row.name}» has not been published.",
            status=409,
            code="E-NOT-PUBLISHED",
            cure="Publish it first, or try it as a dry run.",
        )
    return found


def _live(row: flows.FlowRow | None) -> int:
    if row is None or row.live_version_id is None:
        raise RequestError(
            "The flow has no published version.", status=409, code="E-NOT-PUBLISHED", cure="Publish it first."
        )
    return row.live_version_id


def _run(session: Any, run_id: str) -> Run:
    run = progress.get(session, run_id)
    assert run is not None  # a delivery names it, and runs are never deleted
    return run


def _id(version: flows.FlowVersion) -> int:
    assert version.id is not None  # it has been stored
    return version.id


def _refuse_unbound(flow: Flow, bindings: Mapping[str, str]) -> None:
    missing = drawing.must_be_bound(flow, bindings)
    if missing:
        raise DefinitionError(missing, f"It cannot run: {missing[0].message}")
