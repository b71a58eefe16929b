"""kill -9 between an answer and the release of 1,000 siblings: each of them is released once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from engine import releases
from engine.store import lanes, reviews
from engine.store.database import Database
from engine.store.runs import Run
from tests.durability.releasing import PAGE, answer
from tests.durability.tree import ROOT
from tests.engine.held import Holding
from tests.engine.toys import toys

pytestmark = pytest.mark.durability
SIBLINGS = 1_000


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def killed(bench: Holding, mark: Path, point: str) -> bool:
    """Whether a process that answers died at ``point``."""
    command = [sys.executable, "-m", "tests.durability.releasing", bench.database.url, bench.flow_id]
    environment = {**os.environ, "HEDDLE_CRASH": point, "HEDDLE_CRASH_FILE": str(mark)}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, timeout=60)
    return done.returncode == -signal.SIGKILL and mark.exists()


@pytest.mark.parametrize("point", ["after-answer", "amid-release:2", "between-releases:2"])
def test_each_of_a_thousand_siblings_is_released_once(
    database: Database, tmp_path: Path, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Holding(database, SIBLINGS)
    first = bench.run()
    mark = tmp_path / "crashed"
    assert killed(bench, mark, point)
    left = waiting(database)
    assert left == {"after-answer": SIBLINGS, "amid-release:2": 750, "between-releases:2": 500}[point]
    if point == "after-answer":  # the answer itself was lost with the process, and is given again
        answer(database, bench.flow_id)
    monkeypatch.setattr(releases, "PAGE", PAGE)
    releases.tick(database, bench.plans)
    assert waiting(database) == 0
    assert releases.tick(database, bench.plans) == []
    with database.read() as session:
        released = list(session.exec(select(Run).where(Run.parent_id == first)))
        assert {run for run, _ in lanes.unattended(session, -1.0)} == {run.id for run in released}
    assert len(released) == SIBLINGS // PAGE
    bench.work_off([run.id for run in released])
    assert sorted(bench.world.created()) == sorted(bench.world.source)


def waiting(database: Database) -> int:
    with database.read() as session:
        return len(reviews.open_holds(session))
