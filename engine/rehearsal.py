"""A drawing on many real records, before it is switched on: what would lack, what would be held or refused.

Sources are read for real, and so is what lookup steps ask for. Nothing is written and no target is asked about
single objects: every write is imagined to create, which is when all that a system demands must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from engine import birth, causes, clock, compare, coverage
from engine.agreement import other
from engine.bounds import within
from engine.connector import Connector
from engine.coverage import Need
from engine.errors import EngineError, Held, Waiting
from engine.flow import Flow
from engine.foreseen import placeholder
from engine.lookup import fetch
from engine.node import ReadNode, SyncNode, WriteNode
from engine.pairing import side_of
from engine.plan import Plan, build
from engine.record import Origin, Outcome, Record, Result
from engine.shape import Entity, Field
from engine.walk import Course, Ending, Receipt, WantAsk, behind, walk

BATCH = 200
REACHES = (30, 365)
"""Days back in which the newest records are looked for before all are read."""


@dataclass
class Lack:
    """A field that the target demands. ``mapped`` False: no row fills it; ``keys``: records without it → title."""

    node: str
    entity: str
    name: str
    title: str
    mapped: bool = False
    of: int = 0
    keys: dict[str, str] = field(default_factory=dict)


@dataclass
class Stopped:
    """Records that would go no further, by step and cause. ``sentence`` without their own values."""

    node: str
    outcome: Outcome
    code: str
    sentence: str
    example: str
    keys: dict[str, str] = field(default_factory=dict)


@dataclass
class Findings:
    """``read``: how many records; ``more``: whether the systems have more than were read."""

    read: int = 0
    more: bool = False
    lacks: dict[tuple[str, str], Lack] = field(default_factory=dict)
    stopped: dict[tuple[str, str, str], Stopped] = field(default_factory=dict)
    needs: dict[tuple[str, str], dict[str, Need]] = field(default_factory=dict)


class Rehearsal:
    """One try-out. ``connect`` opens a slot's connection with the door for writing shut.

    everything  read also what the filters of the read steps leave out, such as what is not won yet
    """

    def __init__(
        self, flow: Flow, connect: Callable[[str], Connector[Any]], *, everything: bool = False
    ) -> None:
        self.plan: Plan = build(flow)
        self.everything = everything
        self.found = Findings()
        self._uses = coverage.uses(flow)
        self._connect = connect
        self._connectors: dict[str, Connector[Any]] = {}
        self._shapes: dict[tuple[str, str], Entity] = {}

    def run(self, limit: int) -> Findings:
        """Reads up to ``limit`` records, the newest where the system can tell, and walks them all.

        Raises DefinitionError for a drawing that cannot run, and what the systems raise while reading.
        """
        for source in self.plan.sources:
            records = self._read(source, max(1, limit // len(self.plan.sources)))
            self.found.read += len(records)
            for start in range(0, len(records), BATCH):
                self._walk_all({source: _rooted(records[start : start + BATCH])})
        return self.found

    # reading -------------------------------------------------------------------------------------------

    def _read(self, source: str, limit: int) -> list[Record]:
        node = self.plan.nodes[source]
        if not isinstance(node, ReadNode):
            raise EngineError(f"{source!r} does not read.")
        query = node.query(None)
        if self.everything:
            query = query.model_copy(update={"filters": ()})
        connector = self._connector(node.slot)
        windows: list[str | None] = [None]
        if connector.capability.changes == "modified-since" and connector.entity(query.entity).modified:
            windows = [*(_ago(days) for days in REACHES), None]
        found: list[Record] = []
        for since in windows:
            asked = query.model_copy(update={"since": since}) if since else query
            found, more = _pages(connector, asked, limit)
            if more or since is None:
                self.found.more = self.found.more or more
                break
        origin = Origin(node.slot, query.entity)
        return [
            Record(one.key, one.data, 0, one.origin or origin, one.version, one.deleted, one.title, one.steps)
            for one in found
        ]

    def _connector(self, slot: str) -> Connector[Any]:
        if slot not in self._connectors:
            self._connectors[slot] = self._connect(slot)
        connector = self._connectors[slot]
        if not connector.http.read_only:
            raise EngineError("A rehearsal was given a connection that can write.", code="E-DOOR")
        return connector

    # walking -------------------------------------------------------------------------------------------

    def _walk_all(self, entries: Mapping[str, Sequence[Record]]) -> None:
        """Goes on behind approvals as if people had agreed."""
        roots = {record.root: record for some in entries.values() for record in some}
        run = {"started": clock.iso()}
        while entries:
            course = Course(trail=[])
            self._walk(entries, course, run)
            asked = coverage.needs(self._uses, course.arrivals, run)
            for place, keys in asked.items():
                _add_needs(self.found.needs.setdefault(place, {}), keys)
            for ending in course.endings:
                if not isinstance(ending.error, Waiting):
                    self._file(ending, roots.get(ending.record.root, ending.record))
            onward: dict[str, list[Record]] = {}
            for ending in course.endings:
                if isinstance(ending.error, Waiting):
                    onward.setdefault(behind(ending.node, "approved"), []).append(ending.record)
            entries = onward

    def _walk(self, entries: Mapping[str, Sequence[Record]], course: Course, run: Mapping[str, Any]) -> None:
        way = within(walk(self.plan, entries, course, None, run))
        reply: Any = None
        try:
            ask = next(way)
            while True:
                if isinstance(ask, WantAsk):
                    reply = fetch(ask.want, self._connector(ask.want.slot))
                else:
                    reply = [self._imagine(ask.node, record) for record in ask.records]
                ask = way.send(reply)
        except StopIteration:
            return

    def _imagine(self, node_id: str, record: Record) -> Receipt:
        """A write that creates; what the target demands and the record lacks is noted."""
        node = self.plan.nodes[node_id]
        assert isinstance(node, WriteNode)
        data = record.data if isinstance(record.data, dict) else {"value": record.data}
        if isinstance(node, SyncNode):
            return self._imagine_new(node_id, node, record, data)
        target = node.target()
        if target.operation in ("create", "upsert"):
            self._note_lacks(node_id, target.slot, target.entity, record, data)
        new = placeholder(target.entity)
        return Receipt(Result(Outcome.CREATED, new, new, new), "create", data)

    def _imagine_new(
        self, node_id: str, node: SyncNode[Any], record: Record, data: Mapping[str, Any]
    ) -> Receipt:
        """An object that is new on one side is created on the other, if that one creates any."""
        terms = node.terms
        side = side_of(terms.agreement, record)
        target = terms.agreement.side(other(side)) if side is not None else None
        if side is None or target is None or not target.create:
            return Receipt(Result(Outcome.SKIPPED))
        try:
            carried = birth.carried(terms.agreement, terms.translators, side, data)
        except Held as error:
            held = Result(Outcome.HELD, code=error.code, message=error.message, question=error.question)
            return Receipt(held, "hold")
        values = birth.values(terms.agreement, carried, side, data)
        new = birth.nested(self._shape((node_id, target.slot), target.slot, target.entity), values)
        self._note_lacks(node_id, target.slot, target.entity, record, new)
        return Receipt(Result(Outcome.CREATED, placeholder(target.entity)), "create", new)

    def _note_lacks(
        self, node_id: str, slot: str, entity: str, record: Record, data: Mapping[str, Any]
    ) -> None:
        shape = self._shape((node_id, slot), slot, entity)
        for name, title, filled in demanded(shape.fields, data):
            lack = self.found.lacks.setdefault(
                (node_id, name), Lack(node_id, shape.title or entity, name, title)
            )
            lack.of += 1
            lack.mapped = lack.mapped or _is_mapped(data, name)
            if not filled:
                lack.keys[record.key] = record.title or record.key

    def _shape(self, place: tuple[str, str], slot: str, entity: str) -> Entity:
        if place not in self._shapes:
            self._shapes[place] = self._connector(slot).entity(entity)
        return self._shapes[place]

    def _file(self, ending: Ending, root: Record) -> None:
        if ending.error is None or ending.outcome not in (Outcome.HELD, Outcome.FAILED):
            return
        error = ending.error
        record = ending.record
        own = [
            record.key, root.key, record.title, root.title, *causes.values_of(root.data),
            *causes.values_of(record.data),
        ]  # fmt: skip
        sentence = causes.template(error.message, own)
        stopped = self.found.stopped.setdefault(
            (ending.node, error.code, sentence),
            Stopped(ending.node, ending.outcome, error.code, sentence, error.message),
        )
        stopped.keys[root.key] = root.title or root.key


def demanded(fields: Sequence[Field], data: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """(name, title, whether it is filled) of every mandatory field of a target, inside objects and lines too.

    A field of lines is called ``LINES[].FIELD`` and is filled if every line has it.
    """
    for one in fields:
        if one.read_only:
            continue
        value = compare.dig(data, one.name)
        if one.required:
            yield one.name, one.label(), value not in (None, "", [], {})
        if one.type == "object" and isinstance(value, Mapping):
            for name, title, filled in demanded(one.fields, value):
                yield f"{one.name}.{name}", title, filled
        elif one.type == "lines" and isinstance(value, list):
            lines = [line for line in value if isinstance(line, Mapping)]
            for child in one.fields:
                if child.required and not child.read_only and lines:
                    filled = all(compare.dig(line, child.name) not in (None, "") for line in lines)
                    yield f"{one.name}[].{child.name}", child.label(), filled


def _is_mapped(data: Mapping[str, Any], name: str) -> bool:
    """Whether a row fills this field, if only with nothing."""
    first, _, rest = name.partition("[].")
    if first in data:
        return not rest or any(rest in line for line in data[first] if isinstance(line, Mapping))
    outer, _, inner = first.partition(".")
    return isinstance(data.get(outer), Mapping) and _is_mapped(data[outer], inner)


def _pages(connector: Connector[Any], query: Any, limit: int) -> tuple[list[Record], bool]:
    """Up to so many records, each key once, and whether there are more."""
    found: dict[str, Record] = {}
    cursor: Any = None
    while True:
        page = connector.read(query, cursor, min(limit, connector.capability.page))
        found.update((record.key, record) for record in page.records)
        cursor = page.cursor
        if cursor is None or len(found) >= limit:
            return list(found.values())[:limit], cursor is not None or len(found) > limit


def _add_needs(known: dict[str, Need], fresh: Mapping[str, Need]) -> None:
    for key, need in fresh.items():
        there = known.setdefault(key, Need(need.key))
        there.count += need.count
        there.records.update(need.records)
        there.value = there.value or need.value
        for currency, amount in need.amounts.items():
            there.amounts[currency] = there.amounts.get(currency, amount - amount) + amount


def _rooted(records: Sequence[Record]) -> list[Record]:
    return [
        Record(one.key, one.data, at, one.origin, one.version, one.deleted, one.title, one.steps)
        for at, one in enumerate(records)
    ]


def _ago(days: int) -> str:
    return (datetime.fromtimestamp(clock.now(), UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
