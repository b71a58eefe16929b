"""kill -9 at every named crash point and at random: nothing lost, nothing twice, the counts add up."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from engine import faults, launch
from engine.launch import Cause
from engine.queue import Doorbell
from engine.record import COUNTED, from_json
from engine.store.database import Database
from engine.store.runs import Run
from tests.durability.killing import SLICE, FileWorld, plan_for, spawn
from tests.engine.toys import toys

pytestmark = pytest.mark.durability

ROWS = 200
HERE = [point for point in (*faults.IN_A_WORKER, "after-ring") if point != "during-send"]
"""The toys send nothing over HTTP; workers ring too."""


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


class Scene:
    """A run over a file world, and the workers that are killed on it."""

    def __init__(
        self, database: Database, redis_url: str, folder: Path, means: str, rows: int = ROWS
    ) -> None:
        self.database, self.redis_url, self.means, self.rows = database, redis_url, means, rows
        self.path, self.mark = folder / "world.db", folder / "crashed"
        self.world = FileWorld(str(self.path), rows, means)
        with database.write() as session:
            started = launch.start(
                session, plan_for(means), flow_id="f1", version_id=1, bindings={"left": "L", "right": "R"},
                mode="live", cause=Cause("manual"),
            )  # fmt: skip
        self.run = started.run
        Doorbell(redis_url).ring(started.run, 0)
        self.workers: list[ForkServerProcess] = []

    def hire(self, **env: str) -> ForkServerProcess:
        worker = spawn(self.database.url, self.path, self.rows, self.means, self.redis_url, **env)
        self.workers.append(worker)
        return worker

    def hire_marked(self, point: str, **env: str) -> ForkServerProcess:
        """A worker to whom something happens when it passes a point for the second time."""
        if "release" in point:
            env[SLICE] = "0"  # else a lane may be given back but once, at its end
        return self.hire(HEDDLE_CRASH=f"{point}:2", HEDDLE_CRASH_FILE=str(self.mark), **env)

    def wait(self, seconds: float) -> Run:
        """Until the run is over; a worker that died is replaced, as the supervisor does."""
        run = self.ended(seconds)
        assert run is not None, "the run does not end"
        return run

    def ended(self, seconds: float) -> Run | None:
        """The run, if it is over within this time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for worker in [one for one in self.workers if not one.is_alive()]:
                self.workers.remove(worker)
                self.hire()
            with self.database.read() as session:
                run = session.get(Run, self.run)
                assert run is not None
                if run.ended_at is not None:
                    return run
            time.sleep(0.05)
        return None

    def dismiss(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.join()

    def judge(self, run: Run) -> None:
        counts = from_json(run.counts or "{}")
        assert counts["read"] == sum(counts[name] for name in COUNTED) == self.rows
        refs = self.world.refs()
        assert len(refs) == len(set(refs)), "something was written twice"
        if self.means == "none":
            assert counts["created"] + counts["held"] == self.rows
            assert len(refs) >= counts["created"]
        else:
            assert refs == sorted(self.world.source), "something was lost"
            assert counts["created"] == self.rows


@pytest.mark.parametrize("means", ["match", pytest.param("key", marks=pytest.mark.long), "none"])
@pytest.mark.parametrize("point", HERE)
def test_a_crash_at_a_named_point(
    database: Database, valkey: str, tmp_path: Path, point: str, means: str
) -> None:
    scene = Scene(database, valkey, tmp_path, means)
    try:
        scene.hire_marked(point)
        run = scene.wait(60)
        scene.judge(run)
        if point != "before-close":
            assert scene.mark.exists(), f"the crash point {point} was never reached"
    finally:
        scene.dismiss()


def shoot(database: Database, valkey: str, folder: Path, means: str, rows: int, kills: int) -> None:
    """Kills one of two workers, again and again, while a run is on its way."""
    scene = Scene(database, valkey, folder, means, rows)
    dice = random.Random(7)
    try:
        scene.hire()
        scene.hire()
        for _ in range(kills):
            time.sleep(dice.uniform(0.1, 0.6))
            victim = dice.choice(scene.workers)
            victim.kill()
            victim.join()
            scene.workers.remove(victim)
            scene.hire()
        scene.judge(scene.wait(120))
    finally:
        scene.dismiss()


def test_random_kills(database: Database, valkey: str, tmp_path: Path) -> None:
    shoot(database, valkey, tmp_path, "match", 1000, 6)


@pytest.mark.long
@pytest.mark.parametrize("means", ["match", "key", "none"])
def test_many_random_kills(database: Database, valkey: str, tmp_path: Path, means: str) -> None:
    shoot(database, valkey, tmp_path, means, 5000, 30)
