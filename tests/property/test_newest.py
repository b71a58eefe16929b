"""A state machine over objects that change while they are read, or whose messages come late, twice and out of order.

Rows move between pages as they change; runs work beside each other, wait, die and sleep; the target refuses what it
took before, until its shape is put right; what failed is tried again. The newest state of each object stays.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import select

from engine import clock, faults, launch, reentry
from engine.connector import Query
from engine.errors import Unavailable
from engine.launch import Cause
from engine.record import Change, Outcome, Page, Record, Result, from_json
from engine.store import lanes
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.faults import Killed, after, at_point, raising, use
from tests.engine.test_executor import start
from tests.engine.test_messages import Inbox
from tests.engine.toys import Bench, Toy, World, toy_flow, toys

LEASE, PAGE = 5.0, 3
TIMEOUT = 8.0
"""Of a call: longer than anybody sleeps amid one. What is carried out after its time limit nobody can wait for."""


class Restless(World):
    """``between``: objects that change between two pages. ``misfits``: the target has lost a field. ``written``: which
    version of which object, in the order of writing."""

    def __init__(self) -> None:
        super().__init__()
        self.between: list[str] = []
        self.misfits = False
        self.written: dict[str, list[int]] = {}
        self.versions = itertools.count(1)

    def change(self, key: str) -> dict[str, Any]:
        version = next(self.versions)
        self.source.pop(key, None)  # what has changed moves to the end
        self.source[key] = {"id": key, "name": f"{key}.{version}", "version": version}  # type: ignore[dict-item]
        return dict(self.source[key])


class RestlessToy(Toy):
    """Reads in the order of change, a few rows a page."""

    world: Restless

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        while cursor is not None and self.world.between:
            self.world.change(self.world.between.pop())
        rows = [row for key, row in self.world.source.items() if query.keys is None or key in query.keys]
        rest = [row for row in rows if int(row["version"]) > (cursor or 0)]
        records = [Record(row["id"], dict(row), version=str(row["version"])) for row in rest[:PAGE]]
        return Page(records, int(rest[PAGE - 1]["version"]) if len(rest) > PAGE else None)

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        if self.world.misfits:
            lost = Result(Outcome.FAILED, code="T-SHAPE", message="name is not a field.", field="name")
            return [msgspec.structs.replace(lost, remote_id=change.remote_id) for change in changes]
        results = super()._write(entity, changes)
        for change in changes:
            key, _, version = change.data["name"].partition(".")
            self.world.written.setdefault(key, []).append(int(version))
        return results


class Newest(RuleBasedStateMachine):
    """The promises: no older state over a newer one, and the newest of all in the end."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "heddle.db"
        shutil.copyfile(self.template, path)
        self.database = Database(f"sqlite:///{path}")
        self.untold: list[dict[str, Any]] = []
        self.crossed = False

    @initialize(told=st.booleans(), lane_count=st.integers(1, 2))
    def begin(self, told: bool, lane_count: int) -> None:
        """A flow that reads, or one that is told."""
        self.told, self.world = told, Restless()
        flow = toy_flow(operation="upsert", batch_size=2, lanes=lane_count)
        self.bench = Inbox(self.database) if told else Bench(self.database, self.world, flow)
        self.bench.world, self.bench.timeout = self.world, TIMEOUT
        use(self.bench, RestlessToy)
        for key in "ABCDE":
            self.happen(key)
        self.tell(0, 1)

    @rule(key=st.sampled_from("ABCDE"))
    def happen(self, key: str) -> None:
        self.untold.append(self.world.change(key))

    @rule(at=st.integers(0, 9), times=st.integers(1, 2))
    def tell(self, at: int, times: int) -> None:
        """A message goes out, perhaps twice, whichever comes first; or a run begins to read."""
        if not isinstance(self.bench, Inbox):
            start(self.bench)
        elif self.untold:
            message = self.untold.pop(at % len(self.untold))
            for _ in range(times):
                self.bench.tell(message["name"], message["version"], message["id"])

    @rule(keys=st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=3))
    def move(self, keys: list[str]) -> None:
        """They change while somebody reads."""
        self.world.between += keys

    @rule(misfits=st.booleans())
    def change_shape(self, misfits: bool) -> None:
        self.world.misfits = misfits

    @rule(calls=st.integers(0, 2))
    def refuse(self, calls: int) -> None:
        """Whoever writes has to wait; others may go on meanwhile."""
        busy = raising(lambda: Unavailable("Busy.", retry_after=8.0))
        self.world.before_write = after(calls, 1, busy)

    @rule(landed=st.booleans())
    def intrude(self, landed: bool) -> None:
        """While a call, or its answer, is on the way, another worker takes up everything there is. What was read is not
        written in turn: an older state may stand for a moment."""

        def hook(changes: Sequence[Change]) -> None:
            self.world.before_write = self.world.after_write = lambda changes: None
            self.crossed = not self.told
            self.tell(0, 1)
            self.work()

        if landed:
            self.world.after_write = hook
        else:
            self.world.before_write = hook

    @rule(point=st.sampled_from(faults.IN_A_WORKER), nth=st.integers(1, 5), dies=st.booleans())
    def stop(self, point: str, nth: int, dies: bool) -> None:
        """A worker dies, or sleeps past its lease while another does what there is to do."""

        def act() -> None:
            if dies:
                raise Killed(point)
            clock._skew += LEASE + 1
            if point != "before-close":  # that is within a transaction
                self.work()

        with at_point(point, nth, act):
            self.work()

    @rule(seconds=st.sampled_from([1.0, 9.0]))
    def wait(self, seconds: float) -> None:
        clock._skew += seconds

    @rule()
    def work(self) -> None:
        with self.database.read() as session:
            waiting = lanes.unattended(session, -1.0)
        executor = self.bench.executor(lease=LEASE, slice=1.0)
        try:
            for run_id, lane in waiting:
                executor.advance(run_id, lane)
        except Killed:
            clock._skew += LEASE + 1

    @rule()
    def retry(self) -> None:
        self._retry()

    def _retry(self) -> bool:
        """What has failed is tried again as it was. Whether there was anything."""
        with self.database.read() as session:
            runs = [run for run in session.exec(select(Run)) if run.ended_at and not run.parent_id]
            stops = {run.id: reentry.outstanding(session, run.id, ("failed",), None) for run in runs}
        for run in runs:
            if some := stops[run.id]:
                with self.database.write() as session:
                    plans = {stop.run_id: self.bench.plan for stop in some}
                    launch.start_inside(
                        session, flow_id=run.flow_id, version_id=run.version_id,
                        bindings=from_json(run.bindings), mode="live", cause=Cause("retry", "me"),
                        entries=reentry.gather(session, plans, some, self.bench.plan).entries, parent=run.id,
                    )  # fmt: skip
        return any(stops.values())

    @invariant()
    def never_back(self) -> None:
        if hasattr(self, "world") and not self.crossed:
            for key, versions in self.world.written.items():
                assert versions == sorted(versions), f"an older state of {key} over a newer one"

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.misfits = False
            while self.told and self.untold:
                self.tell(0, 1)
            start(self.bench) if not self.told else None
            for _ in range(200):
                clock._skew += 9.0
                self.work()
                if self._over() and not self._retry():
                    break
            self.never_back()
            assert {row["ref"]: row["name"] for row in self.world.target} == {
                key: row["name"] for key, row in self.world.source.items()
            }
            assert len(self.world.target) == len(self.world.source), "something was written twice"
        self.database.close()
        self.folder.cleanup()
        clock._skew = 0.0

    def _over(self) -> bool:
        with self.database.read() as session:
            return session.exec(select(Run.id).where(Run.ended_at == None)).first() is None  # noqa: E711


@pytest.fixture(autouse=True)
def _scene(sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(clock, "_skew", 0.0)
    Newest.template = sqlite_template
    with toys():
        yield


QUICK = settings(
    max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_the_newest_state_stays() -> None:
    run_state_machine_as_test(Newest, settings=QUICK)  # type: ignore[no-untyped-call]


@pytest.mark.long
def test_the_newest_state_stays_whatever_happens() -> None:
    """The same, longer."""
    longer = settings(QUICK, max_examples=200, stateful_step_count=30, print_blob=True)
    run_state_machine_as_test(Newest, settings=longer)  # type: ignore[no-untyped-call]
