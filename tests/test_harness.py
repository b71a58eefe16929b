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
    with postgres.fresh() as one, postgres.fresh() as other:
        assert one != other
        for url in (one, other):
            database = Database(url)
            database.ping()
            database.close()
    for url in (one, other):
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(url)


@pytest.mark.postgres
def test_a_database_that_is_used_again_is_as_a_new_one(postgres: Postgres) -> None:
    new = whole(postgres.address(postgres.template))
    with postgres.fresh() as url:
        used = identity(url)
        with psycopg.connect(url) as connection:
            for name in new:
                if not name.endswith("_seq") and name != "alembic_version":
                    fill(connection, name)
            connection.execute("SELECT nextval(seqrelid::regclass) FROM pg_sequence")
        same = [name for name, rows in whole(url).items() if rows == new[name]]
        assert same == ["alembic_version"], "there is something in all the others"
    with postgres.fresh() as again:
        assert identity(again) == used
        assert again != url
        assert whole(again) == new
        connection = psycopg.connect(again)  # one that was left open goes with its database
    with postgres.fresh() as third:
        assert identity(third) != used
        assert whole(third) == new
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE other (id INTEGER)",
        "ALTER TABLE run ADD COLUMN other TEXT",
        "ALTER TABLE run ALTER COLUMN state DROP NOT NULL",
        "CREATE INDEX other ON audit (id)",
        "ALTER TABLE hold RENAME TO other",
        "ALTER TABLE audit SET (fillfactor = 50)",
        "CREATE FUNCTION other() RETURNS INTEGER LANGUAGE SQL AS 'SELECT 1'",
        "UPDATE alembic_version SET version_num = 'other'",
        "ALTER DATABASE {} SET synchronous_commit = on",
    ],
)
def test_a_database_that_is_changed_otherwise_is_not_used_again(postgres: Postgres, change: str) -> None:
    with postgres.fresh() as url:
        changed = identity(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(change.format(connection.info.dbname))
    with postgres.fresh() as url:
        assert identity(url) != changed


def identity(url: str) -> object:
    """Which database it is, whatever it is called now."""
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()


def whole(url: str) -> dict[str, list[object]]:
    """All that is in the database, by table or sequence."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT quote_ident(relname) FROM pg_class WHERE relkind IN ('r', 'S') AND oid >= 16384"
        ).fetchall()
        columns = {name: "last_value, is_called" if name.endswith("_seq") else "*" for (name,) in names}
        return {
            name: connection.execute(f"SELECT {which} FROM {name}").fetchall()
            for name, which in columns.items()
        }


def fill(connection: psycopg.Connection[tuple[object, ...]], table: str) -> None:
    """Puts a row into the table, whatever its columns are."""
    connection.execute("SET session_replication_role = replica")
    columns = connection.execute(
        "SELECT quote_ident(attname), format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND attnotnull AND NOT atthasdef",
        [table],
    ).fetchall()
    values = {"boolean": "true", "json": "'{}'", "bytea": "'x'", "character varying": "'x'", "text": "'x'"}
    connection.execute(
        f"INSERT INTO {table} ({', '.join(name for name, _ in columns)})"
        f" VALUES ({', '.join(values.get(kind, '1') for _, kind in columns)})"
    )


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
