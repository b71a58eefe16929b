"""Trying a drawing on a few records: reads for real, writes nothing, explains everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine import clock, explain
from engine.agreement import SIDES, Side, SideName
from engine.bounds import within
from engine.connector import Connector
from engine.couple import Connectors, SyncErrand
from engine.deliver import deliver
from engine.errors import EngineError, HeddleError, LeaseLost, Waiting
from engine.explain import Story
from engine.flow import Flow
from engine.intent import Errand
from engine.lookup import fetch
from engine.node import ReadNode, SyncNode, TriggerNode, WriteNode
from engine.plan import Plan, build, entry_points
from engine.reconciliation import reconcile
from engine.record import Origin, Outcome, Record, Result
from engine.shape import Entity
from engine.store.database import Database
from engine.walk import Ending, Receipt, WantAsk, behind, walk

LIMIT = 25
"""Sample records at most: a preview answers while somebody waits."""


class Preview:
    """One try-out of a drawing. ``connect`` opens a slot's connection with the door for writing shut."""

    def __init__(
        self,
        database: Database,
        flow: Flow,
        flow_id: str,
        bindings: Mapping[str, str],
        connect: Callable[[str], Connector[Any]],
    ) -> None:
        self.database, self.flow_id, self.bindings, self._connect = database, flow_id, dict(bindings), connect
        self.plan: Plan = build(flow)
        self._connectors: dict[str, Connector[Any]] = {}

    def run(
        self, *, records: Sequence[Record] | None = None, brought: Any = None, limit: int = 10
    ) -> dict[str, Any]:
        """The answer of the preview endpoint: records, counts by node, and the trace of each record.

        Raises DefinitionError for a drawing that cannot run, and what the systems raise while reading.
        """
        entries = self._entries(records, brought, min(limit, LIMIT))
        return self.go_on(entries)

    def go_on(self, entries: Mapping[str, Sequence[Record]]) -> dict[str, Any]:
        """The same for records that enter anywhere (see ``engine.walk.behind``).

        Where a person would have to approve, the preview goes on as if they had.
        """
        story = Story(self.plan)
        entering, known = entries, 0
        while entering:
            self._walk(story, entering)
            fresh, known = story.course.endings[known:], len(story.course.endings)
            entering = _as_if_approved(fresh)
        roots = {record.root: record for some in entries.values() for record in some}
        return {
            "records": [
                {"key": record.key, "title": record.title or record.key} for record in roots.values()
            ],
            "nodes": explain.passages(story),
            "trace": {record.key: explain.steps(story, root, self._entity) for root, record in roots.items()},
        }

    def _walk(self, story: Story, entries: Mapping[str, Sequence[Record]]) -> None:
        way = within(walk(self.plan, entries, story.course, story.trace, {"started": clock.iso()}))
        reply: Any = None
        try:
            ask = next(way)
            while True:
                if isinstance(ask, WantAsk):
                    reply = fetch(ask.want, self.connector(ask.want.slot))
                else:
                    reply = self._pretend(ask.node, ask.records)
                    story.file(ask.node, ask.records, reply)
                ask = way.send(reply)
        except StopIteration:
            return

    def connector(self, slot: str) -> Connector[Any]:
        if slot not in self._connectors:
            self._connectors[slot] = self._connect(slot)
        connector = self._connectors[slot]
        if not connector.http.read_only:
            raise EngineError("A preview was given a connection that can write.", code="E-DOOR")
        return connector

    def _entries(self, records: Sequence[Record] | None, brought: Any, limit: int) -> dict[str, list[Record]]:
        trigger = self._trigger()
        sources = self.plan.behind(trigger)
        points = entry_points(self.plan, trigger)
        if records is not None:
            target = sources[0] if sources else points[0] if points else None
            return {target: _rooted(records[:limit])} if target else {}
        entries: dict[str, list[Record]] = {}
        known = 0
        for source in sources:
            read = self._read(source, brought, limit)
            entries[source] = _rooted(read, known)
            known += len(read)
        if brought is not None and points:
            node = self.plan.nodes[trigger or self.plan.triggers[0]]
            arrived = node.bring(brought)[:limit] if isinstance(node, TriggerNode) else []
            rooted = _rooted(arrived, known)
            entries.update(dict.fromkeys(points, rooted))
        return entries

    def _trigger(self) -> str:
        return self.plan.triggers[0] if len(self.plan.triggers) == 1 else ""

    def _read(self, source: str, brought: Any, limit: int) -> list[Record]:
        node = self.plan.nodes[source]
        if not isinstance(node, ReadNode):
            raise EngineError(f"{source!r} does not read.")
        query = node.query(None if brought is None else Record("trigger", brought))
        page = self.connector(node.slot).read(query, None, limit)
        origin = Origin(node.slot, query.entity)
        return [
            Record(one.key, one.data, 0, origin, one.version, one.deleted, one.title, one.steps)
            for one in page.records[:limit]
        ]

    def _pretend(self, node_id: str, records: Sequence[Record]) -> list[Receipt]:
        """What a write node would do: the same questions, no claim, no call that changes anything."""
        node = self.plan.nodes[node_id]
        assert isinstance(node, WriteNode)
        if isinstance(node, SyncNode):
            return self._pretend_sync(node_id, node, records)
        errand = Errand(
            database=self.database,
            flow_id=self.flow_id,
            node_id=node_id,
            node=node,
            connector=self.connector(node.target().slot),
            connections=self.bindings,
            claim=f"preview/{clock.now()}",
            keep_lease=_never,
            guard=_never,
            dry=True,
        )
        done = deliver(errand, records)
        error = done.interruption
        return [receipt or _failed(error) for receipt in done.receipts]

    def _pretend_sync(self, node_id: str, node: SyncNode[Any], records: Sequence[Record]) -> list[Receipt]:
        sides: dict[SideName, Side] = dict(zip(SIDES, node.sides(), strict=True))
        errand = SyncErrand(
            database=self.database,
            flow_id=self.flow_id,
            node_id=node_id,
            terms=node.terms,
            connectors=Connectors(node, self.connector),
            connections={name: self.bindings.get(side.slot, "") for name, side in sides.items()},
            claim=f"preview/{clock.now()}",
            keep_lease=_never,
            guard=_never,
            dry=True,
        )
        done = reconcile(errand, records)
        return [receipt or _failed(done.interruption) for receipt in done.receipts]

    def _entity(self, slot: str, name: str) -> Entity | None:
        try:
            return self.connector(slot).entity(name)
        except HeddleError:
            return None


def _as_if_approved(endings: Sequence[Ending]) -> dict[str, list[Record]]:
    entries: dict[str, list[Record]] = {}
    for ending in endings:
        if isinstance(ending.error, Waiting):
            entries.setdefault(behind(ending.node, "approved"), []).append(ending.record)
    return entries


def _rooted(records: Sequence[Record], first: int = 0) -> list[Record]:
    return [
        Record(one.key, one.data, at, one.origin, one.version, one.deleted, one.title, one.steps)
        for at, one in enumerate(records, first)
    ]


def _failed(error: HeddleError | None) -> Receipt:
    if error is None:
        raise EngineError("A record was previewed without an answer.", code="E-LOST")
    return Receipt(
        Result(Outcome.FAILED, code=error.code, message=error.message, detail=error.cure), "failed"
    )


def _never(*_: Any) -> None:
    raise LeaseLost("a preview sends nothing")
