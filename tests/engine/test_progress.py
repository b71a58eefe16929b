"""How far a run has come: what was read of how much, as well as it is known while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine import launch
from engine.connector import Capability, Query
from engine.launch import Cause
from engine.record import Page
from engine.store import progress
from engine.store.database import Database
from tests.engine.test_arrivals import publish
from tests.engine.test_executor import finish
from tests.engine.toys import Bench, Toy, World, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Toy, "capability", Capability(page=20, write=20, find=50))
    with toys():
        yield


def begin(bench: Bench) -> str:
    flow_id, standing = publish(bench.database, bench.plan)
    with bench.database.write() as session:
        started = launch.start(
            session, bench.plan, flow_id=flow_id, version_id=standing.version or 0,
            bindings={"left": "L", "right": "R"}, mode="live", cause=Cause("manual", "test"),
        )  # fmt: skip
    bench.rings.extend((started.run, lane) for lane in started.lanes)
    return started.run


def shown(bench: Bench, run_id: str) -> dict[str, Any]:
    with bench.database.read() as session:
        run = progress.get(session, run_id)
        assert run is not None
        return progress.progress(session, run)


@pytest.mark.parametrize("told", [90, 10, None], ids=["told", "told-too-little", "not-told"])
def test_the_number_of_all_is_about_while_it_reads_and_exact_afterwards(
    database: Database, monkeypatch: pytest.MonkeyPatch, told: int | None
) -> None:
    read = Toy.read

    def counting(self: Toy, query: Query, cursor: Any, limit: int) -> Page:
        page = read(self, query, cursor, limit)
        return Page(page.records, page.cursor, None, told if cursor is None else None)

    monkeypatch.setattr(Toy, "read", counting)
    bench = Bench(database, World(100), toy_flow(batch_size=20))
    run_id = begin(bench)
    assert (shown(bench, run_id)["reading"], shown(bench, run_id)["total"]) == (True, None)
    brief = bench.executor(slice=0.0)
    brief.advance(run_id, 0)
    brief.advance(run_id, 1)
    brief.advance(run_id, 0)
    half = shown(bench, run_id)
    assert (half["counts"]["read"], half["reading"]) == (20, True)
    assert half["total"] == (None if told is None else max(told, 40)), "never less than what is known"
    assert (half["left_s"] is None) == (told is None)
    while shown(bench, run_id)["reading"]:
        brief.advance(run_id, 0)
    left = shown(bench, run_id)
    assert (left["total"], left["left_s"] is None) == (100, False)
    finish(bench, run_id)
    over = shown(bench, run_id)
    assert (over["reading"], over["total"], over["left_s"]) == (False, 100, None)
