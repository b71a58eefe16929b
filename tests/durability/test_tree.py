"""kill -9 in the real process tree: workers, web server and Valkey die at random while invoices are written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from designer import valkey
from engine import faults
from tests.conftest import wait_for
from tests.durability import tree
from tests.durability.processes import family, kill
from tests.durability.tree import ROOT, Tree

LEASE = {"HEDDLE_LEASE": "3"}
KINDS = ("worker", "web", "valkey", "scheduler", "flush", "freeze")
OFTEN = ("before-send", "during-send", "after-send", "before-settle", "after-settle")


def strike(running: Tree, kind: str, dice: random.Random) -> None:
    """Kills a process of that kind; «flush» forgets what Valkey knows, «freeze» stops a worker past its lease."""
    if kind == "flush":
        flush(running)
        return
    while not (alive := running.pids("worker" if kind == "freeze" else kind)):
        time.sleep(0.05)  # the last one has just been killed
    if kind != "freeze":
        kill(dice.choice(alive))
        return
    victim = dice.choice(alive)
    os.kill(victim, signal.SIGSTOP)
    time.sleep(float(LEASE["HEDDLE_LEASE"]) + 1.5)
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGCONT)


def flush(running: Tree) -> None:
    """FLUSHALL: every ring is lost."""
    with redis.Redis.from_url(valkey.url(running.data)) as client, suppress(redis.ConnectionError):
        client.flushall()


@pytest.mark.durability
def test_random_kills_in_the_tree(tmp_path: Path) -> None:
    with tree.up(tmp_path, **LEASE) as running:
        running.seed(2000)
        run = running.start()
        dice = random.Random(11)
        kinds = ["worker", "web", "flush", "valkey", "scheduler", "worker", "flush"]
        dice.shuffle(kinds)
        for kind in kinds:
            time.sleep(dice.uniform(0.1, 0.6))
            strike(running, kind, dice)
        running.judge(running.wait(run, 120))


@pytest.mark.long
@pytest.mark.durability
def test_many_random_kills_in_the_tree(tmp_path: Path) -> None:
    dice = random.Random(int(os.environ.get("KILL_SEED", "5")))
    with tree.up(tmp_path, **LEASE) as running:
        running.seed(13_000)
        run = running.start()
        for _ in range(20):
            time.sleep(dice.uniform(0.5, 6.0))
            strike(running, dice.choice([*KINDS, "worker", "worker"]), dice)
        running.judge(running.wait(run, 900))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    with tree.up(tmp_path_factory.mktemp("tree"), workers=1, **LEASE) as running:
        yield running


@pytest.mark.long
@pytest.mark.durability
@pytest.mark.parametrize("point", faults.IN_A_WORKER)
def test_a_crash_of_a_worker_in_the_tree(shared: Tree, tmp_path: Path, point: str) -> None:
    """The ordinary worker is frozen while an armed one takes the run, until that one is dead."""
    mark = tmp_path / "crashed"
    (ordinary,) = shared.pids("worker")
    shared.seed(5200 if "release" in point else 600, seed=100 + faults.POINTS.index(point))
    os.kill(ordinary, signal.SIGSTOP)
    armed = None
    try:
        armed = subprocess.Popen(
            [sys.executable, "-m", "designer.cli", "worker"],
            cwd=ROOT,
            env={
                **os.environ,
                **LEASE,
                "HEDDLE_DATA": str(shared.data),
                "HEDDLE_REDIS_URL": valkey.url(shared.data),
                "HEDDLE_CRASH": f"{point}:{2 if point in OFTEN else 1}",
                "HEDDLE_CRASH_FILE": str(mark),
            },
        )
        run = shared.start()
        armed.wait(60)
        assert mark.exists(), f"the crash point {point} was never reached"
    finally:
        if armed is not None:
            armed.kill()
            armed.wait()
        os.kill(ordinary, signal.SIGCONT)
    shared.judge(shared.wait(run, 120))


@pytest.mark.long
@pytest.mark.durability
@pytest.mark.parametrize("point", faults.IN_WEB)
def test_a_crash_of_the_web_server_in_the_tree(tmp_path: Path, point: str) -> None:
    """A press whose answer was lost is pressed again, and is one run."""
    mark = tmp_path / "crashed"
    armed = {"HEDDLE_CRASH": point, "HEDDLE_CRASH_FILE": str(mark)}
    with tree.up(tmp_path / "tree", **LEASE, **armed) as running:
        bookable = running.bookable()
        runs = {tree.press(running.url + running.hook, key, f"press {key}") for key in sorted(bookable)}
        assert mark.exists()
        assert len(runs) == len(bookable)
        for run in runs:
            ended = running.wait(run, 60)
            assert ended["counts"]["created"] == ended["counts"]["read"] == 1
        assert len(running.invoices()) == len(bookable)


@pytest.mark.long
@pytest.mark.durability
def test_a_crash_of_the_scheduler_in_the_tree(shared: Tree, tmp_path: Path) -> None:
    """All rings are lost; the scheduler that rings again dies with its first one, and another takes its place."""
    mark = tmp_path / "crashed"
    (ordinary,) = shared.pids("scheduler")
    (worker,) = shared.pids("worker")
    shared.seed(300, seed=77)
    for pid in (ordinary, worker):
        os.kill(pid, signal.SIGSTOP)
    try:
        run = shared.start()
        flush(shared)
        armed = subprocess.Popen(
            [sys.executable, "-m", "designer.cli", "scheduler"],
            cwd=ROOT,
            env={
                **os.environ,
                **LEASE,
                "HEDDLE_DATA": str(shared.data),
                "HEDDLE_REDIS_URL": valkey.url(shared.data),
                "HEDDLE_CRASH": "after-ring",
                "HEDDLE_CRASH_FILE": str(mark),
            },
        )
        try:
            armed.wait(60)
        finally:
            armed.kill()
            armed.wait()
        assert mark.exists(), "it never rang"
        flush(shared)
    finally:
        for pid in (ordinary, worker):
            os.kill(pid, signal.SIGCONT)
    shared.judge(shared.wait(run, 120))


@pytest.mark.long
@pytest.mark.durability
def test_a_crash_of_the_supervisor(tmp_path: Path) -> None:
    """Everything dies with it amid a run; started again on the same data, it goes on where it was."""
    with tree.up(tmp_path, **LEASE) as running:
        running.seed(3000)
        run = running.start()
        while running.run(run)["counts"]["created"] < 50:
            time.sleep(0.1)
        everybody = family(running.process.process.pid)
        kill(running.process.process.pid)
        wait_for(lambda: not any(family(pid) for pid in everybody), 10, "the end of all")
        with running.process.again(**LEASE):
            running.judge(running.wait(run, 180))
