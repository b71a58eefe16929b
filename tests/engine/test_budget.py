"""The write budget: exact to the last record, whatever repeats, and nobody passes it unasked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from engine import clock
from engine.errors import InDoubt
from engine.flow import AmountLimit, Budget, Flow
from engine.store import control
from engine.store.budgets import Spending
from engine.store.database import Database
from engine.store.lanes import unattended
from engine.store.runs import Run
from tests.engine.test_executor import counts, finish, start
from tests.engine.toys import Bench, World, refuse, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def limited(budget: Budget, **more: Any) -> Flow:
    flow = toy_flow(**more)
    return flow.model_copy(update={"policy": flow.policy.model_copy(update={"budget": budget})})


def until_paused(bench: Bench, run_id: str) -> Run:
    executor = bench.executor()
    until = time.monotonic() + 10
    while time.monotonic() < until:
        while bench.rings:
            executor.advance(*bench.rings.pop(0))
        with bench.database.read() as session:
            run = session.get(Run, run_id)
            assert run is not None
            if run.state == "paused" or run.ended_at is not None:
                return run
            bench.rings.extend(unattended(session, 0.0))
        time.sleep(0.01)
    raise AssertionError("it neither ended nor paused")


def allow(bench: Bench, run_id: str) -> None:
    with bench.database.write() as session:
        lanes = control.allow(session, run_id, "boss@example.org")
    assert lanes
    bench.rings.extend((run_id, lane) for lane in lanes)


@pytest.mark.parametrize("lanes", [1, 4])
def test_the_first_write_beyond_the_budget_stops_the_run(database: Database, lanes: int) -> None:
    bench = Bench(database, World(101), limited(Budget(creates=100), batch_size=10, lanes=lanes))
    run_id = start(bench)
    run = until_paused(bench, run_id)
    assert (run.state, run.code) == ("paused", "E-BUDGET")
    assert run.message == "This run would create 101 things; its budget is 100."
    assert 0 < len(bench.world.target) <= 100
    with database.write() as session:
        assert control.resume(session, run_id) is None
    bench.rings.append((run_id, 1))
    assert until_paused(bench, run_id).state == "paused"
    allow(bench, run_id)
    assert counts(finish(bench, run_id)) == {"read": 101, "created": 101}
    assert sorted(bench.world.created()) == sorted(bench.world.source)


def test_a_budget_that_suffices_is_never_noticed(database: Database) -> None:
    bench = Bench(database, World(100), limited(Budget(creates=100), batch_size=15, lanes=3))
    assert counts(finish(bench, start(bench))) == {"read": 100, "created": 100}


def test_a_write_that_is_tried_again_is_reserved_once(database: Database) -> None:
    bench = Bench(database, World(60), limited(Budget(creates=60), batch_size=20))
    bench.world.after_write = refuse(InDoubt("no answer", sent_at=clock.passing(), timeout=0.1), times=2)
    run_id = start(bench)
    assert counts(finish(bench, run_id)) == {"read": 60, "created": 60}
    with database.read() as session:
        spending = session.get(Spending, run_id)
        assert spending is not None
        assert (spending.creates, spending.updates) == (60, 0)


def test_updates_have_a_budget_of_their_own(database: Database) -> None:
    bench = Bench(database, World(10), limited(Budget(updates=2), operation="upsert"))
    assert counts(finish(bench, start(bench))) == {"read": 10, "created": 10}
    for number in range(3):
        bench.world.source[f"S00000{number}"]["name"] = f"Changed {number}"
    run_id = start(bench)
    assert until_paused(bench, run_id).message == "This run would update 3 things; its budget is 2."
    assert {row["name"] for row in bench.world.target} == {f"Name {n}" for n in range(10)}
    allow(bench, run_id)
    assert counts(finish(bench, run_id)) == {"read": 10, "updated": 3, "unchanged": 7}


def test_the_amount_is_summed_exactly(database: Database) -> None:
    budget = Budget(amount=AmountLimit(field="name", limit=Decimal("0.3")))
    for amounts, state in ((["0.1", "0.2"], "done"), (["0.1", "0.2", "0.01"], "paused")):
        bench = Bench(database, World(len(amounts)), limited(budget, batch_size=1))
        for row, amount in zip(bench.world.source.values(), amounts, strict=True):
            row["name"] = amount
            row["id"] = f"{state}-{row['id']}"
        bench.world.source = {row["id"]: row for row in bench.world.source.values()}
        run = until_paused(bench, start(bench))
        assert run.state == state, run.message
    assert run.message == "This run would write name of 0.31 in all; its budget is 0.3."


def test_a_dry_run_has_no_budget(database: Database) -> None:
    bench = Bench(database, World(10), limited(Budget(creates=1)))
    assert counts(finish(bench, start(bench, "dry-run"))) == {"read": 10, "created": 10}
