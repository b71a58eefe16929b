"""What a worker keeps in memory does not grow with what it has worked through."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlmodel import select

from engine import collector
from engine.connector import Query
from engine.errors import Unavailable
from engine.record import Change, Page
from engine.store.database import Database
from engine.store.deliveries import Call
from tests.engine.test_executor import finish, start
from tests.engine.toys import Bench, Toy, World, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


@pytest.fixture
def quiet() -> Iterator[None]:
    """The collector as in a worker."""
    thresholds = gc.get_threshold()
    collector.quieten()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def litter(database: Database, prefix: str) -> int:
    """The most objects that had come and not gone when a batch of a long run was written."""
    bench = Bench(database, World(300), toy_flow(batch_size=5))
    bench.world.source = {prefix + key: {"id": prefix + key, "name": key} for key in bench.world.source}
    found: list[int] = []

    def look(changes: Sequence[Change]) -> None:
        found.append(gc.get_count()[0])

    bench.world.after_write = look
    run = finish(bench, start(bench))
    assert (run.state, len(found)) == ("done", 60)
    return max(found)


def test_what_sessions_leave_behind_is_swept_up_between_batches(
    database: Database, quiet: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "LITTER", 1_000_000)
    gc.collect()
    left = litter(database, "A")
    monkeypatch.setattr(collector, "LITTER", 2_000)
    gc.collect()
    assert litter(database, "B") < min(left, 10_000) / 2


def test_calls_of_pages_that_went_well_are_forgotten(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Toy.read
    monkeypatch.setattr("engine.shift.MOST_CALLS", 1_000)

    def told(toy: Toy, query: Query, cursor: Any, limit: int) -> Page:
        page = read(toy, query, cursor, 10)
        note = {
            "method": "GET",
            "url": f"/{cursor}",
            "status": 200,
            "ms": 1.0,
            "request": "",
            "response": "",
            "error": "",
        }
        assert toy.http.journal is not None
        toy.http.journal(note)
        if cursor == 20 and toy.world.read_calls == 3:
            raise Unavailable("The toy is down.", retry_after=0.01)
        return page

    monkeypatch.setattr(Toy, "read", told)
    bench = Bench(database, World(60), toy_flow(batch_size=10))
    finish(bench, start(bench))
    with database.read() as session:
        kept = session.exec(select(Call.url).where(Call.lane == 0)).all()
    assert kept == ["/20"]
