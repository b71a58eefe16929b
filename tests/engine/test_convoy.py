"""Small runs side by side: each ends as it would have alone, whatever happens to its neighbours."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlmodel import select

from engine import clock, executor
from engine.arrivals import store
from engine.connector import Partly
from engine.convoy import MOST, may_form
from engine.errors import InDoubt, Unavailable
from engine.flow import Budget
from engine.launch import Started
from engine.plan import Plan, build
from engine.record import COUNTED, Change, Outcome, Result, from_json
from engine.store import closing, deliveries
from engine.store.database import Database
from engine.store.deliveries import Call, Delivery
from engine.store.flows import Standing
from engine.store.lanes import Lane
from engine.store.passages import Step
from engine.store.runs import Run
from tests.engine.test_arrivals import arrival, drawing, publish
from tests.engine.toys import Bench, Toy, World, refuse, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


class Company(Bench):
    """A bench whose runs are started by calls that bring one record each."""

    def __init__(self, database: Database, world: World | None = None, **policy: Any) -> None:
        plan = drawing(**policy)
        super().__init__(database, world or World(), plan.flow)
        self.where: tuple[str, Standing] = publish(database, plan)

    def call(self, *names: str) -> list[str]:
        """Calls that arrive together; answers their runs and keeps the rings."""
        brought = [{"id": name.partition("/")[0], "name": name.rpartition("/")[2]} for name in names]
        with self.database.write() as session:
            answers = store(session, [arrival(self.plan, self.where, one) for one in brought])
        started = [answer for answer in answers if isinstance(answer, Started)]
        self.rings += [(one.run, lane) for one in started for lane in one.lanes]
        return [one.run for one in started]

    def work(self, **options: Any) -> None:
        """Answers every ring there is."""
        worker = self.executor(**options)
        while self.rings:
            worker.advance(*self.rings.pop(0))

    def finish(self, seconds: float = 10.0) -> dict[str, Run]:
        """Works, and rings for what is due, until all runs are over."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.work()
            left = [(lane.run_id, lane.number) for lane in self.rows(Lane) if lane.state == "open"]
            if not left:
                break
            self.rings += left
            time.sleep(0.02)
        return {run.id: run for run in self.rows(Run)}

    def rows(self, kind: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(kind)))


def counts(run: Run) -> dict[str, int]:
    found: dict[str, int] = from_json(run.counts or "{}")
    assert found["read"] == sum(found[name] for name in COUNTED), found
    return {name: value for name, value in found.items() if value}


def test_one_ring_brings_all_of_them_home_each_with_its_own_history(database: Database) -> None:
    bench = Company(database)
    runs = bench.call(*(f"S{n}" for n in range(30)))
    assert len(bench.rings) == 1
    bench.work()
    assert bench.world.write_calls == 2  # the toy takes 20 in a call
    assert len(set(bench.world.created())) == len(bench.world.created()) == 30
    rows = {run.id: run for run in bench.rows(Run)}
    for run_id in runs:
        run = rows[run_id]
        assert (run.state, counts(run), run.retry_at) == ("done", {"read": 1, "created": 1}, None)
        assert run.started_at is not None
        assert run.ended_at is not None
    assert sorted(row.run_id for row in bench.rows(Delivery)) == sorted(runs)
    steps = {(step.run_id, step.node): (step.arrived, step.ports) for step in bench.rows(Step)}
    assert steps[runs[7], "write0"] == (1, '{"written":1}')
    assert {lane.state for lane in bench.rows(Lane)} == {"done"}


