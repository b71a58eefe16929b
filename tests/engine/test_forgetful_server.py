"""A database server goes down and is up again: what need not last is forgotten, and those who use it live on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from engine import registry
from engine.store.database import Database, hasten
from tests.conftest import Clock
from tests.engine.faults import TIMEOUT, ReadChanges, at_point
from tests.engine.test_executor import finish, start
from tests.engine.test_fault_matrix import LEASE, SOME, Means, _executor, _work, again, bench_of, judge
from tests.engine.toys import toys
from tests.postgres import Postgres


@pytest.fixture(autouse=True)
def _toys(clock: Clock) -> Iterator[None]:
    clock.advance(0.0)  # so that what a test does to the clock is undone
    with toys():
        registry.node_types()[ReadChanges.type] = ReadChanges
        yield


class Memory:
    """Everything that a database knew at a moment."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def learn(self) -> None:
        with self.database.read() as session:
            for table in SQLModel.metadata.sorted_tables:
                self.rows[table.name] = [
                    dict(row) for row in session.connection().execute(table.select()).mappings()
                ]

    def forget_what_came_later(self) -> None:
        with self.database.write() as session:
            for table in reversed(SQLModel.metadata.sorted_tables):
                session.connection().execute(table.delete())
            for table in SQLModel.metadata.sorted_tables:
                if rows := self.rows[table.name]:
                    session.connection().execute(table.insert(), rows)


@pytest.mark.parametrize("means", SOME)
@pytest.mark.parametrize(("commit", "nth"), [("stage", 1), ("stage", 2), ("settle", 1), ("settle", 2)])
def test_a_worker_that_knows_more_than_the_database_begins_again(
    database: Database, monkeypatch: pytest.MonkeyPatch, commit: str, nth: int, means: Means
) -> None:
    """It may not go on from where it is: what the server has forgotten would be left out."""
    monkeypatch.setattr(database, "falls_alone", True)
    bench = bench_of(database, means)
    memory = Memory(database)
    run_id = start(bench)
    with (
        at_point(f"before-{commit}", nth, memory.learn),
        at_point(f"after-{commit}", nth, memory.forget_what_came_later) as passed,
    ):
        _work(bench, run_id, _executor(bench, ""))
    assert passed[0] >= nth, "the point was never passed"
    time.sleep(LEASE + TIMEOUT)
    held = judge(bench, finish(bench, run_id), doubts=means == "none")
    assert held <= 10, "more than the batch that was forgotten"
    again(bench, held)


@pytest.mark.postgres
def test_haste_ends_with_its_transaction(postgres: Postgres) -> None:
    """On a server it is a setting, and lines to the server are used again."""
    with postgres.fresh() as url:
        database = Database(url)
        name = database.engine.url.database or ""
        with database.write() as session:  # for new lines; servers of tests wait for no disk
            session.connection().execute(text(f"ALTER DATABASE {name} SET synchronous_commit = on"))
        database.close()
        _try_haste(database)
        database.close()


def _try_haste(database: Database) -> None:
    def waits() -> str:
        return str(session.connection().execute(text("SHOW synchronous_commit")).scalar())

    for _ in range(3):  # the pool hands out one line again and again
        with database.write() as session:
            assert waits() == "on"
            hasten(session)
            assert waits() == "off"
        with database.read() as session:
            assert waits() == "on"
        with database.write(lasting=False) as session:
            assert waits() == "off"
        with pytest.raises(ZeroDivisionError), database.write(lasting=False) as session:
            raise ZeroDivisionError
        with database.write() as session:
            assert waits() == "on"
            assert "hasty" not in session.info
