"""Objects that are deleted at the source: noticed, judged, told once, and deleted only as far as was allowed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest
from sqlmodel import select

from engine import clock, faults
from engine.connector import Capability, Query
from engine.errors import InDoubt
from engine.flow import Budget
from engine.record import Change, Page, Record
from engine.store import closing, control, lanes, pairing, references
from engine.store.database import Database
from engine.store.deliveries import Delivery
from engine.store.runs import Run
from tests.engine.erasing import (  # noqa: F401 - a fixture
    PAIR,
    Erasable,
    Eraser,
    SweepBench,
    Sweeping,
    SweepSettings,
    _toys,
    bench_of,
    flow_of,
    go,
    left,
    lose,
)
from tests.engine.test_executor import counts
from tests.engine.toys import Bench, Toy, World


def test_what_is_deleted_at_the_source_is_deleted_at_the_target_once(database: Database) -> None:
    bench = bench_of(database, 40)
    lose(bench, 3, 17)
    assert counts(go(bench)) == {"read": 40, "updated": 2, "unchanged": 38}
    assert left(bench) == sorted(bench.world.source)
    calls = bench.world.write_calls
    assert counts(go(bench)) == {"read": 38, "unchanged": 38}
    assert bench.world.write_calls == calls
    with database.read() as session:
        assert [pairing.state(session, row) for row in pairing.search(session, text="S000003")] == ["deleted"]
        row = session.execute(select(Delivery).where(Delivery.operation == "delete")).scalars().first()
    assert row is not None
    assert (row.message, row.remote_id, row.title) == ("Deleted.", "3", "Name 3")


def test_what_comes_back_is_created_anew(database: Database) -> None:
    bench = bench_of(database, 20)
    lose(bench, 3)
    go(bench)
    bench.world.source["S000003"] = {"id": "S000003", "name": "Back"}
    assert counts(go(bench)) == {"read": 20, "created": 1, "unchanged": 19}


def test_without_a_budget_for_it_nothing_is_deleted(database: Database) -> None:
    bench = SweepBench(database, World(40), flow_of(None))
    go(bench)
    lose(bench, 3)
    run = go(bench)
    assert (run.state, run.code) == ("paused", "E-BUDGET")
    assert "may not delete anything" in run.message
    assert len(left(bench)) == 40
    with database.write() as session:
        control.allow(session, run.id, "Ann")
    executor = bench.executor()
    for ring in [(run.id, 0), (run.id, 1)]:
        executor.advance(*ring)
    assert len(left(bench)) == 39


@pytest.mark.parametrize(("rows", "gone"), [(40, 5), (4, 4), (1, 1), (6, 6)])
def test_so_many_at_once_are_asked_about_before_anything_is_told(
    database: Database, rows: int, gone: int
) -> None:
    bench = bench_of(database, rows)
    lose(bench, *range(gone))
    run = go(bench)
    assert (run.state, run.code) == ("paused", "E-SWEEP")
    assert f"{gone} of the {rows} row" in run.message
    assert len(left(bench)) == rows
    with database.write() as session:
        assert control.resume(session, run.id) is None, "resuming is no answer"
        control.allow(session, run.id, "Ann")
    done = go_on(bench, run.id)
    assert counts(done)["updated"] == gone
    assert left(bench) == sorted(bench.world.source)


def test_what_was_told_is_neither_told_nor_asked_about_again(database: Database) -> None:
    """Where the target is kept, the reference stays, and with it the question whether its source is there."""
    bench = bench_of(database, 30, erase=False)
    lose(bench, *range(10))
    paused = go(bench)
    assert (paused.state, paused.code) == ("paused", "E-SWEEP")
    with database.write() as session:
        control.allow(session, paused.id, "Ann")
    assert counts(go_on(bench, paused.id)) == {"read": 30, "unchanged": 20, "skipped": 10}
    assert counts(go(bench)) == {"read": 20, "unchanged": 20}
    lose(bench, 10)
    assert counts(go(bench)) == {"read": 20, "unchanged": 19, "skipped": 1}


@pytest.mark.parametrize("looked", [True, False], ids=["seen by a sweep", "only read"])
def test_what_came_back_is_told_when_it_goes_again(
    database: Database, monkeypatch: pytest.MonkeyPatch, looked: bool
) -> None:
    monkeypatch.setattr(clock, "_skew", 0.0)
    bench = bench_of(database, 40, erase=False, sweep_hours=6)
    row = dict(bench.world.source["S000003"])
    lose(bench, 3)
    monkeypatch.setattr(clock, "_skew", 7 * 3600.0)
    assert counts(go(bench))["skipped"] == 1
    bench.world.source["S000003"] = row
    monkeypatch.setattr(clock, "_skew", (14 if looked else 8) * 3600.0)
    assert counts(go(bench)) == {"read": 40, "unchanged": 40}
    lose(bench, 3)
    monkeypatch.setattr(clock, "_skew", 21 * 3600.0)
    assert counts(go(bench)) == {"read": 40, "unchanged": 39, "skipped": 1}


def test_what_a_stopped_run_told_is_told_again(database: Database) -> None:
    bench = bench_of(database, 20, Budget(deletes=0))
    lose(bench, 3)
    paused = go(bench)
    assert paused.code == "E-BUDGET"
    with database.write() as session:
        assert closing.cancel(session, paused.id, "Ann")
    again = go(bench)
    assert again.code == "E-BUDGET"
    with database.write() as session:
        control.allow(session, again.id, "Ann")
    assert counts(go_on(bench, again.id))["updated"] == 1
    assert left(bench) == sorted(bench.world.source)


def test_believing_a_sweep_lifts_no_budget(database: Database) -> None:
    bench = bench_of(database, 20, Budget(deletes=2))
    lose(bench, *range(10))
    first = go(bench)
    assert first.code == "E-SWEEP"
    with database.write() as session:
        control.allow(session, first.id, "Ann")
    assert go_on(bench, first.id).code == "E-BUDGET"
    assert len(left(bench)) == 20


def go_on(bench: Bench, run_id: str) -> Run:
    executor = bench.executor()
    for _ in range(50):
        with bench.database.read() as session:
            run = session.get(Run, run_id)
            assert run is not None
            if run.ended_at is not None or run.state == "paused":
                return run
            rings = lanes.unattended(session, -1.0)
        for ring in rings:
            executor.advance(*ring)
        if not rings:
            time.sleep(0.02)  # a lane waits for a moment
    raise AssertionError(run.state)


def test_a_sweep_rests_between_its_hours(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_skew", 0.0)
    bench = bench_of(database, 20, sweep_hours=6)
    lose(bench, 1)
    assert counts(go(bench)) == {"read": 19, "unchanged": 19}
    monkeypatch.setattr(clock, "_skew", 6 * 3600 + 60.0)
    assert counts(go(bench)) == {"read": 20, "updated": 1, "unchanged": 19}


@pytest.mark.parametrize(
    "more",
    [{"mode": "sample"}, {"brought": {"ids": ["S000002"]}}, {"window": {"since": "2026-01-01T00:00:00Z"}}],
)
def test_a_run_that_was_told_what_to_read_sweeps_nothing(database: Database, more: dict[str, Any]) -> None:
    bench = bench_of(database, 20)
    lose(bench, 1)
    run = go(bench, **more)
    assert run.state == "done"
    assert len(left(bench)) == 20
    assert counts(run).get("updated", 0) == 0


def test_a_dry_run_shows_what_would_be_deleted(database: Database) -> None:
    bench = bench_of(database, 40)
    lose(bench, 1)
    assert counts(go(bench, mode="dry-run")) == {"read": 40, "updated": 1, "unchanged": 39}
    assert len(left(bench)) == 40
    assert counts(go(bench)) == {"read": 40, "updated": 1, "unchanged": 39}


def test_what_was_not_written_by_this_flow_is_not_swept(database: Database) -> None:
    bench = bench_of(database, 20)
    with database.write() as session:
        pairing.point(session, PAIR, "S999999", "3", None, None)
    assert counts(go(bench)) == {"read": 20, "unchanged": 20}


def test_a_record_without_a_cross_reference_deletes_nothing(database: Database) -> None:
    bench = bench_of(database, 20)
    with database.write() as session:
        for row in pairing.search(session, text="S000001"):
            pairing.remove(session, row)
    lose(bench, 1)
    assert counts(go(bench)) == {"read": 19, "unchanged": 19}
    assert len(left(bench)) == 20


def test_what_is_gone_there_already_is_no_error(database: Database) -> None:
    bench = bench_of(database, 20)
    bench.world.target[1]["id"] = None
    lose(bench, 1)
    assert counts(go(bench)) == {"read": 20, "unchanged": 20}
    with database.read() as session:
        assert [pairing.state(session, row) for row in pairing.search(session, text="S000001")] == ["deleted"]


def test_an_object_that_only_one_of_two_questions_misses_is_not_gone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(database, 40)
    find = Erasable.find
    monkeypatch.setattr(
        Erasable,
        "find",
        lambda self, entity, matches, fields=(): (
            [
                [] if m.get("id") == "S000004" else found
                for m, found in zip(matches, find(self, entity, matches), strict=True)
            ]
        ),
    )
    assert counts(go(bench)) == {"read": 40, "unchanged": 40}


def test_a_lost_answer_to_a_delete_is_looked_up(database: Database) -> None:
    bench = bench_of(database, 20)
    lose(bench, 1)

    left_over = [1]

    def lost(changes: Sequence[Change]) -> None:
        if left_over and changes[0].operation == "delete":
            left_over.pop()
            raise InDoubt("lost", sent_at=clock.passing(), timeout=0.01)

    bench.world.after_write = lost
    run = go(bench, allow=True)
    for _ in range(100):
        if run.ended_at is not None:
            break
        run = go_on(bench, run.id)
    assert counts(run) == {"read": 20, "unchanged": 20}
    assert len(left(bench)) == 19


def test_a_sweep_goes_on_where_its_worker_died(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine import sweep

    monkeypatch.setattr(sweep, "LOOK", 3)
    bench = bench_of(database, 20)
    lose(bench, 5)
    monkeypatch.setattr(sweep, "TELL", 1)

    class Died(BaseException):
        pass

    passed = [0]

    def die(name: str) -> None:
        if name == "after-stage":
            passed[0] += 1
            if passed[0] == 5:
                raise Died

    monkeypatch.setattr(faults, "point", die)
    with pytest.raises(Died):
        go(bench)
    with database.read() as session:
        run = session.execute(select(Run).order_by(Run.id.desc())).scalars().first()  # type: ignore[attr-defined]
        assert run is not None
    with database.write() as session:
        session.execute(lanes.Lane.__table__.update().values(until=0.0))  # type: ignore[attr-defined]
    assert counts(go_on(bench, run.id)) == {"read": 20, "updated": 1, "unchanged": 19}


def test_a_feed_needs_a_system_that_tells(database: Database) -> None:
    bench = SweepBench(database, World(3), flow_of(Budget(deletes=9), deletes="feed"))
    run = go(bench)
    assert run.state == "failed"
    assert "does not tell which objects were deleted" in run.message


def test_tombstones_of_a_system_are_told_as_they_come(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Erasable, "capability", Capability(page=100, write=20, find=50, tombstones=True))
    bench = bench_of(database, 5, deletes="feed")
    lose(bench, 2)
    read = Toy.read

    def telling(self: Any, query: Query, cursor: Any, limit: int) -> Page:
        page = read(self, query, cursor, limit)
        return Page([*page.records, Record("S000002", {"id": "S000002"}, deleted=True)], page.cursor)

    monkeypatch.setattr(Toy, "read", telling)
    assert counts(go(bench)) == {"read": 5, "updated": 1, "unchanged": 4}
    assert len(left(bench)) == 4


def test_a_plan_with_a_delete_is_executed_as_shown(database: Database) -> None:
    bench = bench_of(database, 40)
    lose(bench, 1)
    plan = go(bench, mode="dry-run")
    lose(bench, 2)
    done = go(bench, plan_id=plan.id)
    assert counts(done) == {"read": 40, "updated": 1, "unchanged": 38, "held": 1}
    assert len(left(bench)) == 39


def test_references_know_what_was_deleted(database: Database) -> None:
    bench = bench_of(database, 20)
    lose(bench, 1)
    go(bench)
    with database.read() as session:
        (kept,) = references.load(session, PAIR, ["S000001"]).values()
    assert (kept.right_id, kept.claim, kept.claim_outcome) == (None, "", references.DELETED)
