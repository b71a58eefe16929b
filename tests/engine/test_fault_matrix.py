"""Every fault against every kind of target: none lost, none twice, counts that add up, and a second run that finds
nothing to do.

Kinds of target: ``match`` can be searched by the fields of an object, ``key`` knows the key of a call, ``none`` only
takes inserts: there, what may have happened is held and asked about, never guessed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from sqlmodel import Session, select

from engine import clock, registry
from engine.errors import HeddleError, Unavailable
from engine.executor import Executor
from engine.record import COUNTED, from_json
from engine.store import lanes, references, reviews
from engine.store.database import Database
from engine.store.deliveries import Delivery
from engine.store.lanes import Lane, StagedBatch
from engine.store.references import CrossReference
from engine.store.runs import Run
from tests.conftest import Clock
from tests.engine.faults import (
    FAULTS,
    TIMEOUT,
    UNKNOWN,
    Killed,
    Late,
    ReadChanges,
    at_point,
    broken_database,
    repeated_rows,
)
from tests.engine.test_executor import counts, finish, start
from tests.engine.toys import Bench, World, stamp_of, toy_flow, toys

Means = Literal["match", "key", "none"]
MEANS: tuple[Means, ...] = ("match", "key", "none")
SOME = ("match", pytest.param("key", marks=pytest.mark.long), "none")
"""Those that are tried each time; a key of a call is found as the fields of an object are."""
ROWS = 40
LEASE = 0.2
POINTS = ("after-claim", "before-stage", "after-stage", "before-send", "after-send", "before-settle", "after-settle",
          "before-release", "after-release", "before-close")  # fmt: skip


@pytest.fixture(autouse=True)
def _toys(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    clock.advance(0.0)  # so that what a fault does to the clock is undone
    passed: list[str] = []
    move = references.move_watermark

    def watched(session: Session, flow_id: str, node: str, value: str, run_id: str) -> None:
        run = select(StagedBatch).where(StagedBatch.run_id == run_id, StagedBatch.state == "staged")
        ended = set(session.exec(select(Delivery.root).where(Delivery.run_id == run_id)))
        passed.extend(f"{run_id}: a batch" for _ in session.exec(run))
        passed.extend(key for key in _worlds[-1].source if stamp_of(key) <= value and key not in ended)
        move(session, flow_id, node, value, run_id)

    monkeypatch.setattr(references, "move_watermark", watched)
    monkeypatch.setattr("engine.clock._wrong", 0.0)
    with toys():
        registry.node_types()[ReadChanges.type] = ReadChanges
        yield
    assert not passed, "the watermark passed what was not finished"


_worlds: list[World] = []


def bench_of(database: Database, means: Means, lane_count: int = 2) -> Bench:
    match = ("ref",) if means == "match" else ()
    world = Late(ROWS)
    world.means = means
    _worlds[:] = [world]
    bench = Bench(database, world, toy_flow(match=match, batch_size=10, lanes=lane_count))
    bench.timeout = TIMEOUT
    return bench


def judge(bench: Bench, run: Run, *, doubts: bool = False, repeated: int = 0) -> int:
    """The promises. Answers how many records are held because nobody can tell what happened to them.

    repeated  rows that the source told more than once
    """
    doubled = {ref: n for ref, n in Counter(bench.world.created()).items() if n > 1}
    assert not doubled, "written twice"
    found = counts(run)
    held = found.get("held", 0)
    with bench.database.read() as session:
        holds = reviews.open_holds(session)
        unsettled = session.exec(select(StagedBatch).where(StagedBatch.state == "staged")).all()
        open_lanes = session.exec(select(Lane).where(Lane.state == "open")).all()
        mark = references.watermark(session, "f1", "read")
        claims = session.exec(select(CrossReference).where(CrossReference.right_id == None)).all()  # noqa: E711
    asked = {hold.key for hold in holds}
    assert doubts or not held
    assert len(holds) == held
    assert set(bench.world.created()) | asked == set(bench.world.source), "lost"
    assert found["read"] == ROWS + repeated
    assert (
        found.get("created", 0) + found.get("updated", 0) + found.get("unchanged", 0) + held
        == ROWS + repeated
    )
    assert (list(unsettled), list(open_lanes)) == ([], [])
    assert mark == stamp_of(max(bench.world.source)), "the watermark did not follow"
    assert {claim.left_id for claim in claims} == asked, (
        "a claim without a question, or a question without a claim"
    )
    return held


def again(bench: Bench, held: int, repeated: int = 0) -> None:
    """A second run, with everything well: what was settled is unchanged, what is in doubt stays so."""
    clock._skew += 60.0  # until then, what is in doubt could still be under way
    bench.world.before_write = bench.world.after_write = lambda changes: None
    before = len(bench.world.target)
    run = finish(bench, start(bench))
    expected = {"read": ROWS + repeated, "unchanged": ROWS + repeated - held, "held": held}
    assert counts(run) == {name: n for name, n in expected.items() if n}
    assert len(bench.world.target) == before


@pytest.mark.parametrize("means", MEANS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_whatever_befalls_a_system_none_is_lost_and_none_is_written_twice(
    database: Database, fault: Callable[[Bench], None], means: Means
) -> None:
    bench = bench_of(database, means)
    fault(bench)
    run = finish(bench, start(bench))
    assert run.state == "done"
    may_doubt = means == "none" and fault in UNKNOWN
    repeated = 3 * (-(-ROWS // 7) - 1) if fault is repeated_rows else 0
    held = judge(bench, run, doubts=may_doubt, repeated=repeated)
    assert bool(held) == may_doubt, "what can be told is not asked, what cannot be told is"
    again(bench, held, repeated)


@pytest.mark.parametrize("means", MEANS)
@pytest.mark.parametrize("nth", [1, pytest.param(2, marks=pytest.mark.long)])
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_anywhere_is_followed_by_another(
    database: Database, point: str, nth: int, means: Means
) -> None:
    bench = bench_of(database, means)
    run_id = start(bench)
    die_at(bench, run_id, point, nth)
    run = finish(bench, run_id)
    # only between sending and settling can nobody tell; a batch whose answer was stored is not asked about
    unsettled = point in ("before-send", "after-send", "before-settle")
    again(bench, judge(bench, run, doubts=means == "none" and unsettled))


@pytest.mark.parametrize("means", SOME)
@pytest.mark.parametrize("point", POINTS[:-1])  # the last one is inside a transaction
def test_a_worker_that_sleeps_past_its_lease_changes_nothing(
    database: Database, point: str, means: Means
) -> None:
    """It is frozen at the point; meanwhile another takes its lane over and ends the run; then it goes on."""
    bench = bench_of(database, means, lane_count=1)
    run_id = start(bench)
    ended: list[Run] = []

    executor = _executor(bench, point)

    def freeze() -> None:
        kept = list(executor.heartbeat._kept)
        executor.heartbeat._kept.clear()  # a frozen process gives no sign of life
        time.sleep(LEASE + TIMEOUT)
        ended.append(finish(bench, run_id))
        executor.heartbeat._kept.extend(kept)

    with at_point(point, 2, freeze):
        _work(bench, run_id, executor)
    assert ended, "the point was never passed"
    run = finish(bench, run_id)
    unsettled = point in ("before-send", "after-send", "before-settle")
    again(bench, judge(bench, run, doubts=means == "none" and unsettled))


@pytest.mark.parametrize("means", SOME)
@pytest.mark.parametrize(("code", "times"), [("E-DISK", 1), ("E-DATABASE", 4)])
def test_a_full_disk_or_a_database_that_restarts_loses_nothing(
    database: Database, code: str, times: int, means: Means
) -> None:
    """Each transaction in turn is the one that fails, with everything that it would have kept."""
    nth, total = 1, 2
    while nth <= total:
        bench = bench_of(database, means)
        bench.world.source = {
            f"{nth}-{key}": {**row, "id": f"{nth}-{key}"} for key, row in bench.world.source.items()
        }
        run_id = start(bench)
        with broken_database(database, nth, times, Unavailable("Not now.", code=code)) as count:
            for _ in range(6):
                try:
                    _work(bench, run_id)
                except HeddleError:
                    time.sleep(LEASE + TIMEOUT)
        total = max(total, count[0])
        run = finish(bench, run_id)
        assert not {ref: n for ref, n in Counter(bench.world.created()).items() if n > 1}
        found = from_json(run.counts or "{}")
        assert found["read"] == ROWS == sum(found[name] for name in COUNTED)
        assert means == "none" or not found["held"]
        assert found["created"] + found["unchanged"] + found["held"] == ROWS
        assert len(bench.world.target) >= ROWS - found["held"]
        nth += 5


@pytest.mark.parametrize("means", MEANS)
def test_the_same_message_again_and_another_about_the_same_objects_are_written_once(
    database: Database, means: Means
) -> None:
    bench = bench_of(database, means)
    first = start(bench, key="message-1")
    assert start(bench, key="message-1") == first
    others = [start(bench, key=f"message-{n}") for n in (3, 2)]  # in another order than they were sent
    executors = [bench.executor(), bench.executor()]
    rounds = 0
    while any(_open(database, run) for run in (first, *others)):
        for at, (run, lane) in enumerate(_unattended(database)):
            executors[(at + rounds) % 2].advance(run, lane)
        rounds += 1
        assert rounds < 400
    assert sorted(bench.world.created()) == sorted(bench.world.source)
    outcomes = Counter(
        name for run in (first, *others) for name, n in counts(_run(database, run)).items() for _ in range(n)
    )
    assert outcomes == {"read": 3 * ROWS, "created": ROWS, "unchanged": 2 * ROWS}


def die_at(bench: Bench, run_id: str, point: str, nth: int) -> None:
    """Has a worker die when it passes the point for the nth time, and waits until its lease is over."""

    def die() -> None:
        raise Killed(point)

    with at_point(point, nth, die) as passed:
        try:
            _work(bench, run_id, _executor(bench, point))
        except Killed:
            time.sleep(LEASE + TIMEOUT)
    assert passed[0] == nth, "the point was never passed"


def _executor(bench: Bench, point: str) -> Executor:
    """One that gives its lane back after each batch where that is what is tried."""
    return bench.executor(lease=LEASE, slice=0.0 if "release" in point else 10.0)


def _work(bench: Bench, run_id: str, executor: Executor | None = None) -> None:
    executor = executor or bench.executor(lease=LEASE)
    for _ in range(30):
        waiting = [*bench.rings, *_unattended(bench.database)]
        bench.rings.clear()
        for run, lane in waiting:
            if run == run_id:
                executor.advance(run, lane)
        if not _open(bench.database, run_id):
            return


def _unattended(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        return lanes.unattended(session, 0.0)


def _open(database: Database, run_id: str) -> bool:
    return _run(database, run_id).ended_at is None


def _run(database: Database, run_id: str) -> Run:
    with database.read() as session:
        run = session.get(Run, run_id)
    assert run is not None
    return run
