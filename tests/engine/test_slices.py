"""How long a ring may keep a worker: a bulk run gives way to a call, and goes on after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import executor as executors
from engine import launch
from engine.launch import Cause
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.toys import Bench, World, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


@pytest.mark.parametrize("awaited", [True, False])
def test_a_bulk_run_gives_way_only_to_those_who_wait(
    database: Database, monkeypatch: pytest.MonkeyPatch, awaited: bool
) -> None:
    monkeypatch.setattr(executors, "TURN", 0.0)
    bench = Bench(database, World(200), toy_flow(batch_size=10))
    with database.write() as session:
        run = launch.start(
            session, bench.plan, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R"}, mode="live",
            cause=Cause("manual", "test"),
        )  # fmt: skip
    bench.rings.extend((run.run, lane) for lane in run.lanes)
    executor = bench.executor(slice=3600.0, is_awaited=lambda: awaited)
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
