"""Reading: one page from a system becomes staged batches, cut into lanes by the hash of the record key."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from engine.batch import pack
from engine.connector import Connector, Query
from engine.errors import EngineError
from engine.node import ReadNode
from engine.plan import Plan
from engine.record import Origin, Record
from engine.store import references
from engine.store.database import Database
from engine.store.runs import RunView

OVERLAP = timedelta(minutes=5)
"""How far an incremental read reaches back behind its watermark: clocks differ, and rows commit late."""

Staged = tuple[int, bytes, int, str | None]


class Reader:
    """Reads the pages of one run. The cursor is {"source": index, "at": connector's own, "marks": {node: stamp}}."""

    def __init__(self, plan: Plan, run: RunView, connect: Callable[[str], Connector[Any]]) -> None:
        self.plan, self.run, self._connect = plan, run, connect
        self.sources = plan.behind(run.trigger)

    def next_page(
        self, database: Database, cursor: dict[str, Any] | None
    ) -> tuple[list[Staged], dict[str, Any]]:
        """The staged batches of the next page and the cursor behind it; ``end`` in it after the last one."""
        cursor = cursor or {"source": 0, "at": None, "marks": {}}
        if cursor["source"] >= len(self.sources):
            return [], {**cursor, "end": True}
        source = self.sources[cursor["source"]]
        node = self.plan.nodes[source]
        if not isinstance(node, ReadNode):
            raise EngineError(f"{source!r} does not read.")
        connector = self._connect(node.slot)
        query = self.query(database, source, node, connector)
        page = connector.read(query, cursor["at"], self._limit(connector))
        batches = self._cut(source, node, query, page.records)
        marks = dict(cursor["marks"])
        if page.watermark is not None and query.keys is None:
            marks[source] = max(page.watermark, marks.get(source, ""))
        done = page.cursor is None or self.run.mode == "sample"
        following = {
            "source": cursor["source"] + (1 if done else 0),
            "at": None if done else page.cursor,
            "marks": marks,
        }
        if following["source"] >= len(self.sources):
            following["end"] = True
        return batches, following

    def query(self, database: Database, source: str, node: ReadNode[Any], connector: Connector[Any]) -> Query:
        """What to read, with the window of an incremental read: inclusive, reaching back, bounded above."""
        query = node.query(self.run.trigger_record())
        if query.keys is not None or not node.incremental:
            return query
        since = self.run.window.get("since")
        if since is None:
            with database.read() as session:
                since = references.watermark(session, self.run.flow_id, source)
            since = _earlier(since) if since else None
        return query.model_copy(update={"since": since, "until": self.run.window.get("until")})

    def _limit(self, connector: Connector[Any]) -> int:
        policy = self.plan.flow.policy
        if self.run.mode == "sample":
            return min(policy.sample_size, connector.capability.page)
        return min(policy.batch_size * self.run.lanes, connector.capability.page)

    def _cut(self, source: str, node: ReadNode[Any], query: Query, records: list[Record]) -> list[Staged]:
        """Page → batches: last state of each key, origin filled in, one lane a key."""
        latest = {record.key: record for record in records}
        by_lane: dict[int, list[Record]] = {}
        origin = Origin(node.slot, query.entity)
        for record in latest.values():
            lane = 1 + zlib.crc32(record.key.encode("utf-8", "surrogatepass")) % self.run.lanes
            by_lane.setdefault(lane, []).append(record)
        size = self.plan.flow.policy.batch_size
        return [
            (lane, pack({source: number(some, origin)}), len(some), None)
            for lane, lane_records in sorted(by_lane.items())
            for some in (lane_records[start : start + size] for start in range(0, len(lane_records), size))
        ]


def number(records: list[Record], origin: Origin | None = None) -> list[Record]:
    """Gives each record its place in the batch, which identifies it through splits."""
    return [
        Record(
            record.key, record.data, at, record.origin or origin, record.version, record.deleted,
            record.title, record.steps,
        )
        for at, record in enumerate(records)
    ]  # fmt: skip


def _earlier(stamp: str) -> str:
    moment = datetime.fromisoformat(stamp.replace("Z", "+00:00")) - OVERLAP
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
