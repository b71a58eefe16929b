"""Reading: one page from a system becomes staged batches, cut into lanes by the hash of the record key."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec

from engine import circle, sweep
from engine.batch import pack
from engine.circle import Walked
from engine.connector import Connector, Query
from engine.errors import EngineError
from engine.node import ReadNode
from engine.plan import Plan
from engine.record import Origin, Page, Record
from engine.stamps import earlier, stamp
from engine.store import references
from engine.store.database import Database
from engine.store.runs import RunView

MOST = 2000
"""Records that are read before they are staged, unless a single page has more."""

KEPT = ("counted", "total", "at_least", "bounds")
"""What a sweep leaves in the cursor."""

Staged = tuple[int, bytes, int, str | None]


class Reader:
    """Reads the pages of one run.

    The cursor is {"source": index, "at": connector's own, "since": lower bound, "marks": {node: stamp}}, with
    "sweep" while it looks for what was deleted (see engine.sweep). The
    lower bound is fixed with the first page of a source: another run may move the watermark meanwhile, and a
    connector's place in its pages only means something between the same bounds. Marks are what the watermark
    may move to when the run is over; runs that were told what to read (a window, keys) have none, because
    they leave something out between the watermark and what they saw. Only a first load knows how far its report
    had come ("mark").

    "walked" is how far its pages have come without going in a circle (see engine.circle).

    "bounds" are the lower bounds of the sources that were read so far ({node: stamp, or null for everything}), for whoever
    looks at the run.

    "counted" records have been read; "total" is how many there will be, about, once the system of the last source
    has said so in passing; "at_least" says that it counts no further.
    """

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
        query = node.query(self.run.trigger_record()).model_copy(update={"skim": True})
        if cursor.get("sweep"):
            return self._sweep(database, cursor, source, node, query)
        sweep.refuse_unable(connector, source, node)
        given, since = bool(self.run.window.get("given")), None
        bounded = given and (self.run.plan_id is None or bool(self.run.window.get("mark")))
        named = self.run.window.get("keys")
        if named is not None:
            query = query.model_copy(update={"keys": tuple(named.get(source, ()))})
        shown = self.run.window.get("bounds", {})
        if query.keys is None and (node.incremental or bounded or source in shown):
            first = cursor["at"] is None or "since" not in cursor
            since = self.since(database, source) if first else cursor["since"]
            query = query.model_copy(update={"since": since, "until": self.run.window.get("until")})
            cursor = {**cursor, "bounds": {**cursor.get("bounds", {}), source: since}}
        nothing = query.keys is not None and not query.keys
        page, walked = (
            (Page([]), None) if nothing else self._fill(connector, query, cursor["at"], cursor.get("walked"))
        )
        batches = self._cut(source, node, query, page.records)
        marks = dict(cursor["marks"])
        if page.watermark and query.keys is None and not given:
            marks[source] = max(stamp(page.watermark, query.until), marks.get(source, ""))
        elif node.incremental and self.run.window.get("mark"):
            marks[source] = stamp(self.run.window["mark"])
        done = page.cursor is None or self.run.mode == "sample"
        cursor = {**cursor, **self._counted(cursor, page)}
        if done and sweep.is_due(database, self.run, source, node, query):
            swept = {"at": None, "since": None, "walked": None, "marks": marks, "sweep": sweep.begin()}
            return batches, {**cursor, **swept}
        following = {
            **cursor,
            "source": cursor["source"] + (1 if done else 0),
            "at": None if done else page.cursor,
            "since": None if done else since,
            "walked": None if done else walked,
            "marks": marks,
        }
        if following["source"] >= len(self.sources):
            following["end"] = True
        return batches, following

    def _counted(self, cursor: dict[str, Any], page: Page) -> dict[str, int]:
        """How many were read with this page and, where it told how many there are, how many will be."""
        before = cursor.get("counted", 0)
        counted = {"counted": before + len(page.records)}
        last = cursor["source"] == len(self.sources) - 1
        if page.total is None or cursor["at"] is not None or not last or self.run.mode == "sample":
            return counted
        return {**counted, "total": before + page.total, "at_least": page.at_least}

    def _sweep(
        self, database: Database, cursor: dict[str, Any], source: str, node: ReadNode[Any], query: Query
    ) -> tuple[list[Staged], dict[str, Any]]:
        """The staged tombstones of what is gone, and the cursor behind them."""
        gone, at = sweep.step(database, self.run, self._connect(node.slot), node, query, cursor["sweep"])
        batches = self._cut(source, node, query, gone)
        if at is not None:
            return batches, {**cursor, "sweep": at}
        marks = {**cursor["marks"], sweep.mark_of(source): self.run.window["until"]}
        following = {"source": cursor["source"] + 1, "at": None, "since": None, "marks": marks}
        following |= {name: cursor[name] for name in KEPT if name in cursor}
        if following["source"] >= len(self.sources):
            following["end"] = True
        return batches, following

    def since(self, database: Database, source: str) -> str | None:
        """Where an incremental read begins: what was asked for, or shown in the plan that is executed, else some way behind
        the watermark."""
        given: str | None = self.run.window.get("bounds", {}).get(source, self.run.window.get("since"))
        if self.run.window.get("given"):
            return given
        with database.read() as session:
            mark = references.watermark(session, self.run.flow_id, source)
        return earlier(mark) if mark else None

    def _fill(
        self, connector: Connector[Any], query: Query, at: Any, walked: Walked | None
    ) -> tuple[Page, Walked | None]:
        """The next page, with those behind it that still fit into one batch a lane, and how far it has come. The first
        one goes alone: until it is there, the lanes have nothing to do."""
        limit = self._limit(connector)
        page = connector.read(query, at, limit)
        if self.run.mode == "sample":
            return page, None
        records, watermarks, first = list(page.records), [page.watermark], page
        wanted = 0 if at is None else min(self.plan.flow.policy.batch_size * self.run.lanes, MOST)
        while page.cursor is not None:
            walked = circle.step(walked, page)
            if len(records) + limit > wanted:
                break
            page = connector.read(query, page.cursor, limit)
            records += page.records
            watermarks.append(page.watermark)
        highest = max(filter(None, watermarks), key=lambda mark: stamp(mark, None), default=None)
        return Page(records, page.cursor, highest, first.total, first.at_least), walked

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
        return [
            (lane, pack({source: number(some, origin)}), len(some), None)
            for lane, lane_records in sorted(by_lane.items())
            for some in parts(lane_records, self.plan.flow.policy.batch_size)
        ]


def parts(records: list[Record], size: int) -> list[list[Record]]:
    """Batches of about ``size``: a rest of a fifth of it, or less, goes along with the others, because what it costs to
    take a batch through is the same for few."""
    count = max(1, -(-(len(records) - size // 5) // size))
    ends = [len(records) * nth // count for nth in range(count + 1)]
    return [records[start:end] for start, end in pairwise(ends)]


def number(records: list[Record], origin: Origin | None = None) -> list[Record]:
    """Gives each record its place in the batch, which identifies it through splits."""
    return [
        msgspec.structs.replace(record, root=at, origin=record.origin or origin)
        for at, record in enumerate(records)
    ]
