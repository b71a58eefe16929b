"""The executor on a toy world: counts add up, nothing twice, nothing lost, whatever goes wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from engine import clock, launch, shift
from engine.connector import Partly
from engine.errors import InDoubt, Unavailable
from engine.launch import Cause
from engine.record import COUNTED, from_json
from engine.store import closing, lanes, reviews
from engine.store.database import Database
from engine.store.deliveries import Delivery
from engine.store.lanes import Lane
from engine.store.runs import Run
from tests.engine.toys import Bench, Toy, World, refuse, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def start(
    bench: Bench,
    mode: str = "live",
    brought: Any = None,
    key: str | None = None,
    window: dict[str, str] | None = None,
) -> str:
    with bench.database.write() as session:
        started = launch.start(
            session,
            bench.plan,
            flow_id="f1",
            version_id=1,
            bindings={"left": "L", "right": "R"},
            mode=mode,
            cause=Cause("manual", "test", key),
            brought=brought,
            window=window,
        )
    bench.rings.extend((started.run, lane) for lane in started.lanes)
    return started.run


def finish(bench: Bench, run_id: str, seconds: float = 20.0) -> Run:
    """Answers rings and sweeps until the run is over."""
    executor = bench.executor()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        while bench.rings:
            executor.advance(*bench.rings.pop(0))
        with bench.database.read() as session:
            run = session.get(Run, run_id)
            assert run is not None
            if run.ended_at is not None:
                return run
            bench.rings.extend(lanes.unattended(session, 0.0))
        time.sleep(0.01)
    raise AssertionError(f"the run is still {run.state}: {run.message}")


def counts(run: Run) -> dict[str, int]:
    found = from_json(run.counts or "{}")
    assert found["read"] == sum(found[name] for name in COUNTED)
    return {name: count for name, count in found.items() if count}


def test_every_record_is_created_once_and_counted(database: Database) -> None:
    bench = Bench(database, World(230), toy_flow(lanes=3, batch_size=40))
    run = finish(bench, start(bench))
    assert run.state == "done"
    assert counts(run) == {"read": 230, "created": 230}
    assert sorted(bench.world.created()) == sorted(bench.world.source)


def test_a_second_run_finds_everything_unchanged_and_sends_nothing(database: Database) -> None:
    bench = Bench(database, World(120), toy_flow(operation="upsert"))
    finish(bench, start(bench))
    calls = bench.world.write_calls
    assert counts(finish(bench, start(bench))) == {"read": 120, "unchanged": 120}
    assert bench.world.write_calls == calls


def test_a_changed_record_is_updated_and_no_other(database: Database) -> None:
    bench = Bench(database, World(10), toy_flow(operation="upsert"))
    finish(bench, start(bench))
    bench.world.source["S000003"]["name"] = "New name"
    assert counts(finish(bench, start(bench))) == {"read": 10, "updated": 1, "unchanged": 9}
    with database.read() as session:
        row = session.exec(select(Delivery).where(Delivery.outcome == "updated")).one()
        assert from_json(row.sent or b"") == {"name": "New name"}
        assert from_json(row.before or b"") == {"name": "Name 3"}


def test_the_same_cause_twice_is_one_run(database: Database) -> None:
    bench = Bench(database, World(3), toy_flow())
    first = start(bench, key="webhook-1")
    assert start(bench, key="webhook-1") == first
    assert counts(finish(bench, first)) == {"read": 3, "created": 3}


def test_a_refused_record_fails_alone_and_says_why(database: Database) -> None:
    bench = Bench(database, World(30), toy_flow())
    bench.world.source["S000004"]["name"] = "bad"
    bench.world.source["S000005"]["name"] = "poison"
    run = finish(bench, start(bench))
    assert counts(run) == {"read": 30, "created": 28, "failed": 2}
    with database.read() as session:
        rows = {row.key: row for row in session.exec(select(Delivery).where(Delivery.outcome == "failed"))}
    assert rows["S000004"].message == "The name is bad."
    assert rows["S000005"].code == "T-POISON"


def test_a_bug_in_a_node_fails_only_the_record_that_meets_it(database: Database) -> None:
    bench = Bench(database, World(30), toy_flow())
    bench.world.source["S000017"]["name"] = "boom"
    run = finish(bench, start(bench))
    assert counts(run) == {"read": 30, "created": 29, "failed": 1}


@pytest.mark.parametrize("means", ["match", "key"])
def test_a_lost_answer_is_looked_up_before_writing_again(database: Database, means: Any) -> None:
    bench = Bench(database, World(50), toy_flow(match=("ref",) if means == "match" else ()))
    bench.world.means = means
    bench.world.after_write = refuse(InDoubt("no answer", sent_at=clock.passing(), timeout=0.2))
    run = finish(bench, start(bench))
    assert counts(run) == {"read": 50, "created": 50}
    assert sorted(bench.world.created()) == sorted(bench.world.source)


def test_a_doubt_that_nobody_can_settle_is_held_not_guessed(database: Database) -> None:
    bench = Bench(database, World(10), toy_flow(match=()))
    bench.world.means = "none"
    bench.world.after_write = refuse(InDoubt("no answer", sent_at=clock.passing(), timeout=0.1))
    run = finish(bench, start(bench))
    assert counts(run) == {"read": 10, "held": 10}
    assert len(bench.world.target) == 10
    with database.read() as session:
        assert len(reviews.open_holds(session)) == 10


def test_a_busy_system_is_waited_for_as_it_asks(database: Database) -> None:
    bench = Bench(database, World(50), toy_flow())
    bench.world.before_write = refuse(Unavailable("Too many requests.", retry_after=0.05), times=2)
    run = finish(bench, start(bench))
    assert counts(run) == {"read": 50, "created": 50}
    assert len(bench.world.target) == 50


def test_after_the_last_attempt_the_records_fail_with_the_systems_words(database: Database) -> None:
    bench = Bench(database, World(10), toy_flow())
    bench.world.before_write = refuse(Unavailable("Too many requests.", code="E-429"), times=99)
    run = finish(bench, start(bench))
    assert counts(run) == {"read": 10, "failed": 10}
    assert not bench.world.target
    with database.read() as session:
        assert {row.message for row in session.exec(select(Delivery))} == {"Too many requests."}


def test_a_dry_run_counts_what_would_happen_and_writes_nothing(database: Database) -> None:
    bench = Bench(database, World(25), toy_flow(operation="upsert"))
    run = finish(bench, start(bench, mode="dry-run"))
    assert counts(run) == {"read": 25, "created": 25}
    assert not bench.world.target
    assert bench.world.write_calls == 0


def test_a_sample_reads_a_few(database: Database) -> None:
    bench = Bench(database, World(300), toy_flow())
    run = finish(bench, start(bench, mode="sample"))
    assert counts(run) == {"read": 10, "created": 10}
    assert bench.world.write_calls == 0


def test_two_writes_a_record_count_once(database: Database) -> None:
    bench = Bench(database, World(7), toy_flow(writes=2, match=("ref",), operation="upsert"))
    run = finish(bench, start(bench))
    assert counts(run)["read"] == 7
    assert len(bench.world.target) == 7


def test_a_cancelled_run_stops_and_its_counts_add_up(database: Database) -> None:
    bench = Bench(database, World(500), toy_flow(batch_size=20))
    run_id = start(bench)
    executor = bench.executor(slice=0.02)
    while not bench.world.target:
        executor.advance(run_id, 0)
        executor.advance(run_id, 1)
    with database.write() as session:
        closing.cancel(session, run_id, "Ann")
    run = finish(bench, run_id)
    assert run.state == "cancelled"
    assert counts(run)["read"] == len(bench.world.target) < 500


def test_a_worker_that_lost_its_lease_changes_nothing(database: Database) -> None:
    bench = Bench(database, World(5), toy_flow())
    run_id = start(bench)
    with database.write() as session:
        old = lanes.claim(session, run_id, 0, "frozen", -1.0)
    assert old is not None
    with database.write() as session:
        assert lanes.claim(session, run_id, 0, "awake", 30.0) is not None
    from engine.errors import LeaseLost

    with pytest.raises(LeaseLost), database.write() as session:
        lanes.stage(session, old, [], None)


def test_pages_stop_while_lanes_are_full(database: Database) -> None:
    bench = Bench(database, World(2000), toy_flow(batch_size=10))
    run_id = start(bench)
    executor = bench.executor(slice=0.3)
    executor.advance(*bench.rings.pop(0))
    with database.read() as session:
        lane = session.get(Lane, (run_id, 1))
        assert lane is not None
        assert lane.staged - lane.next <= shift.BACKLOG + 1


@pytest.mark.parametrize("batch_size", [2, 40])
def test_equal_match_keys_are_one_object_also_within_one_batch(database: Database, batch_size: int) -> None:
    world = World(6)
    for n, name in enumerate(["Ash", "Birch", "ash ", "Cedar", "ASH", "Birch"]):
        world.source[f"S{n:06d}"]["name"] = name
    bench = Bench(database, world, toy_flow(operation="upsert", match=("name",), batch_size=batch_size))
    run = finish(bench, start(bench))
    assert counts(run) == {"read": 6, "created": 3, "updated": 3}
    assert [row["ref"] for row in world.target] == ["S000004", "S000005", "S000003"]


def test_a_twin_is_created_when_its_first_one_is_refused(database: Database) -> None:
    world = World(2)
    for row in world.source.values():
        row["name"] = "Twin"
    bench = Bench(database, world, toy_flow(operation="upsert", match=("name",)))
    world.before_write = lambda changes: world.refused.update(
        change.key for change in changes if change.data["ref"] == "S000000"
    )
    run = finish(bench, start(bench))
    assert counts(run) == {"read": 2, "created": 1, "failed": 1}
    assert world.created() == ["S000001"]


def test_a_lease_outlasts_a_call_that_takes_longer(database: Database) -> None:
    bench = Bench(database, World(1), toy_flow())
    owners: list[float] = []

    def dawdle(changes: Any) -> None:
        for _ in range(4):
            time.sleep(0.3)
            with database.read() as session:
                lane = session.exec(select(Lane).where(Lane.number == 1)).one()
                owners.append(lane.until - clock.now())

    bench.world.before_write = dawdle
    run_id = start(bench)
    executor = bench.executor(lease=0.6)
    while bench.rings:
        executor.advance(*bench.rings.pop(0))
    with database.read() as session:
        run = session.get(Run, run_id)
        assert run is not None
        assert run.state == "done"
    assert bench.world.write_calls == 1
    assert owners[-1] > 0, "the lease ran out while the call was on its way"


def test_a_call_that_takes_longer_than_its_claim_is_not_doubted_by_another_run(database: Database) -> None:
    bench = Bench(database, World(1), toy_flow(match=()))
    bench.world.means = "key"
    began, go_on = threading.Event(), threading.Event()

    def dawdle(changes: Any) -> None:
        began.set()
        assert go_on.wait(10)

    bench.world.before_write = dawdle
    slow = start(bench)
    rings = list(bench.rings)
    bench.rings.clear()
    thread = threading.Thread(
        target=lambda: [bench.executor(lease=0.6).advance(*ring) for ring in rings], daemon=True
    )
    thread.start()
    assert began.wait(10)
    time.sleep(1.2)  # the lease and the time limit of the call, by which the claim was measured, are over
    bench.world.before_write = lambda changes: None
    other = start(bench)
    executor = bench.executor(lease=0.6)
    for _ in range(3):
        while bench.rings:
            executor.advance(*bench.rings.pop(0))
        with database.read() as session:
            bench.rings.extend(one for one in lanes.unattended(session, 0.0) if one[0] == other)
    assert bench.world.created() == []
    go_on.set()
    thread.join()
    assert counts(finish(bench, slow)) == {"read": 1, "created": 1}
    assert counts(finish(bench, other)) == {"read": 1, "unchanged": 1}
    assert bench.world.created() == ["S000000"]


def test_what_was_answered_before_a_failure_is_booked_and_only_the_rest_is_in_doubt(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(database, World(10), toy_flow())
    asked: list[list[str]] = []
    write, resolve = Toy._write, Toy.resolve

    def partly(toy: Toy, entity: str, changes: Any) -> list[Any]:
        if asked:
            return write(toy, entity, changes)
        asked.append([change.data["ref"] for change in changes])
        results: list[Any] = list(write(toy, entity, changes[:7]))
        write(toy, entity, changes[7:8])  # it got there; its answer did not get back
        doubt = InDoubt("no answer", sent_at=clock.passing(), timeout=0.05)
        raise Partly([*results, None, None, None], doubt)

    def looked_up(toy: Toy, entity: str, changes: Any) -> list[Any]:
        asked.append([change.data["ref"] for change in changes])
        return resolve(toy, entity, changes)

    monkeypatch.setattr(Toy, "_write", partly)
    monkeypatch.setattr(Toy, "resolve", looked_up)
    run = finish(bench, start(bench))
    assert (run.state, counts(run)["created"]) == ("done", 10)
    assert len(set(bench.world.created())) == len(bench.world.created()) == 10
    assert asked[1] == asked[0][7:]
