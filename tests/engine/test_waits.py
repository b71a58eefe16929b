"""What a run says while it waits: why and until when, also while it tries again, until something gets through."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from engine.clock import now
from engine.errors import Unavailable
from engine.pace import Limits, Pace, Turn
from engine.record import Change
from engine.store import lanes
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.test_executor import counts, finish, start
from tests.engine.toys import Bench, World, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def told(database: Database, run_id: str) -> tuple[str, str]:
    """The run's state and its words."""
    with database.read() as session:
        run = session.get(Run, run_id)
        assert run is not None
        assert (run.retry_at is not None) == (run.state == "waiting")
        return run.state, run.message


def turn(bench: Bench) -> None:
    """Answers every doorbell that rings, and every lane that is due, once."""
    executor = bench.executor()
    with bench.database.read() as session:
        due = lanes.unattended(session, 0.0)
    for run, lane in [*bench.rings, *due]:
        executor.advance(run, lane)
    bench.rings.clear()


def test_a_run_that_tries_again_goes_on_saying_what_it_waits_for(database: Database, clock: Any) -> None:
    bench = Bench(database, World(60), toy_flow(batch_size=20))
    heard: list[tuple[str, str]] = []
    refusals = [2]

    def before(changes: Sequence[Change]) -> None:
        heard.append(told(database, run_id))
        if refusals[0]:
            refusals[0] -= 1
            raise Unavailable("The toy is down.", cure="Switch it on.", retry_after=30.0)

    bench.world.before_write = before
    run_id = start(bench)
    for _ in range(2):
        turn(bench)
        assert told(database, run_id) == ("waiting", "The toy is down. Switch it on.")
        clock.advance(40)
    assert counts(finish(bench, run_id)) == {"read": 60, "created": 60}
    waiting = ("waiting", "The toy is down. Switch it on.")
    assert heard == [("running", ""), waiting, waiting, ("running", ""), ("running", "")]


def test_one_lane_that_gets_through_does_not_hide_what_another_waits_for(
    database: Database, clock: Any
) -> None:
    bench = Bench(database, World(60), toy_flow(batch_size=10, lanes=2))
    shut = {1, 2}

    def before(changes: Sequence[Change]) -> None:
        lane = 1 + zlib.crc32(changes[0].data["ref"].encode()) % 2
        if lane in shut:
            raise Unavailable(f"Door {lane} is shut.", retry_after=30.0)

    bench.world.before_write = before
    run_id = start(bench)
    for _ in range(3):
        turn(bench)
    clock.advance(40)
    shut.remove(1)
    for _ in range(3):
        turn(bench)
    assert told(database, run_id) == ("waiting", "Door 2 is shut.")
    assert 0 < len(bench.world.target) < 60
    shut.clear()
    clock.advance(40)
    assert counts(finish(bench, run_id)) == {"read": 60, "created": 60}


class Slow:
    """A limiter that lets every call wait."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def ask(self, connection: str, limits: Limits, holder: str) -> Turn:
        return Turn(True, self.seconds, "pause")

    def leave(self, *args: Any) -> None: ...

    def pause(self, *args: Any) -> None: ...

    state = "alone"


@pytest.mark.parametrize(("seconds", "noticed"), [(8.0, True), (0.5, False)])
def test_a_wait_within_a_call_is_told_when_people_would_notice_it(
    database: Database, seconds: float, noticed: bool
) -> None:
    bench = Bench(database, World(20), toy_flow(batch_size=20))
    heard: list[tuple[str, str]] = []
    limits = Limits(concurrent=3)
    door = Pace("R", limits, Slow(seconds), sleep=lambda _: heard.append(told(database, run_id)))
    opened = bench.open

    def at_the_door(connection_id: str, **options: Any) -> Any:
        toy = opened(connection_id, **options)
        toy.http.door = door
        return toy

    bench.open = at_the_door  # type: ignore[method-assign]
    bench.world.before_write = lambda changes: door.give(door.take("The toy"))
    run_id = start(bench)
    ended = finish(bench, run_id)
    assert counts(ended) == {"read": 20, "created": 20}
    assert heard == [("waiting", "The toy asked for a pause.") if noticed else ("running", "")]
    assert (ended.message, ended.retry_at, ended.ended_at is not None) == ("", None, True)
    assert ended.ended_at <= now()
