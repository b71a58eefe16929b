"""Limits of a connection: kept by all processes together, at the speed that is allowed, whatever falls over."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
import redis
from sqlmodel import select

from engine.clock import now
from engine.errors import LeaseLost, Unavailable
from engine.http import Http
from engine.limiter import ASSUMED, SharedLimiter
from engine.meter import Meter
from engine.pace import Limits, Pace, Turn
from engine.share import AHEAD, HEADROOM, Share
from engine.store import usage
from engine.store.database import Database
from engine.store.usage import Usage

DAY = 86_400
STEP = HEADROOM / 10
"""Seconds between the turns of a connection that takes ten calls a second."""


class Never:
    """A limiter that must not be asked."""

    def ask(self, connection: str, limits: Limits, holder: str) -> Turn:
        raise AssertionError("nobody set a limit")

    leave = pause = ask  # type: ignore[assignment]


class Watch:
    """Sleeps without taking time, and remembers for how long it should have."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def test_without_a_limit_nobody_is_asked(database: Database) -> None:
    pace = Pace("c", Limits(), Never(), meter=Meter(database))
    assert pace.take("Books") == ""
    pace.give("")


def test_turns_are_given_out_one_after_the_other_and_none_is_lost(valkey: str) -> None:
    limits = Limits(per_second=Decimal(10))
    limiters = [SharedLimiter(valkey) for _ in range(4)]
    moments: list[
        tuple[float, float]
    ] = []  # between which two each turn falls, however long it took to ask for it
    refused = 0
    for n in range(40):
        began = time.monotonic()
        turn = limiters[n % 4].ask("c", limits, str(n))
        assert turn.wait <= AHEAD
        if turn.go:
            moments.append((began + turn.wait, time.monotonic() + turn.wait))
            if turn.wait and len(moments) > 1:  # else nobody had asked for so long that no turn was due
                assert moments[-1][0] - moments[-2][1] < STEP + 0.001, "a turn was lost"
        else:
            refused += 1
            assert turn.wait >= AHEAD / 2
    assert all(later[1] - sooner[0] > STEP - 0.001 for sooner, later in pairwise(moments)), "two at once"
    assert len(moments) >= AHEAD / STEP
    assert len(moments) + refused == 40


def test_places_are_shared_and_come_back(valkey: str) -> None:
    limits = Limits(concurrent=3)
    inside, most = 0, 0
    lock = threading.Lock()

    def work(limiter: SharedLimiter) -> None:
        nonlocal inside, most
        pace = Pace("c", limits, limiter)
        for _ in range(8):
            holder = pace.take("Books")
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.005)
            with lock:
                inside -= 1
            pace.give(holder)

    _together(work, [SharedLimiter(valkey) for _ in range(5)])
    assert most == 3
    assert redis.Redis.from_url(valkey).zcard("heddle:limit:{c}:places") == 0


HOLDER = """
import sys, time
from engine.limiter import SharedLimiter
from engine.pace import Limits
limiter = SharedLimiter(sys.argv[1], hold=0.6)
assert limiter.ask("c", Limits(concurrent=1), "killed").go
print("in", flush=True)
time.sleep(60)
"""


