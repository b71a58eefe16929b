"""The power goes: of what SQLite has written, only what the disk was waited for is there again."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from engine import registry
from engine.errors import Unavailable
from engine.flow import Budget
from engine.record import Change, Outcome, Result
from engine.store.database import Database, hasten
from engine.store.references import Watermark, watermark
from tests.conftest import Clock
from tests.engine.faults import TIMEOUT, Killed, ReadChanges, at_point, use
from tests.engine.test_budget import allow, limited, until_paused
from tests.engine.test_convoy import Company
from tests.engine.test_doubts import toy
from tests.engine.test_executor import counts, finish, start
from tests.engine.test_fault_matrix import (
    LEASE,
    MEANS,
    SOME,
    Means,
    again,
    bench_of,
    die_at,
    judge,
)
from tests.engine.toys import Bench, Toy, World, toy_flow, toys
from tests.engine.two_systems import Office, two_way

BATCH, ROWS = 10, 40
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
    die_at(bench, run_id, point, nth)
    disk.cut(file)
    run = finish(bench, run_id)
    held = judge(bench, run, doubts=means == "none")
    assert held <= BATCH
    again(bench, held)


class Keyed(Toy):
    """Knows a call that comes again by its key, and answers what it answered then."""

    capability = Toy.capability.model_copy(update={"idempotency": "key"})

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        known = {row["key"]: row["id"] for row in self.world.target}
        fresh = iter(super()._write(entity, [one for one in changes if one.key not in known]))
        return [
            Result(Outcome.CREATED, str(known[one.key])) if one.key in known else next(fresh)
            for one in changes
        ]


def until_the_cut(point: str, nth: int, work: Callable[[], object]) -> None:
    """Works until the power goes; what is under way then is over when it is back."""

    def die() -> None:
        raise Killed(point)

    with at_point(point, nth, die) as passed, suppress(Killed):
        work()
    assert passed[0] == nth, "the point was never passed"
    time.sleep(LEASE + TIMEOUT)


AMID = [("before-send", 2), ("after-send", 2), ("before-settle", 1), ("after-settle", 1)]


@pytest.mark.parametrize("means", SOME)
@pytest.mark.parametrize(("point", "nth"), AMID)
def test_calls_that_were_answered_are_written_once_when_the_power_goes(
    file: Database, disk: Disk, point: str, nth: int, means: Means
) -> None:
    world = World()
    world.means = means
    bench = Company(file, world, match=("ref",) if means == "match" else ())
    bench.timeout = TIMEOUT
    use(bench, toy(4))
    names = [f"S{n:02}" for n in range(BATCH)]
    accepted = bench.call(*names)
    until_the_cut(point, nth, lambda: bench.work(lease=LEASE))
    disk.cut(file)
    bench.call(*names[:2])  # they may be told again
    runs = bench.finish()
    assert set(accepted) <= set(runs), "a call that was answered is gone"
    assert sorted(set(world.created())) == sorted(world.created()), "written twice"
    found = Counter(name for run in runs.values() for name, n in counts(run).items() for _ in range(n))
    asked = found["held"]
    assert found["created"] + found["unchanged"] + asked == found["read"] == BATCH + 2
    assert asked <= (2 + BATCH if means == "none" else 0)
    if not asked:
        assert sorted(world.created()) == names


@pytest.mark.parametrize(("point", "nth"), [*AMID, ("after-send", 1), ("after-send", 3)])
def test_no_budget_is_exceeded_when_the_power_goes(file: Database, disk: Disk, point: str, nth: int) -> None:
    """Of creates and updates, each counted by what the system was told."""
    flow = limited(Budget(creates=13, updates=12), operation="upsert", batch_size=BATCH)
    bench = Bench(file, World(ROWS), flow)
    bench.timeout = TIMEOUT
    there = range(0, ROWS, 2)
    bench.world.target = [
        {"id": at, "key": "", "ref": f"S{n:06}", "name": "as it was"} for at, n in enumerate(there)
    ]
    run_id = start(bench)
    until_the_cut(point, nth, lambda: bench.executor(lease=LEASE).advance(run_id, 0))
    disk.cut(file)
    bench.rings.clear()
    assert until_paused(bench, run_id).code == "E-BUDGET"
    assert sum(row["name"] != "as it was" for row in bench.world.target[: len(there)]) <= 12
    assert len(bench.world.target) <= len(there) + 13
    while (run := until_paused(bench, run_id)).ended_at is None:
        allow(bench, run_id)
    told = counts(run)
    assert (told["read"], told["created"]) == (ROWS, ROWS - len(there))
    assert told["updated"] + told.get("unchanged", 0) == len(there)
    assert sorted(bench.world.created()) == sorted(bench.world.source)


BACK = [*AMID, ("before-send", 3), ("after-send", 4), ("after-settle", 2)]


@pytest.mark.parametrize(("point", "nth"), BACK)
def test_what_is_written_back_is_written_once_when_the_power_goes(
    file: Database, disk: Disk, point: str, nth: int
) -> None:
    """Two steps that write, one behind the other, in a system that knows the key of a call: no claim has to last."""
    flow = toy_flow(writes=2, match=(), batch_size=BATCH)
    flow.nodes[-1].settings["entity"] = "other"
    bench = Bench(file, World(3 * BATCH), flow)
    use(bench, Keyed)
    bench.timeout = TIMEOUT
    run_id = start(bench)
    until_the_cut(point, nth, lambda: bench.executor(lease=LEASE).advance(run_id, 0))
    disk.cut(file)
    run = finish(bench, run_id)
    assert counts(run) == {"read": 3 * BATCH, "created": 3 * BATCH}
    assert Counter(bench.world.created()) == dict.fromkeys(bench.world.source, 2)


@pytest.mark.parametrize(
    ("point", "nth"), [("before-send", 2), ("after-send", 1), ("after-send", 3), ("after-settle", 1)]
)
def test_both_sides_become_equal_and_no_edit_is_lost_when_the_power_goes(
    file: Database, disk: Disk, clock: Clock, point: str, nth: int
) -> None:
    """New objects of either side and edits of old ones; people go on editing while the power is away."""
    office = Office(file, two_way(batch_size=4))
    for n in range(4):
        office.crm.edit(f"A{n}", code=f"K{n}", name=f"Old {n}", phone="1")
    office.sync()
    for n in range(4):
        office.crm.edit(f"A{n}", name=f"New {n}")
        office.erp.edit(f"B{n + 1}", phone=f"2{n}")
        office.crm.edit(f"A1{n}", code=f"L{n}", name="from the left")
        office.erp.edit(f"B2{n}", code=f"R{n}", name="from the right")
    office.start()
    until_the_cut(point, nth, lambda: office.work(lease=LEASE))
    disk.cut(file)
    office.crm.edit("A3", city="Bonn")
    office.rings.clear()
    office.work()
    for _ in range(2):
        office.sync()
    assert office.crm.values() == office.erp.values()
    values = office.crm.values()
    assert len(values) == len(office.crm.objects) == len(office.erp.objects) == 12, "made twice"
    assert [(values[f"K{n}"]["name"], values[f"K{n}"]["phone"]) for n in range(4)] == [
        (f"New {n}", f"2{n}") for n in range(4)
    ]
    assert values["K3"]["city"] == "Bonn"
    before = office.writes()
    office.sync()
    assert office.writes() == before, "it does not come to rest"
