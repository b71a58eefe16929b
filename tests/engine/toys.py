"""A toy system and toy nodes for testing the executor: small, honest, and with programmed failures.

The toy target creates a new object on every create, so any repeat shows; what it offers for finding out
after a lost answer is up to the test (``means``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

from engine import compare, registry
from engine.connector import (
    CannotTell,
    Capability,
    ConnectionSettings,
    Connector,
    Health,
    Query,
)
from engine.errors import HeddleError, RecordRejected
from engine.executor import Executor
from engine.flow import Edge, Flow, Node, Policy, Slot
from engine.http import Http
from engine.node import Node as NodeType
from engine.node import NodeSettings, Outbox, ReadNode, TriggerNode, WriteNode, WriteTarget
from engine.plan import Plan, build
from engine.record import Change, Outcome, Page, Record, Remote, Result
from engine.shape import Entity, Field, Summary
from engine.store.database import Database


class World:
    """The outside: source rows, and the target's objects in the order in which they came to be."""

    def __init__(self, rows: int = 0) -> None:
        self.lock = threading.Lock()
        self.source = {f"S{n:06d}": {"id": f"S{n:06d}", "name": f"Name {n}"} for n in range(rows)}
        self.target: list[dict[str, Any]] = []
        self.write_calls = 0
        self.read_calls = 0
        self.before_write: Callable[[Sequence[Change]], None] = lambda changes: None
        self.after_write: Callable[[Sequence[Change]], None] = lambda changes: None
        self.refused: set[str] = set()
        self.means: Literal["match", "key", "none"] = "match"

    def created(self) -> list[str]:
        return [row["ref"] for row in self.target]


def stamp_of(key: str) -> str:
    """When a row of the world was changed last, for reads of what changed."""
    return (
        f"2026-01-01T{int(key[-6:]) // 3600:02}:{int(key[-6:]) // 60 % 60:02}:{int(key[-6:]) % 60:02}.000000Z"
    )


class Toy(Connector[ConnectionSettings]):
    """Reads rows from the world and writes objects into it."""

    system: ClassVar[str] = "toy"
    title: ClassVar[str] = "Toy"
    Settings: ClassVar[type[ConnectionSettings]] = ConnectionSettings
    capability: ClassVar[Capability] = Capability(page=100, write=20, find=50)

    def __init__(self, world: World, http: Http) -> None:
        super().__init__(ConnectionSettings(), http)
        self.world = world

    def check(self) -> Health:
        return Health(ok=True, message="Reachable.")

    def entities(self) -> list[Summary]:
        return [Summary(name="thing", title="Thing")]

    def entity(self, name: str) -> Entity:
        fields = (Field(name="id"), Field(name="ref"), Field(name="name", title="Full name"))
        return Entity(name=name, key="id", match=("ref",), fields=fields)

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        self.world.read_calls += 1
        keys = sorted(self.world.source)
        if query.keys is not None:
            keys = [key for key in keys if key in query.keys]
        start = int(cursor or 0)
        some = [self.world.source[key] for key in keys[start : start + limit]]
        following = start + limit if start + limit < len(keys) else None
        records = [Record(row["id"], dict(row), title=row["name"]) for row in some]
        return Page(records, following, self._mark(some) if query.since or query.until else None)

    def _mark(self, rows: Sequence[Mapping[str, Any]]) -> str | None:
        """The highest stamp of a page: rows are as old as their place says."""
        return max((stamp_of(row["id"]) for row in rows), default=None)

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        with self.world.lock:
            return [
                [
                    Remote(
                        str(row["id"]), {k: v for k, v in row.items() if k != "key"}, number=f"N-{row['id']}"
                    )
                    for row in self.world.target
                    if all(
                        compare.normal(str(row.get(name))) == compare.normal(str(value))
                        for name, value in match.items()
                    )
                ]
                for match in matches
            ]

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        self.world.before_write(changes)
        results: list[Result] = []
        with self.world.lock:
            self.world.write_calls += 1
            for change in changes:
                if "poison" in str(change.data.get("name", "")) or change.key in self.world.refused:
                    results.append(Result(Outcome.FAILED, code="T-POISON", message="The toy refuses poison."))
                    continue
                if change.operation == "update":
                    row = self.world.target[int(change.remote_id or 0)]
                    row.update(change.data)
                    results.append(Result(Outcome.UPDATED, str(row["id"])))
                    continue
                row = {"id": len(self.world.target), "key": change.key, **change.data}
                self.world.target.append(row)
                results.append(Result(Outcome.CREATED, str(row["id"]), f"N-{row['id']}"))
        self.world.after_write(changes)
        return results

    def resolve(self, entity: str, changes: Sequence[Change]) -> list[Remote | None]:
        if self.world.means == "none":
            raise CannotTell("The toy cannot tell.")
        if self.world.means == "match":
            return super().resolve(entity, changes)
        by_key = {row["key"]: row for row in self.world.target}
        return [
            Remote(str(row["id"]), row, number=f"N-{row['id']}") if (row := by_key.get(change.key)) else None
            for change in changes
        ]

    def tells(self, entity: str, match: Collection[str]) -> bool:
        return self.world.means == "key" or (self.world.means == "match" and bool(match))