@pytest.mark.parametrize("name", ["good", "poison", "bad", "boom"])
def test_it_is_booked_as_it_would_be_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The same call, once through a convoy and once through a shift, leaves the same rows."""
    found = []
    for key in ("S1", "T1"):
        bench = Company(database)
        (run_id,) = bench.call(f"{key}/{name}")
        bench.finish()
        kinds = (Run, Lane, Delivery, Step)
        mine = {kind: [one for one in bench.rows(kind) if run_id in (one.id if kind is Run else "", getattr(one, "run_id", ""))]
                for kind in kinds}  # fmt: skip
        rows = [row.model_dump() for some in mine.values() for row in some]
        for row in rows:
            for column in ("id", "run_id", "flow_id", "version_id", "cause_key", "at", "created_at", "started_at",
                           "ended_at", "going_since", "beats", "window", "ms", "rung_at", "fence"):  # fmt: skip
                row.pop(column, None)
        found.append(repr(rows).replace(key, "X1"))
        monkeypatch.setattr(executor, "may_form", lambda plan: False)
    assert found[0] == found[1]


def test_a_backlog_is_worked_off_in_convoys(database: Database) -> None:
    bench = Company(database)
    for first in range(0, 3 * MOST + 5, 40):
        bench.call(*(f"S{n}" for n in range(first, min(first + 40, 3 * MOST + 5))))
    bench.rings = bench.rings[:1]
    bench.work()
    assert {run.state for run in bench.rows(Run)} == {"done"}
    assert len(bench.world.created()) == 3 * MOST + 5


def test_one_that_is_refused_or_breaks_a_node_is_alone_in_it(database: Database) -> None:
    bench = Company(database)
    runs = bench.call("S1", "S2/poison", "S3/boom", "S4")
    rows = bench.finish()
    assert [counts(rows[run]) for run in runs] == [
        {"read": 1, "created": 1}, {"read": 1, "failed": 1}, {"read": 1, "failed": 1}, {"read": 1, "created": 1},
    ]  # fmt: skip
    assert sorted(bench.world.created()) == ["S1", "S4"]


def test_calls_about_the_same_object_are_written_in_their_order(database: Database) -> None:
    bench = Company(database)
    runs = bench.call("S1/a", "S2/b", "S1/c", "S1/d")
    rows = bench.finish()
    assert sorted(bench.world.created()) == ["S1", "S2"]
    assert [row["name"] for row in bench.world.target if row["ref"] == "S1"] == ["a"]  # it only creates
    assert [counts(rows[run]) for run in runs] == [
        {"read": 1, "created": 1}, {"read": 1, "created": 1}, {"read": 1, "unchanged": 1},
        {"read": 1, "unchanged": 1},
    ]  # fmt: skip


def test_updates_of_one_object_end_with_the_last_one(database: Database) -> None:
    bench = Company(database, operation="upsert")
    runs = bench.call("S1/a", "S1/b", "S1/c")
    rows = bench.finish()
    assert [row["name"] for row in bench.world.target] == ["c"]
    assert [counts(rows[run]) for run in runs] == [
        {"read": 1, "created": 1}, {"read": 1, "updated": 1}, {"read": 1, "updated": 1},
    ]  # fmt: skip


def test_a_system_that_is_busy_lets_all_of_them_wait(database: Database) -> None:
    bench = Company(database)
    bench.world.before_write = refuse(Unavailable("busy", retry_after=0.05), times=1)
    runs = bench.call("S1", "S2", "S3")
    bench.work()
    assert {run.state for run in bench.rows(Run)} == {"waiting"}
    rows = bench.finish()
    assert [counts(rows[run]) for run in runs] == [{"read": 1, "created": 1}] * 3
    assert sorted(bench.world.created()) == ["S1", "S2", "S3"]


@pytest.mark.parametrize("means", ["match", "key", "none"])
def test_only_those_without_an_answer_are_in_doubt(
    database: Database, means: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.means = means
    bench = Company(database, world, match=("ref",) if means == "match" else ())
    write = Toy._write
    first = [True]

    def partly(toy: Toy, entity: str, changes: Sequence[Change]) -> list[Result]:
        if not first:
            return write(toy, entity, changes)
        first.clear()
        answered = list(write(toy, entity, changes[:3]))
        write(toy, entity, changes[3:4])  # done, but its answer was lost
        doubt = InDoubt("no answer", sent_at=clock.passing(), timeout=0.05)
        raise Partly([*answered, None, None, None], doubt, unsent=[5])

    monkeypatch.setattr(Toy, "_write", partly)
    runs = bench.call(*(f"S{n}" for n in range(6)))
    bench.work()
    states = {run.id: run.state for run in bench.rows(Run)}
    assert [states[run] for run in runs] == ["done"] * 3 + ["waiting"] * 3
    rows = bench.finish()
    ends = [counts(rows[run]) for run in runs]
    created = {"read": 1, "created": 1}
    if means == "none":
        assert ends == [created] * 3 + [{"read": 1, "held": 1}] * 2 + [created]
    else:
        assert ends == [created] * 6
        assert sorted(world.created()) == [f"S{n}" for n in range(6)]


def test_two_workers_share_them_and_neither_writes_twice(database: Database) -> None:
    bench = Company(database)
    runs = bench.call(*(f"S{n}" for n in range(20)))
    ring = bench.rings.pop()
    inner = bench.executor()

    def meanwhile(changes: Sequence[Change]) -> None:
        bench.world.before_write = lambda changes: None
        inner.advance(*ring)  # the ring came twice
        bench.call("late")
        inner.advance(*bench.rings.pop())  # and another one while the first is at it

    bench.world.before_write = meanwhile
    bench.executor().advance(*ring)
    rows = bench.finish()
    assert all(counts(rows[run]) == {"read": 1, "created": 1} for run in runs)
    assert len(set(bench.world.created())) == len(bench.world.created()) == 21


def test_a_worker_that_lost_its_lease_books_nothing(database: Database) -> None:
    bench = Company(database)
    runs = bench.call("S1", "S2")
    ring = bench.rings[0]

    def freeze(changes: Sequence[Change]) -> None:
        bench.world.before_write = lambda changes: None
        with database.write() as session:
            for lane in session.exec(select(Lane)):
                lane.fence += 1
                lane.owner, lane.until, lane.attempts = "another", clock.now() - 1, 0
                session.add(lane)

    bench.world.before_write = freeze
    bench.executor().advance(*ring)
    assert bench.rows(Delivery) == []
    rows = bench.finish()
    assert all(counts(rows[run]) == {"read": 1, "created": 1} for run in runs)
    assert sorted(bench.world.created()) == ["S1", "S2"]


def test_cancelled_meanwhile_it_ends_as_cancelled_with_what_was_done(database: Database) -> None:
    bench = Company(database)
    runs = bench.call("S1", "S2")

    def cancel(changes: Sequence[Change]) -> None:
        with database.write() as session:
            closing.cancel(session, runs[0], "Ann")

    bench.world.before_write = cancel
    rows = bench.finish()
    assert (rows[runs[0]].state, rows[runs[0]].message) == ("cancelled", "Cancelled by Ann.")
    assert [counts(rows[run]) for run in runs] == [{"read": 1, "created": 1}] * 2


def test_two_writes_a_run_are_settled_one_after_the_other(database: Database) -> None:
    bench = Company(database, writes=2)
    runs = bench.call("S1", "S2", "S3")
    rows = bench.finish()
    assert all(counts(rows[run]) == {"read": 1, "created": 1} for run in runs)
    assert sorted(row.node for row in bench.rows(Delivery)) == ["write0"] * 3 + ["write1"] * 3


def test_a_call_is_kept_with_the_run_that_it_was_about(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Company(database)

    def told(toy: Toy, entity: str, changes: Sequence[Change]) -> list[Result]:
        for change in changes:
            journal = toy.http.journal
            assert journal is not None
            note = {"method": "POST", "url": "/", "status": 201, "ms": 1.0, "request": change.data["ref"],
                    "response": "", "error": "", "about": [change.key]}  # fmt: skip
            journal(note)
        return [Result(Outcome.CREATED, str(n)) for n, _ in enumerate(changes)]

    monkeypatch.setattr(Toy, "_write", told)
    runs = bench.call("S1", "S2", "S3")
    bench.work()
    assert {call.run_id: call.request for call in bench.rows(Call)} == dict(
        zip(runs, ["S1", "S2", "S3"], strict=True)
    )


def test_what_cannot_be_booked_together_is_booked_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Company(database)
    add, tried = deliveries.add, []

    def spoilt(session: Any, entries: Any) -> None:
        tried.append(len(entries))
        if len(entries) > 1:
            raise ValueError("a row that the database does not take")
        add(session, entries)

    monkeypatch.setattr(deliveries, "add", spoilt)
    runs = bench.call("S1", "S2", "S3")
    rows = bench.finish()
    assert tried[0] == 3
    assert all(counts(rows[run]) == {"read": 1, "created": 1} for run in runs)
    assert sorted(bench.world.created()) == ["S1", "S2", "S3"]


def test_a_bug_of_a_connector_fails_only_the_run_that_meets_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Company(database)
    write = Toy._write

    def buggy(toy: Toy, entity: str, changes: Sequence[Change]) -> list[Result]:
        if any(change.data["name"] == "odd" for change in changes):
            raise ZeroDivisionError("a bug")
        return write(toy, entity, changes)

    monkeypatch.setattr(Toy, "_write", buggy)
    runs = bench.call("S1", "S2/odd", "S3")
    rows = bench.finish()
    assert [counts(rows[run]) for run in runs] == [
        {"read": 1, "created": 1}, {"read": 1, "failed": 1}, {"read": 1, "created": 1},
    ]  # fmt: skip
    assert sorted(bench.world.created()) == ["S1", "S3"]


def test_runs_that_are_counted_as_a_whole_go_alone(database: Database) -> None:
    plan: Plan = drawing()
    assert may_form(plan)
    policy = plan.flow.policy.model_copy(update={"budget": Budget(creates=1)})
    assert not may_form(build(plan.flow.model_copy(update={"policy": policy})))
