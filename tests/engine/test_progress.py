"""How far a run has come: what was read of how much, as well as it is known while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlmodel import select

from engine import launch
from engine.connector import Capability, Query
from engine.errors import Unavailable
from engine.headway import Headway
from engine.launch import Cause
from engine.record import Page, from_json
from engine.store import control, progress
from engine.store.database import Database
from engine.store.lanes import Lane
from tests.engine.test_arrivals import publish
from tests.engine.test_executor import finish
from tests.engine.toys import Bench, Toy, World, toy_flow, toys
from tests.engine.two_systems import Box, Office, two_way


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Toy, "capability", Capability(page=20, write=20, find=50))
    with toys():
        yield


def begin(bench: Bench) -> str:
    flow_id, standing = publish(bench.database, bench.plan)
    with bench.database.write() as session:
        started = launch.start(
            session, bench.plan, flow_id=flow_id, version_id=standing.version or 0,
            bindings={"left": "L", "right": "R"}, mode="live", cause=Cause("manual", "test"),
        )  # fmt: skip
    bench.rings.extend((started.run, lane) for lane in started.lanes)
    return started.run


def shown(bench: Bench, run_id: str) -> dict[str, Any]:
    with bench.database.read() as session:
        run = progress.get(session, run_id)
        assert run is not None
        return progress.progress(session, run)


@pytest.mark.parametrize(
    ("told", "at_least"),
    [(90, False), (10, False), (90, True), (None, False)],
    ids=["told", "told-too-little", "at-least", "not-told"],
)
def test_the_number_of_all_is_about_while_it_reads_and_exact_afterwards(
    database: Database, monkeypatch: pytest.MonkeyPatch, told: int | None, at_least: bool
) -> None:
    read = Toy.read

    def counting(self: Toy, query: Query, cursor: Any, limit: int) -> Page:
        page = read(self, query, cursor, limit)
        return Page(page.records, page.cursor, None, told if cursor is None else None, at_least)

    monkeypatch.setattr(Toy, "read", counting)
    bench = Bench(database, World(100), toy_flow(batch_size=20))
    run_id = begin(bench)
    assert (shown(bench, run_id)["reading"], shown(bench, run_id)["total"]) == (True, None)
    brief = bench.executor(slice=0.0)
    brief.advance(run_id, 0)
    brief.advance(run_id, 1)
    brief.advance(run_id, 0)
    half = shown(bench, run_id)
    assert (half["counts"]["read"], half["reading"]) == (20, True)
    assert half["total"] == (None if told is None else max(told, 40)), "never less than what is known"
    assert half["at_least"] == at_least
    assert (half["rate"], half["left_s"]) == (None, None), "one batch says nothing of the pace"
    monkeypatch.setattr(progress.tempo, "of_late", lambda *_: 10.0)
    unknown = at_least or told is None
    assert shown(bench, run_id)["left_s"] == (None if unknown else (half["total"] - 20) / 10)
    while shown(bench, run_id)["reading"]:
        brief.advance(run_id, 0)
    left = shown(bench, run_id)
    assert (left["total"], left["at_least"], left["left_s"]) == (
        100,
        False,
        (100 - left["counts"]["read"]) / 10,
    )
    finish(bench, run_id)
    over = shown(bench, run_id)
    assert (over["reading"], over["total"], over["left_s"]) == (False, 100, None)


Journal = Callable[[dict[str, Any]], None]
CALL = {"method": "POST", "url": "/", "status": 201, "ms": 1.0, "request": "", "response": "", "error": ""}


@pytest.mark.parametrize("fault", [None, Unavailable("The toy is down."), SystemExit("killed")], ids=repr)
@pytest.mark.parametrize(("writes", "size"), [(1, 1), (1, 60), (2, 1)])
def test_a_batch_of_slow_calls_tells_how_far_it_is(
    database: Database,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
    fault: BaseException | None,
    writes: int,
    size: int,
) -> None:
    """One record a call. The connector is handed one at a time, or many, which it sends one after the other."""
    monkeypatch.setattr(Toy, "capability", Capability(page=60, write=size, find=50))
    bench = Bench(database, World(120), toy_flow(batch_size=60, operation="upsert", match=(), writes=writes))
    run_id = begin(bench)
    seen: list[tuple[int, int, float | None]] = []
    states: list[tuple[bool, str]] = []
    faults = [fault] if fault else []
    answers: list[Journal] = []
    open_ = bench.open

    def opening(connection_id: str, *, read_only: bool, journal: Any = None) -> Any:
        answers.append(journal)
        return open_(connection_id, read_only=read_only, journal=journal)

    monkeypatch.setattr(bench, "open", opening)
    executor = bench.executor(slice=0.0, lease=30.0)
    executor.advance(run_id, 0)
    sent: list[str] = []

    def before(changes: Any) -> None:
        for change in changes:
            if len(sent) == 30 and faults:
                raise faults.pop()
            clock.advance(1.0)
            if len(sent) % 5 == 0:
                for held in executor.heartbeat._kept:
                    executor.heartbeat._renew(held)
                run = shown(bench, run_id)
                seen.append((run["counts"]["read"], run["answered"], run["left_s"]))
                states.append((run["answered"] > (seen[-2][1] if len(seen) > 1 else 0), run["state"]))
            sent.append(change.key)
            answers[-1]({**CALL, "about": [change.key]})

    bench.world.before_write = before
    while shown(bench, run_id)["state"] != "done":
        try:
            executor.advance(run_id, 0)
            executor.advance(run_id, 1)
            clock.advance(31.0 if shown(bench, run_id)["state"] == "waiting" else 0.0)
        except SystemExit:
            clock.advance(31.0)  # its lease is over
            executor = bench.executor(slice=0.0, lease=30.0)
    through = [read + answered for read, answered, _ in seen]
    assert through == sorted(through), "it never goes back, and nothing counts twice"
    assert {read for read, *_ in seen} == {0, 60}
    assert {state for got_on, state in states if got_on} == {"running"}, "whatever it waited for before"
    over = shown(bench, run_id)
    assert (over["counts"]["read"], over["answered"], over["total"]) == (120, 0, 120)
    with database.read() as session:
        (beats,) = session.exec(select(Lane.beats).where(Lane.run_id == run_id, Lane.number == 1))
    assert sum(count for _, count in from_json(beats)) == 120, "the pace knows each record once"
    if fault is None and writes == 1:
        assert through == list(range(0, 120, 5)), "each record that was answered"
        assert [left for *_, left in seen[:3]] == [None] * 3
        assert [left for *_, left in seen[3:]] == pytest.approx(list(range(105, 0, -5)), rel=0.1)


def test_steps_ahead_take_as_long_as_they_took_of_late(clock: Any) -> None:
    known: dict[str, float] = {}
    told: list[list[int]] = []
    for _ in range(2):
        way, so_far = Headway(100, ["look", "slow", "bulk"], known), []
        way.reach("look")
        way.enter(100, looking=True)
        for _ in range(2):
            way.part(50)
            clock.advance(50.0)
            so_far.append(way.so_far())
        way.reach("slow")
        way.enter(10)
        way.part(10)
        for key in range(10):
            clock.advance(10.0)
            way.note({"status": 429, "about": [key]})
            way.note({"status": 200, "about": [key]})
            so_far.append(way.so_far())
        way.reach("bulk")
        clock.advance(1.0)
        way.end()
        told.append(so_far)
        assert way.so_far() == 0
    first, second = told
    assert first[:2] == [0, 8], "what is unknown ahead counts as much as this"
    assert first[2:] == [round(100 * (100 + 10 * n) / 300) for n in range(1, 11)]
    assert second[2:] == [round(100 * (100 + 10 * n) / 201) for n in range(1, 11)]


def test_keeping_in_step_tells_how_far_it_is_while_it_looks_at_both_sides(
    database: Database, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One object a call and a call a second; five are changed, five are new."""
    clock.advance(0.0)  # so that what the office does to the clock is undone
    one_by_one = Capability(page=100, write=1, find=1, changes="modified-since", tombstones=True)
    monkeypatch.setattr(Box, "capability", one_by_one)
    desk = Office(database, two_way(batch_size=20))
    for at in range(5):
        desk.crm.edit(f"A{at}", code=f"c{at}")
    desk.sync()
    desk.sync()
    for at in range(10):
        desk.crm.edit(f"A{at}", code=f"c{at}", name="new")
    executor = desk.executor(lease=1e6)
    told: list[tuple[str, int]] = []

    def second(what: str) -> None:
        clock.advance(1.0)
        (held,) = executor.heartbeat._kept
        executor.heartbeat._renew(held)
        told.append((what, held.told))

    find = Box.find

    def slowly(self: Box, *asked: Any) -> Any:
        second(f"look {self.world.letter}")
        return find(self, *asked)

    monkeypatch.setattr(Box, "find", slowly)
    desk.erp.before_write = lambda changes: second(changes[0].operation)
    desk.start()
    executor.advance(*desk.rings.pop(0))
    known, new, written, created = told[4][1], told[14][1], told[24][1], told[34][1]
    assert [told[at][0] for at in (4, 9, 14, 19, 24, 29, 34)] == [
        "look A", "look B", "look A", "look B", "update", "look B", "create"
    ]  # fmt: skip
    assert 0 < known < new < written < created == 10, "what was looked at counts, and what is yet to come"


