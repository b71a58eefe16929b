"""What people are told, and how often: failures by cause, systems that are down, tasks that cannot be made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import col, select

from engine import launch
from engine.alarm import Alarm
from engine.errors import AccessError
from engine.flow import Alerts, Task
from engine.plan import build, check
from engine.shape import Entity, Field
from engine.store import accounts, flows, outages
from engine.store.alerts import Alert
from engine.store.connections import Connection
from engine.store.database import Database
from engine.store.letters import Letter
from engine.store.runs import Run
from engine.tasks import NODE, fill
from nodes.move.write import WriteRecordsNode
from tests.conftest import Clock
from tests.engine.test_executor import finish
from tests.engine.test_patience import Shut, _unattended, busy
from tests.engine.toys import Bench, World, toy_flow, toys

TASK = Task(
    slot="left", entity="thing", fields={"ref": "{title}", "name": "{count} {link}"}, done={"name": "settled"}
)


INBOX = "/inbox?tab=errors"


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


class Watched:
    """A published toy flow with alerts, a scheduler's alarm, and runs of it."""

    def __init__(self, database: Database, clock: Clock, world: World, **alerts: Any) -> None:
        flow = toy_flow(operation="upsert")
        policy = flow.policy.model_copy(update={"alerts": Alerts(mail=["ann@example.org"], **alerts)})
        self.database, self.clock = database, clock
        self.bench = Bench(database, world, flow.model_copy(update={"policy": policy}))
        with database.write() as session:
            accounts.add_user(
                session, email="ann@example.org", name="Ann", role="operator", password="a" * 12
            )
            accounts.add_user(session, email="root@example.org", name="Root", role="admin", password="a" * 12)
            row = flows.add(session, self.bench.flow, "test", bindings={"left": "L", "right": "R"})
            version = flows.publish(session, row, "test", "")
            self.flow_id, self.version_id = row.id, version.id or 0

    def alarm(self) -> Alarm:
        return Alarm(self.database, lambda _: self.bench.plan, self.bench.open)

    def run(self) -> Run:
        return finish(self.bench, start(self))

    def tell(self) -> None:
        self.clock.advance(30)
        self.alarm().look()
        executor = self.bench.executor()
        for run, lane in _unattended(self.database):
            executor.advance(run, lane)

    def rows(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table).order_by(table.id)))

    def tasks(self) -> list[dict[str, Any]]:
        return [row for row in self.bench.world.target if "in «Toy flow»" in str(row["ref"])]


def test_failures_of_one_cause_are_one_letter_and_one_task(database: Database, clock: Clock) -> None:
    world = World(30)
    for number in (3, 4, 5):
        world.source[f"S{number:06d}"]["name"] = f"poison {number}"
    world.source["S000009"]["name"] = "bad"
    watched = Watched(database, clock, world, task=TASK)
    watched.run()
    for _ in range(3):
        watched.tell()
    assert sorted((task["ref"], task["name"]) for task in watched.tasks()) == [
        ("1 record failed in «Toy flow»: The name is bad.", f"1 {INBOX}"),
        ("3 records failed in «Toy flow»: The toy refuses poison.", f"3 {INBOX}"),
    ]
    letters = watched.rows(Letter)
    assert [(letter.kind, letter.about) for letter in letters] == [("failed", 1), ("failed", 2)]
    assert {letter.user_id for letter in letters} == {accounts_of(database, "ann@example.org")}
    for number in (3, 4, 5):
        world.source[f"S{number:06d}"]["name"] = f"cured {number}"
    watched.run()
    for _ in range(3):
        watched.tell()
    assert sorted(task["name"] for task in watched.tasks()) == [f"1 {INBOX}", "settled"]
    assert [alert.state for alert in watched.rows(Alert)].count("closed") == 1
    runs = [run for run in watched.rows(Run) if run.cause_kind == "alert"]
    assert len(runs) == 3
    assert all(run.parent_id for run in runs), "flows that follow this one do not follow its tasks"


def test_nothing_is_told_of_what_is_cured_in_time_or_was_not_asked_for(
    database: Database, clock: Clock
) -> None:
    world = World(3)
    world.source["S000001"]["name"] = "bad"
    watched = Watched(database, clock, world, failed=False)
    watched.run()
    watched.tell()
    assert watched.rows(Alert) == []


def test_a_task_that_the_system_refuses_is_in_the_inbox_and_makes_no_other(
    database: Database, clock: Clock
) -> None:
    world = World(5)
    world.source["S000001"]["name"] = "bad"
    watched = Watched(
        database, clock, world, task=TASK.model_copy(update={"fields": {"name": "poison {title}"}})
    )
    watched.run()
    for _ in range(4):
        watched.tell()
    assert watched.tasks() == []
    assert len(watched.rows(Alert)) == 1
    assert len([run for run in watched.rows(Run) if run.cause_kind == "alert"]) == 1
    world.source["S000001"]["name"] = "good"
    watched.run()
    for _ in range(2):
        watched.tell()
    assert len([run for run in watched.rows(Run) if run.cause_kind == "alert"]) == 1, (
        "there is no task to close"
    )
    clock.advance(8 * 86_400)
    watched.tell()
    assert watched.rows(Alert)[0].done_run == ""


