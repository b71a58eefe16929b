"""A run that executes a plan writes what was shown, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from engine import clock as time_of_day
from engine import launch, registry
from engine.connector import Page, Query
from engine.launch import Cause
from engine.plan import build
from engine.planned import Approval, Planned, agrees
from engine.record import Record
from engine.shape import Entity, Field
from engine.store import plans
from engine.store.database import Database
from engine.store.deliveries import Delivery
from engine.store.runs import Run
from tests.conftest import Clock
from tests.engine.test_executor import counts, finish, start
from tests.engine.toys import Bench, Toy, World, toy_flow, toys
from tests.property.test_incremental import ChangesBench, ChangesRead, Changing


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def execute(bench: Bench, plan_id: str) -> str:
    with bench.database.write() as session:
        plan = session.get(Run, plan_id)
        assert plan is not None
        started = launch.start(
            session,
            bench.plan,
            flow_id="f1",
            version_id=1,
            bindings={"left": "L", "right": "R"},
            mode="live",
            cause=Cause("plan", "test", None),
            window=plans.window(session, plan),
            plan_id=plan_id,
        )
    bench.rings.extend((started.run, lane) for lane in started.lanes)
    return started.run


def planned(bench: Bench, window: dict[str, str] | None = None) -> str:
    run = finish(bench, start(bench, "dry-run", window=window))
    assert bench.world.write_calls == 0 or run.mode == "dry-run"
    return run.id


def test_it_writes_exactly_what_was_shown(database: Database) -> None:
    bench = Bench(database, World(30), toy_flow(operation="upsert", writes=2))
    plan_id = planned(bench)
    assert bench.world.target == []
    assert counts(finish(bench, execute(bench, plan_id))) == {"read": 30, "created": 30}


@pytest.mark.parametrize("incremental", [True, False], ids=["what changed", "a window"])
def test_it_reads_no_more_than_the_plan_and_what_changed_since(
    database: Database, clock: Clock, incremental: bool
) -> None:
    world = Changing()
    bench = ChangesBench(database, world, toy_flow(operation="upsert"))
    if incremental:
        registry.node_types()[ChangesRead.type] = ChangesRead
        bench.plan = build(bench.flow)
    for number in range(6):
        clock.advance(3600.0)
        world.write(number, 0.0, 0.0)
    finish(bench, start(bench))
    since = time_of_day.iso(world.stamps["S4"])
    for number in (1, 2):
        clock.advance(3600.0)
        world.write(number, 0.0, 0.0)
    plan_id = planned(bench, None if incremental else {"since": since})
    clock.advance(3600.0)
    world.write(0, 0.0, 0.0)
    world.write(2, 0.0, 0.0)
    run = finish(bench, execute(bench, plan_id))
    shown = {True: 1, False: 2}[incremental]  # S5, and S4 where it was asked for
    assert counts(run) == {"read": shown + 3, "updated": 1, "unchanged": shown, "held": 1, "skipped": 1}
    with database.read() as session:
        assert plans.not_met(session, plan_id, run.id) == []


def test_what_changed_since_is_held_and_what_is_new_is_skipped(database: Database) -> None:
    bench = Bench(database, World(5), toy_flow(operation="upsert"))
    finish(bench, start(bench))
    bench.world.source["S000000"]["name"] = "Shown"
    bench.world.source["S000001"]["name"] = "Shown too"
    plan_id = planned(bench)
    bench.world.source["S000001"]["name"] = "Moved on"
    bench.world.source["S000002"]["name"] = "Was unchanged"
    bench.world.source["S000009"] = {"id": "S000009", "name": "Not in the plan"}
    run_id = execute(bench, plan_id)
    assert counts(finish(bench, run_id)) == {"read": 6, "updated": 1, "unchanged": 2, "held": 2, "skipped": 1}
    names = [row["name"] for row in bench.world.target]
    assert names == ["Shown", "Name 1", "Name 2", "Name 3", "Name 4"]
    with database.read() as session:
        rows = {row.key: row for row in session.exec(select(Delivery).where(Delivery.run_id == run_id))}
    assert rows["S000001"].message == (
        "Changed since the plan was approved: Full name was “Shown too”, now “Moved on”."
    )
    assert rows["S000002"].message == (
        "Changed since the plan was approved: the plan was to leave it unchanged; now it would update it."
    )
    assert rows["S000009"].message == "It was not in the plan that was approved."


def test_what_somebody_changed_there_meanwhile_is_not_overwritten(database: Database) -> None:
    bench = Bench(database, World(3), toy_flow(operation="upsert"))
    finish(bench, start(bench))
    for number in range(3):
        bench.world.source[f"S{number:06d}"]["name"] = f"Shown {number}"
    plan_id = planned(bench)
    bench.world.target[1]["name"] = "By hand"
    bench.world.target[2]["name"] = "Shown 2"
    run_id = execute(bench, plan_id)
    assert counts(finish(bench, run_id)) == {"read": 3, "updated": 1, "unchanged": 1, "held": 1}
    assert [row["name"] for row in bench.world.target] == ["Shown 0", "By hand", "Shown 2"]
    with database.read() as session:
        held = session.exec(
            select(Delivery).where(Delivery.run_id == run_id, Delivery.outcome == "held")
        ).one()
    assert held.message == (
        "Changed since the plan was approved: there, Full name was “Name 1”, now “By hand”."
    )


def test_what_the_execution_itself_wrote_there_is_no_change(database: Database) -> None:
    """Two records of two batches are one object: the second finds what the first has left, not what was shown."""
    bench = Bench(database, World(2), toy_flow(operation="upsert", match=("name",), batch_size=1))
    for row in bench.world.source.values():
        row["name"] = "Acme"
    bench.world.target.append({"id": 0, "ref": "before", "name": "Acme"})
    plan_id = planned(bench)
    assert counts(finish(bench, execute(bench, plan_id))) == {"read": 2, "updated": 2}
    assert [row["ref"] for row in bench.world.target] == ["S000001"]


def test_the_order_of_reading_is_no_part_of_the_plan(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two records that are one new object: whichever comes first creates it, as it was shown."""
    bench = Bench(database, World(4), toy_flow(operation="upsert", match=("name",)))
    bench.world.source["S000003"]["name"] = "Name 0"
    plan_id = planned(bench)
    read = Toy.read

    def backwards(self: Toy, query: Query, cursor: Any, limit: int) -> Page:
        page = read(self, query, cursor, limit)
        page.records.reverse()
        return page

    monkeypatch.setattr(Toy, "read", backwards)
    assert counts(finish(bench, execute(bench, plan_id))) == {"read": 4, "created": 3, "updated": 1}
    assert sorted(row["name"] for row in bench.world.target) == ["Name 0", "Name 1", "Name 2"]


