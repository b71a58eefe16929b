"""The clock and the chains: once whatever happens, and what was missed goes by its policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from engine import firing
from engine.errors import DefinitionError
from engine.flow import Edge
from engine.record import from_json, to_json
from engine.store import flows, schedules
from engine.store.database import Database
from engine.store.runs import Run
from tests.conftest import Clock
from tests.engine.clockwork import Clocked, drawn
from tests.engine.toys import Bench, World, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


@pytest.fixture
def clocked(database: Database) -> Clocked:
    return Clocked(database)


def every(minutes: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "interval",
        "every": minutes,
        "unit": "minutes",
        "overlap": "parallel",
        "parallel": 32,
        **more,
    }


def test_a_schedule_fires_when_it_is_due_and_not_before(clocked: Clocked, clock: Clock) -> None:
    clocked.publish(drawn("schedule", every(15)))
    assert clocked.fire() == []
    clock.advance(15 * 60 + 1)
    (run_id,) = clocked.fire()
    assert clocked.fire() == []
    (run,) = clocked.runs()
    assert (run.id, run.cause_kind, run.trigger, run.mode) == (run_id, "schedule", "start", "live")
    clock.advance(15 * 60)
    assert len(clocked.fire()) == 1


def test_a_firing_brings_its_moment_under_a_name_of_its_own(clocked: Clocked, clock: Clock) -> None:
    """Two flows that write at the same moment write two things, also into the same place."""
    for name in ("First", "Second"):
        flow = drawn("schedule", {"cron": "* * * * *"}, name)
        nodes = [node for node in flow.nodes if node.id != "read"]
        edges = [Edge(source="start", target="map"), *flow.edges[2:]]
        clocked.publish(flow.model_copy(update={"nodes": nodes, "edges": edges}))
    clock.advance(61)
    clocked.fire()
    first, second = (from_json(run.input or "") for run in clocked.runs())
    assert first["at"] == second["at"]
    assert {first["id"], second["id"]} == {f"first start {first['at']}", f"second start {first['at']}"}


@pytest.mark.parametrize("kind", ["schedule", "after"])
def test_two_starts_of_one_flow_at_the_same_moment_bring_two_things(
    clocked: Clocked, clock: Clock, kind: str
) -> None:
    """Also where both are written to the same place, without a mapping in between."""
    flow = drawn(kind, {"cron": "* * * * *"} if kind == "schedule" else {"flow": "first"})
    start, *_, write = flow.nodes
    both = [start, start.model_copy(update={"id": "again"})]
    straight = write.model_copy(update={"settings": {"operation": "create", "match": ()}})
    edges = [Edge(source=one.id, target=write.id) for one in both]
    if kind == "after":
        clocked.publish(drawn("schedule", every(1), "First"), "first")
    clocked.publish(flow.model_copy(update={"nodes": [*both, straight], "edges": edges}), "second")
    clock.advance(61)
    started = clocked.fire()
    if kind == "after":
        end(clocked, started[0])
        started = clocked.fire()
    bench = Bench(clocked.database, World(), flow)
    bench.plan = clocked.plans[max(clocked.plans)]
    for run_id in started:
        bench.executor().advance(run_id, 1)
    assert sorted(row["id"].split()[1] for row in bench.world.target) == ["again", "start"]


def test_two_schedulers_at_once_fire_once(clocked: Clocked, clock: Clock) -> None:
    for number in range(4):
        clocked.publish(drawn("schedule", every(15), f"Flow {number}"))
    for _ in range(3):
        clock.advance(15 * 60 + 1)
        ready = threading.Barrier(4)
        problems: list[BaseException] = []

        def go(ready: threading.Barrier = ready, problems: list[BaseException] = problems) -> None:
            scheduler = clocked.scheduler()
            ready.wait()
            try:
                scheduler.fire_due()
            except BaseException as error:
                problems.append(error)

        threads = [threading.Thread(target=go) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
    assert len(clocked.runs()) == 12


@pytest.mark.parametrize(
    ("policy", "made", "asked"), [("skip", 0, 0), ("last", 1, 0), ("all", 8, 0), ("ask", 0, 8)]
)
def test_what_was_missed_goes_by_its_policy(
    clocked: Clocked, clock: Clock, policy: str, made: int, asked: int
) -> None:
    clocked.publish(drawn("schedule", every(15, missed=policy)))
    clock.advance(2 * 3600 + 300)
    assert len(clocked.fire()) == made
    assert clocked.fire() == []
    row = clocked.schedule()
    assert len(row.waiting()) == asked
    assert row.missed == (8 - made if policy != "ask" else 0)
    assert row.next_at is not None
    assert clock.now() < row.next_at <= clock.now() + 900
    clock.advance(600 + 1)
    assert len(clocked.fire()) == 1, "it goes on at its next time"


def test_all_that_was_missed_in_a_long_time_comes_in_portions(clocked: Clocked, clock: Clock) -> None:
    clocked.publish(drawn("schedule", every(1, missed="all")))
    clock.advance(250 * 60 + 5)
    assert [len(clocked.fire()) for _ in range(4)] == [100, 100, 50, 0]
    assert len({run.cause_key for run in clocked.runs()}) == 250


@pytest.mark.parametrize(("choice", "runs"), [("skip", 0), ("last", 1), ("all", 4)])
def test_whoever_is_asked_decides_once(clocked: Clocked, clock: Clock, choice: str, runs: int) -> None:
    clocked.publish(drawn("schedule", every(15, missed="ask")))
    clock.advance(3600 + 300)
    assert clocked.fire() == []
    row = clocked.schedule()
    assert row.id is not None
    assert len(clocked.scheduler().catch_up(row.id, choice)[0]) == runs
    assert clocked.scheduler().catch_up(row.id, "all") == ([], [])
    assert clocked.schedule().waiting() == []


def test_a_changed_interval_starts_anew_and_an_unchanged_one_keeps_its_place(
    clocked: Clocked, clock: Clock
) -> None:
    row = clocked.publish(drawn("schedule", every(60)))
    first = clocked.schedule().next_at
    clock.advance(1000)
    clocked.publish(drawn("schedule", every(60, missed="ask")), row.slug)
    assert clocked.schedule().next_at == first
    clocked.publish(drawn("schedule", every(5)), row.slug)
    assert clocked.schedule().next_at == pytest.approx(clock.now() + 300, abs=5)
    clock.advance(301)
    assert len(clocked.fire()) == 1
    clocked.publish(drawn("manual", {}), row.slug)
    with clocked.database.read() as session:
        assert schedules.listed(session) == []


def test_a_version_that_somebody_else_published_is_put_on_the_clock(clocked: Clocked, clock: Clock) -> None:
    scheduler = clocked.scheduler()
    row = clocked.publish(drawn("schedule", every(60)))
    scheduler.fire_due()
    with clocked.database.write() as session:
        again = flows.find(session, row.slug)
        assert again is not None
        flows.save_draft(session, again, drawn("schedule", every(5)))
        version = flows.publish(session, again, "somebody", "")
        from engine.plan import build

        clocked.plans[version.id or 0] = build(version.document())
    scheduler.fire_due()
    clock.advance(301)
    assert len(scheduler.fire_due()) == 1


def test_a_paused_flow_does_not_fire_and_has_missed_nothing(clocked: Clocked, clock: Clock) -> None:
    row = clocked.publish(drawn("schedule", every(15, missed="all")))
    with clocked.database.write() as session:
        paused = flows.find(session, row.slug)
        assert paused is not None
        paused.state = "paused"
    clock.advance(7200)
    assert clocked.fire() == []
    with clocked.database.write() as session:
        again = flows.find(session, row.slug)
        assert again is not None
        again.state = "live"
        schedules.restart(session, again.id)
    assert clocked.fire() == []
    clock.advance(901)
    assert len(clocked.fire()) == 1


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (DefinitionError([], "A node type is gone."), "A node type is gone."),
        (KeyError("a fault of ours"), "the log of the scheduler says more"),
    ],
    ids=["drawing", "fault"],
)
def test_a_flow_that_cannot_run_says_so_and_stops_no_other(
    clocked: Clocked, clock: Clock, trouble: Exception, said: str
) -> None:
    bad = clocked.publish(drawn("schedule", every(15), "Bad"))
    clocked.publish(drawn("schedule", every(15), "Good"))
    clock.advance(901)
    version = bad.live_version_id or 0

    def plans(wanted: int) -> Any:
        if wanted == version:
            raise trouble
        return clocked.plans[wanted]

    scheduler = clocked.scheduler()
    scheduler.plans = plans
    assert len(scheduler.fire_due()) == 1
    with clocked.database.read() as session:
        rows = {flow.name: row for row, flow in schedules.listed(session)}
    assert said in rows["Bad"].message
    assert (rows["Bad"].next_at or 0) > clock.now()


def test_a_flow_that_could_not_be_put_on_the_clock_by_our_fault_is_tried_again(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocked.publish(drawn("schedule", every(15), "Late"))
    tried: list[str] = []

    def stumble_once(session: Any, row: Any, plan: Any) -> None:
        tried.append(row.name)
        if len(tried) == 1:
            raise ValueError("a fault of ours")

    monkeypatch.setattr(firing, "arm", stumble_once)
    scheduler = clocked.scheduler()
    for _ in range(3):
        scheduler.fire_due()
    assert tried == ["Late", "Late"]


def test_a_poll_is_left_out_while_a_run_is_at_work(clocked: Clocked, clock: Clock) -> None:
    with toys():
        from engine import registry
        from tests.property.test_incremental import ChangesRead

        registry.node_types()["toy-read"] = ChangesRead
        clocked.publish(drawn("changes", {"every": 1, "unit": "minutes"}))
    clock.advance(61)
    (first,) = clocked.fire()
    clock.advance(60)
    assert clocked.fire() == []
    assert "Left out" in clocked.schedule().message
    end(clocked, first)
    clock.advance(60)
    assert len(clocked.fire()) == 1
    assert clocked.schedule().message == ""


def end(clocked: Clocked, run_id: str, state: str = "done", **counts: int) -> None:
    with clocked.database.write() as session:
        run = session.get(Run, run_id)
        assert run is not None
        from engine import clock as time

        run.state, run.ended_at, run.counts = state, time.now(), to_json(counts).decode()


@pytest.mark.parametrize(
    ("when", "state", "counts", "follows"),
    [
        ("done", "done", {"failed": 1}, 1),
        ("clean", "done", {"created": 3}, 1),
        ("clean", "done", {"held": 1}, 0),
        ("failed", "done", {"failed": 2}, 1),
        ("failed", "failed", {}, 1),
        ("failed", "done", {}, 0),
        ("done", "cancelled", {}, 0),
        ("done", "failed", {}, 0),
        ("over", "failed", {}, 1),
        ("over", "done", {"failed": 2}, 1),
        ("over", "cancelled", {}, 0),
    ],
)
def test_a_flow_follows_another_once(
    clocked: Clocked, clock: Clock, when: str, state: str, counts: dict[str, int], follows: int
) -> None:
    clocked.publish(drawn("schedule", every(15), "First"), "first")
    clocked.publish(drawn("after", {"flow": "first", "when": when}, "Second"), "second")
    clock.advance(901)
    (first,) = clocked.fire()
    assert clocked.fire() == []
    end(clocked, first, state, **counts)
    found = clocked.fire()
    assert len(found) == follows
    assert clocked.fire() == []
    assert [run.cause_by for run in clocked.runs() if run.id in found] == ["first"] * follows


def test_what_ended_before_the_chain_was_made_is_not_followed(clocked: Clocked, clock: Clock) -> None:
    clocked.publish(drawn("schedule", every(15), "First"), "first")
    clock.advance(901)
    (first,) = clocked.fire()
    end(clocked, first)
    clock.advance(1)
    clocked.publish(drawn("after", {"flow": "first"}, "Second"), "second")
    assert clocked.fire() == []


def test_flows_that_would_chase_each_other_are_refused(clocked: Clocked) -> None:
    clocked.publish(drawn("after", {"flow": "c"}, "A"), "a")
    clocked.publish(drawn("after", {"flow": "a"}, "B"), "b")
    with pytest.raises(DefinitionError, match="for ever"):
        clocked.publish(drawn("after", {"flow": "b"}, "C"), "c")
    with pytest.raises(DefinitionError, match="for ever"):
        clocked.publish(drawn("after", {"flow": "d"}, "D"), "d")
