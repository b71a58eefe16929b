"""Incremental reads while others write: nothing is lost at the edge, and the watermark never runs ahead."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import clock, launch, registry
from engine.connector import Query
from engine.errors import Unavailable
from engine.http import Http
from engine.launch import Cause
from engine.record import Page, Record
from engine.store import closing, lanes, references
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.toys import Bench, Toy, ToyRead, World, toy_flow, toys

PAGE = 3
OTHERS = ("dry-run", "sample", "window", "keys", "broken", "cancelled")


class Changing(World):
    """Rows with the stamp of their last change, and somebody who writes between the pages of a read."""

    def __init__(self) -> None:
        super().__init__()
        self.stamps: dict[str, float] = {}
        self.between: list[tuple[int, float, float]] = []
        self.break_at: int | None = None
        self.double = False

    def write(self, number: int, wait: float, late: float) -> None:
        """One row is made or changed after ``wait`` seconds; its stamp is ``late`` seconds old by then."""
        clock._skew += wait
        key = f"S{number}"
        self.source[key] = {"id": key, "name": f"{key} at {clock.now()}"}
        self.stamps[key] = max(clock.now() - late, self.stamps.get(key, 0.0))


class ChangingToy(Toy):
    """Pages by stamp and key, as a connector must whose rows move; may tell the last row of a page again."""

    world: Changing

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        world = self.world
        if world.break_at is not None:
            if world.break_at == 0:
                raise Unavailable("The toy is down.", retry_after=3600)
            world.break_at -= 1
        if cursor is not None and world.between:
            world.write(*world.between.pop(0))
        order = sorted((clock.iso(stamp), key) for key, stamp in world.stamps.items())
        inside = [
            place
            for place in order
            if (query.since is None or place[0] >= query.since)
            and (query.until is None or place[0] <= query.until)
            and (query.keys is None or place[1] in query.keys)
        ]
        start = [] if cursor is None else list(cursor)
        rest = [place for place in inside if list(place) > start or (world.double and list(place) == start)]
        some = rest[: min(limit, PAGE)]
        following = list(some[-1]) if some and len(rest) > len(some) and list(some[-1]) != start else None
        records = [Record(key, dict(world.source[key])) for _, key in some]
        return Page(records, following, some[-1][0] if some else query.since)


class ChangesRead(ToyRead):
    """Reads what changed."""

    type = "toy-read"

    @property
    def incremental(self) -> bool:
        return True


class ChangesBench(Bench):
    def open(self, connection_id: str, *, read_only: bool, journal: Any = None) -> Any:
        return ChangingToy(self.world, Http(read_only=read_only, journal=journal, timeout=0.2))  # type: ignore[arg-type]


writes = st.tuples(
    st.integers(0, 11), st.sampled_from([0.0, 0.5, 40.0, 400.0]), st.sampled_from([0.0, 1.0, 250.0])
)
steps = st.tuples(
    st.lists(writes, max_size=4),
    st.sampled_from(["live", "live", *OTHERS]),
    st.lists(writes, max_size=4),
    st.booleans(),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(steps, max_size=5))
def test_what_changes_during_reads_arrives_and_the_watermark_waits(
    sqlite_template: Path, told: Sequence[Any]
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch, toys():
        patch.setattr(clock, "_skew", 0.0)
        registry.node_types()["toy-read"] = ChangesRead
        shutil.copyfile(sqlite_template, Path(folder) / "h.db")
        database = Database(f"sqlite:///{folder}/h.db")
        world = Changing()
        bench = ChangesBench(database, world, toy_flow(operation="upsert", batch_size=PAGE))
        for before, kind, between, double in told:
            for one in before:
                world.write(*one)
            world.between, world.double = list(between), double
            mark = watermark(database)
            run = go(bench, kind)
            world.between = []
            if kind in OTHERS[:4] or run.state != "done":
                assert watermark(database) == mark, f"a {kind} run moved the watermark"
            else:
                assert run.state == "done"
                assert (watermark(database) or "") >= (mark or "")
        world.double = False
        clock._skew += 1.0
        assert go(bench, "live").state == "done"
        assert {row["ref"]: row["name"] for row in world.target} == {
            key: row["name"] for key, row in world.source.items()
        }
        assert len(world.target) == len(world.source)
        database.close()


def watermark(database: Database) -> str | None:
    with database.read() as session:
        return references.watermark(session, "f1", "read")


def go(bench: ChangesBench, kind: str) -> Run:
    """One run of a kind, as far as it comes."""
    world = bench.world
    assert isinstance(world, Changing)
    world.break_at = 1 if kind in ("broken", "cancelled") else None
    window = {"since": clock.iso(clock.now() - 100), "until": clock.iso()} if kind == "window" else None
    with bench.database.write() as session:
        started = launch.start(
            session,
            bench.plan,
            flow_id="f1",
            version_id=1,
            bindings={"left": "L", "right": "R"},
            mode=kind if kind in ("dry-run", "sample") else "live",
            cause=Cause("manual"),
            brought={"ids": sorted(world.source)[:2]} if kind == "keys" else None,
            window=window,
        )
    executor = bench.executor(lease=100_000.0, slice=1000.0)
    rings = [(started.run, lane) for lane in started.lanes]
    for _ in range(20):
        while rings or bench.rings:
            executor.advance(*(rings or bench.rings).pop(0))
        with bench.database.read() as session:
            rings = [one for one in lanes.unattended(session, -1.0) if one[0] == started.run]
        if not rings:
            break
    if kind == "cancelled":
        with bench.database.write() as session:
            closing.cancel(session, started.run, "Ann")
    world.break_at = None
    with bench.database.read() as session:
        run = session.get(Run, started.run)
        assert run is not None
        return run


def test_the_lower_bound_stays_though_another_run_moves_the_watermark(database: Database) -> None:
    with toys(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "_skew", 0.0)
        registry.node_types()["toy-read"] = ChangesRead
        world = Changing()
        bench = ChangesBench(database, world, toy_flow(operation="upsert", batch_size=PAGE))
        for number in range(8):
            world.write(number, 600.0, 0.0)
        newest = datetime.fromisoformat(clock.iso())

        def move() -> None:
            with database.write() as session:
                references.move_watermark(session, "f1", "read", clock.iso(newest.timestamp()), "other")

        world.between = []
        read = ChangingToy.read
        patch.setattr(
            ChangingToy,
            "read",
            lambda self, query, cursor, limit: (move(), read(self, query, cursor, limit))[1],
        )
        go(bench, "live")
        assert sorted(world.created()) == sorted(world.source)


@pytest.mark.parametrize("means", ["match", "key", "none"])
@pytest.mark.parametrize("moved", [(0,), (7,), (0, 7, 0, 12), (2, 3, 4, 5)])
def test_rows_that_move_between_pages_are_neither_lost_nor_doubled(
    database: Database, means: Any, moved: tuple[int, ...]
) -> None:
    """A row that was told already is changed and told again, one that was not told yet goes behind the end; a new one
    appears. What this run does not see any more, the next one does."""
    with toys(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "_skew", 0.0)
        registry.node_types()["toy-read"] = ChangesRead
        world = Changing()
        world.means = means
        match = ("ref",) if means == "match" else ()
        bench = ChangesBench(database, world, toy_flow(operation="upsert", batch_size=PAGE, match=match))
        for number in range(10):
            world.write(number, 1.0, 0.0)
        world.between = [(number, 1.0, 0.0) for number in moved]
        first = go(bench, "live")
        world.between = []
        assert first.state == "done"
        mark = watermark(database) or ""
        told = {row["ref"]: row["name"] for row in world.target}
        passed = {key for key, stamp in world.stamps.items() if clock.iso(stamp) <= mark}
        assert all(told.get(key) == world.source[key]["name"] for key in passed), (
            "the watermark passed a change"
        )
        clock._skew += 1.0
        assert go(bench, "live").state == "done"
        assert sorted(world.created()) == sorted(world.source)
        assert {row["ref"]: row["name"] for row in world.target} == {
            key: row["name"] for key, row in world.source.items()
        }
