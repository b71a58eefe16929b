"""A system in which nothing can be looked for: what was written before is known all the same, and written anew or left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.connector import CannotTell
from engine.store.database import Database
from tests.engine.test_executor import counts, finish, start
from tests.engine.toys import Bench, Toy, World, toy_flow, toys


@pytest.fixture(autouse=True)
def _blind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def find(*_: Any) -> Any:
        raise CannotTell("Things cannot be looked for.")

    monkeypatch.setattr(Toy, "find", find)
    monkeypatch.setattr(Toy, "finds", lambda *_: False)
    with toys():
        yield


@pytest.mark.parametrize(
    ("operation", "outcome", "name"), [("create", "unchanged", "Name 0"), ("upsert", "updated", "Anew")]
)
def test_what_changed_at_the_source(database: Database, operation: str, outcome: str, name: str) -> None:
    world = World(rows=1)
    bench = Bench(database, world, toy_flow(operation=operation, match=()))
    assert counts(finish(bench, start(bench))) == {"read": 1, "created": 1}
    world.source["S000000"]["name"] = "Anew"
    assert counts(finish(bench, start(bench))) == {"read": 1, outcome: 1}
    assert [row["name"] for row in world.target] == [name]
