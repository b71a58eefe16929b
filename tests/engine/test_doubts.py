"""Creates without an answer: no more of them than were under way, and none sent again while it may still arrive."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlmodel import select

from engine import clock
from engine.connector import Capability
from engine.errors import InDoubt, Unavailable
from engine.executor import Executor
from engine.record import Change, from_json
from engine.store import lanes
from engine.store.database import Database
from engine.store.runs import Run
from tests.conftest import Clock
from tests.engine.faults import Killed, after, at_point, raising, use
from tests.engine.test_convoy import Company
from tests.engine.test_executor import start
from tests.engine.toys import Bench, Toy, World, toy_flow, toys

LEASE = 9.0
ROWS = 24


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def toy(size: int, **capability: Any) -> type[Toy]:
    """A toy that takes so many records in a call."""
    return type("Sized", (Toy,), {"capability": Capability(page=100, write=size, find=50, **capability)})


def step(bench: Bench) -> list[Run]:
    """Everybody who is due does what there is to do, once; answers all runs."""
    executor = bench.executor(lease=LEASE)
    with bench.database.read() as session:
        waiting = [*bench.rings, *lanes.unattended(session, -1.0)]
    bench.rings.clear()
    for run_id, lane in waiting:
        executor.advance(run_id, lane)
    with bench.database.read() as session:
        return list(session.exec(select(Run)))


def sums(runs: Sequence[Run]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for run in runs:
        assert run.state == "done", (run.state, run.message)
        total.update({name: n for name, n in from_json(run.counts or "{}").items() if n})
    return dict(total)


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("together", [True, False])
def test_a_worker_that_dies_leaves_only_what_was_under_way_in_doubt(
    database: Database, clock: Clock, size: int, together: bool
) -> None:
    """A target that takes inserts and nothing else; 24 runs that travel together, and one run of 24 records."""
    world = World(0 if together else ROWS)
    world.means = "none"
    bench = Company(database, world, match=()) if together else Bench(database, world, toy_flow(match=()))
    use(bench, toy(size))
    world.after_write = after(12 // size - 1, 1, raising(lambda: Killed("amid the calls")))
    if isinstance(bench, Company):
        bench.call(*(f"S{n}" for n in range(ROWS)))
    else:
        start(bench)
    with pytest.raises(Killed):
        step(bench)
    assert len(world.target) == 12
    clock.advance(LEASE + 1)
    assert sums(_until_over(bench, clock)) == {"read": ROWS, "created": ROWS - size, "held": size}
    assert len(set(world.created())) == len(world.created()) == ROWS


def _until_over(bench: Bench, clock: Clock) -> list[Run]:
    """A worker that a busy machine starved past its lease is followed by another."""
    for _ in range(9):
        runs = step(bench)
        if all(run.ended_at is not None for run in runs):
            break
        clock.advance(LEASE + 1)
    return runs


@pytest.mark.parametrize("lag", [0.0, 20.0])
def test_what_a_dead_worker_sent_is_waited_for_before_it_is_sent_again(
    database: Database, clock: Clock, lag: float
) -> None:
    """Its call takes longer than its lease; only when its time limit is over, nothing found means nothing there."""
    world, bench = _slow(database, lag)
    with pytest.raises(Killed):
        step(bench)
    clock.advance(LEASE + 1)
    assert [run.code for run in step(bench)] == ["E-UNSEEN"]
    for row in world.pending:  # at last
        world.target.append(row)
    clock.advance(60.0)
    assert sums(step(bench)) == {"read": 3, "created": 3}
    assert sorted(world.created()) == sorted(world.source)


def outlast(worker: Executor, clock: Clock) -> None:
    """A call takes longer than a claim stands, while the worker's heart beats."""
    for _ in range(9):
        clock.advance(5.0)
        for held in worker.heartbeat._kept:
            worker.heartbeat._renew(held)


