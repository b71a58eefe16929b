"""A state machine over the executor: random work, crashes, vices and presses, and still each write once.

Two workers share a database. They crash at random named points (the process dies in the tests of
tests/durability; here an exception that nothing catches takes its place, which lets thousands of
interleavings be tried), calls lose their answers, the system is busy, causes are doubled.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine import clock, faults, launch
from engine.errors import InDoubt, Unavailable
from engine.launch import Cause
from engine.record import COUNTED, Change, from_json
from engine.store import lanes
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.toys import Bench, World, toy_flow, toys

LEASE = 0.15


class Crash(BaseException):
    """The end of a worker, without a word."""


class ExactlyOnce(RuleBasedStateMachine):
    """The promises: nothing twice, nothing lost, counts add up."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(f"sqlite:///{Path(self.folder.name) / 'heddle.db'}")
        self.database.migrate()
        self.toys = toys()
        self.toys.__enter__()
        self.runs: list[str] = []
        self.causes = itertools.count()
        self.real_point: Callable[[str], None] = faults.point

    @initialize(
        rows=st.integers(1, 40),
        lane_count=st.integers(1, 3),
        size=st.integers(1, 15),
        writes=st.integers(1, 2),
        means=st.sampled_from(["match", "key"]),
        names=st.sampled_from([0, 0, 1, 5]),
    )
    def begin(self, rows: int, lane_count: int, size: int, writes: int, means: Any, names: int) -> None:
        """``names``: so many different names, by which objects are recognised; 0 recognises by the reference."""
        self.world = World(rows)
        self.world.means = means
        self.by_name = bool(names) and means == "match"
        for at, row in enumerate(self.world.source.values()):
            row["name"] = f"Name {at % names}" if self.by_name else row["name"]
        match = (("name",) if self.by_name else ("ref",)) if means == "match" else ()
        operation = "upsert" if means == "match" else "create"
        flow = toy_flow(
            lanes=lane_count, batch_size=size, writes=writes if match else 1, operation=operation, match=match
        )
        self.bench = Bench(self.database, self.world, flow)
        self.bench.timeout = 0.05
        self.press(again=False)

    @rule(again=st.booleans())
    def press(self, again: bool) -> None:
        """Starts a run; ``again`` repeats the cause of the last one."""
        number = next(self.causes) if not again or not self.runs else len(self.runs) - 1
        with self.database.write() as session:
            started = launch.start(
                session, self.bench.plan, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R"},
                mode="live", cause=Cause("button", "", f"press-{number}"),
            )  # fmt: skip
        if again and self.runs:
            assert not started.new
        if started.new:
            self.runs.append(started.run)

    @rule(point=st.sampled_from(faults.IN_A_WORKER), nth=st.integers(1, 4))
    def crash(self, point: str, nth: int) -> None:
        """A worker takes up whatever waits, and dies at the nth passing of a point."""
        left = [nth]

        def armed(name: str) -> None:
            if name == point:
                left[0] -= 1
                if left[0] <= 0:
                    raise Crash(point)

        faults.point = armed  # type: ignore[assignment]
        try:
            self._advance_all()
        except Crash:
            time.sleep(LEASE)
        finally:
            faults.point = self.real_point

    @rule(times=st.integers(1, 3))
    def lose_answers(self, times: int) -> None:
        self.world.after_write = self._hook(times, lambda: InDoubt("lost", sent_at=clock.now(), timeout=0.05))

    @rule(times=st.integers(1, 3))
    def be_busy(self, times: int) -> None:
        self.world.before_write = self._hook(
            times, lambda: Unavailable("busy", code="E-UNREACHABLE", retry_after=0.01)
        )

    @rule()
    def work(self) -> None:
        self._advance_all()

    @invariant()
    def nothing_twice(self) -> None:
        if hasattr(self, "world"):
            made = [row["name"] for row in self.world.target] if self.by_name else self.world.created()
            doubled = {ref: n for ref, n in Counter(made).items() if n > 1}
            assert not doubled

    def teardown(self) -> None:
        """Whatever happened: left alone, everything comes to a good end."""
        if hasattr(self, "world"):
            until = time.monotonic() + 30
            while not self._over():
                self._advance_all()
                time.sleep(0.01)
                assert time.monotonic() < until, "the runs do not end"
            self.nothing_twice()
            if self.by_name:
                names = {row["name"] for row in self.world.source.values()}
                assert {row["name"] for row in self.world.target} == names, "something was lost"
            else:
                assert sorted(self.world.created()) == sorted(self.world.source), "something was lost"
            self._judge_counts()
        self.toys.__exit__(None, None, None)
        self.database.close()
        self.folder.cleanup()

    def _advance_all(self) -> None:
        with self.database.read() as session:
            waiting = lanes.unattended(session, 0.0)
        executor = self.bench.executor(lease=LEASE, slice=1.0)
        for run_id, lane in waiting:
            executor.advance(run_id, lane)

    def _over(self) -> bool:
        with self.database.read() as session:
            return all(session.get(Run, run_id).ended_at is not None for run_id in self.runs)  # type: ignore[union-attr]

    def _judge_counts(self) -> None:
        with self.database.read() as session:
            for run_id in self.runs:
                run = session.get(Run, run_id)
                assert run is not None
                found = from_json(run.counts or "{}")
                assert found["read"] == len(self.world.source)
                assert found["read"] == sum(found[name] for name in COUNTED)
                assert not found["failed"]

    def _hook(self, times: int, error: Callable[[], Exception]) -> Callable[[Sequence[Change]], None]:
        left = [times]

        def hook(changes: Sequence[Change]) -> None:
            if left[0] > 0:
                left[0] -= 1
                raise error()

        return hook


quick = settings(
    max_examples=12,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestExactlyOnce = ExactlyOnce.TestCase
TestExactlyOnce.settings = quick


@pytest.mark.long
class TestExactlyOnceLong(ExactlyOnce.TestCase):  # type: ignore[name-defined, misc]
    settings = settings(quick, max_examples=300, stateful_step_count=30)
