"""The clock that decides who may act: setting the time of day, other hosts' times and a reboot move nothing of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from sqlalchemy import event

from engine import clock as time_of_day
from engine.record import Change
from engine.store import lanes, pairing, timepiece
from engine.store.database import Database
from engine.store.timepiece import KEPT, NOTED, shared_now
from tests.conftest import Clock
from tests.engine.faults import Killed, after, raising, use
from tests.engine.test_doubts import LEASE, step, sums, toy
from tests.engine.test_executor import start
from tests.engine.test_messages import unanswered
from tests.engine.toys import Bench, Toy, World, toy_flow, toys

Means = Literal["match", "key", "none"]
MEANS: tuple[Means, ...] = ("match", "key", "none")
"""How a target can be asked afterwards what was done: by searching, by the key of a call, not at all."""


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(time_of_day, "_wrong", 0.0)
    with toys():
        yield


def bench_of(database: Database, means: Means, rows: int = 2) -> Bench:
    """Match keys only where the target can be searched by them."""
    world = World(rows)
    world.means = means
    bench = Bench(database, world, toy_flow(match=("ref",) if means == "match" else ()))
    bench.timeout = 30.0
    use(bench, toy(20, idempotency="key" if means == "key" else "none"))
    return bench


def finish(bench: Bench, clock: Clock) -> dict[str, int]:
    for _ in range(6):
        clock.advance(60.0)
        runs = step(bench)
    return sums(runs)


@pytest.mark.parametrize("seconds", [-300.0, 300.0])
@pytest.mark.parametrize("means", MEANS)
def test_an_object_that_is_being_created_is_left_alone_whatever_the_time_of_day(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, means: Means, seconds: float
) -> None:
    """While a call is under way, another run meets its objects: on a host with another time of day, or because the
    clock of the machine was set. And again when the first one has met a wall since, and nobody knows what it did."""
    bench = bench_of(database, means)
    seen: list[list[str]] = []

    def meanwhile(changes: Sequence[Change]) -> None:
        bench.world.before_write = lambda changes: None
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(time_of_day, "_wrong", seconds)
            other = start(bench)
            for lane in (0, 1):
                bench.executor(lease=LEASE).advance(other, lane)
        seen.append(bench.world.created())

    bench.world.before_write = meanwhile
    start(bench)
    step(bench)
    assert seen == [[]]
    assert finish(bench, clock) == {"read": 4, "created": 2, "unchanged": 2}
    assert bench.world.created() == ["S000000", "S000001"]


@pytest.mark.parametrize("seconds", [-300.0, 300.0])
def test_a_match_key_is_claimed_whatever_the_time_of_day(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Two source objects with one name, in two runs at once."""
    world = World(1)
    bench = Bench(database, world, toy_flow(match=("name",), operation="upsert"))
    bench.timeout = 30.0
    seen: list[list[str]] = []

    def meanwhile(changes: Sequence[Change]) -> None:
        world.before_write = lambda changes: None
        world.source = {"S000009": {"id": "S000009", "name": "Name 0"}}
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(time_of_day, "_wrong", seconds)
            other = start(bench)
            for lane in (0, 1):
                bench.executor(lease=LEASE).advance(other, lane)
        seen.append(world.created())

    world.before_write = meanwhile
    start(bench)
    step(bench)
    assert seen == [[]]
    assert finish(bench, clock) == {"read": 2, "created": 1, "updated": 1}
    assert [row["name"] for row in world.target] == ["Name 0"]


