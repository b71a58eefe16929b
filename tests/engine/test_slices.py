"""How long a ring may keep a worker, and who is rung for: a bulk run gives way to a call, and goes on after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import executor as executors
from engine import launch
from engine.launch import Cause, Started
from engine.store import lanes
from engine.store.database import Database
from engine.store.runs import Run
from tests.conftest import Clock
from tests.engine.toys import Bench, World, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def _started(bench: Bench) -> Started:
    with bench.database.write() as session:
        return launch.start(
            session, bench.plan, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R"}, mode="live",
            cause=Cause("manual", "test"),
        )  # fmt: skip


@pytest.mark.parametrize("awaited", [True, False])
def test_a_bulk_run_gives_way_only_to_others_who_wait(
    database: Database, monkeypatch: pytest.MonkeyPatch, awaited: bool
) -> None:
    monkeypatch.setattr(executors, "TURN", 0.0)
    bench = Bench(database, World(200), toy_flow(batch_size=10))
    run = _started(bench)
    bench.rings.extend((run.run, lane) for lane in run.lanes)
    executor = bench.executor(slice=3600.0, is_awaited=lambda mine: awaited and mine == run.run)
    kept = []
    while bench.rings:
        before = len(bench.world.target)
        executor.advance(*bench.rings.pop(0))
        kept.append(len(bench.world.target) - before)
    assert len(bench.world.target) == 200, "who gave way was rung for again"
    assert max(kept) <= 20 if awaited else kept[0] == 200
    with database.read() as session:
        ended = session.get(Run, run.run)
        assert ended is not None
        assert ended.state == "done"


def test_the_reader_rings_for_lanes_that_nobody_attends_once_in_a_while(
    database: Database, stopped: Clock
) -> None:
    run_id = _started(Bench(database, World(1), toy_flow(lanes=2))).run
    with database.write() as session:
        reader = lanes.claim(session, run_id, 0, "reader", 30.0)
        assert reader is not None
        held = lanes.claim(session, run_id, 1, "worker", 30.0)
        assert held is not None
    page = [(1, b"", 1, None), (2, b"", 1, None)]

    def rung() -> list[int]:
        with database.write() as session:
            return lanes.stage(session, reader, page, None)

    assert rung() == [2], "who works on the other lane looks for more by himself"
    assert rung() == []
    stopped.advance(lanes.AGAIN + 0.1)
    assert rung() == [2], "a ring may have been lost"
    with database.write() as session:
        lanes.release(session, held)
    assert rung() == [1]


def test_the_reader_is_needed_where_others_have_hardly_anything_left(database: Database) -> None:
    run_id = _started(Bench(database, World(1), toy_flow(lanes=3))).run
    with database.write() as session:
        reader = lanes.claim(session, run_id, 0, "reader", 30.0)
        own = lanes.claim(session, run_id, 1, "reader", 30.0)
        assert reader is not None
        assert own is not None
        lanes.claim(session, run_id, 2, "worker", 30.0)

    def is_low() -> bool:
        with database.read() as session:
            return lanes.is_low(session, own)

    assert is_low()
    with database.write() as session:
        lanes.stage(session, reader, [(2, b"", 1, None)] * 2, None)
    assert not is_low(), "lane 3 is nobody's, and lane 2 has two batches"
