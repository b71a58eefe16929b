"""A published toy flow with any trigger, on the clock."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from engine.firing import Clockwork, arm
from engine.flow import Flow, Node, Overlap
from engine.plan import Plan, build
from engine.store import flows
from engine.store.database import Database
from engine.store.flows import FlowRow
from engine.store.runs import Run
from engine.store.schedules import Schedule
from tests.engine.toys import toy_flow


def drawn(
    kind: str, settings: dict[str, Any], name: str = "Toy flow", overlap: Overlap | None = None
) -> Flow:
    """The toy flow, started by another trigger."""
    flow = toy_flow(operation="upsert")
    nodes = [Node(id="start", type=kind, settings=settings), *flow.nodes[1:]]
    policy = flow.policy.model_copy(update={"overlap": overlap or Overlap()})
    return flow.model_copy(update={"nodes": nodes, "name": name, "policy": policy})


class Clocked:
    """Published flows of one database, and schedulers that know their plans."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.plans: dict[int, Plan] = {}

    def publish(self, flow: Flow, slug: str | None = None) -> FlowRow:
        with self.database.write() as session:
            row = flows.find(session, slug) if slug else None
            if row is None:
                row = flows.add(session, flow, "test", bindings={"left": "L", "right": "R"}, slug=slug)
            flows.save_draft(session, row, flow)
            version = flows.publish(session, row, "test", "")
            assert version.id is not None
            self.plans[version.id] = build(flow)
            arm(session, row, self.plans[version.id])
            return row

    def scheduler(self) -> Clockwork:
        return Clockwork(self.database, self.plans.__getitem__)

    def fire(self) -> list[str]:
        """The runs that one round of a fresh scheduler starts."""
        return list(dict.fromkeys(run for run, _ in self.scheduler().fire_due()))

    def runs(self, state: str = "") -> list[Run]:
        with self.database.read() as session:
            query = select(Run).order_by(col(Run.id))
            return list(session.exec(query.where(Run.state == state) if state else query))

    def schedule(self) -> Schedule:
        with self.database.read() as session:
            return session.exec(select(Schedule)).one()
