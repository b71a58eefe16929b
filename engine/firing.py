"""Firing what fires by itself: the clock's triggers and those that follow another flow.

The database decides. A firing and the run it starts are one transaction, guarded by the row's version, and
the run's cause key names the moment: two schedulers, a crash or a clock set back start nothing twice, and
what was due while nobody ran is found by the next one that does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from engine import clock, faults, launch
from engine.errors import DefinitionError, HeddleError, Problem, Unavailable
from engine.launch import Cause, Started
from engine.node import After, TriggerNode
from engine.plan import Plan, entry_points
from engine.record import from_json
from engine.schedule import Timer, between, following, latest
from engine.store import flows, schedules, turns
from engine.store.database import Database, Session
from engine.store.flows import FlowRow
from engine.store.runs import Run
from engine.store.schedules import Schedule

GRACE = 60.0
"""Seconds after which a firing counts as missed."""

CHUNK = 100
"""Missed firings made up for in one go; the rest follows."""

Rings = list[tuple[str, int]]
log = logging.getLogger("heddle.firing")


def arm(session: Session, row: FlowRow, plan: Plan) -> None:
    """Notes when the triggers of a flow's live version fire. Raises DefinitionError when flows chase each other."""
    wanted: dict[str, Timer | After] = {}
    for name in plan.triggers:
        node = plan.nodes[name]
        wish = (node.timer or node.after) if isinstance(node, TriggerNode) else None
        if wish is not None:
            wanted[name] = wish
            if isinstance(wish, After):
                _refuse_circle(session, row, name, wish)
    schedules.arm(session, row.id, wanted)


def _refuse_circle(session: Session, row: FlowRow, node: str, wish: After) -> None:
    seen, todo = set(), [wish.flow]
    while todo:
        slug = todo.pop()
        if slug == row.slug:
            message = f"«{row.name}» and «{wish.flow}» would start each other for ever."
            raise DefinitionError([Problem("E-CHAIN", message, "Choose another flow.", node, field="flow")])
        if slug not in seen:
            seen.add(slug)
            todo.extend(schedules.sources(session, slug))