class ToyTrigger(TriggerNode[NodeSettings]):
    """Starts a toy run."""

    type, title, group = "toy-trigger", "Toy trigger", "trigger"


class ToyRead(ReadNode[NodeSettings]):
    """Reads every row, or those the trigger names."""

    type, title, group = "toy-read", "Toy read", "read"
    slot = "left"

    def query(self, trigger: Record | None) -> Query:
        keys = trigger.data.get("ids") if trigger is not None else None
        return Query(entity="row", keys=tuple(keys) if keys is not None else None)


class ToyMap(NodeType[NodeSettings]):
    """Gives the row the target's form; a row named «bad» is refused, one named «boom» is a bug."""

    type, title, group = "toy-map", "Toy map", "shape"

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        for record in records:
            name = record.data["name"]
            if name == "boom":
                raise ZeroDivisionError("a bug")
            if name == "bad":
                out.fail(record, RecordRejected("The name is bad.", field="name"))
            else:
                out.send(record.with_data({"ref": record.data["id"], "name": name}))


class WriteSettings(NodeSettings):
    operation: Literal["upsert", "create", "update"] = "create"
    match: tuple[str, ...] = ("ref",)
    entity: str = "thing"


class ToyWrite(WriteNode[WriteSettings]):
    """Writes to the toy target."""

    type, title, group = "toy-write", "Toy write", "write"
    Settings = WriteSettings

    def target(self) -> WriteTarget:
        return WriteTarget(
            slot="right",
            entity=self.settings.entity,
            operation=self.settings.operation,
            match=self.settings.match,
        )

    def identify(self, record: Record, run: Any = None) -> tuple[str | None, str, str]:
        return None, record.origin.entity if record.origin else "row", record.key


TOYS: tuple[type[NodeType[Any]], ...] = (ToyTrigger, ToyRead, ToyMap, ToyWrite)


@contextmanager
def toys() -> Iterator[None]:
    """The toy node types, known to the registry for a while."""
    known = registry.node_types()
    known.update({cls.type: cls for cls in TOYS})
    yield
    for cls in TOYS:
        known.pop(cls.type, None)


def toy_flow(
    *,
    lanes: int = 1,
    batch_size: int = 50,
    writes: int = 1,
    operation: str = "create",
    match: tuple[str, ...] = ("ref",),
) -> Flow:
    """trigger → read → map → write (→ write …)"""
    nodes = [
        Node(id="start", type="toy-trigger"),
        Node(id="read", type="toy-read"),
        Node(id="map", type="toy-map"),
    ]
    edges = [Edge(source="start", target="read"), Edge(source="read", target="map")]
    before, port = "map", "out"
    for number in range(writes):
        name = f"write{number}"
        settings = {"operation": operation, "match": match}
        nodes.append(Node(id=name, type="toy-write", settings=settings))
        edges.append(Edge(source=before, output=port, target=name))
        before, port = name, "written"
    slots = {"left": Slot(system="toy"), "right": Slot(system="toy")}
    policy = Policy(lanes=lanes, batch_size=batch_size, retry_minutes=[0.001, 0.001, 0.001])
    return Flow(name="Toy flow", slots=slots, nodes=nodes, edges=edges, policy=policy)


class Bench:
    """An executor over a toy world and a real database, with a doorbell that only counts."""

    def __init__(self, database: Database, world: World, flow: Flow) -> None:
        self.database, self.world, self.flow = database, world, flow
        self.plan: Plan = build(flow)
        self.rings: list[tuple[str, int]] = []
        self.timeout = 0.2

    def open(self, connection_id: str, *, read_only: bool, journal: Any = None) -> Connector[Any]:
        return Toy(self.world, Http(read_only=read_only, journal=journal, timeout=self.timeout))

    def executor(self, **options: Any) -> Executor:
        return Executor(
            self.database,
            self.open,
            lambda version: self.plan,
            lambda run, lane: self.rings.append((run, lane)),
            **options,
        )


def refuse(error: HeddleError, times: int = 1) -> Callable[[Sequence[Change]], None]:
    """A hook that raises the error the first ``times`` times."""
    left = [times]

    def hook(changes: Sequence[Change]) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise error

    return hook
