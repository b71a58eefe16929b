"""Runs of one flow that must not overlap, and events that settle into one run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from engine import launch
from engine.flow import Overlap
from engine.launch import Cause, Started
from engine.record import from_json
from engine.store import lanes
from engine.store.database import Database
from engine.store.runs import Run
from tests.conftest import Clock
from tests.engine.clockwork import Clocked, drawn
from tests.engine.toys import Bench, World, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


class Crowd:
    """A published flow that many start."""

    def __init__(
        self, database: Database, overlap: Overlap, rows: int = 3, trigger: str = "manual", **settings: Any
    ) -> None:
        self.clocked = Clocked(database)
        flow = drawn(trigger, settings, overlap=overlap)
        self.row = self.clocked.publish(flow)
        self.bench = Bench(database, World(rows), flow)
        self.database = database

    def start(self, key: str | None = None, mode: str = "live", brought: Any = None) -> Started:
        with self.database.write() as session:
            return launch.start(
                session,
                self.bench.plan,
                flow_id=self.row.id,
                version_id=self.row.live_version_id or 0,
                bindings={"left": "L", "right": "R"},
                mode=mode,
                cause=Cause("manual", "", key),
                brought=brought,
                trigger="start",
            )

    def start_many(self, number: int) -> None:
        """So many triggers at the same time."""
        problems: list[BaseException] = []
        ready = threading.Barrier(number)

        def go() -> None:
            ready.wait()
            try:
                self.start()
            except BaseException as error:
                problems.append(error)

        threads = [threading.Thread(target=go) for _ in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []

    def claimed(self) -> list[str]:
        """The runs of which a worker gets a lane now."""
        found = []
        for run in self.clocked.runs():
            with self.database.write() as session:
                if lanes.claim(session, run.id, 0, "worker", 1000.0) is not None:
                    found.append(run.id)
        return found

    def work(self) -> int:
        """Workers answer until nothing is left; the highest number of runs that were at work at once."""
        executor, most = self.bench.executor(slice=0.001), 0
        for _ in range(600):
            with self.database.read() as session:
                waiting = lanes.unattended(session, -1.0)
            if not waiting:
                return most
            for run, lane in waiting:
                executor.advance(run, lane)
                most = max(
                    most,
                    sum(one.started_at is not None and one.ended_at is None for one in self.clocked.runs()),
                )
        raise AssertionError("the work does not end")


def test_fifty_triggers_that_wait_for_each_other_work_one_at_a_time(database: Database) -> None:
    crowd = Crowd(database, Overlap(kind="queue"))
    crowd.start_many(50)
    assert len(crowd.claimed()) == 1
    with database.write() as session:
        for run in crowd.clocked.runs():
            session.connection().execute(
                lanes.Lane.__table__.update().where(lanes.Lane.run_id == run.id).values(owner=None, until=0.0)  # type: ignore[attr-defined, arg-type]
            )
    assert crowd.work() <= 1
    done = crowd.clocked.runs("done")
    assert len(done) == 50
    spans = sorted((run.started_at or 0.0, run.ended_at or 0.0) for run in done)
    assert all(one[1] <= two[0] for one, two in pairwise(spans))


def test_fifty_triggers_of_which_all_but_one_are_left_out(database: Database) -> None:
    crowd = Crowd(database, Overlap(kind="skip"))
    crowd.start_many(50)
    left_out = crowd.clocked.runs("cancelled")
    assert len(left_out) == 49
    assert all("was not over" in run.message and run.ended_at is not None for run in left_out)
    assert all(from_json(run.counts or "")["read"] == 0 for run in left_out)
    crowd.work()
    assert len(crowd.clocked.runs("done")) == 1
    crowd.start()
    crowd.work()
    assert len(crowd.clocked.runs("done")) == 2


def test_fifty_triggers_of_which_the_newest_stays(database: Database) -> None:
    crowd = Crowd(database, Overlap(kind="cancel-older"))
    crowd.start_many(50)
    crowd.work()
    runs = crowd.clocked.runs()
    assert [run.state for run in runs if run.state != "cancelled"] == ["done"]
    assert {run.message for run in runs if run.state == "cancelled"} == {"Cancelled by a newer run."}
    assert all(run.ended_at is not None for run in runs)


def test_a_newer_run_waits_until_the_older_has_really_stopped(database: Database) -> None:
    crowd = Crowd(database, Overlap(kind="cancel-older"))
    older = crowd.start().run
    with database.write() as session:
        assert lanes.claim(session, older, 0, "worker", 1000.0) is not None
    newer = crowd.start().run
    assert crowd.claimed() == []
    with database.write() as session:
        session.connection().execute(
            Run.__table__.update().where(Run.id == older).values(ended_at=1.0)  # type: ignore[attr-defined, arg-type]
        )
    assert crowd.claimed() == [newer]


def test_at_most_n_work_at_once(database: Database) -> None:
    crowd = Crowd(database, Overlap(kind="parallel", parallel=3))
    crowd.start_many(50)
    assert len(crowd.claimed()) == 3


def test_without_a_policy_all_go_at_once_and_tries_never_wait(database: Database) -> None:
    crowd = Crowd(database, Overlap())
    crowd.start_many(10)
    assert len(crowd.claimed()) == 10
    queued = Crowd(database, Overlap(kind="queue"))
    queued.start()
    dry = queued.start(mode="dry-run").run
    assert dry in queued.claimed()


def test_a_finished_run_rings_for_the_one_that_waits(database: Database) -> None:
    crowd = Crowd(database, Overlap(kind="queue"))
    first, second = crowd.start(), crowd.start()
    executor = crowd.bench.executor()
    executor.advance(second.run, 0)
    assert crowd.bench.world.read_calls == 0
    rings = [(first.run, 0)]
    for _ in range(50):
        if not rings:
            break
        executor.advance(*rings.pop(0))
        rings += crowd.bench.rings
        crowd.bench.rings.clear()
    assert [run.state for run in crowd.clocked.runs()] == ["done", "done"], "without any sweeper"


def test_the_same_cause_is_left_out_or_queued_once(database: Database) -> None:
    crowd = Crowd(database, Overlap(kind="skip"))
    crowd.start("a")
    second = crowd.start("b")
    assert crowd.start("b") == Started(second.run, [], new=False)
    assert len(crowd.clocked.runs()) == 2


def settling(database: Database) -> Crowd:
    return Crowd(database, Overlap(), trigger="webhook", rows=5, settle_seconds=10)


def test_events_on_one_record_settle_into_one_run_with_the_last_word(
    database: Database, clock: Clock
) -> None:
    crowd = settling(database)
    runs = {crowd.start(brought={"id": 7, "ids": ["S000001"], "n": n}).run for n in range(4)}
    other = crowd.start(brought={"id": 8, "ids": ["S000002"]}).run
    assert len(runs) == 1
    assert other not in runs
    assert crowd.claimed() == []
    (run,) = [run for run in crowd.clocked.runs() if run.id in runs]
    assert from_json(run.input or b"")["n"] == 3
    clock.advance(5)
    crowd.start(brought={"id": 7, "ids": ["S000001"], "n": 4})
    clock.advance(5.5)
    crowd.work()
    assert sorted(crowd.bench.world.created()) == ["S000001", "S000002"]
    assert len(crowd.clocked.runs("done")) == 2
    assert crowd.start(brought={"id": 7, "ids": ["S000001"]}).run not in runs, "a new time begins"
