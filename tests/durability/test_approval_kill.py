"""kill -9 amid a decision: it was taken with the run that it releases, or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store import approvals as store
from engine.store import lanes
from engine.store.database import Database
from tests.durability.tree import ROOT
from tests.engine.approving import ANN, bench_for, released, run, waiting
from tests.engine.test_executor import counts, finish
from tests.engine.toys import toys

pytestmark = pytest.mark.durability


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def process(database: Database, number: int, mark: Path, point: str = "") -> int:
    """The exit code of a process that decides, and dies at ``point`` if one is named."""
    armed = {"HEDDLE_CRASH": point, "HEDDLE_CRASH_FILE": str(mark)} if point else {}
    return subprocess.run(
        [sys.executable, "-m", "tests.durability.deciding", database.url, str(number), ANN.email, "approve"],
        cwd=ROOT,
        env={**os.environ, **armed},
        check=False,
        timeout=60,
    ).returncode


@pytest.mark.parametrize("point", ["after-decision", "after-release-of-approval"])
def test_a_decision_and_its_release_are_one(database: Database, tmp_path: Path, point: str) -> None:
    bench = bench_for(database)
    run(bench)
    number = waiting(database)[0].number
    mark = tmp_path / "crashed"
    assert process(database, number, mark, point) == -signal.SIGKILL
    assert mark.exists()
    with database.read() as session:
        assert store.get(session, number).state == "open"
        assert store.votes(session, number) == []
    assert released(database) == []

    assert process(database, number, mark) == 0
    assert process(database, number, mark) == 0, "saying the same again changes nothing"
    (only,) = released(database)
    with database.read() as session:
        assert lanes.unattended(session, -1.0) == [(only.id, 1)], "nobody rang; the sweeper finds it"
    assert counts(finish(bench, only.id)) == {"read": 1, "created": 1}
    assert len(bench.world.target) == 1