BATCH, SECONDS, AWAY = 20, 50.0, 9000.0
UNKNOWN = {"none": [], "down": [120, 120, 140, 160, 180], "paused": [140, 160, 180], "told": [120]}
"""Read so far when the time left was not known, after the beginning."""


@pytest.mark.parametrize("trouble", UNKNOWN)
def test_the_time_left_is_judged_by_the_pace_of_late_and_not_by_what_it_has_waited(
    database: Database, clock: Any, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    read = Toy.read

    def counting(self: Toy, query: Query, cursor: Any, limit: int) -> Page:
        page = read(self, query, cursor, limit)
        return Page(page.records, page.cursor, None, 240 if cursor is None else None)

    monkeypatch.setattr(Toy, "read", counting)
    bench = Bench(database, World(240), toy_flow(batch_size=BATCH))
    run_id = begin(bench)
    seen: list[tuple[int, float | None, float | None]] = []
    troubles = ["down", "down"] if trouble == "down" else [trouble]

    def before(changes: Any) -> None:
        run = shown(bench, run_id)
        seen.append((run["counts"]["read"], run["rate"], run["left_s"]))
        if run["counts"]["read"] == 120 and troubles:
            match troubles.pop():
                case "down":
                    clock.advance(AWAY)
                    raise Unavailable("The toy is down.")
                case "told":  # such a wait may come again: it is part of the pace while it is in sight
                    clock.advance(2 * SECONDS)
                    raise Unavailable("The toy asked for a pause.", retry_after=0.001)
                case "paused":
                    with database.write() as session:
                        control.pause(session, run_id, "test")
                    assert shown(bench, run_id)["left_s"] is None
        clock.advance(SECONDS)

    bench.world.before_write = before
    executor = bench.executor(slice=0.0, lease=1e6)
    while (run := shown(bench, run_id))["state"] not in ("done", "failed"):
        if run["state"] == "paused":
            clock.advance(AWAY)
            with database.write() as session:
                control.resume(session, run_id)
        for lane in (0, 1):
            executor.advance(run_id, lane)
    assert run["rate"] == pytest.approx(240 / run_seconds(bench, run_id), rel=0.1)
    unknown = [done for done, rate, left in seen if rate is None or left is None]
    assert unknown == [0, 20, 40, *UNKNOWN[trouble]]
    slower = [left / ((240 - done) / BATCH * SECONDS) for done, _, left in seen if left is not None]
    wanted = [1, 1, 1, 1, *[5 / 3] * 3, 1, 1] if trouble == "told" else [1] * len(slower)
    assert slower == pytest.approx(wanted, rel=0.1)


def run_seconds(bench: Bench, run_id: str) -> float:
    with bench.database.read() as session:
        run = progress.get(session, run_id)
        assert run is not None
        assert run.ended_at
        assert run.started_at
        return run.ended_at - run.started_at
