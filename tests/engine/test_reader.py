"""Pages become batches: as many pages at once as fill one batch in every lane, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.connector import Capability, Connector, Query
from engine.http import Http
from engine.reader import Reader, parts
from engine.record import Page, Record
from engine.store.database import Database
from engine.store.runs import load_run
from tests.engine.test_executor import start
from tests.engine.toys import Bench, Toy, World, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Toy, "capability", Capability(page=50, write=50, find=50))
    with toys():
        yield


class Marked(Toy):
    """Says with each page how far it has come, the last time less than before."""

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        page = super().read(query, cursor, limit)
        at = int(cursor or 0)
        return Page(page.records, page.cursor, f"2026-11-20T10:00:{59 - at // 50:02}Z")


def reader_of(database: Database, rows: int, mode: str = "live", **flow: Any) -> Reader:
    bench = Bench(database, World(rows), toy_flow(**flow))
    run_id = start(bench, mode)
    with database.read() as session:
        run = load_run(session, run_id)

    def connect(slot: str) -> Connector[Any]:
        return Marked(bench.world, Http())

    return Reader(bench.plan, run, connect)


@pytest.mark.parametrize(
    ("lanes", "batch_size", "read"),
    [(1, 50, 50), (1, 70, 50), (1, 100, 100), (2, 50, 100), (2, 120, 200), (8, 2000, 2000)],
)
def test_behind_the_first_page_pages_are_read_until_every_lane_has_a_batch(
    database: Database, lanes: int, batch_size: int, read: int
) -> None:
    reader = reader_of(database, 2100, lanes=lanes, batch_size=batch_size)
    batches, cursor = reader.next_page(database, None)
    assert sum(count for _, _, count, _ in batches) == cursor["at"] == 50
    batches, cursor = reader.next_page(database, cursor)
    assert sum(count for _, _, count, _ in batches) == read
    assert cursor["at"] == 50 + read
    assert {lane for lane, *_ in batches} == set(range(1, lanes + 1))
    assert cursor["marks"] == {"read": "2026-11-20T10:00:59.000000Z"}, "a mark went back within a page"


def test_the_end_and_a_sample_are_not_read_beyond(database: Database) -> None:
    reader = reader_of(database, 170, lanes=2, batch_size=100)
    _, cursor = reader.next_page(database, None)
    assert "end" not in cursor
    batches, cursor = reader.next_page(database, cursor)
    assert (sum(count for _, _, count, _ in batches), cursor["end"]) == (120, True)
    sample = reader_of(database, 70, "sample", lanes=2, batch_size=100)
    batches, cursor = sample.next_page(database, None)
    assert (sum(count for _, _, count, _ in batches), cursor["end"]) == (10, True)


@pytest.mark.parametrize("size", [1, 4, 10, 500])
@pytest.mark.parametrize("count", [1, 9, 10, 11, 12, 13, 499, 500, 516, 600, 601, 1000, 1204])
def test_no_batch_is_much_larger_or_much_smaller_than_others(count: int, size: int) -> None:
    records = [Record(str(at), {}) for at in range(count)]
    batches = parts(records, size)
    assert [record for batch in batches for record in batch] == records
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= size + size // 5
    assert count <= size + size // 5 or min(sizes) * 2 >= size, "a rest by itself"
