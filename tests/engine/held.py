"""A published toy flow that holds every row until its table says what the product stands for."""

from __future__ import annotations

from typing import Any

from engine.flow import Edge, Flow, LookupTable, Node
from engine.launch import Cause, start
from engine.plan import Plan, build
from engine.record import fingerprint
from engine.store import flows
from engine.store.database import Database, Session
from tests.engine.test_executor import finish
from tests.engine.toys import Bench, World, toy_flow

QUESTION = {"kind": "lookup", "table": "products", "key": "consulting", "column": "Account"}
MARK = fingerprint(QUESTION)


def holding(answer: str | None = None, batch_size: int = 50) -> Flow:
    """trigger → read → map with the table → write"""
    flow = toy_flow(batch_size=batch_size, match=())
    lookup = {
        "kind": "path",
        "path": "$.product",
        "then": [
            {
                "function": "lookup",
                "args": {
                    "table": {"kind": "constant", "value": "products"},
                    "column": {"kind": "constant", "value": "Account"},
                },
            }
        ],
    }
    rows: list[dict[str, Any]] = [
        {"target": "ref", "value": {"kind": "path", "path": "$.id"}},
        {"target": "name", "value": lookup},
    ]
    nodes = [*flow.nodes[:2], Node(id="map", type="map", settings={"rows": rows}), flow.nodes[3]]
    table = LookupTable(
        title="Products",
        columns=["Product", "Account"],
        rows=[["consulting", answer]] if answer else [],
    )
    assert flow.edges[1] == Edge(source="read", target="map")
    return flow.model_copy(update={"nodes": nodes, "tables": {"products": table}})


class Holding(Bench):
    """The flow with ``count`` rows that all wait for one answer."""

    def __init__(self, database: Database, count: int, batch_size: int = 50) -> None:
        world = World(count)
        for row in world.source.values():
            row["product"] = "consulting"
        super().__init__(database, world, holding(batch_size=batch_size))
        self.size = batch_size
        with database.write() as session:
            row = flows.add(session, self.flow, "test", bindings={"left": "L", "right": "R"})
            self.flow_id = row.id
            self.version = _id(flows.publish(session, row, "test", ""))

    def run(self) -> str:
        """Everything is read, and held."""
        with self.database.write() as session:
            started = start(
                session, self.plan, flow_id=self.flow_id, version_id=self.version,
                bindings={"left": "L", "right": "R"}, mode="live", cause=Cause("manual", "test"),
            )  # fmt: skip
        self.rings.extend((started.run, lane) for lane in started.lanes)
        finish(self, started.run)
        return started.run

    def answer(self, session: Session) -> None:
        """The table gets its row, in a new version."""
        row = flows.get(session, self.flow_id)
        assert row is not None
        flows.publish(session, row, "test", "", flows.canonical(holding("4000", self.size)))

    def plans(self, version: int) -> Plan:
        return plan_of(self.database, version)

    def work_off(self, run_ids: list[str]) -> None:
        """Lets the runs of a release do their work, on the version that is live."""
        self.plan = build(holding("4000", self.size))
        for run_id in run_ids:
            finish(self, run_id)


def plan_of(database: Database, version: int) -> Plan:
    with database.read() as session:
        found = flows.version_by_id(session, version)
    assert found is not None
    return build(found.document())


def _id(version: flows.FlowVersion) -> int:
    assert version.id is not None
    return version.id
