"""The next batch is made ready while the last one is on its way, and nothing else is different for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from engine import ahead
from engine.ahead import WORTH, Ready, load
from engine.connector import Capability
from engine.store.database import Database
from tests.engine.test_executor import counts, finish, start
from tests.engine.toys import Bench, Toy, World, toy_flow, toys

SIZE = WORTH


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Toy, "capability", Capability(page=SIZE, write=50, find=50))
    with toys():
        yield


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(thread, batch) of each staged batch that was unpacked."""
    found: list[tuple[str, int]] = []

    def noted(database: Database, run_id: str, lane: int, number: int) -> Ready | None:
        ready = load(database, run_id, lane, number)
        if ready is not None:
            found.append((threading.current_thread().name.partition("_")[0], number))
        return ready

    monkeypatch.setattr(ahead, "load", noted)
    return found


def bench_of(database: Database, rows: int) -> Bench:
    return Bench(database, World(rows), toy_flow(batch_size=SIZE))


def test_batches_are_made_ready_by_a_thread_and_written_once(
    database: Database, loaded: list[tuple[str, int]]
) -> None:
    bench = bench_of(database, 5 * SIZE)
    assert counts(finish(bench, start(bench))) == {"read": 5 * SIZE, "created": 5 * SIZE}
    assert sorted(bench.world.created()) == sorted(bench.world.source)
    assert ("ahead", 1) in loaded, "nothing was made ready in advance"


def test_a_record_on_which_heddle_fails_fails_alone(
    database: Database, loaded: list[tuple[str, int]]
) -> None:
    bench = bench_of(database, 4 * SIZE)
    bench.world.source[f"S{SIZE + 17:06d}"]["name"] = "boom"  # in the second batch, met in advance first
    bench.world.source[f"S{2 * SIZE + 3:06d}"]["name"] = "bad"
    assert counts(finish(bench, start(bench))) == {"read": 4 * SIZE, "created": 4 * SIZE - 2, "failed": 2}
    assert len(bench.world.created()) == len(set(bench.world.created())) == 4 * SIZE - 2


def test_after_a_crash_only_the_batch_at_hand_is_touched(
    database: Database, loaded: list[tuple[str, int]]
) -> None:
    class Killed(BaseException):
        """What kill -9 is to the code: nothing more of it runs."""

    bench = bench_of(database, 3 * SIZE)
    run = start(bench)
    crash = [Killed()]

    def fall(changes: object) -> None:
        if crash:
            raise crash.pop()

    bench.world.after_write = fall
    with pytest.raises(Killed):
        bench.executor().advance(run, 0)
    loaded.clear()
    with database.write() as session:
        session.connection().exec_driver_sql("UPDATE lane SET until = 0")
    bench.rings = []
    executor = bench.executor(slice=0.0)
    executor.advance(run, 1)
    assert [thread for thread, _ in loaded if thread == "ahead"] == []
    assert counts(finish(bench, run)) == {"read": 3 * SIZE, "created": 3 * SIZE}
    assert len(bench.world.created()) == len(set(bench.world.created())) == 3 * SIZE