@pytest.mark.parametrize("refused", [False, True], ids=["at once", "after a refusal"])
def test_what_was_sent_long_after_it_was_claimed_is_waited_for_too(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    """A worker has got on, then its calls take so long that its claim is over when it dies amid one. Who takes its lane
    over may have to give it back before it can look."""
    world = Slow(6)
    bench = Bench(database, world, toy_flow(batch_size=3))
    bench.timeout = 30.0
    use(bench, toy(1))
    worker = bench.executor(lease=LEASE)

    def take_long(changes: Sequence[Change]) -> None:
        outlast(worker, clock)
        world.before_write = world.put_off

    world.before_write = after(3, 1, take_long)
    run_id = start(bench)
    bench.rings.clear()
    with pytest.raises(Killed):
        worker.advance(run_id, 0)
    world.before_write = lambda changes: None
    clock.advance(LEASE + 1)
    if refused:
        with monkeypatch.context() as patch:
            patch.setattr(bench, "open", _shut)
            assert [run.code for run in step(bench)] == ["E-UNREACHABLE"]
        clock.advance(2.0)
    assert [run.code for run in step(bench)] == ["E-UNSEEN"]
    world.target += world.pending  # at last
    clock.advance(60.0)
    assert sums(step(bench)) == {"read": 6, "created": 6}
    assert sorted(world.created()) == sorted(world.source)


def test_a_key_is_not_taken_from_a_worker_whose_calls_take_long(database: Database, clock: Clock) -> None:
    """Its claim is over before its last call goes out, and another run wants an object of the same name."""
    world = World(3)
    flow = toy_flow(match=("name",), operation="upsert")
    bench = Bench(database, world, flow)
    bench.timeout = 30.0
    use(bench, toy(1))
    worker = bench.executor(lease=LEASE)

    def take_long(changes: Sequence[Change]) -> None:
        outlast(worker, clock)
        world.source = {"S000009": {"id": "S000009", "name": "Name 2"}}
        other = start(bench)
        for lane in (0, 1):
            bench.executor(lease=LEASE).advance(other, lane)

    world.before_write = after(0, 1, take_long)
    worker.advance(start(bench), 0)
    world.before_write = lambda changes: None
    _until_over(bench, clock)
    assert sorted(row["name"] for row in world.target) == ["Name 0", "Name 1", "Name 2"]


def test_what_a_dead_worker_never_sent_is_sent_when_that_is_certain(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal in between does not shorten the wait."""
    world, bench = _slow(database, 0.0)
    with pytest.raises(Killed):
        step(bench)
    clock.advance(LEASE + 1)
    with monkeypatch.context() as patch:
        patch.setattr(bench, "open", _shut)
        assert [run.code for run in step(bench)] == ["E-UNREACHABLE"]
    clock.advance(2.0)
    assert [run.code for run in step(bench)] == ["E-UNSEEN"]
    assert world.target == []
    clock.advance(60.0)
    assert sums(step(bench)) == {"read": 3, "created": 3}


def test_a_lost_answer_is_believed_lost_when_searches_have_caught_up(
    database: Database, clock: Clock
) -> None:
    """The object is there, but searches do not show it before the system's lag is over."""
    world = World(3)
    bench = Bench(database, world, toy_flow())
    use(bench, toy(20, lag=20.0))
    world.after_write = after(0, 1, raising(_lost))
    start(bench)
    hidden, world.target = world.target, []
    step(bench)
    world.target, hidden = hidden, world.target
    clock.advance(31.0)
    assert [run.code for run in step(bench)] == ["E-UNSEEN"]
    world.target += hidden
    clock.advance(30.0)
    assert sums(step(bench)) == {"read": 3, "created": 3}
    assert sorted(world.created()) == sorted(world.source)


def _lost() -> InDoubt:
    return InDoubt("No answer.", sent_at=clock.passing(), timeout=30.0)


def test_a_worker_that_wakes_up_does_not_shorten_the_wait_for_its_successor(
    database: Database, clock: Clock
) -> None:
    """It is frozen with a lost answer; its successor sends again, gets no answer either, and its call arrives late."""
    world = World(3)
    bench = Bench(database, world, toy_flow(lanes=1))
    bench.timeout = 30.0
    frozen = bench.executor(lease=LEASE)
    late: list[dict[str, Any]] = []

    def put_off(changes: Sequence[Change]) -> None:
        late[:] = [{"id": at, "key": one.key, **one.data} for at, one in enumerate(changes)]
        raise _lost()

    def sleep() -> None:
        kept = list(frozen.heartbeat._kept)
        frozen.heartbeat._kept.clear()  # no sign of life
        clock.advance(LEASE + 40.0)
        step(bench)  # it looks, nothing is there, and soon it is certain
        clock.advance(60.0)
        world.before_write = after(0, 1, put_off)
        step(bench)
        frozen.heartbeat._kept.extend(kept)

    world.before_write = after(0, 1, raising(_lost))
    run_id = start(bench)
    bench.rings.clear()
    with at_point("after-send", 1, sleep):
        frozen.advance(run_id, 0)
    assert late
    other = start(bench)
    bench.rings.clear()
    for lane in (0, 1):
        bench.executor(lease=LEASE).advance(other, lane)  # meets the objects that are on their way
    assert world.target == []
    world.target += late
    for _ in range(4):
        clock.advance(60.0)
        runs = step(bench)
    assert sums(runs) == {"read": 6, "created": 3, "unchanged": 3}
    assert sorted(world.created()) == sorted(world.source)


class Slow(World):
    """Carries out its first call when everybody has forgotten it."""

    pending: list[dict[str, Any]]

    def put_off(self, changes: Sequence[Change]) -> None:
        self.pending = [{"id": at, "key": one.key, **one.data} for at, one in enumerate(changes)]
        raise Killed("with a call under way")


def _shut(connection_id: str, **options: Any) -> Any:
    raise Unavailable("Busy.", code="E-UNREACHABLE", retry_after=0.5)


def _slow(database: Database, lag: float) -> tuple[Slow, Bench]:
    world = Slow(3)
    bench = Bench(database, world, toy_flow())
    bench.timeout = 30.0
    use(bench, toy(20, lag=lag))
    world.before_write = after(0, 1, world.put_off)
    start(bench)
    return world, bench


def test_two_workers_claim_handfuls_of_the_same_objects_without_writing_twice(database: Database) -> None:
    """While one sends a handful, another takes up a run about the same objects."""
    world = World()
    world.means = "none"
    bench = Company(database, world, match=())
    use(bench, toy(2))
    names = [f"S{n}" for n in range(8)]
    bench.call(*names)
    ring = bench.rings.pop()
    other = bench.executor()
    lock = threading.Lock()

    def meanwhile(changes: Sequence[Change]) -> None:
        if world.write_calls == 1 and lock.acquire(blocking=False):
            bench.call(*reversed(names))
            other.advance(*bench.rings.pop(0))

    world.before_write = meanwhile
    bench.executor().advance(*ring)
    world.before_write = lambda changes: None
    rows = bench.finish()
    assert sorted(world.created()) == names
    assert sums(list(rows.values())) == {"read": 16, "created": 8, "unchanged": 8}
