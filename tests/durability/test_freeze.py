"""A worker that is stopped (SIGSTOP) past its lease, and goes on: it changes nothing any more."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.database import Database
from tests.conftest import wait_for
from tests.durability.killing import LEASE
from tests.durability.test_kill import HERE, Scene
from tests.engine.toys import toys

pytestmark = pytest.mark.durability
QUICK = {("before-send", "match"), ("after-send", "match"), ("before-settle", "none")}
OPEN = [point for point in HERE if point != "before-close"]
"""That one is within a transaction."""


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


@pytest.mark.parametrize(
    ("point", "means"),
    [
        pytest.param(point, means, marks=() if (point, means) in QUICK else pytest.mark.long)
        for point in OPEN
        for means in ("match", "key", "none")
    ],
)
def test_a_worker_that_is_frozen_past_its_lease(
    database: Database, valkey: str, tmp_path: Path, point: str, means: str
) -> None:
    """It is frozen at the point; another takes its lane over and ends the run; then it wakes up."""
    scene = Scene(database, valkey, tmp_path, means)
    try:
        frozen = scene.hire_marked(point, HEDDLE_CRASH_SIGNAL="SIGSTOP")
        wait_for(scene.mark.exists, 30, f"the passing of {point}")
        scene.hire()
        # One of its threads may have been stopped within a transaction, which on SQLite keeps everybody else out.
        over = scene.ended(10 * LEASE)
        before = scene.world.refs()
        os.kill(frozen.pid or 0, signal.SIGCONT)
        time.sleep(LEASE / 2)
        assert frozen.is_alive()
        assert over is None or scene.world.refs() == before, "it wrote after it had lost its lease"
        scene.judge(scene.wait(60))
    finally:
        scene.dismiss()


@pytest.mark.long
@pytest.mark.parametrize("means", ["match", "key", "none"])
def test_one_after_the_other_is_frozen(database: Database, valkey: str, tmp_path: Path, means: str) -> None:
    """Two workers, each in turn stopped at any moment for longer than its lease, while the other goes on."""
    scene = Scene(database, valkey, tmp_path, means, rows=3000)
    try:
        workers = [scene.hire(), scene.hire()]
        for turn in range(6):
            time.sleep(0.3)
            victim = workers[turn % 2].pid or 0
            os.kill(victim, signal.SIGSTOP)
            time.sleep(LEASE + 0.3)
            os.kill(victim, signal.SIGCONT)
        scene.judge(scene.wait(120))
    finally:
        scene.dismiss()
