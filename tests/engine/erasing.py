"""A toy source whose rows go, and a flow that tells of it: what tests of deletes begin with."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import pytest

from engine import launch, registry
from engine.connector import Query
from engine.flow import Budget, Edge, Flow, Node, Policy, Slot
from engine.http import Http
from engine.launch import Cause
from engine.node import NodeSettings, Outbox, Port, ReadNode, WriteTarget
from engine.record import Change, Outcome, Record, Remote, Result
from engine.store import control, lanes
from engine.store.database import Database
from engine.store.references import Pair
from engine.store.runs import Run
from tests.engine.toys import Bench, Toy, ToyWrite, World, toys

PAIR = Pair("L", "row", "R", "thing")


class Erasable(Toy):
    """A toy whose things can be deleted, and whose rows can be asked for."""

    tombstones = False

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        if entity != "row":
            return [
                [one for one in some if one.id != "None"] for some in super().find(entity, matches, fields)
            ]
        rows = self.world.source
        return [[Remote(m["id"], rows[m["id"]])] if m["id"] in rows else [] for m in matches]

    def _delete(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        self.world.before_write(changes)
        for change in changes:
            assert change.data == {}
            row = next(row for row in self.world.target if str(row["id"]) == change.remote_id)
            row["id"] = None
            row["ref"] = f"gone {row['ref']}"
        self.world.after_write(changes)
        return [Result(Outcome.UPDATED, change.remote_id) for change in changes]


class SweepSettings(NodeSettings):
    deletes: Literal["ignore", "sweep", "feed"] = "sweep"
    sweep_hours: float = 0


class Sweeping(ReadNode[SweepSettings]):
    """Reads every row, and sweeps."""

    type, title, group = "toy-read", "Toy read", "read"
    Settings = SweepSettings
    slot = "left"
    outputs = (Port(name="out"), Port(name="deleted", required=False))

    def __init__(self, settings: SweepSettings, context: Any) -> None:
        super().__init__(settings, context)
        self.deletes, self.sweep_hours = settings.deletes, settings.sweep_hours

    def query(self, trigger: Record | None) -> Query:
        keys = trigger.data.get("ids") if trigger is not None else None
        return Query(entity="row", keys=tuple(keys) if keys is not None else None)

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        for record in records:
            out.send(record, "deleted" if record.deleted else "out")


class Eraser(ToyWrite):
    """Deletes."""

    type, title = "toy-erase", "Toy erase"

    def target(self) -> WriteTarget:
        return WriteTarget(slot="right", entity="thing", operation="delete")


class SweepBench(Bench):
    def open(self, connection_id: str, *, read_only: bool, journal: Any = None) -> Toy:
        return Erasable(self.world, Http(read_only=read_only, journal=journal, timeout=0.2))


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        types = registry.node_types()
        types["toy-read"], types["toy-erase"] = Sweeping, Eraser
        yield
        types.pop("toy-erase")


def flow_of(budget: Budget | None, erase: bool = True, **settings: Any) -> Flow:
    """read → map → write, and what is deleted → erase"""
    nodes = [
        Node(id="start", type="toy-trigger"),
        Node(id="read", type="toy-read", settings=settings),
        Node(id="map", type="toy-map"),
        Node(id="write", type="toy-write", settings={"operation": "upsert", "match": ["ref"]}),
        *([Node(id="erase", type="toy-erase")] if erase else []),
    ]
    edges = [
        Edge(source="start", target="read"),
        Edge(source="read", target="map"),
        Edge(source="map", target="write"),
        *([Edge(source="read", output="deleted", target="erase")] if erase else []),
    ]
    policy = Policy(budget=budget, batch_size=20, retry_minutes=[0.001] * 3)
    slots = {"left": Slot(system="toy"), "right": Slot(system="toy")}
    return Flow(name="Sweep", slots=slots, nodes=nodes, edges=edges, policy=policy)


def bench_of(database: Database, rows: int, budget: Budget | None = None, **more: Any) -> SweepBench:
    bench = SweepBench(database, World(rows), flow_of(budget or Budget(deletes=1000), **more))
    assert go(bench).state == "done"
    return bench


def go(bench: Bench, mode: str = "live", allow: bool = False, **more: Any) -> Run:
    """One run, until it is over or paused; ``allow`` lets a paused one go on."""
    with bench.database.write() as session:
        started = launch.start(
            session, bench.plan, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R"}, mode=mode,
            cause=Cause("manual"), **more,
        )  # fmt: skip
    executor = bench.executor()
    for _ in range(200):
        with bench.database.write() as session:
            run = session.get(Run, started.run)
            assert run is not None
            if run.state == "paused" and allow:
                control.allow(session, run.id, "Ann")
            elif run.ended_at is not None or run.state == "paused":
                return run
        with bench.database.read() as session:
            rings = lanes.unattended(session, -1.0)
        for ring in rings:
            executor.advance(*ring)
        if not rings:
            time.sleep(0.02)  # a lane waits for a moment
    raise AssertionError(f"the run is still {run.state}: {run.message}")


def lose(bench: Bench, *numbers: int) -> None:
    for number in numbers:
        del bench.world.source[f"S{number:06d}"]


def left(bench: Bench) -> list[str]:
    return sorted(row["ref"] for row in bench.world.target if row["id"] is not None)
