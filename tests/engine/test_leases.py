"""Leases: who may still send, whatever clocks show, and which records are to blame when one is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlmodel import select

from engine import clock as time_of_day
from engine.errors import Unavailable
from engine.node import Outbox
from engine.record import Record
from engine.store import lanes
from engine.store.database import Database
from engine.store.deliveries import Delivery
from engine.store.lanes import Lane
from engine.store.runs import Run
from tests.conftest import Clock
from tests.engine.faults import Killed, at_point, broken_database
from tests.engine.test_convoy import Company
from tests.engine.test_executor import counts, start
from tests.engine.toys import Bench, ToyMap, World, toy_flow, toys

LEASE = 9.0


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(time_of_day, "_wrong", 0.0)
    with toys():
        yield


def bench_of(database: Database, rows: int) -> Bench:
    return Bench(database, World(rows), toy_flow())


def work(bench: Bench) -> None:
    """A fresh worker takes up whatever waits."""
    with bench.database.read() as session:
        waiting = lanes.unattended(session, -1.0)
    executor = bench.executor(lease=LEASE)
    for run_id, lane in waiting:
        executor.advance(run_id, lane)


def run_of(bench: Bench) -> Run:
    with bench.database.read() as session:
        return session.exec(select(Run)).one()


Befall = Callable[[Clock, pytest.MonkeyPatch], None]


def trap(patch: pytest.MonkeyPatch, act: Callable[[], None]) -> list[int]:
    """Lets something happen whenever the first record is walked; answers how often it was."""
    real, passed = ToyMap.process, [0]

    def process(self: Any, records: Sequence[Record], out: Outbox) -> None:
        if any(record.key == "S000000" for record in records):
            passed[0] += 1
            act()
        real(self, records, out)

    patch.setattr(ToyMap, "process", process)
    return passed


def test_a_worker_that_is_starved_again_and_again_does_no_record_harm(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = trap(monkeypatch, lambda: clock.advance(LEASE + 1 if tries[0] < 6 else 0.0))
    bench = bench_of(database, 1)
    start(bench)
    for _ in range(6):
        work(bench)
    assert tries == [6]
    assert counts(run_of(bench)) == {"read": 1, "created": 1}


def test_small_runs_that_are_starved_together_come_to_no_harm_either(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = trap(monkeypatch, lambda: clock.advance(LEASE + 1 if tries[0] < 6 else 0.0))
    bench = Company(database)
    bench.call("S000000", "S000001")
    for _ in range(7):
        work(bench)
    assert tries == [6]
    assert {tuple(counts(run).items()) for run in bench.rows(Run)} == {(("read", 1), ("created", 1))}
    assert sorted(bench.world.created()) == ["S000000", "S000001"]


def _dies(clock: Clock, patch: pytest.MonkeyPatch) -> None:
    raise Killed("by a record")


def _hangs(clock: Clock, patch: pytest.MonkeyPatch) -> None:
    """The process computes, and its heart stands still."""
    before = time_of_day.worked
    patch.setattr(time_of_day, "worked", lambda: before() + LEASE)
    clock.advance(LEASE + 1)


@pytest.mark.parametrize("befall", [_dies, _hangs])
def test_a_record_that_kills_or_hangs_fails_alone_after_three_tries(
    database: Database,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    befall: Befall,
) -> None:
    tries = trap(monkeypatch, lambda: befall(clock, monkeypatch))
    bench = bench_of(database, 2)
    start(bench)
    for _ in range(9):
        try:
            work(bench)
        except Killed:
            clock.advance(LEASE + 1)
    assert counts(run_of(bench)) == {"read": 2, "created": 1, "failed": 1}
    assert bench.world.created() == ["S000001"]
    with database.read() as session:
        failed = session.exec(select(Delivery).where(Delivery.outcome == "failed")).one()
    assert "three times" in failed.message
    assert tries == [5], "twice in company, then three times alone"


@pytest.mark.parametrize("seconds", [-300.0, 300.0])
def test_who_has_a_lease_keeps_it_when_the_clock_is_set(
    database: Database, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    bench = bench_of(database, 3)
    start(bench)
    with at_point("before-send", 1, lambda: monkeypatch.setattr(time_of_day, "_wrong", seconds)):
        work(bench)
    assert counts(run_of(bench)) == {"read": 3, "created": 3}
    with database.read() as session:
        assert {lane.fence for lane in session.exec(select(Lane))} == {1}, "claimed once more"


def test_a_clock_that_is_put_back_prolongs_no_lease(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(database, 3)
    start(bench)

    def sleep() -> None:
        clock.advance(LEASE + 1)
        monkeypatch.setattr(time_of_day, "_wrong", -300.0)

    with at_point("before-send", 1, sleep):
        work(bench)
    assert bench.world.write_calls == 0
    for seconds in (300.0, 60.0):
        clock.advance(seconds)
        work(bench)
    assert counts(run_of(bench)) == {"read": 3, "created": 3}


def test_who_sleeps_keeps_the_lease_when_the_clock_is_put_forward(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(database, 3)
    bench.timeout = 30.0
    start(bench)
    seen: list[int] = []

    def sleep() -> None:
        monkeypatch.setattr(time_of_day, "_wrong", 300.0)
        with database.read() as session:
            taken = [one.number for one in session.exec(select(Lane)) if one.owner]
        bench.executor(lease=LEASE).advance(run_of(bench).id, taken[0])
        seen.append(bench.world.write_calls)

    with at_point("before-send", 1, sleep):
        work(bench)
    assert (seen, bench.world.write_calls) == ([0], 1)
    assert counts(run_of(bench)) == {"read": 3, "created": 3}


def test_hosts_go_by_the_clock_of_their_database(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a host that is five minutes ahead a lease stands."""
    bench = bench_of(database, 3)
    run_id = start(bench)
    with database.write() as session:
        assert lanes.claim(session, run_id, 0, "another host", LEASE)
    monkeypatch.setattr(time_of_day, "_wrong", 300.0)
    with database.read() as session:
        assert lanes.is_attended(session, run_id, 0)


def test_a_database_that_fails_again_and_again_is_no_fault_of_the_record(
    database: Database, clock: Clock
) -> None:
    """The worker lives, but cannot give the lane back: that is no attempt of which it died."""
    bench = Bench(database, World(1), toy_flow())
    run_id, executor = start(bench), bench.executor(lease=LEASE)
    for _ in range(2):
        bench.executor(lease=LEASE, slice=0.0).advance(run_id, 0)
    for _ in range(3):
        with (
            broken_database(database, 3, 99, Unavailable("It is away.", code="E-DATABASE")),
            pytest.raises(Unavailable),
        ):
            executor.advance(run_id, 1)
        clock.advance(LEASE + bench.timeout)
    executor.advance(run_id, 1)
    with database.read() as session:
        run = session.get(Run, run_id)
    assert run is not None
    assert counts(run) == {"read": 1, "created": 1}
