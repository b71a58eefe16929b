"""Writers of one SQLite database queue up, across threads and processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from engine.store.database import Database
from engine.store.writers import Queue


def test_one_writes_at_a_time_whatever_its_process(tmp_path: Path) -> None:
    file = str(tmp_path / "heddle.db")
    queues = [Queue(file), Queue(file)]  # as two processes have one each
    at_work: list[int] = []
    together: list[int] = []

    def write(queue: Queue) -> None:
        for _ in range(20):
            with queue.turn():
                at_work.append(1)
                together.append(len(at_work))
                time.sleep(0.0005)
                at_work.pop()

    threads = [threading.Thread(target=write, args=(queue,)) for queue in queues * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [1] * 80


def test_the_turn_of_a_killed_process_is_over(tmp_path: Path) -> None:
    file = str(tmp_path / "heddle.db")
    program = (
        "import sys, time\nfrom engine.store.writers import Queue\n"
        "with Queue(sys.argv[1]).turn():\n    print('mine', flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, file], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mine\n"
        waiting = threading.Thread(target=_pass, args=(Queue(file),))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive(), "it did not wait"
        other.kill()
        waiting.join(20)
        assert not waiting.is_alive(), "it waits for a dead process"


def test_nobody_waits_for_himself(tmp_path: Path) -> None:
    queue = Queue(str(tmp_path / "heddle.db"))
    with queue.turn(), queue.turn():
        pass
    _pass(queue)


def test_without_a_file_nobody_waits(tmp_path: Path) -> None:
    for path in (None, ":memory:", str(tmp_path / "there is no such folder" / "heddle.db")):
        with Queue(path).turn():
            _pass(Queue(path))


def test_a_turn_ends_with_a_transaction_that_fails(tmp_path: Path) -> None:
    database, other = (Database(f"sqlite:///{tmp_path / 'heddle.db'}") for _ in range(2))
    with pytest.raises(OperationalError), database.write() as session:
        session.connection().execute(text("INSERT INTO nothing VALUES (1)"))
    with other.write() as session:
        session.connection().execute(text("CREATE TABLE kept (id INTEGER)"))
    database.close()
    other.close()


def _pass(queue: Queue) -> None:
    with queue.turn():
        pass
