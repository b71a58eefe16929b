"""A system is changed while a run is on its way: what no longer fits fails by name, alone, and goes on when cured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlmodel import select

from engine import registry
from engine.connector import Query
from engine.flow import Node
from engine.record import Change, Outcome, Page, Result
from engine.store import references
from engine.store.database import Database
from engine.store.failures import Failure
from tests.engine.faults import ReadChanges, use
from tests.engine.test_executor import counts, finish, start
from tests.engine.toys import Bench, Toy, World, stamp_of, toy_flow, toys

ROWS = 30
SOME = ("match", pytest.param("key", marks=pytest.mark.long), "none")
FIELDS: list[dict[str, Any]] = [
    {"target": "ref", "value": {"kind": "path", "path": "$.id"}},
    {"target": "name", "value": {"kind": "path", "path": "$.name"}},
]


class Fickle(World):
    """A world whose shape may change: ``lost`` names a field that the source no longer tells, ``demanded`` one that
    the target wants now, ``unknown`` one that it does not know any more."""

    lost = demanded = unknown = ""
    between_pages: Callable[[], None] | None = None
    between_calls: Callable[[], None] | None = None


class FickleToy(Toy):
    """Pages of ten rows; behind the first one, or the first call of ten records, the world changes."""

    world: Fickle
    capability = Toy.capability.model_copy(update={"write": 10})

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        if cursor and self.world.between_pages:
            self.world.between_pages()
        page = super().read(query, cursor, min(limit, 10))
        for record in page.records:
            record.data.pop(self.world.lost, None)
        return page

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        world, found = self.world, []
        for change in changes:
            why = f"{world.unknown} is not a field." if world.unknown in change.data else ""
            if world.demanded and world.demanded not in change.data:
                why = f"{world.demanded} must be filled."
            field = world.demanded or world.unknown
            found.append(
                Result(Outcome.FAILED, code="T-SHAPE", message=why, field=field)
                if why
                else super()._write(entity, [change])[0]
            )
        if world.between_calls:
            world.between_calls()
        return found


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        registry.node_types()[ReadChanges.type] = ReadChanges
        yield


def bench_of(database: Database, means: Any) -> tuple[Bench, Fickle]:
    world = Fickle(ROWS)
    world.means = means
    flow = toy_flow(match=("ref",) if means == "match" else (), batch_size=10, operation="upsert")
    nodes = [
        Node(id="map", type="map", settings={"rows": FIELDS}) if node.id == "map" else node
        for node in flow.nodes
    ]
    bench = Bench(database, world, flow.model_copy(update={"nodes": nodes}))
    use(bench, FickleToy)
    return bench, world


@pytest.mark.parametrize("means", SOME)
@pytest.mark.parametrize("what", ["lost", "demanded", "unknown"])
def test_what_no_longer_fits_fails_by_name_and_goes_on_when_cured(
    database: Database, what: str, means: Any
) -> None:
    bench, world = bench_of(database, means)
    field = "code" if what == "demanded" else "name"
    setattr(
        world, "between_pages" if what == "lost" else "between_calls", lambda: setattr(world, what, field)
    )
    run = finish(bench, start(bench))
    assert run.state == "done"
    found = counts(run)
    assert (found["read"], found["created"] + found["failed"]) == (ROWS, ROWS)
    assert found["created"] == 10
    assert {failure.field for failure in _failures(database)} == {field}
    assert all(field in failure.message for failure in _failures(database))
    missing = {failure.key for failure in _failures(database)}
    assert missing | set(world.created()) == set(world.source)
    with database.read() as session:
        assert references.watermark(session, "f1", "read") == stamp_of(max(world.source))

    world.lost = world.demanded = world.unknown = ""
    world.between_pages = world.between_calls = None
    again = finish(bench, start(bench))  # everything is read anew: what got through is left alone
    assert counts(again) == {"read": ROWS, "created": ROWS - 10, "unchanged": 10}
    assert not {ref: n for ref, n in Counter(world.created()).items() if n > 1}
    assert set(world.created()) == set(world.source)
    assert _failures(database) == []


def _failures(database: Database) -> list[Failure]:
    with database.read() as session:
        return list(session.exec(select(Failure).where(Failure.state == "open")))
