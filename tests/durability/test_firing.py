"""A scheduler that is killed while it fires: the run starts once, from whoever comes next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.store.database import Database
from tests.engine.clockwork import Clocked, drawn
from tests.engine.toys import toys

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.durability


def round_of_a_scheduler(url: str, **env: str) -> int:
    command = [sys.executable, "-m", "tests.durability.firing", url]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env={**os.environ, "HEDDLE_CLOCK_SKEW": "901", **env}, timeout=60
    )
    return done.returncode


@pytest.mark.parametrize("point", ["after-due", "before-cause", "after-cause"])
def test_killed_between_the_claim_and_the_start(database_url: str, database: Database, point: str) -> None:
    settings = {"kind": "interval", "every": 15, "unit": "minutes"}
    with toys():
        clocked = Clocked(database)
        clocked.publish(drawn("schedule", settings))
        due = clocked.schedule().next_at
        assert round_of_a_scheduler(database_url, HEDDLE_CRASH=point) == -signal.SIGKILL
        assert clocked.runs() == []
        assert clocked.schedule().next_at == due
        assert round_of_a_scheduler(database_url) == 0
        assert round_of_a_scheduler(database_url) == 0
        assert len(clocked.runs()) == 1
