"""The power goes: of what SQLite has written, only what the disk was waited for is there again."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import registry
from engine.errors import Unavailable
from engine.store.database import Database, hasten
from engine.store.references import Watermark, watermark
from tests.conftest import Clock
from tests.engine.faults import TIMEOUT, Killed, ReadChanges, at_point
from tests.engine.test_executor import finish, start
from tests.engine.test_fault_matrix import LEASE, MEANS, Means, _executor, _work, again, bench_of, judge
from tests.engine.toys import toys

BATCH = 10
POINTS = (
    "after-claim",
    "after-stage",
    "before-send",
    "after-send",
    "before-settle",
    "after-settle",
    "after-release",
)
QUICK = {
    ("before-send", 2, "none"), ("after-send", 2, "match"), ("after-send", 2, "none"), ("before-settle", 2, "key"),
    ("after-settle", 2, "match"), ("after-settle", 2, "none"),
}  # fmt: skip
"""Those that are tried each time."""


class Disk:
    """What would be on disk if the power went now: the files as they were when the disk was last waited for."""

    def __init__(self, file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file, self.folder, self.waits = file, folder, 0
        folder.mkdir()
        wait = os.fdatasync

        def waited(descriptor: int) -> None:
            wait(descriptor)
            self.waits += 1
            for name in self._names():
                shutil.copyfile(file.with_name(name), folder / name)

        monkeypatch.setattr(os, "fdatasync", waited)

    def cut(self, database: Database) -> None:
        """The power goes and comes back: whoever opens the file now sees what was kept."""
        database.engine.dispose()
        for left in self.file.parent.glob(f"{self.file.name}*"):
            left.unlink()
        for name in self._names():
            shutil.copyfile(self.folder / name, self.file.with_name(name))

    def _names(self) -> tuple[str, str]:
        return self.file.name, f"{self.file.name}-wal"


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copyfile(sqlite_template, tmp_path / "heddle.db")
    database = Database(f"sqlite:///{tmp_path / 'heddle.db'}")
    yield database
    database.close()


@pytest.fixture
def disk(file: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(tmp_path / "heddle.db", tmp_path / "disk", monkeypatch)


@pytest.fixture(autouse=True)
def _toys(clock: Clock) -> Iterator[None]:
    clock.advance(0.0)  # so that what a test does to the clock is undone
    with toys():
        registry.node_types()[ReadChanges.type] = ReadChanges
        yield


def put(database: Database, value: str, *, haste: bool = False, lasting: bool = True) -> None:
    with database.write(lasting=lasting) as session:
        session.merge(Watermark(flow_id="f", node="n", value=value, run_id="r"))
        if haste:
            hasten(session)


def kept(database: Database) -> str | None:
    with database.read() as session:
        return watermark(session, "f", "n")


@pytest.mark.parametrize(
    "haste", [{"lasting": False}, {"haste": True}], ids=["from the start", "on second thought"]
)
def test_a_lasting_commit_is_there_again_with_all_before_it(
    file: Database, disk: Disk, haste: dict[str, bool]
) -> None:
    put(file, "first")
    put(file, "second", **haste)  # type: ignore[arg-type]
    disk.cut(file)
    assert kept(file) == "first"
    put(file, "third", **haste)  # type: ignore[arg-type]
    put(file, "fourth")
    assert disk.waits == 2
    disk.cut(file)
    assert kept(file) == "fourth"


def test_others_may_write_while_a_writer_waits_for_the_disk(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = os.fdatasync

    def slowly(descriptor: int) -> None:
        monkeypatch.setattr(os, "fdatasync", wait)
        other = threading.Thread(target=put, args=(file, "of another"), daemon=True)
        other.start()
        other.join(10)
        wait(descriptor)

    monkeypatch.setattr(os, "fdatasync", slowly)
    put(file, "ours")
    assert kept(file) == "of another"


def test_a_disk_that_does_not_keep_what_is_written_is_told(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(Unavailable, match="does not keep") as told:
        put(file, "lost")
    assert (told.value.code, bool(told.value.cure)) == ("E-DISK", True)


@pytest.mark.parametrize(
    ("point", "nth", "means"),
    [
        pytest.param(point, nth, means, marks=() if (point, nth, means) in QUICK else pytest.mark.long)
        for point in POINTS
        for nth in (1, 2)
        for means in MEANS
    ],
)
def test_no_write_is_lost_or_repeated_when_the_power_goes(
    file: Database, disk: Disk, point: str, nth: int, means: Means
) -> None:
    """What the last batch was told may be forgotten, never that it was about to be sent: at most that one is asked about."""
    bench = bench_of(file, means)
    run_id = start(bench)

    def die() -> None:
        raise Killed(point)

    with at_point(point, nth, die) as passed:
        try:
            _work(bench, run_id, _executor(bench, point))
        except Killed:
            time.sleep(LEASE + TIMEOUT)
    assert passed[0] == nth, "the point was never passed"
    disk.cut(file)
    run = finish(bench, run_id)
    held = judge(bench, run, doubts=means == "none")
    assert held <= BATCH
    again(bench, held)
