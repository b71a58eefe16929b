"""Batches that are cut in two because they bring workers down: what was done with the whole is not forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from sqlmodel import select

from engine.batch import unpack
from engine.errors import Unavailable
from engine.executor import Executor
from engine.node import Outbox
from engine.record import Change, Record
from engine.store import closing, deliveries, lanes, reviews
from engine.store.database import Database
from engine.store.lanes import StagedBatch
from engine.store.runs import Run
from tests.conftest import Clock
from tests.engine.faults import Killed, after, raising, use
from tests.engine.test_doubts import LEASE, Slow, outlast, toy
from tests.engine.test_executor import counts, start
from tests.engine.test_fault_matrix import MEANS, Means
from tests.engine.test_superseded import VersionedToy
from tests.engine.toys import Bench, ToyMap, ToyWrite, World, toy_flow, toys

ROWS = 8
CALL = 4


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


@pytest.fixture
def clock(stopped: Clock) -> Clock:
    return stopped


def bench_of(database: Database, world: World, means: Means = "match", **options: Any) -> Bench:
    match = ("ref",) if means == "match" else ()
    world.means = means
    bench = Bench(database, world, toy_flow(match=match, batch_size=ROWS, **options))
    use(bench, toy(CALL))
    return bench


def deadly(patch: pytest.MonkeyPatch, tries: Sequence[int]) -> None:
    """Walking the first record brings the worker down at these tries."""
    real, passed = ToyMap.process, [0]

    def process(self: Any, records: Sequence[Record], out: Outbox) -> None:
        if any(record.key == "S000000" for record in records):
            passed[0] += 1
            if passed[0] in tries:
                raise Killed("by a record")
        real(self, records, out)

    patch.setattr(ToyMap, "process", process)


def advance(bench: Bench, clock: Clock, slice: float = 10.0) -> None:
    """A fresh worker takes up whatever waits; when it is done, or dead, its lease is over."""
    with bench.database.read() as session:
        waiting = lanes.unattended(session, -1.0)
    for run_id, lane in waiting:
        with suppress(Killed):
            bench.executor(lease=LEASE, slice=slice).advance(run_id, lane)
    clock.advance(LEASE + 1)


def work(bench: Bench, clock: Clock, rounds: int = 12) -> Run:
    """Workers follow one another until the run is over."""
    for _ in range(rounds):
        with bench.database.read() as session:
            run = session.exec(select(Run).order_by(Run.id)).first()  # type: ignore[arg-type]
        assert run is not None
        if run.ended_at is not None:
            break
        advance(bench, clock)
    return run


def pieces(database: Database) -> list[int]:
    """How many records each batch has had; those of several runs in no order among equal numbers."""
    with database.read() as session:
        return [one.count for one in session.exec(select(StagedBatch).order_by(StagedBatch.number))]  # type: ignore[arg-type]


@pytest.mark.parametrize("means", MEANS)
@pytest.mark.parametrize("tries", [(2, 3), (2, 3, 4, 5, 6)], ids=["in two", "again and again"])
def test_what_was_answered_before_counts_as_what_it_was(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, means: Means, tries: tuple[int, ...]
) -> None:
    """Its first call is answered and kept, its second refused; then its workers die."""
    bench = bench_of(database, World(ROWS), means)
    bench.world.before_write = after(1, 1, raising(lambda: Unavailable("Busy.", retry_after=0.01)))
    deadly(monkeypatch, tries)
    start(bench)
    run = work(bench, clock)
    assert len(pieces(database)) == (2 if len(tries) == 2 else 3)
    assert counts(run) == {"read": ROWS, "created": ROWS}
    assert sorted(bench.world.created()) == sorted(bench.world.source)


def test_an_object_of_two_records_is_created_once_and_counted_once(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are written as one, and come to be in different halves."""
    own = ToyWrite.identify

    def identify(self: Any, record: Record, run: Any = None) -> tuple[str | None, str, str]:
        remote, entity, key = own(self, record, run)
        return remote, entity, "S000003" if key == "S000004" else key

    monkeypatch.setattr(ToyWrite, "identify", identify)
    bench = bench_of(database, World(ROWS), "key")
    bench.world.before_write = after(1, 1, raising(lambda: Unavailable("Busy.", retry_after=0.01)))
    deadly(monkeypatch, (2, 3))
    start(bench)
    run = work(bench, clock)
    assert pieces(database) == [4, 4]
    assert counts(run) == {"read": ROWS, "created": ROWS - 1, "unchanged": 1}
    assert len(bench.world.target) == ROWS - 1


def _dead_with_a_call_under_way(
    database: Database, clock: Clock, patch: pytest.MonkeyPatch
) -> tuple[Slow, Bench]:
    """The second worker dies amid a call that it sent long after it had claimed what is in it."""
    world = Slow(ROWS)
    bench = bench_of(database, world)
    bench.timeout = 30.0
    deadly(patch, (1,))
    workers: list[Executor] = []
    usual = bench.executor
    patch.setattr(bench, "executor", lambda **more: workers.append(usual(**more)) or workers[-1])

    def take_long(changes: Sequence[Change]) -> None:
        outlast(workers[-1], clock)
        world.before_write = world.put_off

    world.before_write = after(0, 1, take_long)
    start(bench)
    work(bench, clock, 2)
    assert len(world.target) == len(world.pending) == CALL
    world.before_write = lambda changes: None
    return world, bench