@dataclass
class Clockwork:
    """One per scheduler process. ``plans`` gives the plan of a flow version."""

    database: Database
    plans: Callable[[int], Plan]
    _armed: dict[str, int] = field(default_factory=dict)

    def fire_due(self) -> Rings:
        """Starts everything that is due; answers the lanes to ring for. One bad trigger stops no other.

        Raises Unavailable when the database cannot be used.
        """
        self._arm_published()
        with self.database.read() as session:
            due, chains = schedules.due(session), schedules.chains(session)
        rings: Rings = []
        for fire, rows in ((self._fire, due), (self._follow, chains)):
            for row in rows:
                try:
                    rings += fire(row)
                except Unavailable:
                    raise
                except HeddleError as error:
                    log.warning("schedule %s of flow %s: %s", row.id, row.flow_id, error)
                    self._give_up(row, f"{error.message} {error.cure}".strip())
                except Exception:
                    log.exception("schedule %s of flow %s", row.id, row.flow_id)
                    self._give_up(row, "Heddle failed to start it; the log of the scheduler says more.")
        return rings

    def catch_up(self, schedule_id: int, choice: str) -> tuple[list[str], Rings]:
        """Decides on missed firings: skip, last or all. Answers the runs, and what to ring for.

        Decided twice, the second finds nothing left. Raises the errors of a flow that cannot run.
        """
        with self.database.read() as session:
            row = schedules.get(session, schedule_id)
            flow = flows.get(session, row.flow_id) if row else None
        if row is None or flow is None:
            return [], []
        waiting = row.waiting()
        if not waiting:
            return [], []
        chosen = {"skip": [], "last": waiting[-1:], "all": waiting}[choice]
        plan = self.plans(flow.live_version_id or 0) if chosen else None
        with self.database.write() as session:
            if not schedules.advance(session, row, asked="[]", missed=len(waiting) - len(chosen)):
                return [], []
            started = [self._start(session, plan, flow, row, moment) for moment in chosen] if plan else []
        return [one.run for one in started], _rings(started)

    def _arm_published(self) -> None:
        """However a version came to be live, its triggers are known within one round."""
        with self.database.read() as session:
            fresh = [
                row
                for row in flows.all_flows(session)
                if row.live_version_id is not None and self._armed.get(row.id) != row.live_version_id
            ]
        for row in fresh:
            version = row.live_version_id or 0
            try:
                plan = self.plans(version)
                with self.database.write() as session:
                    current = flows.find(session, row.slug, lock=True)
                    if current is not None and current.live_version_id == version:
                        arm(session, current, plan)
            except Unavailable:
                raise
            except HeddleError as error:
                log.warning("flow %s cannot be put on the clock: %s", row.slug, error)
            except Exception:
                log.exception("flow %s cannot be put on the clock; it is tried again", row.slug)
                continue
            self._armed[row.id] = version

    def _fire(self, row: Schedule) -> Rings:
        """What this trigger owes up to now, by its policy for missed firings."""
        if row.next_at is None:
            return []
        timer, at = row.timer(), clock.now()
        timing, anchor = timer.timing, row.anchor
        moments, values = self._owed(row, timer, at)
        done = moments[-1] if timer.missed == "all" else latest(timing, row.next_at, at, anchor)
        values = {"next_at": following(timing, done, anchor), "last_at": done, "message": "", **values}
        return self._launch(row, moments, values, alone=timer.alone)

    def _owed(self, row: Schedule, timer: Timer, at: float) -> tuple[list[float], dict[str, Any]]:
        """The firings to start now, and what to note about the others."""
        first = row.next_at or 0.0
        if timer.missed == "all":
            return list(islice(between(timer.timing, first, at, row.anchor), CHUNK)), {"missed": 0}
        newest = latest(timer.timing, first, at, row.anchor)
        start = [newest] if timer.missed == "last" or newest >= at - GRACE else []
        some = list(islice(between(timer.timing, first, at, row.anchor), schedules.ASKED))
        left = [moment for moment in some if moment not in start]
        if timer.missed == "ask":
            return start, {"asked": schedules.ask(row, left), "missed": 0}
        return start, {"missed": len(left)}

    def _launch(
        self, row: Schedule, moments: Iterable[float], values: dict[str, Any], *, alone: bool
    ) -> Rings:
        with self.database.read() as session:
            flow = flows.get(session, row.flow_id)
        if flow is None or flow.live_version_id is None:
            return []
        plan = self.plans(flow.live_version_id)
        with self.database.write() as session:
            busy = turns.open_runs(session, flow.id) if alone else []
            if busy:
                values["message"] = (
                    "Left out while a run is at work; the next one reads all that changed since."
                )
            if not _as_read(session, flow) or not schedules.advance(session, row, **values):
                return []
            faults.point("after-due")
            return _rings(
                [] if busy else [self._start(session, plan, flow, row, moment) for moment in moments]
            )

    def _start(self, session: Session, plan: Plan, flow: FlowRow, row: Schedule, moment: float) -> Started:
        told = clock.iso(moment)
        brought = {"id": _name(flow, row, told), "at": told} if entry_points(plan, row.node) else None
        key = f"schedule:{flow.id}:{row.node}:{told}"
        return self._run(session, plan, flow, row, Cause("schedule", "", key), brought)

    def _follow(self, row: Schedule) -> Rings:
        """Starts one run for each run of the other flow that ended as wanted."""
        with self.database.read() as session:
            ended = schedules.ended(session, row)
            flow = flows.get(session, row.flow_id)
        wanted = [run for run in ended if _as_wanted(run, row.after())]
        newest = max((run.ended_at or 0.0 for run in ended), default=0.0)
        if flow is None or flow.live_version_id is None or (newest <= (row.last_at or 0.0) and not wanted):
            return []
        plan = self.plans(flow.live_version_id)
        with self.database.write() as session:
            moved = {"last_at": max(newest, row.last_at or 0.0), "message": ""}
            if not _as_read(session, flow) or not schedules.advance(session, row, **moved):
                return []
            faults.point("after-due")
            return _rings([self._after(session, plan, flow, row, run) for run in wanted])

    def _after(self, session: Session, plan: Plan, flow: FlowRow, row: Schedule, run: Run) -> Started:
        brought = None
        if entry_points(plan, row.node):
            counts = from_json(run.counts or "{}")
            brought = {
                "id": _name(flow, row, run.id),
                "run": run.id,
                "flow": row.after().flow,
                "state": run.state,
                "counts": counts,
            }
        cause = Cause("after", row.after().flow, schedules.chain_key(row, run.id))
        return self._run(session, plan, flow, row, cause, brought)

    def _run(
        self, session: Session, plan: Plan, flow: FlowRow, row: Schedule, cause: Cause, brought: Any
    ) -> Started:
        started = launch.start(
            session,
            plan,
            flow_id=flow.id,
            version_id=flow.live_version_id or 0,
            bindings=flow.bound(),
            mode="live",
            cause=cause,
            brought=brought,
            trigger=row.node,
        )
        schedules.note_run(session, row.id, started.run)
        return started

    def _give_up(self, row: Schedule, why: str) -> None:
        """The flow cannot run: say so, and try again at the next firing."""
        values: dict[str, Any] = {"message": why}
        if row.kind == "time":
            values["next_at"] = following(row.timer().timing, clock.now(), row.anchor)
        with self.database.write() as session:
            schedules.advance(session, row, **values)


def _name(flow: FlowRow, row: Schedule, event: str) -> str:
    """The id of what a start brings: what two flows, or two starts of one, make of the same moment, or of the same run, are
    two things, also in the same system."""
    return f"{flow.slug} {row.node} {event}"


def _as_read(session: Session, flow: FlowRow) -> bool:
    """Whether the flow is still live in the version that was read; from here on it stays so."""
    turns.lock(session, flow.id)
    row = flows.get(session, flow.id)
    return row is not None and row.state == "live" and row.live_version_id == flow.live_version_id


def _as_wanted(run: Run, wish: After) -> bool:
    counts = from_json(run.counts or "{}")
    failed, held = counts.get("failed", 0), counts.get("held", 0)
    if wish.when == "over":
        return run.state in ("done", "failed")
    if wish.when == "failed":
        return run.state == "failed" or failed > 0
    return run.state == "done" and (wish.when == "done" or not (failed or held))


def _rings(started: Iterable[Started]) -> Rings:
    return [(one.run, lane) for one in started if one.new for lane in one.lanes]
