"""SQLite's log is moved into the database file beside the writers."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.store import checkpoints
from engine.store.database import LONGEST, Database
from tests.conftest import wait_for

FILL = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :pages)"
    " INSERT INTO thing SELECT randomblob(3900) FROM n"
)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'heddle.db'}")
    with database.write() as session:
        session.execute(text("CREATE TABLE thing (body BLOB)"))
    yield database
    database.close()


@contextmanager
def kept(database: Database) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=checkpoints.keep, args=(database, stop, 0.01))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def in_log_alone(database: Database) -> int:
    return checkpoints.waiting(Path(f"{database.engine.url.database}-shm"))


def fill(database: Database, pages: int) -> None:
    with database.write() as session:
        session.execute(text(FILL), {"pages": pages})


def test_what_was_written_is_moved_beside_a_writer_and_a_reader(file: Database) -> None:
    fill(file, checkpoints.WORTH)
    assert in_log_alone(file) >= checkpoints.WORTH
    with kept(file), file.write() as session:  # nobody can write meanwhile, and nobody need
        session.execute(text("DELETE FROM thing WHERE rowid = 1"))
        wait_for(lambda: in_log_alone(file) == 0, 30, "the checkpoint")
    with file.read() as session:
        assert session.execute(text("SELECT count(*) FROM thing")).scalar_one() == checkpoints.WORTH - 1


def test_a_short_log_is_left_alone_and_a_long_one_is_moved_by_a_commit(file: Database) -> None:
    fill(file, checkpoints.WORTH // 2)
    with kept(file):
        threading.Event().wait(0.1)
    assert in_log_alone(file) >= checkpoints.WORTH // 2
    fill(file, LONGEST)
    assert in_log_alone(file) == 0


def test_a_full_disk_ends_nothing(
    file: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[int] = []
    really = checkpoints.checkpoint

    def full_at_first(database: Database) -> None:
        tried.append(1)
        if len(tried) == 1:
            raise sqlite3.OperationalError("database or disk is full")
        really(database)

    monkeypatch.setattr(checkpoints, "checkpoint", full_at_first)
    fill(file, checkpoints.WORTH)
    with kept(file):
        wait_for(lambda: in_log_alone(file) == 0, 30, "the second checkpoint")
    assert "disk is full" in caplog.text


def test_another_database_needs_nobody(tmp_path: Path) -> None:
    checkpoints.keep(Database("postgresql://nobody@localhost:1/none"), threading.Event())
    assert checkpoints.waiting(tmp_path / "none-shm") == 0
