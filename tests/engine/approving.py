"""A flow that asks people, and the people: what tests of approvals begin with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlmodel import select

from engine import approvals, launch
from engine.approvals import Person, decide
from engine.flow import Edge, Flow, Node
from engine.launch import Cause
from engine.store import accounts
from engine.store import approvals as store
from engine.store.approvals import Approval
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.test_executor import finish
from tests.engine.toys import Bench, World, toy_flow, toys

ANN, BOB, CAY = (Person(f"{name}@x.org", name.title(), "editor") for name in ("ann", "bob", "cay"))
PEOPLE = (ANN, BOB, CAY)


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(accounts, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with toys():
        yield


def approving(writes: int = 1, operation: str = "upsert", **more: Any) -> Flow:
    """trigger → read → approve → map → write, and expired → map as well."""
    drawn = toy_flow(writes=writes, operation=operation)
    ask = Node(id="ask", type="approve", settings={"question": "Book {name}?", **more})
    edges = [edge for edge in drawn.edges if edge.source != "read"]
    edges += [Edge(source="read", target="ask"), Edge(source="ask", output="approved", target="map")]
    return drawn.model_copy(update={"nodes": [*drawn.nodes, ask], "edges": edges})


def bench_for(database: Database, rows: int = 1, **more: Any) -> Bench:
    bench = Bench(database, World(rows), approving(**more))
    with database.write() as session:
        for person in PEOPLE:
            accounts.add_user(
                session, email=person.email, name=person.name, role="editor", password="long enough it is"
            )
    return bench


def run(bench: Bench, by: str = "dan@x.org", mode: str = "live") -> Run:
    with bench.database.write() as session:
        started = launch.start(
            session, bench.plan, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R"}, mode=mode,
            cause=Cause("manual", by),
        )  # fmt: skip
    bench.rings.extend((started.run, lane) for lane in started.lanes)
    return finish(bench, started.run)


def waiting(database: Database) -> list[Approval]:
    with database.read() as session:
        return store.listed(session)


def say(database: Database, number: int, person: Person, what: Any, **more: Any) -> approvals.Decided:
    with database.write() as session:
        return decide(session, number, person, what, **more)


def released(database: Database) -> list[Run]:
    with database.read() as session:
        return list(session.exec(select(Run).where(Run.cause_kind == "approval")))