@pytest.mark.parametrize("seconds", [-300.0, 300.0])
def test_a_call_that_may_still_be_carried_out_keeps_its_turn_whatever_the_time_of_day(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """An update got no answer; a newer message is taken up elsewhere, and the update arrives after all."""
    inbox = unanswered(database)
    newer = inbox.tell("two")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(time_of_day, "_wrong", seconds)
        inbox.work(newer)
    assert inbox.names == ["zero"]
    inbox.world.target[0]["name"] = "one"
    for _ in range(3):
        clock.advance(40.0)
        inbox.work()
    assert inbox.names == ["two"]


@pytest.mark.parametrize("seconds", [-300.0, 300.0])
def test_what_searches_do_not_show_yet_is_not_taken_for_gone_when_the_clock_is_set(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """The second step of a run looks for what the first one has created a moment ago."""
    lag, world = 20.0, World(2)
    bench = Bench(database, world, toy_flow(match=("ref",), operation="upsert", writes=2))
    slow, usual = toy(20, lag=lag), Toy.find
    born = time_of_day.passing()

    def find(self: Any, *asked: Any) -> Any:
        if world.target:
            monkeypatch.setattr(time_of_day, "_wrong", seconds)
        seen = time_of_day.passing() >= born + lag
        return usual(self, *asked) if seen else [[] for _ in asked[1]]

    monkeypatch.setattr(slow, "find", find)
    use(bench, slow)
    start(bench)
    assert [run.code for run in step(bench)] == ["E-UNSEEN"]
    clock.advance(2 * lag)
    assert sums(step(bench)) == {"read": 2, "created": 2}


# PostgreSQL --------------------------------------------------------------------------------------------


def test_a_server_is_asked_for_the_time_now_and_then(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, on_postgres: bool
) -> None:
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    database.ping()
    event.listen(database.engine, "before_cursor_execute", note)
    with database.read() as session:
        first = shared_now(session, fresh=True)
        monkeypatch.setattr(time_of_day, "_wrong", 300.0)
        later = [shared_now(session) for _ in range(50)]
    later += [database.now() for _ in range(50)]
    assert later == sorted(later)
    assert later[-1] - first < 10.0
    assert len(asked) == on_postgres
    clock.advance(KEPT + 1)
    assert database.now() > first + KEPT
    assert len(asked) == 2 * on_postgres


class Wire:
    """A line to a server on which each answer takes so many seconds."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds, self.asked = clock, seconds, 0

    def connect(self) -> Any:
        return nullcontext(self)

    def exec_driver_sql(self, statement: str) -> Any:
        self.asked += 1
        told = time_of_day.now() - time_of_day._skew
        self.clock.advance(self.seconds)
        return SimpleNamespace(scalar_one=lambda: told)


@pytest.mark.parametrize(("seconds", "asked"), [(0.4, 1), (2.0, 3)])
def test_an_answer_that_took_long_serves_once(clock: Clock, seconds: float, asked: int) -> None:
    """It says what the time was a while ago: leases would end too early by that much."""
    wire = Wire(clock, seconds)
    server = timepiece.Server(wire)  # type: ignore[arg-type]
    for _ in range(3):
        assert abs(server.now() - time_of_day.now()) < 0.5
    assert wire.asked == asked


# SQLite ------------------------------------------------------------------------------------------------


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of an SQLite database, whatever the other tests use."""
    shutil.copyfile(sqlite_template, tmp_path / "one.db")
    return f"sqlite:///{tmp_path / 'one.db'}"


def reboot(url: str, patch: pytest.MonkeyPatch, boot: str | None = "another") -> Database:
    patch.setattr(timepiece, "boot", lambda: boot)
    return Database(url)


def test_all_processes_of_a_machine_count_alike(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Database(file)
    one.ping()
    before = one.now()
    monkeypatch.setattr(time_of_day, "_wrong", -86_400.0)
    other = Database(file)
    other.ping()
    assert before < other.now() < before + 10.0
    assert before < one.now() < before + 10.0


def test_a_machine_that_was_started_anew_goes_on_from_where_it_was_seen(
    file: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time for which it was off counts for nobody, and the time of day does not matter."""
    one = Database(file)
    clock.advance(NOTED + 1)
    with one.write():
        seen = one.now()
    clock.advance(3600.0)
    for number, wrong in enumerate((-86_400.0, 86_400.0)):
        monkeypatch.setattr(time_of_day, "_wrong", wrong)
        other = reboot(file, monkeypatch, f"boot {number}")
        other.ping()
        assert seen - 1.0 < other.now() < seen + 10.0


def test_without_a_sign_of_the_boot_it_is_the_time_of_day(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = reboot(file, monkeypatch, None)
    with one.write() as session:
        assert abs(shared_now(session) - time_of_day.now()) < 10.0
    monkeypatch.setattr(time_of_day, "_wrong", 300.0)
    assert abs(one.now() - time_of_day.now()) < 10.0


@pytest.mark.parametrize("means", MEANS)
def test_what_a_machine_had_under_way_when_it_stopped_is_looked_at_as_a_doubt(
    file: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, means: Means
) -> None:
    """Its lanes are free at once; another run that meets the objects waits until they have been looked for."""
    bench = bench_of(Database(file), means)
    bench.world.after_write = after(0, 1, raising(lambda: Killed("with the machine")))
    start(bench)
    with pytest.raises(Killed):
        step(bench)
    monkeypatch.setattr(time_of_day, "_wrong", 86_400.0)  # as it comes up, its clock is not set yet
    bench.database = reboot(file, monkeypatch)
    bench.rings.clear()
    other = start(bench)
    for lane in (0, 1):
        bench.executor(lease=LEASE).advance(other, lane)
    with bench.database.read() as session:
        met = {"linked"} if means == "match" else {"creating"}
        assert {pairing.state(session, row) for row in pairing.search(session)} == met
        left = lanes.unattended(session, -1.0)
    assert len({run for run, _ in left}) == 1, "the lane of the dead worker, and the other run waits"
    outcomes = {"match": {"unchanged": 4}, "key": {"created": 2, "unchanged": 2}, "none": {"held": 4}}
    assert finish(bench, clock) == {"read": 4, **outcomes[means]}
    assert bench.world.created() == ["S000000", "S000001"]