def test_the_place_of_a_killed_caller_frees_itself_and_that_of_a_slow_one_does_not(valkey: str) -> None:
    limits = Limits(concurrent=1)
    with subprocess.Popen([sys.executable, "-c", HOLDER, valkey], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"in\n"
        limiter = SharedLimiter(valkey, hold=0.6)
        time.sleep(1.2)  # twice as long as a place is believed: it has been renewed
        assert limiter.ask("c", limits, "me").because == "place"
        child.kill()
        until = time.monotonic() + 5
        while not (turn := limiter.ask("c", limits, "me")).go:
            assert time.monotonic() < until
            time.sleep(turn.wait)


def test_a_pause_is_for_everybody(valkey: str) -> None:
    limits = Limits(per_second=Decimal(1000))
    one, other = SharedLimiter(valkey), SharedLimiter(valkey)
    one.pause("c", limits, 5.0)
    turn = other.ask("c", limits, "me")
    assert (turn.go, turn.because) == (False, "pause")
    assert 0 < turn.wait <= 5.0
    assert other.ask("another", limits, "me").go


def test_a_day_is_used_up_once_even_if_the_server_forgets(valkey: str) -> None:
    limits = Limits(per_day=5)
    limiter = SharedLimiter(valkey)
    assert all(limiter.ask("c", limits, str(n)).go for n in range(3))
    with redis.Redis.from_url(valkey) as server:
        server.flushall()
    assert [limiter.ask("c", limits, str(n)).go for n in range(3)] == [True, True, False]
    turn = SharedLimiter(valkey).ask("c", limits, "another process")
    assert turn.because == "day"
    assert turn.wait == pytest.approx(DAY - now() % DAY, abs=5)
    with pytest.raises(Unavailable) as raised:
        Pace("c", limits, limiter).take("Books")
    assert raised.value.code == "E-DAY"
    assert "5 calls" in raised.value.message


def test_without_the_server_each_process_takes_its_part_and_never_stops(clock: Any) -> None:
    clock.advance(86_400 - now() % 86_400)  # what is counted by the day must not meet its end
    limits = Limits(per_second=Decimal(40), concurrent=2, per_day=4000)
    limiter = SharedLimiter("unix:///nowhere/valkey.sock")
    waits = [limiter.ask("c", limits, "a").wait]
    assert limiter.state == "parted"
    assert limiter.ask("c", limits, "b").because == "place"  # 2 places for 4 processes: one each, never none
    limiter.leave("c", limits, "a")
    waits.append(limiter.ask("c", limits, "b").wait)
    assert waits[1] - waits[0] == pytest.approx(1.02 * ASSUMED / 40, abs=0.02)
    limiter.leave("c", limits, "b")
    spent = 2
    while limiter.ask("c", limits, "x").because != "day":
        limiter.leave("c", limits, "x")
        clock.advance(1)
        spent += 1
    assert spent == 1000


def test_who_would_wait_too_long_is_told_when_to_come_back() -> None:
    watch = Watch()
    pace = Pace("c", Limits(concurrent=1), Share(), patience=0.0, sleep=watch)
    pace.take("Books")
    with pytest.raises(Unavailable) as raised:
        pace.take("Books")
    assert raised.value.code == "E-TURN"
    assert raised.value.retry_after
    assert watch.slept == []


# the door of the HTTP client -----------------------------------------------------------------------------


@pytest.fixture
def served(sandbox: Callable[..., Any]) -> Any:
    return sandbox("creatio")


def _read(http: Http, url: str) -> int:
    return http.request("GET", f"{url}/odata/Contact", mutating=False).status_code


@pytest.mark.parametrize(("times", "status"), [(2, 404), (3, 404), (4, 429)])
def test_too_many_requests_are_waited_for_at_the_door_if_it_is_soon_over(
    served: Any, times: int, status: int
) -> None:
    watch = Watch()
    http = Http(door=Pace("c", Limits(per_second=Decimal(1000)), Share(), sleep=watch))
    served.app.active["rate_limit"] = {"times": times, "retry_after": 0.2}
    pauses = []
    http.door._limiter.pause = lambda *args: pauses.append(args[2])  # type: ignore[union-attr]
    assert _read(http, served.url) == status  # nothing is there: any answer but 429 is past the limit
    assert pauses == [0.2] * times
    assert sum(0.2 <= seconds <= 0.3 for seconds in watch.slept) == min(times, 3)


def test_a_long_wait_is_left_to_the_lane(served: Any) -> None:
    watch = Watch()
    http = Http(door=Pace("c", Limits(), Share(), sleep=watch))
    served.app.active["rate_limit"] = {"times": 1, "retry_after": 600}
    assert _read(http, served.url) == 429
    assert watch.slept == []


def test_who_lost_the_lease_at_the_door_sends_nothing(served: Any) -> None:
    http = Http(door=Pace("c", Limits(concurrent=1), Share()))

    def lost() -> None:
        raise LeaseLost("waited too long")

    http.guard = lost
    for _ in range(2):  # and its place is free again
        with pytest.raises(LeaseLost):
            http.request("POST", f"{served.url}/odata/Contact", mutating=True, data="{}")
    assert served.app.journal == []
    assert _read(http, served.url) == 404


def test_against_a_system_with_a_quota_every_call_gets_through(served: Any, valkey: str) -> None:
    served.app.active["quota"] = {"per_second": 50, "at_once": 3}
    limits = Limits(per_second=Decimal(50), concurrent=3)
    got: list[int] = []

    def work(limiter: SharedLimiter) -> None:
        http = Http(door=Pace("c", limits, limiter))
        got.extend(_read(http, served.url) for _ in range(20))

    _together(work, [SharedLimiter(valkey) for _ in range(4)])
    assert got == [404] * 80
    refused = [entry for entry in served.app.journal if entry["status"] == 429]
    assert len(refused) <= 4  # the way of a call takes now a little longer, now a little shorter


# what is counted -----------------------------------------------------------------------------------------


def test_calls_are_counted_by_flow_and_minute(database: Database, clock: Any) -> None:
    meter = Meter(database)
    for connection, flow, calls in (("c", "f1", 3), ("c", "f2", 2), ("d", "f1", 7), ("c", "f1", 1)):
        for _ in range(calls):
            meter.called(connection, flow, 0.25)
    meter.refused("c", "f1")
    meter.keep()
    with database.read() as session:
        assert usage.by_flow(session, "c", now() - 60) == {}  # only every few seconds
    meter.keep(at_once=True)
    meter.called("c", "f1", 0.0)
    meter.keep(at_once=True)
    with database.read() as session:
        found = usage.by_flow(session, "c", now() - 120)
    assert found == {"f1": usage.Count(5, 1000, 1), "f2": usage.Count(2, 500, 0)}
    clock.advance(9 * DAY)
    meter.called("c", "f1", 0.0)
    meter.keep(at_once=True)
    with database.read() as session:
        rows = session.exec(select(Usage)).all()
    assert sorted((row.connection_id, row.calls) for row in rows) == [("c", 1), ("d", 7)]


def _together(work: Callable[[SharedLimiter], None], limiters: list[SharedLimiter]) -> None:
    failed: list[BaseException] = []

    def guarded(limiter: SharedLimiter) -> None:
        try:
            work(limiter)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(limiter,)) for limiter in limiters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