def test_of_records_that_are_one_object_the_one_that_was_shown_counts() -> None:
    records = [Record("a", {}), Record("b", {})]
    writes = {"a": Planned("create", {"name": "Acme"}), "b": Planned("unchanged", {})}
    approval = Approval(writes, frozenset({"a", "b"}), {}, records)
    assert approval.refusal([0, 1], "create", {"name": "Acme"}) is None
    refused = approval.refusal([0, 1], "create", {"name": "Other"})
    assert refused is not None
    assert refused.message == "Changed since the plan was approved: name was “Acme”, now “Other”."
    assert approval.refusal([1], "create", {"name": "Acme"}) is not None


def test_what_changed_is_called_as_people_know_it() -> None:
    amount = Field(name="Sum", title="Amount")
    items = Field(name="ITEMS", title="Lines", type="lines", fields=(amount,))
    shape = Entity(name="ARINVOICE", fields=(items, Field(name="CUSTOMERID", title="Customer")))
    shown = {"ITEMS": [{"Sum": 5}, {"Sum": 7}], "CUSTOMERID": "⟨new CUSTOMER⟩", "MEMO": "x"}
    approval = Approval({"a": Planned("create", shown)}, frozenset("a"), {}, [Record("a", {})], lambda: shape)

    def said(**now: Any) -> str:
        refused = approval.refusal([0], "create", {**shown, "CUSTOMERID": "C-7", **now})
        return refused.message.removeprefix("Changed since the plan was approved: ") if refused else ""

    assert said() == ""
    assert said(ITEMS=[{"Sum": 5}, {"Sum": 9}]) == "Lines 2 · Amount was 7, now 9."
    assert said(ITEMS=[{"Sum": 5}]) == "Lines 2 · Amount was 7, now empty."
    assert said(MEMO="y", CUSTOMERID=None) == (
        "Customer was that of a new CUSTOMER, now empty; MEMO was “x”, now “y”."
    )


def test_what_is_not_met_again_is_named(database: Database) -> None:
    bench = Bench(database, World(3), toy_flow())
    plan_id = planned(bench)
    del bench.world.source["S000001"]
    run_id = execute(bench, plan_id)
    assert counts(finish(bench, run_id)) == {"read": 2, "created": 2}
    with database.read() as session:
        assert plans.not_met(session, plan_id, run_id) == [("S000001", "Name 1")]


@pytest.mark.parametrize(
    ("shown", "now", "same"),
    [
        ("⟨new invoice⟩", "INV-7", True),
        ("⟨new invoice⟩", None, False),
        ("see ⟨new invoice⟩ of ⟨new project⟩", "see INV-7 of P-1", True),
        ("see ⟨new invoice⟩", "look at INV-7", False),
        ("Hull (new branch)", "Hull (new branch)", True),
        ("Hull (new branch)", "Hull (new office)", False),
        ({"INVOICE": {"id": "⟨new invoice⟩"}}, {"INVOICE": {"id": 7}}, True),
        ([{"id": "⟨new x⟩", "n": 1}], [{"id": "9", "n": 1}], True),
        ([{"id": "⟨new x⟩", "n": 1}], [{"id": "9", "n": 2}], False),
        (Decimal("10.00"), 10, True),
        ("", None, True),
        (["a"], ["a", "b"], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (True, 1, False),
    ],
)
def test_only_a_placeholder_agrees_with_anything(shown: Any, now: Any, same: bool) -> None:
    assert agrees(shown, now) is same


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5).filter(lambda text: "⟨" not in text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_every_value_agrees_with_itself(value: Any) -> None:
    assert agrees(value, value)
