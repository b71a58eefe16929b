"""What one claim of a lane hands to those who deliver: connections, claim, budget and approved plan."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from engine import tasks
from engine.agreement import SIDES, Side, SideName
from engine.allowance import Allowance
from engine.connector import Connector
from engine.couple import Connectors, SyncErrand
from engine.directory import Directories
from engine.flow import Budget
from engine.headway import Headway
from engine.intent import Errand
from engine.ledger import Ledger
from engine.node import SyncNode, WriteTarget
from engine.plan import Plan
from engine.planned import Approval
from engine.shape import Entity
from engine.store import lanes, plans
from engine.store.database import Database, Session
from engine.store.runs import RunView
from engine.store.tenure import Claim
from engine.walk import WriteAsk


@dataclass(frozen=True)
class Errands:
    """Makes the errands of one claim. ``connect`` opens the connection behind a slot."""

    database: Database
    plan: Plan
    run: RunView
    held: Claim
    lease: float
    directories: Directories
    connect: Callable[[str], Connector[Any]]
    keep_lease: Callable[..., None]
    began_again: bool = field(init=False)
    """Whether somebody, or we, have tried before what is at hand: the first sign of success ends what is told of that."""

    def __post_init__(self) -> None:
        held = self.held
        object.__setattr__(self, "began_again", held.inherited or held.failures > 0 or held.told_since > 0)

    @property
    def dry(self) -> bool:
        return self.run.mode != "live"

    @property
    def headway(self) -> Headway:
        return self.held.headway or Headway()

    def claim(self, node: str) -> str:
        """The name under which this batch claims creates and pairs at a node."""
        return f"{self.run.id}/{self.held.lane}/{self.held.stem}/{node}"

    def guard(self, session: Session, claims: Collection[str]) -> None:
        """Raises LeaseLost if the lane is no longer ours, or goes elsewhere; all claims of an errand are of this one."""
        lanes.guard(session, self.held, abreast=True)

    def _silent_until(self, timeout: float) -> float | None:
        """Somebody who had the lane died or was frozen, and has sent nothing since it was taken over."""
        if not self.held.taken_at:
            return None
        until = self.held.taken_at + timeout
        return until if self.held.inherited or until > self.database.now() else None

    def for_one(self, ask: WriteAsk, node: Any, target: WriteTarget, ledger: Ledger) -> Errand:
        """For a node that writes to one system."""
        connector = self.connect(target.slot)
        return Errand(
            database=self.database,
            flow_id=self.run.flow_id,
            node_id=ask.node,
            node=node,
            connector=connector,
            connections=self.run.bindings,
            claim=self.claim(ask.node),
            keep_lease=self.keep_lease,
            guard=self.guard,
            dry=self.dry,
            patience=self.lease + connector.http.timeout,
            silent_until=self._silent_until(connector.http.timeout),
            again=self.began_again or self.held.cut,
            allowance=self._allowance(ask.node, target),
            approval=self._approval(ask, ledger, target),
            facts=[self.run.facts()] * len(ask.records),
            directories=self.directories,
            headway=self.headway,
        )

    def for_both(self, ask: WriteAsk, node: SyncNode[Any], ledger: Ledger) -> SyncErrand:
        """For a node that keeps two systems in step."""
        sides: dict[SideName, Side] = dict(zip(SIDES, node.sides(), strict=True))
        connectors = Connectors(node, self.connect)
        timeout = sum(connectors[name].http.timeout for name in SIDES)
        return SyncErrand(
            database=self.database,
            flow_id=self.run.flow_id,
            node_id=ask.node,
            terms=node.terms,
            connectors=connectors,
            connections={name: self.run.bindings[side.slot] for name, side in sides.items()},
            claim=self.claim(ask.node),
            keep_lease=self.keep_lease,
            guard=self.guard,
            dry=self.dry,
            run_id=self.run.id,
            patience=self.lease + timeout,
            silent_until=self._silent_until(timeout),
            headway=self.headway,
            allowances={name: self._allowance(ask.node, side) for name, side in sides.items()},
            approvals={name: self._approval(ask, ledger, side) for name, side in sides.items()},
        )

    def _allowance(self, node: str, target: WriteTarget | Side) -> Allowance | None:
        budget = self.plan.flow.policy.budget
        fates = (target.deleted, target.surplus) if isinstance(target, Side) else (target.operation,)
        if "delete" in fates:
            budget = budget or Budget()
        if budget is None or self.dry or node == tasks.NODE:
            return None
        thing = self.connect(target.slot).entity(target.entity).title or target.entity
        return Allowance(budget, self.run.id, node, thing)

    def _approval(self, ask: WriteAsk, ledger: Ledger, target: WriteTarget | Side) -> Approval | None:
        if self.run.plan_id is None or self.dry:
            return None
        root_of = {root: record.key for root, record in ledger.roots.items()}
        place = (target.slot, target.entity) if isinstance(target, Side) else None

        def shape() -> Entity:
            return self.connect(target.slot).entity(target.entity)

        with self.database.read() as session:
            return plans.approval(
                session, self.run.plan_id, ask.node, ask.records, root_of, place, shape, self.run.id
            )
