"""When it is tried again: every combination of the policy, the circuit breaker, and exactly the failed ones again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import launch, patience, reentry
from engine.clock import now, passing
from engine.errors import AccessError, HeddleError, InDoubt, Unavailable
from engine.executor import Executor
from engine.flow import Policy
from engine.launch import Cause
from engine.record import Change
from engine.store import lanes, outages
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.test_executor import counts, finish, start
from tests.engine.toys import Bench, World, refuse, toy_flow, toys

POLICY = Policy(retry_minutes=[1, 5, 15])


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def busy(code: str = "E-UNAVAILABLE", retry_after: float | None = None) -> Unavailable:
    return Unavailable("Not now.", code=code, retry_after=retry_after)


@pytest.mark.parametrize("failures", [1, 2, 3, 4, 9])
@pytest.mark.parametrize(
    ("error", "waits", "ends"),
    [
        (busy(), None, True),
        (busy(retry_after=7.0), 7.0, False),
        (busy("E-RATE", 90.0), 90.0, False),
        (busy("E-UNREACHABLE"), None, False),
        (busy("E-UNREACHABLE", 7.0), 7.0, False),
        (busy("E-DATABASE"), None, False),
        (busy("E-DISK"), None, False),
        (busy("E-BUSY", 0.3), 0.3, False),
        (busy(patience.DOWN, 30.0), 30.0, False),
        (busy("E-TURN", 2.0), 2.0, False),
        (busy("E-DAY", 3600.0), 3600.0, False),
        (AccessError("Refused."), None, False),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_each_refusal_has_its_time_and_its_end(
    error: HeddleError, waits: float | None, ends: bool, failures: int
) -> None:
    expected = waits if waits is not None else 60.0 * [1, 5, 15][min(failures, 3) - 1]
    due_in = patience.wait(error, failures, POLICY)
    assert expected * 0.85 <= due_in + 0.1
    assert due_in <= expected * 1.1 + 0.1
    assert patience.gives_up(error, failures, POLICY) == (ends and failures >= 3)


@pytest.mark.parametrize(
    ("error", "hours", "ends"),
    [
        (busy("E-RATE", 90.0), 23.9, False),
        (busy("E-RATE", 90.0), 24.1, True),
        (busy("E-TURN", 2.0), 240, False),
        (busy("E-DAY", 3600.0), 240, False),
    ],
    ids=["23.9h", "24.1h", "turn", "day"],
)
def test_being_put_off_has_an_end_of_its_own(error: HeddleError, hours: float, ends: bool) -> None:
    assert patience.gives_up(error, 0, POLICY, told_since=now() - hours * 3600) is ends


@pytest.mark.parametrize("failures", [1, 5])
@pytest.mark.parametrize(("ago", "timeout"), [(0.0, 30.0), (20.0, 30.0), (60.0, 30.0)])
def test_a_doubt_is_looked_into_when_the_call_is_certainly_over(
    failures: int, ago: float, timeout: float
) -> None:
    error = InDoubt("No answer.", sent_at=passing() - ago, timeout=timeout)
    due_in = patience.wait(error, failures, POLICY)
    assert due_in == pytest.approx(max(timeout - ago, 0.2), abs=0.1)
    assert patience.gives_up(error, failures, POLICY) is False


def test_no_minutes_in_the_policy_are_one_try() -> None:
    none = Policy(retry_minutes=[])
    assert patience.gives_up(busy(), 0, none)
    assert 50 < patience.wait(busy(), 1, none) < 70


@pytest.mark.parametrize("means", ["match", "key", "none"])
def test_being_told_to_wait_uses_up_no_attempt_and_leaves_nothing_in_doubt(
    database: Database, clock: Any, means: Any
) -> None:
    bench = Bench(database, World(30), toy_flow(match=("ref",) if means == "match" else ()))
    bench.world.means = means
    bench.world.before_write = refuse(busy("E-RATE", 60.0), times=12)
    run_id = start(bench)
    executor = bench.executor()
    for _ in range(12):
        answer(bench, executor)
        with database.read() as session:
            waiting = session.get(Run, run_id)
        assert waiting is not None
        assert (waiting.state, waiting.code) == ("waiting", "E-RATE")
        clock.advance(70)
    assert counts(finish(bench, run_id)) == {"read": 30, "created": 30}
    assert sorted(bench.world.created()) == sorted(bench.world.source)


def test_who_is_put_off_for_a_whole_day_is_told_as_failed(database: Database, clock: Any) -> None:
    bench = Bench(database, World(5), toy_flow())
    bench.world.before_write = refuse(busy("E-RATE", 3600.0), times=99)
    run_id = start(bench)
    executor = bench.executor()
    for _ in range(26):
        answer(bench, executor)
        clock.advance(4000)
    assert counts(finish(bench, run_id)) == {"read": 5, "failed": 5}
    bench.world.before_write = lambda changes: None
    assert counts(finish(bench, retried(bench, run_id))) == {"read": 5, "created": 5}


class Shut:
    """A hook that refuses every write until it is opened, and counts how often it was asked."""

    def __init__(self, error: HeddleError) -> None:
        self.error: HeddleError | None = error
        self.asked = 0

    def __call__(self, changes: Sequence[Change]) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    "error", [AccessError("Wrong password."), busy("E-UNREACHABLE")], ids=["access", "down"]
)
def test_all_runs_wait_together_for_one_that_tries(
    database: Database, clock: Any, error: HeddleError
) -> None:
    bench = Bench(database, World(40), toy_flow(batch_size=10, lanes=4))
    bench.flow.policy.retry_minutes[:] = [1.0]
    shut = bench.world.before_write = Shut(error)
    runs = [start(bench) for _ in range(5)]
    executor = bench.executor()

    def turn() -> None:
        for run_id, lane in [*bench.rings, *_unattended(database)]:
            executor.advance(run_id, lane)
        bench.rings.clear()

    for _ in range(4):
        turn()
    assert shut.asked == 1
    with database.read() as session:
        outage = outages.find(session, "R")
        assert outage is not None
        assert outage.message == error.message
        since = outage.since
        states = {(session.get(Run, run_id)).state for run_id in runs}  # type: ignore[union-attr]
    assert states <= {"waiting", "running", "queued"}
    clock.advance(70)
    for _ in range(4):
        turn()
    assert shut.asked == 2
    with database.read() as session:
        outage = outages.find(session, "R")
        assert outage is not None
        assert outage.since == since
    shut.error = None
    clock.advance(70)
    for run_id in runs:
        finish(bench, run_id)
    with database.read() as session:
        assert outages.find(session, "R") is None
    assert sorted(bench.world.created()) == sorted(bench.world.source)


@pytest.mark.parametrize(
    ("error", "over"),
    [
        (busy(), True),
        (busy("E-RATE", 60.0), True),
        (busy("E-UNREACHABLE"), False),
        (busy("E-DAY", 60.0), False),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_an_outage_is_over_when_the_system_answers_with_another_failure(
    database: Database, clock: Any, error: HeddleError, over: bool
) -> None:
    """Whoever else waits for the system need not wait for the cure of that one."""
    bench = Bench(database, World(4), toy_flow())
    shut = bench.world.before_write = Shut(busy("E-UNREACHABLE"))
    start(bench)
    executor = bench.executor()
    answer(bench, executor)
    answer(bench, executor)
    shut.error = error
    clock.advance(70)
    answer(bench, executor)
    assert shut.asked == 2
    with database.read() as session:
        assert (outages.find(session, "R") is None) is over


def test_an_outage_that_somebody_ends_is_over_for_all_at_once(database: Database) -> None:
    """A test of the connection that succeeds, say: nobody waits for the next try, not even who was to make it."""
    bench = Bench(database, World(4), toy_flow(batch_size=2, lanes=2))
    bench.flow.policy.retry_minutes[:] = [60.0]
    shut = bench.world.before_write = Shut(busy("E-UNREACHABLE"))
    run_id = start(bench)
    executor = bench.executor()
    for _ in range(3):
        answer(bench, executor)
    shut.error = None
    assert _unattended(database) == []
    with database.write() as session:
        assert outages.open_again(session, "R")
        assert not outages.open_again(session, "R")
    assert counts(finish(bench, run_id)) == {"read": 4, "created": 4}


def _unattended(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        return lanes.unattended(session, 0.0)


def answer(bench: Bench, executor: Executor) -> None:
    """Answers what rings, and sees to what nobody attends."""
    for run, lane in [*bench.rings, *_unattended(bench.database)]:
        executor.advance(run, lane)
    bench.rings.clear()


def retried(bench: Bench, run_id: str) -> str:
    with bench.database.write() as session:
        stops = reentry.outstanding(session, run_id, ("failed", "rejected"), None)
        plans = {stop.run_id: bench.plan for stop in stops}
        again = reentry.gather(session, plans, stops, bench.plan)
        started = launch.start_inside(
            session, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R"}, mode="live",
            cause=Cause("retry", "test"), entries=again.entries, parent=run_id,
        )  # fmt: skip
    bench.rings.extend((started.run, lane) for lane in started.lanes)
    return started.run


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(0, 99), min_size=3, max_size=3), st.sampled_from(["poison", "bad"]))
def test_of_a_hundred_three_fail_and_a_retry_writes_exactly_those(
    database: Database, failing: set[int], how: str
) -> None:
    run_part = f"{how}{'-'.join(map(str, sorted(failing)))}-{now()}"
    bench = Bench(database, World(100), toy_flow(batch_size=30, lanes=2, match=()))
    bench.world.source = {
        f"{run_part}-{n:03d}": {"id": f"{run_part}-{n:03d}", "name": how if n in failing else f"Name {n}"}
        for n in range(100)
    }
    run_id = start(bench)
    assert counts(finish(bench, run_id)) == {"read": 100, "created": 97, "failed": 3}
    again = retried(bench, run_id)
    assert counts(finish(bench, again)) == {"read": 3, "failed": 3}
    assert len(bench.world.target) == 97


def test_three_that_failed_are_three_writes_once_the_system_takes_them(database: Database) -> None:
    bench = Bench(database, World(100), toy_flow(batch_size=30, lanes=2))
    for number in (3, 50, 97):
        bench.world.source[f"S{number:06d}"]["name"] = f"poison {number}"
    refusing = bench.open

    run_id = start(bench)
    assert counts(finish(bench, run_id)) == {"read": 100, "created": 97, "failed": 3}

    def healed(connection_id: str, **options: Any) -> Any:
        toy = refusing(connection_id, **options)
        write = toy._write
        toy._write = lambda entity, changes: write(  # type: ignore[method-assign]
            entity,
            [Change(c.key, c.operation, {**c.data, "name": "cured"}, c.remote_id, c.match) for c in changes],
        )
        return toy

    bench.open = healed  # type: ignore[method-assign]
    assert counts(finish(bench, retried(bench, run_id))) == {"read": 3, "created": 3}
    names = [row["name"] for row in bench.world.target]
    assert (len(names), names.count("cured")) == (100, 3)
    assert len(set(bench.world.created())) == 100
