"""The fixtures that all the other tests stand on."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
import redis

from engine.store.database import Database
from tests.conftest import Clock
from tests.postgres import Postgres


def test_database_is_fresh_and_up_to_date(database: Database, on_postgres: bool) -> None:
    database.ping()
    database.migrate()  # nothing is left to do
    assert database.is_sqlite is not on_postgres


@pytest.mark.postgres
def test_postgres_databases_are_apart(postgres: Postgres) -> None:
    def known() -> set[str]:
        with psycopg.connect(postgres.url) as connection:
            return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}

    before = known()
    with postgres.fresh() as one, postgres.fresh() as other:
        assert one != other
        for url in (one, other):
            database = Database(url)
            database.ping()
            database.close()
        assert len(known() - before) == 2
    assert known() == before, "they go when they are no longer needed"


def test_valkey_is_real_and_empty(valkey: str) -> None:
    with redis.Redis.from_url(valkey) as client:
        assert client.dbsize() == 0
        client.set("a", "1")
        info = client.info("persistence")
    assert info["aof_enabled"] == 1


def test_valkey_listens_where_the_path_is_short_enough(tmp_path: Path) -> None:
    from designer import valkey as embedded

    deep = tmp_path.joinpath(*(["a-rather-long-name"] * 6))
    assert len(str(embedded.socket_path(deep))) <= embedded.SOCKET_PATH_LIMIT
    assert embedded.socket_path(Path("/var/lib/heddle")) == Path("/var/lib/heddle/valkey/valkey.sock")


def test_clock_moves(clock: Clock) -> None:
    before = clock.now()
    clock.advance(3600)
    assert 3600 <= clock.now() - before < 3700


@pytest.mark.browser
def test_a_browser_opens(page: object) -> None:
    assert page.evaluate("1 + 1") == 2  # type: ignore[attr-defined]