@pytest.mark.parametrize(
    "error", [AccessError("Wrong password."), busy("E-UNREACHABLE")], ids=["access", "down"]
)
def test_a_system_that_is_down_is_told_once_and_once_when_it_answers(
    database: Database, clock: Clock, error: Any
) -> None:
    watched = Watched(database, clock, World(4))
    watched.bench.flow.policy.retry_minutes[:] = [1.0]
    with database.write() as session:
        session.add(Connection(id="R", system="toy", name="Books", settings="{}", sealed=b"", owner="token"))
    shut = watched.bench.world.before_write = Shut(error)
    started = start(watched)
    executor = watched.bench.executor()
    for _ in range(3):
        for run, lane in [*watched.bench.rings, *_unattended(database)]:
            executor.advance(run, lane)
        watched.bench.rings.clear()
        watched.alarm().look()
        clock.advance(61)
    with database.read() as session:
        assert outages.find(session, "R") is not None
    (alert,) = watched.rows(Alert)
    assert (alert.kind, alert.title) == ("outage", "«Books» is down")
    assert [letter.kind for letter in watched.rows(Letter)] == ["outage"]
    shut.error = None
    clock.advance(61)
    finish(watched.bench, started)
    for _ in range(2):
        watched.alarm().look()
    assert [letter.kind for letter in watched.rows(Letter)] == ["outage", "answers"]
    assert watched.rows(Alert)[0].state == "closed"


def start(watched: Watched) -> str:
    with watched.database.write() as session:
        begun = launch.start(
            session, watched.bench.plan, flow_id=watched.flow_id, version_id=watched.version_id,
            bindings={"left": "L", "right": "R"}, mode="live", cause=launch.Cause("manual", "test"),
        )  # fmt: skip
    watched.bench.rings.extend((begun.run, lane) for lane in begun.lanes)
    return begun.run


def accounts_of(database: Database, email: str) -> str:
    with database.read() as session:
        return str(session.exec(select(accounts.User.id).where(col(accounts.User.email) == email)).one())


def test_a_place_that_stands_for_nothing_is_told_while_drawing() -> None:
    flow = toy_flow()
    wrong = TASK.model_copy(
        update={"slot": "nowhere", "fields": {"ref": "{tittle} {record.Owner.Id} {id.Thing}"}}
    )
    policy = flow.policy.model_copy(update={"alerts": Alerts(task=wrong)})
    problems = check(flow.model_copy(update={"policy": policy})).errors
    assert [(problem.code, problem.field) for problem in problems][:2] == [
        ("E-SLOT", "policy.alerts.task.slot"), ("E-PLACE", "policy.alerts.task.fields.ref"),
    ]  # fmt: skip
    assert "{tittle}" in problems[1].message


def test_fields_that_the_tasks_do_not_have_are_told_while_drawing() -> None:
    flow = toy_flow()
    wrong = TASK.model_copy(
        update={"fields": {"nonsense": "{title}"}, "done": {"state.id": "x", "name": "y"}}
    )
    policy = flow.policy.model_copy(update={"alerts": Alerts(task=wrong)})
    thing = Entity(
        name="thing",
        title="Thing",
        fields=(Field(name="name", required=True), Field(name="ref", title="Ref")),
    )
    drawn = flow.model_copy(update={"policy": policy})
    found = check(drawn, lambda slot, name: thing if (slot, name) == ("left", "thing") else None).errors
    assert [(problem.code, problem.field) for problem in found] == [
        ("E-FIELD-UNKNOWN", "policy.alerts.task.fields.nonsense"),
        ("E-FIELD-UNKNOWN", "policy.alerts.task.done.state.id"),
        ("E-FIELD-REQUIRED", "policy.alerts.task.fields"),
    ]
    assert check(drawn, lambda *_: None).errors == []
    unknown = thing.model_copy(update={"fields": ()})
    assert check(drawn, lambda slot, name: unknown if slot == "left" else None).errors == []


def test_the_task_is_a_node_of_the_plan_and_no_part_of_the_drawing() -> None:
    flow = toy_flow()
    policy = flow.policy.model_copy(update={"alerts": Alerts(task=TASK)})
    plan = build(flow.model_copy(update={"policy": policy}))
    assert plan.writes == (NODE, "write0")
    assert isinstance(plan.nodes[NODE], WriteRecordsNode)
    assert build(flow).writes == ("write0",)


def test_places_are_filled_and_what_is_unknown_is_empty() -> None:
    values = {"title": "A {text}", "record": {"Owner": {"Id": "7"}, "None": None}, "id": {"Deal": "D1"}}
    assert fill("{title}: {record.Owner.Id}/{record.None}/{record.Gone.Id}/{id.Deal}/{id.Order}", values) == (
        "A {text}: 7///D1/"
    )
    assert fill("{title.__class__}", values) == ""
