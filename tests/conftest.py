"""Fixtures for every test: databases, Valkey, the clock, imitated systems, the browser.

``--postgres`` runs what asks for a database, and nothing else, on PostgreSQL; HEDDLE_TEST_POSTGRES=1 runs everything,
that on PostgreSQL (=postgresql://… for a server of your own, with either).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from werkzeug.serving import make_server

from designer import valkey as embedded
from engine import clock as heddle_clock
from engine import guard, registry
from engine.store.database import Database
from tests import chromium as browser
from tests import postgres as real_postgres

# the same examples every time, so that a red test is red again; the long searches look further (marker long)
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("-m") != "long":
        hypothesis.settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres", action="store_true", help="databases are PostgreSQL instead of SQLite")
    parser.addoption(
        "--renew", action="store_true", help="put what the ready flows write on record (tests/flows)"
    )


# databases ---------------------------------------------------------------------------------------------

ASKING_FOR_ONE = {"database_url", "on_postgres", "postgres"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--postgres``, only what asks for a database is run: all else is the same on any of them."""
    if config.getoption("--postgres"):
        kept, others = [], []
        for item in items:
            asked = not ASKING_FOR_ONE.isdisjoint(getattr(item, "fixturenames", ()))
            (kept if asked else others).append(item)
        items[:] = kept
        config.hook.pytest_deselected(items=others)


@pytest.fixture(scope="session")
def on_postgres(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--postgres") or os.environ.get("HEDDLE_TEST_POSTGRES"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[real_postgres.Postgres]:
    """A real PostgreSQL server with a template that is up to date."""
    with real_postgres.running() as server:
        server.prepare()
        yield server
        server.forget()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An up-to-date SQLite file, to be copied: migrating anew for each test would take longer than the tests."""
    path = tmp_path_factory.mktemp("template") / "heddle.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.ping()  # it has its anchor in time from the first use on
    database.close()
    return path


@pytest.fixture
def database_url(request: pytest.FixtureRequest, on_postgres: bool, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, up-to-date database."""
    if not on_postgres:
        path = tmp_path / "heddle.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: real_postgres.Postgres = request.getfixturevalue("postgres")
    with server.fresh() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, up-to-date database."""
    made = Database(database_url)
    yield made
    made.close()


# Valkey ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """The URL of a real Valkey server."""
    with tempfile.TemporaryDirectory(prefix="heddle-vk-") as folder:
        server = subprocess.Popen(embedded.command(Path(folder)), stdout=subprocess.DEVNULL)
        url = embedded.url(Path(folder))
        try:
            client = redis.Redis.from_url(url)
            wait_for(lambda: answers(client), 10, "Valkey")
            client.close()
            yield url
        finally:
            server.terminate()
            server.wait(10)


@pytest.fixture
def valkey(valkey_server: str) -> str:
    """The URL of a real Valkey server with nothing in it."""
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    return valkey_server


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Until the condition holds. Fails the test when that takes too long."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            pytest.fail(f"{what} did not happen within {seconds} s")
        time.sleep(0.02)


# time --------------------------------------------------------------------------------------------------


class Clock:
    """Moves the time that Heddle goes by; the machine's own is left alone."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.skew = 0.0

    def advance(self, seconds: float) -> None:
        self.skew += seconds
        self._patch.setattr(heddle_clock, "_skew", self.skew)

    def now(self) -> float:
        return heddle_clock.now()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class _Stopped:
    """The machine's clocks, as they stood at one moment."""

    def __init__(self) -> None:
        self._day, self._passed, self._worked = time.time(), time.monotonic(), time.process_time()

    def time(self) -> float:
        return self._day

    def monotonic(self) -> float:
        return self._passed

    def clock_gettime(self, clock: int) -> float:
        return self._passed

    def process_time(self) -> float:
        return self._worked


@pytest.fixture
def stopped(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that goes on only when it is told to: no lease ends because the machine is busy."""
    monkeypatch.setattr(heddle_clock, "time", _Stopped())
    return clock


# the network -------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="session")
def _this_machine_may_be_called() -> Iterator[None]:
    """Imitated systems live on this machine, where calls of a real installation may not go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(guard.VARIABLE, "127.0.0.1")
        yield


# imitated systems --------------------------------------------------------------------------------------


@dataclass
class Served:
    """A sandbox that answers at ``url``; ``app`` is the sandbox itself, for looking inside."""

    url: str
    app: Any


@pytest.fixture
def sandbox() -> Iterator[Callable[..., Served]]:
    """Call it with a system's name: serves its sandbox on a free port for the time of the test.

    ``path`` keeps its objects in a file; ``seed`` makes that many believable ones.
    """
    with ExitStack() as stack:

        def serve(system: str, *, path: Path | None = None, seed: int = 0) -> Served:
            imitated = registry.sandbox_type(system)(path)
            if seed:
                imitated.seed(seed, 1)
            server = make_server("127.0.0.1", 0, imitated.app, threaded=True)
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()

            def stop() -> None:
                server.shutdown()
                thread.join()
                server.server_close()
                imitated.db.close()

            stack.callback(stop)
            return Served(f"http://127.0.0.1:{server.server_port}", imitated)

        yield serve


# the browser -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the Chromium to drive. Without one the tests fail: they are never skipped."""
    path = browser.find()
    if not path:
        pytest.fail(browser.CURE)
    return path


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], chromium: str) -> dict[str, Any]:
    """What pytest-playwright starts the browser with."""
    arguments = ["--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
    given = {} if "ms-playwright" in chromium else {"executable_path": chromium}
    return {**browser_type_launch_args, **given, "args": arguments}