def _arrives(world: Slow) -> None:
    world.target += [{**row, "id": CALL + at} for at, row in enumerate(world.pending)]


def test_what_a_dead_worker_sent_last_is_waited_for_in_the_other_half(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, bench = _dead_with_a_call_under_way(database, clock, monkeypatch)
    run = work(bench, clock, 1)
    assert (pieces(database), len(world.target)) == ([4, 4], CALL)
    _arrives(world)
    clock.advance(60.0)
    run = work(bench, clock)
    assert counts(run) == {"read": ROWS, "created": ROWS}
    assert sorted(world.created()) == sorted(world.source)


def test_another_run_does_not_write_what_a_dead_worker_may_have_sent(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever took the lane over has cut the batch, and given the lane back."""
    world, bench = _dead_with_a_call_under_way(database, clock, monkeypatch)
    advance(bench, clock, 0.0)
    assert pieces(database) == [4, 4]
    other = start(bench)
    for lane in (0, 1):
        bench.executor(lease=LEASE).advance(other, lane)
    assert len(world.target) == CALL
    _arrives(world)
    clock.advance(60.0)
    work(bench, clock)
    for lane in (0, 1):
        bench.executor(lease=LEASE).advance(other, lane)
    with database.read() as session:
        first, second = session.exec(select(Run).order_by(Run.id)).all()  # type: ignore[arg-type]
    assert counts(first) == {"read": ROWS, "created": CALL, "unchanged": CALL}, (
        "the other has found the first half"
    )
    assert counts(second) == {"read": ROWS, "unchanged": ROWS}
    assert sorted(world.created()) == sorted(world.source)


@pytest.mark.parametrize("end", [closing.cancel, closing.fail])
def test_nor_what_was_sent_for_a_run_that_was_ended_since(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, end: Any
) -> None:
    world, bench = _dead_with_a_call_under_way(database, clock, monkeypatch)
    with database.write() as session:
        (run_id,) = session.exec(select(Run.id))
        end(session, run_id, "Eve" if end is closing.cancel else Unavailable("Gone."))
    start(bench)
    advance(bench, clock)
    assert len(world.target) == CALL
    _arrives(world)
    clock.advance(60.0)
    advance(bench, clock)
    assert sorted(world.created()) == sorted(world.source)


def test_an_older_state_that_a_dead_worker_sent_gives_way_though_its_batch_was_cut(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its call is carried out after a newer run has written; who works on the halves has taken them from nobody."""
    bench = bench_of(database, World(2), operation="upsert")
    use(bench, VersionedToy)
    bench.timeout = 30.0

    def say(name: str, version: str) -> str:
        for row in bench.world.source.values():
            row.update(name=name, version=version)
        return start(bench)

    say("first", "1")
    work(bench, clock)
    bench.world.before_write = after(0, 1, raising(lambda: Killed("with a call under way")))
    deadly(monkeypatch, (2,))
    say("late", "2")
    for slice in (10.0, 10.0, 0.0):
        advance(bench, clock, slice)
    assert sorted(pieces(database)) == [1, 1, 2]  # the late run's is cut, that of the first one whole
    newer = say("since", "3")
    for lane in (0, 1):
        bench.executor(lease=LEASE).advance(newer, lane)
    for row in bench.world.target:  # at last
        row["name"] = "late"
    for _ in range(4):
        clock.advance(31.0)
        advance(bench, clock)
    assert [row["name"] for row in bench.world.target] == ["since", "since"]


@pytest.mark.parametrize("fault", [Killed, ZeroDivisionError])
def test_a_batch_is_cut_behind_a_step_that_was_settled_too(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException]
) -> None:
    """One record cannot be taken through the second step; what came of the first one stays with each half."""
    own = ToyWrite.identify

    def identify(self: Any, record: Record, run: Any = None) -> tuple[str | None, str, str]:
        if record.key == "S000002" and "write0" in record.steps:
            raise fault("by a record")
        return own(self, record, run)

    monkeypatch.setattr(ToyWrite, "identify", identify)
    bench = Bench(
        database, World(ROWS), toy_flow(match=("name",), operation="upsert", writes=2, batch_size=ROWS)
    )
    bench.world.means = "key"
    bench.world.source["S000005"]["name"] = ""
    start(bench)
    run = work(bench, clock, 30)
    assert counts(run) == {"read": ROWS, "created": ROWS - 2, "failed": 1, "held": 1}
    assert sorted(bench.world.created()) == sorted(set(bench.world.source) - {"S000005"})
    told: list[str] = []
    with database.read() as session:
        (hold,) = reviews.open_holds(session)
        for one in session.exec(select(StagedBatch)):
            keys = [record.key for some in unpack(one.payload).values() for record in some]
            assert ("S000005" in keys) == (one.number == hold.batch)
            entered = deliveries.receipts(session, run.id, one.lane, one.number, "write0")
            assert len(entered) == len(keys)
            told += keys
    assert sorted(told) == sorted(bench.world.source)
