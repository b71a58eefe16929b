"""kill -9 amid calls: every one that was answered is kept, none is kept twice, none is written twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
import requests
from sqlmodel import col, select

from engine.arrivals import store
from engine.flow import Flow
from engine.launch import Started
from engine.queue import Doorbell
from engine.record import COUNTED, from_json
from engine.store import flows
from engine.store.database import Database
from engine.store.lanes import Lane, StagedBatch
from engine.store.runs import Run
from tests.bench.call_speed import called
from tests.durability.killing import CALLS, FileWorld, plan_for, spawn
from tests.durability.processes import family, free_ports
from tests.engine.test_arrivals import arrival, publish
from tests.engine.toys import toys

pytestmark = pytest.mark.durability

ROOT = Path(__file__).resolve().parents[2]
SENDERS, EACH = 8, 40
IN_A_CONVOY = ("after-claim", "before-send", "after-send", "before-settle", "after-settle")


class Web:
    """The web server as a process of its own, on a data directory that outlives it."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_ports(1)
        data.mkdir()
        self.database = Database(f"sqlite:///{data / 'heddle.db'}")
        self.database.migrate()
        with self.database.write() as session:
            flow = Flow.model_validate(called())
            row = flows.add(session, flow, "me", bindings={"erp": "none"})
            flows.publish(session, row, "me", "")
            self.hook = f"http://127.0.0.1:{self.port}/hooks/{row.slug}/{row.hook_key}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        own = {"HEDDLE_DATA": str(self.data), "HEDDLE_PORT": str(self.port), "HEDDLE_REDIS_URL": ""}
        with (self.data / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "designer.cli", "serve"],
                cwd=ROOT, env={**os.environ, **own}, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2)
            except requests.RequestException:
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self.data / "web.log").read_text())

    def kill(self) -> None:
        """All of it at once, as the machine's owner or its memory killer would."""
        assert self.process is not None
        for pid in sorted(family(self.process.pid), reverse=True):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    made = Web(tmp_path / "data")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()
    made.database.close()


def send(hook: str, name: str) -> str | None:
    """The run that a call was answered with, None when it was not."""
    body = {"id": name, "title": name, "amount": 1, "stage": "Closed Won", "account": {"country": "DE"}}
    try:
        answer = requests.post(hook, json=body, headers={"webhook-id": name}, timeout=10)
    except requests.RequestException:
        return None
    return str(answer.json()["run"]) if answer.status_code == 202 else None


def test_every_call_that_was_answered_is_kept_once(web: Web) -> None:
    """The web server is killed while many callers send; callers without an answer send again."""
    answered: list[tuple[str, str]] = []
    web.start()

    def caller(number: int) -> None:
        for n in range(EACH):
            name = f"call-{number}-{n}"
            until = time.monotonic() + 60
            while (run := send(web.hook, name)) is None:
                assert time.monotonic() < until
                time.sleep(0.05)
            answered.append((name, run))

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    while len(answered) < SENDERS * EACH // 3:
        time.sleep(0.005)
    web.kill()
    web.start()
    for thread in threads:
        thread.join()

    assert len(answered) == SENDERS * EACH
    with web.database.read() as session:
        runs = set(session.exec(select(Run.id)))
        staged = Counter(session.exec(select(StagedBatch.run_id)))
        lanes = Counter(session.exec(select(Lane.run_id)))
    assert {run for _, run in answered} == runs, "a call was lost, or one became two runs"
    assert len(runs) == len(answered)
    assert staged == lanes == Counter(runs)
    again = {name: send(web.hook, name) for name, _ in answered[::40]}
    assert again == dict(answered[::40])


class Calls:
    """Calls that have arrived, and the workers that are killed on them."""

    def __init__(self, database: Database, redis_url: str, folder: Path, means: str, count: int) -> None:
        self.database, self.redis_url, self.means, self.count = database, redis_url, means, count
        self.path, self.mark = folder / "world.db", folder / "crashed"
        self.world = FileWorld(str(self.path), count, means)
        self.workers: list[ForkServerProcess] = []
        plan = plan_for(means + CALLS)
        where = publish(database, plan)
        bell = Doorbell(redis_url)
        keys = sorted(self.world.source)
        for first in range(0, count, 12):
            brought = [self.world.source[key] for key in keys[first : first + 12]]
            with database.write() as session:
                answers = store(session, [arrival(plan, where, one) for one in brought])
            for answer in answers:
                assert isinstance(answer, Started)
                for lane in answer.lanes:
                    bell.ring(answer.run, lane)

    def hire(self, **env: str) -> None:
        self.workers.append(
            spawn(self.database.url, self.path, self.count, self.means + CALLS, self.redis_url, **env)
        )

    def wait(self, seconds: float) -> list[Run]:
        """Until all runs are over; a worker that died is replaced."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for worker in [one for one in self.workers if not one.is_alive()]:
                self.workers.remove(worker)
                self.hire()
            with self.database.read() as session:
                if session.exec(select(Run.id).where(col(Run.ended_at).is_(None))).first() is None:
                    return list(session.exec(select(Run)))
            time.sleep(0.05)
        raise AssertionError("not all runs are over")

    def judge(self, runs: list[Run]) -> None:
        ends: Counter[str] = Counter()
        for run in runs:
            counts = from_json(run.counts or "{}")
            assert (run.state, counts["read"]) == ("done", 1)
            ends.update({name: counts[name] for name in COUNTED if counts[name]})
        refs = self.world.refs()
        assert len(refs) == len(set(refs)), "something was written twice"
        assert sum(ends.values()) == len(runs) == self.count
        if self.means == "none":
            assert ends["created"] + ends["held"] == self.count
            assert len(refs) >= ends["created"]
        else:
            assert refs == sorted(self.world.source), "something was lost"
            assert ends["created"] == self.count

    def dismiss(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.join()


@pytest.mark.parametrize(
    ("point", "means"),
    [
        pytest.param(
            point, means, marks=() if means == "match" or point == "after-send" else pytest.mark.long
        )
        for point in IN_A_CONVOY
        for means in ("match", "key", "none")
    ],
)
def test_a_worker_that_dies_in_a_convoy_loses_and_repeats_nothing(
    database: Database, valkey: str, tmp_path: Path, point: str, means: str
) -> None:
    with toys():
        calls = Calls(database, valkey, tmp_path, means, 120)
        try:
            calls.hire(HEDDLE_CRASH=f"{point}:2", HEDDLE_CRASH_FILE=str(calls.mark))
            calls.judge(calls.wait(60))
            assert calls.mark.exists(), f"the crash point {point} was never reached"
        finally:
            calls.dismiss()
