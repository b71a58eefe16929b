"""Calls that come together are stored together: each its own run, none lost, none doubled, none spoilt by others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import select

from engine import launch
from engine.arrivals import Arrival, Arrivals, MovedOn, store
from engine.batch import unpack
from engine.errors import RequestError, Unavailable
from engine.ferry import Ferry
from engine.flow import Overlap
from engine.launch import Cause
from engine.plan import Plan, build
from engine.store import flows
from engine.store.database import Database
from engine.store.lanes import Lane, StagedBatch
from engine.store.runs import Run
from tests.engine.toys import toy_flow, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def drawing(**policy: Any) -> Plan:
    """A flow into which what is brought enters directly."""
    flow = toy_flow(**policy)
    edges = [edge for edge in flow.edges if "read" not in (edge.source, edge.target)]
    edges.append(flow.edges[0].model_copy(update={"target": "map"}))
    nodes = [node for node in flow.nodes if node.id != "read"]
    return build(flow.model_copy(update={"nodes": nodes, "edges": edges}))


def publish(database: Database, plan: Plan) -> tuple[str, flows.Standing]:
    with database.write() as session:
        row = flows.add(session, plan.flow, "me", bindings={"left": "L", "right": "R"})
        flows.publish(session, row, "me", "")
    with database.read() as session:
        return row.id, flows.standing(session, {row.id})[row.id]


def arrival(plan: Plan, where: tuple[str, flows.Standing], brought: Any, key: str | None = None) -> Arrival:
    flow_id, standing = where
    return Arrival(plan, flow_id, standing, Cause("webhook", "", key), brought, "start")


def rows(database: Database, kind: Any) -> list[dict[str, Any]]:
    with database.read() as session:
        return [row.model_dump() for row in session.exec(select(kind))]


def test_it_is_stored_as_if_it_had_come_alone(database: Database) -> None:
    plan = drawing(lanes=3, batch_size=2)
    where = publish(database, plan)
    brought = [{"id": f"S{n}", "name": "A"} for n in range(9)]
    with database.write() as session:
        alone = launch.start(
            session, plan, flow_id=where[0], version_id=where[1].version or 0, bindings=where[1].bound(),
            mode="live", cause=Cause("webhook", "", "alone"), brought=brought, trigger="start",
        )  # fmt: skip
    together = Arrivals(database).receive(arrival(plan, where, brought, "together"))
    assert together.lanes == alone.lanes
    for kind in (Run, Lane, StagedBatch):
        of = {"alone": [], "together": []}  # type: ignore[var-annotated]
        for row in rows(database, kind):
            who = "alone" if alone.run in (row.get("id"), row.get("run_id")) else "together"
            for name in ("id", "run_id", "cause_key", "window", "created_at", "rung_at"):
                row.pop(name, None)
            if "payload" in row:  # all alike but for the run by which they were accepted
                run_id = alone.run if who == "alone" else together.run
                ((node, records),) = unpack(row.pop("payload")).items()
                assert {record.version for record in records} == {run_id}
                row["told"] = node, [(record.key, record.root, record.data) for record in records]
            of[who].append(row)
        assert of["alone"] == of["together"], kind


def test_many_at_once_are_one_run_each_and_repeats_none(database: Database) -> None:
    plan = drawing()
    where = publish(database, plan)
    arrivals = Arrivals(database)
    found: list[tuple[str, str, bool]] = []

    def send(sender: int) -> None:
        for n in range(20):
            key = f"{(sender + n) % 40}"  # every key is sent several times, by several threads
            started = arrivals.receive(arrival(plan, where, {"id": key}, key))
            found.append((key, started.run, started.new))

    threads = [threading.Thread(target=send, args=(n * 5,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 160
    by_key = {key: run for key, run, _ in found}
    assert all(by_key[key] == run for key, run, _ in found)
    assert sum(new for _, _, new in found) == len(by_key) == 40
    assert {row["cause_key"]: row["id"] for row in rows(database, Run)} == by_key
    assert len(rows(database, StagedBatch)) == 40


def test_a_bad_one_does_not_spoil_the_others(database: Database) -> None:
    plan = drawing()
    where = publish(database, plan)
    good = [arrival(plan, where, {"id": str(n)}, str(n)) for n in range(3)]
    moved = Arrival(
        plan, where[0], where[1]._replace(state="paused"), Cause("webhook", "", "m"), {"id": "m"}, "start"
    )
    with database.write() as session:
        answers = store(session, [good[0], moved, good[1], good[0], good[2]])
    assert isinstance(answers[1], MovedOn)
    runs = [answer.run for answer in answers if isinstance(answer, launch.Started)]
    assert runs[0] == runs[2]
    assert len({*runs}) == len(rows(database, Run)) == 3

    def carry(session: Any, items: Any) -> list[Any]:
        if "spoils" in items and len(items) > 1:
            raise ValueError("all")
        return [RequestError("own") if item == "own" else item for item in items]

    together: Ferry[str, str] = Ferry(database, carry)
    gate, answered = threading.Event(), {}

    def ask(item: str) -> None:
        gate.wait()
        try:
            answered[item] = together(item)
        except RequestError as error:
            answered[item] = str(error)

    threads = [threading.Thread(target=ask, args=(item,)) for item in ("a", "b", "own", "spoils", "c")]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert answered == {"a": "a", "b": "b", "own": "own", "spoils": "spoils", "c": "c"}


def test_who_comes_while_others_write_goes_along(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    crossings: list[list[str]] = []
    here, ours, write = threading.Semaphore(0), threading.Event(), Database.write

    def carry(session: Any, items: Any) -> list[Any]:
        crossings.append(sorted(items))
        return list(items)

    def later(self: Database, **options: Any) -> Any:
        ours.wait()
        return write(self, **options)

    def ask(item: str) -> None:
        here.release()
        together(item)

    monkeypatch.setattr(Database, "write", later)
    together: Ferry[str, str] = Ferry(database, carry)
    threads = [threading.Thread(target=ask, args=(item,)) for item in "abcd"]
    for thread in threads:
        thread.start()
        here.acquire()
    while len(together._waiting) < len(threads):
        threading.Event().wait(0.001)
    ours.set()
    for thread in threads:
        thread.join()
    assert crossings == [["a", "b", "c", "d"]]


def test_a_database_that_is_away_is_said_to_each_and_the_next_is_served(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = drawing()
    where = publish(database, plan)
    arrivals = Arrivals(database)
    away = [True]
    write = Database.write

    def sometimes(self: Database, **options: Any) -> Any:
        if away[0]:
            raise Unavailable("away")
        return write(self, **options)

    monkeypatch.setattr(Database, "write", sometimes)
    refused: list[str] = []

    def ask(n: int) -> None:
        try:
            arrivals.receive(arrival(plan, where, {"id": str(n)}))
        except Unavailable:
            refused.append(str(n))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(refused) == 5
    away[0] = False
    assert arrivals.receive(arrival(plan, where, {"id": "5"})).new
    assert len(rows(database, Run)) == 1


def test_a_run_that_must_look_at_others_still_does(database: Database) -> None:
    plan = drawing()
    queue = plan.flow.policy.model_copy(update={"overlap": Overlap(kind="skip")})
    skipping = build(plan.flow.model_copy(update={"policy": queue}))
    where = publish(database, skipping)
    with database.write() as session:
        answers = store(session, [arrival(skipping, where, {"id": str(n)}) for n in range(3)])
    assert all(isinstance(answer, launch.Started) for answer in answers)
    assert [row["state"] for row in rows(database, Run)] == ["queued", "cancelled", "cancelled"]
