"""kill -9 in the real process tree: workers, web server and Valkey die at random while invoices are written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from designer import valkey
from engine import faults
from tests.durability import tree
from tests.durability.processes import kill
from tests.durability.tree import ROOT, Tree

LEASE = {"HEDDLE_LEASE": "3"}
OFTEN = ("before-send", "during-send", "after-send", "before-settle", "after-settle")


def slaughter(
    running: Tree, run: str, kills: int, pause: tuple[float, float], dice: random.Random
) -> list[str]:
    """Kills ``kills`` processes of random kinds, one after another, as long as the run is not over."""
    killed: list[str] = []
    while len(killed) < kills:
        time.sleep(dice.uniform(*pause))
        kind = dice.choice(["worker", "worker", "web", "valkey"])
        alive = running.pids(kind)
        if alive:
            kill(dice.choice(alive))
            killed.append(kind)
    return killed


@pytest.mark.durability
def test_random_kills_in_the_tree(tmp_path: Path) -> None:
    with tree.up(tmp_path, **LEASE) as running:
        running.seed(2000)
        run = running.start()
        killed = slaughter(running, run, 5, (0.1, 0.7), random.Random(11))
        ended = running.wait(run, 90)
        assert len(set(killed)) > 1
        running.judge(ended)


@pytest.mark.long
@pytest.mark.durability
def test_many_random_kills_in_the_tree(tmp_path: Path) -> None:
    dice = random.Random(int(os.environ.get("KILL_SEED", "5")))
    with tree.up(tmp_path, **LEASE) as running:
        running.seed(13_000)
        run = running.start()
        slaughter(running, run, 20, (0.5, 6.0), dice)
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
    shared.seed(2600 if "release" in point else 600, seed=100 + faults.POINTS.index(point))
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
