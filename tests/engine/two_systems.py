"""Two toy systems that people edit, and a flow that keeps them in step: the test bed of two-way sync.

Each system keeps objects with a change stamp from its own clock, and a journal of every write that came from
outside. An object's fields carry its identity across systems in ``code``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from sqlmodel import select

from engine import clock, compare, launch
from engine.connector import Capability, ConnectionSettings, Connector, Health, Query
from engine.executor import Executor
from engine.flow import Budget, Edge, Flow, Node, Policy, Slot
from engine.http import Http
from engine.launch import Cause
from engine.plan import Plan, build
from engine.record import Change, Outcome, Page, Record, Remote, Result
from engine.shape import Entity, Field, Summary
from engine.store import lanes
from engine.store.database import Database
from engine.store.deliveries import Delivery
from engine.store.runs import Run

FIELDS = ("code", "name", "phone", "city", "state")


class System:
    """One system and the people who work in it. ``skew`` is how far its clock is off, in seconds."""

    def __init__(self, letter: str, upper: bool = False) -> None:
        self.letter, self.upper = letter, upper
        self.skew = 0.0
        self.objects: dict[str, dict[str, Any]] = {}
        self.tombs: dict[str, float] = {}
        self.successors: dict[str, str] = {}
        self.journal: list[tuple[str, str, dict[str, Any]]] = []
        self.reads = 0
        self.finds = 0
        self.before_write: Callable[[Sequence[Change]], None] = lambda changes: None
        self.after_write: Callable[[Sequence[Change]], None] = lambda changes: None
        self.on_store: Callable[[dict[str, Any]], None] = lambda values: None
        self.refused = ""

    def name(self, field: str) -> str:
        """What this system calls a field."""
        return field.upper() if self.upper else field

    def stamp(self) -> float:
        return clock.now() + self.skew

    def edit(self, key: str, **values: Any) -> None:
        """A person makes or changes an object."""
        clock._skew += 0.001
        known = self.objects.setdefault(key, {self.name(field): None for field in FIELDS})
        known.update({self.name(field): value for field, value in values.items()}, by="Ann", at=self.stamp())
        self.tombs.pop(key, None)

    def delete(self, key: str) -> None:
        if self.objects.pop(key, None) is not None:
            self.tombs[key] = self.stamp()

    def merge(self, loser: str, survivor: str, *, tell: bool = True) -> None:
        """A person merges one object into another; ``tell``: the system names the survivor with the deletion."""
        self.delete(loser)
        self.edit(survivor)
        if tell:
            self.successors[loser] = survivor

    def values(self) -> dict[Any, dict[str, Any]]:
        """code → values, for comparing two systems."""
        return {
            row[self.name("code")]: {field: row[self.name(field)] for field in FIELDS}
            for row in self.objects.values()
        }

    def next_id(self) -> str:
        numbers = [int(key[1:]) for key in {*self.objects, *self.tombs}]
        return f"{self.letter}{max(numbers, default=0) + 1}"


class Box(Connector[ConnectionSettings]):
    """Reads, finds and writes the objects of a System."""

    system: ClassVar[str] = "box"
    title: ClassVar[str] = "Box"
    Settings: ClassVar[type[ConnectionSettings]] = ConnectionSettings
    capability: ClassVar[Capability] = Capability(
        page=100, write=20, find=50, changes="modified-since", tombstones=True
    )

    def __init__(self, world: System, http: Http) -> None:
        super().__init__(ConnectionSettings(), http)
        self.world = world
        self.title = f"System {world.letter}"  # type: ignore[misc]

    def check(self) -> Health:
        return Health(ok=True, message="Reachable.")

    def entities(self) -> list[Summary]:
        return [Summary(name="thing", title="Thing")]

    def entity(self, name: str) -> Entity:
        fields = tuple(
            Field(
                name=self.world.name(field), title=field.title(), max_length=40 if field == "name" else None
            )
            for field in FIELDS
        )
        return Entity(
            name=name, title="Thing", key="id", modified="at", modified_by="by",
            fields=(Field(name="id"), *fields), title_field=self.world.name("name"),
        )  # fmt: skip

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        self.world.reads += 1
        rows = [(at, key, True) for key, at in self.world.tombs.items()]
        rows += [(row["at"], key, False) for key, row in self.world.objects.items()]
        inside = sorted(
            row
            for row in rows
            if (query.since is None or clock.iso(row[0]) >= query.since)
            and (query.keys is None or row[1] in query.keys)
        )
        start = int(cursor or 0)
        some = inside[start : start + limit]
        records = [
            Record(
                key,
                self._last(key) if gone else {**self.world.objects[key], "at": clock.iso(at)},
                deleted=gone,
                title=key,
            )
            for at, key, gone in some
        ]
        following = start + limit if start + limit < len(inside) else None
        return Page(records, following, clock.iso(some[-1][0]) if some else query.since)

    def _last(self, key: str) -> dict[str, Any]:
        successor = self.world.successors.get(key)
        return {"successor": successor} if successor else {}

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        self.world.finds += 1
        return [
            [
                Remote(key, {**row, "at": clock.iso(row["at"])}, number=key, link=f"box://{key}")
                for key, row in self.world.objects.items()
                if all(
                    key == value
                    if name == "id"
                    else compare.normal(str(row.get(name))) == compare.normal(str(value))
                    for name, value in match.items()
                )
            ]
            for match in matches
        ]

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        world = self.world
        if all(change.operation == "delete" for change in changes):
            return self._delete(entity, changes)
        world.before_write(changes)
        results = []
        for change in changes:
            if world.refused and world.refused in str(change.data):
                results.append(Result(Outcome.FAILED, code="T-REFUSED", message="The box refuses it."))
                continue
            key = change.remote_id or world.next_id()
            row = world.objects.setdefault(key, {world.name(field): None for field in FIELDS})
            row.update(change.data, by="Heddle", at=world.stamp())
            world.on_store(row)
            world.journal.append((change.operation, key, dict(change.data)))
            outcome = Outcome.CREATED if change.operation == "create" else Outcome.UPDATED
            results.append(Result(outcome, key, key))
        world.after_write(changes)
        return results

    def _delete(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        world = self.world
        world.before_write(changes)
        for change in changes:
            world.delete(change.remote_id or "")
            world.journal.append((change.operation, change.remote_id or "", {}))
        world.after_write(changes)
        return [Result(Outcome.UPDATED, change.remote_id) for change in changes]


READ = {"entity": "thing", "changes": True, "deletes": "feed"}
PAIRS = tuple({"left": field, "right": field.upper()} for field in FIELDS)


def two_way(
    fields: Sequence[Mapping[str, Any]] = PAIRS,
    *,
    left: Mapping[str, Any] | None = None,
    right: Mapping[str, Any] | None = None,
    lanes: int = 1,
    batch_size: int = 50,
    deletes: int | None = None,
    read: Mapping[str, Any] | None = None,
    tables: Any = None,
    rules: Any = None,
    **settings: Any,
) -> Flow:
    """trigger → both reads → sync"""
    sides = {
        "left": {"slot": "crm", "entity": "thing", "match": ["code"], **(left or {})},
        "right": {"slot": "erp", "entity": "thing", "match": ["CODE"], **(right or {})},
    }
    nodes = [
        Node(id="start", type="manual"),
        Node(id="left", type="read", settings={"slot": "crm", **READ, **(read or {})}),
        Node(id="right", type="read", settings={"slot": "erp", **READ, **(read or {})}),
        Node(id="sync", type="sync", settings={**sides, "fields": list(fields), **settings}),
    ]
    edges = [
        Edge(source="start", target="left"),
        Edge(source="start", target="right"),
        *(
            Edge(source=side, output=port, target="sync")
            for side in ("left", "right")
            for port in ("out", "deleted")
        ),
    ]
    slots = {"crm": Slot(system="box"), "erp": Slot(system="box")}
    budget = Budget(deletes=deletes)
    policy = Policy(lanes=lanes, batch_size=batch_size, retry_minutes=[0.001, 0.001, 0.001], budget=budget)
    return Flow(
        name="In step",
        slots=slots,
        nodes=nodes,
        edges=edges,
        policy=policy,
        tables=tables or {},
        rules=rules or {},
    )


class Office:
    """Two systems, a database and flows that keep them in step."""

    def __init__(self, database: Database, *flows: Flow) -> None:
        self.database = database
        self.crm, self.erp = System("A"), System("B", upper=True)
        self.plans: list[Plan] = [build(flow) for flow in flows]
        self.rings: list[tuple[str, int]] = []

    def open(self, connection_id: str, *, read_only: bool, journal: Any = None) -> Connector[Any]:
        world = self.crm if connection_id == "CRM" else self.erp
        return Box(world, Http(read_only=read_only, journal=journal, timeout=0.05))

    def executor(self, **options: Any) -> Executor:
        return Executor(
            self.database,
            self.open,
            lambda version: self.plans[version - 1],
            lambda run, lane: self.rings.append((run, lane)),
            **options,
        )

    def start(self, flow: int = 1, mode: str = "live", brought: Any = None, window: Any = None) -> str:
        with self.database.write() as session:
            started = launch.start(
                session, self.plans[flow - 1], flow_id=f"f{flow}", version_id=flow,
                bindings={"crm": "CRM", "erp": "ERP"}, mode=mode, cause=Cause("manual", "test"),
                brought=brought, window=window,
            )  # fmt: skip
        self.rings.extend((started.run, lane) for lane in started.lanes)
        return started.run

    def execute(self, plan_id: str, flow: int = 1) -> str:
        """The run that writes what a dry run has shown."""
        with self.database.write() as session:
            started = launch.start(
                session, self.plans[flow - 1], flow_id=f"f{flow}", version_id=flow,
                bindings={"crm": "CRM", "erp": "ERP"}, mode="live", cause=Cause("plan", "test"), plan_id=plan_id,
            )  # fmt: skip
        self.rings.extend((started.run, lane) for lane in started.lanes)
        self.work()
        return started.run

    def enter(self, records: Sequence[Record], flow: int = 1) -> str:
        """A run that enters at the sync node, as a decision starts it."""
        with self.database.write() as session:
            started = launch.start_inside(
                session, flow_id=f"f{flow}", version_id=flow, bindings={"crm": "CRM", "erp": "ERP"},
                mode="live", cause=Cause("conflict", "test"), entries={"sync": records}, parent="",
            )  # fmt: skip
        self.rings.extend((started.run, lane) for lane in started.lanes)
        return started.run

    def work(self, **options: Any) -> None:
        """Answers rings until nothing is left to do."""
        executor = self.executor(**options)
        for _ in range(200):
            while self.rings:
                executor.advance(*self.rings.pop(0))
            clock._skew += 0.5  # what waits for a busy pair waits in no real time
            with self.database.read() as session:
                self.rings.extend(lanes.unattended(session, 0.0))
            if not self.rings and self.idle():
                return
        raise AssertionError("the runs do not end")

    def idle(self) -> bool:
        with self.database.read() as session:
            return session.exec(select(Run).where(Run.ended_at.is_(None))).first() is None  # type: ignore[union-attr]

    def sync(self, flow: int = 1, **options: Any) -> Run:
        """One run to its end."""
        run_id = self.start(flow, **options)
        self.work()
        return self.run(run_id)

    def run(self, run_id: str) -> Run:
        with self.database.read() as session:
            found = session.get(Run, run_id)
        assert found is not None
        assert found.state == "done", f"{found.state}: {found.message}"
        return found

    def deliveries(self, run_id: str) -> list[Delivery]:
        with self.database.read() as session:
            return list(session.exec(select(Delivery).where(Delivery.run_id == run_id).order_by(Delivery.id)))  # type: ignore[arg-type]

    def writes(self) -> int:
        return len(self.crm.journal) + len(self.erp.journal)
