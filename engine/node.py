"""The base of every node type.

A node type is one class: what it is called, its ports, its settings model, and a pure ``process``. From the
settings model come validation, the editor's form, the docs page and the API schema, so a new node type
needs no front-end code. ``process`` has no I/O, no clock, no randomness and no state: after a crash it is
run again on the same records and gives the same answer.

Three kinds stand at the rim and let the executor act for them: ReadNode says what to read, LookupNode what
to fetch for a batch, WriteNode where to write.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from engine.agreement import Agreement, FieldPair, Side
from engine.arbiter import Terms, prepare
from engine.connector import Query
from engine.errors import HeddleError, Problem
from engine.flow import SHARED, Document, Flow, LookupTable, Overlap, Pin, Port
from engine.record import Record, fingerprint
from engine.schedule import Timer
from engine.shape import Entity

IN = Port(name="in")
OUT = Port(name="out")
REJECTED = Port(name="rejected", title="Rejected", required=False)
"""Every node has it without saying so: where records go that the node cannot handle."""


class NodeSettings(BaseModel):
    """Base of a node type's settings: frozen, and unknown keys are an error that names them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=NodeSettings)


class NodeContext(BaseModel):
    """What a node may know besides its settings: the frozen parts of its flow version."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    node: str
    tables: Mapping[str, LookupTable] = {}
    rules: Mapping[str, dict[str, Any]] = {}
    decisions: Mapping[str, dict[str, Any]] = {}
    shared: Mapping[str, Pin] = {}

    @classmethod
    def of(cls, flow: Flow, node: str) -> NodeContext:
        """What a node of this drawing may know."""
        return cls(
            node=node, tables=flow.tables, rules=flow.rules, decisions=flow.decisions, shared=flow.shared
        )

    def label(self, name: str | None) -> str:
        """What people call a rule set or table: with its version where it is of the library."""
        pin = self.shared.get((name or "").removeprefix(SHARED))
        return pin.label() if pin is not None and (name or "").startswith(SHARED) else name or self.node


class Trace:
    """Collects why a value became what it is. Only filled when somebody asks; processing never reads it.

    Notes are kept by (node, record key): ``{"field": …, "source": …, "steps": [{"did": …, "value": …}]}``.
    """

    def __init__(self) -> None:
        self.notes: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def note(self, node: str, key: str, **what: Any) -> None:
        self.notes.setdefault((node, key), []).append(what)


class Outbox:
    """Where ``process`` puts its records: every record that comes in must leave once, or many times.

    answers  for a LookupNode: what was fetched, keyed as it was wanted
    trace    None unless somebody wants to know why
    run      facts of the run that stay the same however often a batch is repeated: ``{"started": …}``
    looked_back_on  whether anybody asks later for what a record was here
    """

    __slots__ = ("answers", "failures", "looked_back_on", "ports", "run", "skipped", "trace", "verdicts")

    def __init__(
        self,
        answers: Mapping[str, Any] | None = None,
        trace: Trace | None = None,
        run: Mapping[str, Any] | None = None,
        *,
        looked_back_on: bool = True,
    ) -> None:
        self.ports: dict[str, list[Record]] = defaultdict(list)
        self.failures: list[tuple[Record, HeddleError]] = []
        self.skipped: list[tuple[Record, str]] = []
        self.verdicts: list[tuple[Record, Mapping[str, Any]]] = []
        self.answers = answers or {}
        self.trace = trace
        self.run = run
        self.looked_back_on = looked_back_on

    def send(self, record: Record, port: str = "out") -> None:
        self.ports[port].append(record)

    def send_all(self, records: Iterable[Record], port: str = "out") -> None:
        self.ports[port].extend(records)

    def fail(self, record: Record, error: HeddleError) -> None:
        """RecordRejected sends the record to ``rejected``; Held makes it wait with its question."""
        self.failures.append((record, error))

    def decide(self, record: Record, answers: Mapping[str, Any]) -> None:
        """The record ends here with a decision on the conflict that it tells of; see engine.verdicts."""
        self.verdicts.append((record, answers))

    def skip(self, record: Record, reason: str) -> None:
        """The record ends here on purpose, and counts as skipped with this reason."""
        self.skipped.append((record, reason))


class Node(ABC, Generic[S]):
    """One node type. The class docstring is its help text, shown in the palette and the docs.

    type, title, group   group is one of trigger, read, shape, decide, write: hue and place in the palette
    glyph                name of the icon
    inputs, outputs      ports; ``rejected`` is implied
    version              raised with every change of the settings; ``upgrade`` brings old ones along
    """

    Settings: ClassVar[type[NodeSettings]] = NodeSettings
    type: ClassVar[str]
    title: ClassVar[str]
    group: ClassVar[Literal["trigger", "read", "shape", "decide", "write"]]
    glyph: ClassVar[str] = "box"
    version: ClassVar[int] = 1
    inputs: ClassVar[tuple[Port, ...]] = (IN,)
    outputs: ClassVar[tuple[Port, ...]] = (OUT,)
    editor: ClassVar[str | None] = None
    """Name of a special editor of the front end (``mapper``, ``rules``); None uses the schema form."""

    def __init__(self, settings: S, context: NodeContext) -> None:
        self.settings = settings
        self.context = context

    @abstractmethod
    def process(self, records: Sequence[Record], out: Outbox) -> None:
        """Handles a batch. Pure; must not change a record or its data in place."""

    @classmethod
    def upgrade(cls, settings: dict[str, Any], version: int) -> dict[str, Any]:
        """Settings of an older version in today's form; applied on loading, never in the database."""
        return settings

    @classmethod
    def ports_out(cls, settings: S) -> tuple[Port, ...]:
        """Output ports, for types whose ports depend on their settings (switch, rules)."""
        return cls.outputs

    @property
    def fills(self) -> tuple[str, str] | None:
        """(slot, entity) of the object whose fields it makes, if it says so: they are called as they are there."""
        return None

    def infer(self, shapes: Mapping[str, Entity | None]) -> Mapping[str, Entity | None]:
        """Port → shape of the records that leave there, given the shapes by input port."""
        first = next(iter(shapes.values()), None)
        return {port.name: first for port in self.ports_out(self.settings)}

    def check(self) -> list[Problem]:
        """Problems that the settings model alone cannot see. ``node`` is filled in by the plan."""
        return []

    def summary(self) -> str:
        """One line in plain words for the card ("12 fields → ARINVOICE")."""
        return ""


class After(Document):
    """After which flow (its slug) a trigger fires: when it is done, without failed or held records, with a failure, or
    however it ended."""

    flow: str
    when: Literal["done", "clean", "failed", "over"] = "done"


class TriggerNode(Node[S]):
    """Starts runs. ``process`` passes on what the trigger brought.

    timer, after   set by types that fire by themselves: by the clock, or when another flow is done
    overlap        what to do when runs of the flow are not over; None leaves it to the flow's policy
    settle         seconds in which several events on the same records become one run
    wants_changes  the read nodes behind must read only what changed
    """

    inputs: ClassVar[tuple[Port, ...]] = ()
    wants_changes: ClassVar[bool] = False
    timer: Timer | None = None
    after: After | None = None
    overlap: Overlap | None = None
    settle: float = 0.0

    def bring(self, brought: Any) -> list[Record]:
        """The records in what the trigger brought: each element of a list, or the one object."""
        found = brought if isinstance(brought, list) else [brought]
        return [
            Record(str(one.get("id") or fingerprint(one)) if isinstance(one, dict) else fingerprint(one), one)
            for one in found
        ]

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        out.send_all(records)


class ReadNode(Node[S]):
    """Reads records from a system, page by page. Its input is what the trigger brought, if anything."""

    slot: str
    """The connection slot to read from."""

    @abstractmethod
    def query(self, trigger: Record | None) -> Query:
        """What to read for this trigger; ``keys`` is set when the trigger names records."""

    deletes: Literal["ignore", "sweep", "feed"] = "ignore"
    """How deleted objects are noticed: not at all, by asking which ids are left, or by the system's own word."""
    sweep_hours: float = 24.0
    """At most every so many hours; 0 sweeps in every run."""

    @property
    def incremental(self) -> bool:
        """True when only what changed since the watermark is wanted."""
        return False

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        looked_back_on = out.looked_back_on
        out.send_all([self.remembered(record, out) for record in records] if looked_back_on else records)

    def remembered(self, record: Record, out: Outbox) -> Record:
        """With what it is now as the result of this step, if anybody looks back on it."""
        return record.with_step(self.context.node, record.data) if out.looked_back_on else record


class Want(BaseModel):
    """What a LookupNode needs for a batch: exact matches in one entity, fetched in bulk.

    ``matches`` maps an answer key to the match (field → value) that it stands for.
    """

    model_config = ConfigDict(frozen=True)

    slot: str
    entity: str
    fields: tuple[str, ...] = ()
    matches: dict[str, dict[str, Any]]


class LookupNode(Node[S]):
    """Fetches something for each record. The executor asks the system; ``process`` joins the answers.

    ``out.answers`` maps each answer key to a list of row dicts (the found objects' data, key included).
    """

    slot: str
    """The connection slot to ask."""

    @abstractmethod
    def want(self, records: Sequence[Record], run: Mapping[str, Any] | None = None) -> Want:
        """Pure: which rows this batch needs. ``run``: the facts that ``process`` will see too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteTarget:
    """Where and how a WriteNode writes.

    operation  upsert: update what matches, else create · create: never twice · update: never create ·
               delete: what this installation has written or linked, and nothing else
    match      target fields by which an existing object is recognised
    alike      how the values of a match field are compared, where not as text (engine.alike)
    on_missing what happens when an update finds nothing
    """

    slot: str
    entity: str
    operation: Literal["upsert", "create", "update", "delete"] = "upsert"
    match: tuple[str, ...] = ()
    alike: Mapping[str, str] = field(default_factory=dict)
    on_missing: Literal["hold", "skip", "fail"] = "fail"
    number_field: str | None = None
    reference_field: str | None = None


class WriteNode(Node[S]):
    """Writes records to a system. The executor delivers; what the system answered joins the record.

    Outputs: ``written`` (created or updated), ``unchanged``, ``held``, ``failed``. The answer is under
    ``$steps.<node id>``: id, number, link, outcome and further answered fields.
    """

    outputs: ClassVar[tuple[Port, ...]] = (
        Port(name="written", title="Written", required=False),
        Port(name="unchanged", title="Unchanged", required=False),
        Port(name="held", title="Held", required=False),
        Port(name="failed", title="Failed", required=False),
    )

    @abstractmethod
    def target(self) -> WriteTarget:
        """Where to write; constant for the life of the node."""

    @abstractmethod
    def identify(self, record: Record, run: Mapping[str, Any] | None = None) -> tuple[str | None, str, str]:
        """(the target's id if it is already known, source entity, source id) of what a record stands for.

        The last two name the source object in the cross reference: by default the record itself, for the
        customer of an opportunity the account. ``run``: facts of the record's run.
        """

    def conditions(self, record: Record) -> Mapping[str, str]:
        """Target field → ``create`` or ``update``: values that are only meant for one of the two."""
        return {}

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        raise TypeError("a write node is delivered by the executor, not processed")


class SyncNode(WriteNode[S]):
    """Keeps the objects of two systems in step. A record is only a signal that its pair must be looked at.

    The executor fetches both sides, decides field by field, and writes to one of them or to both.
    """

    @abstractmethod
    def agreement(self) -> Agreement:
        """What is kept in step, and how; constant for the life of the node."""

    @abstractmethod
    def sides(self) -> tuple[Side, Side]:
        """Left and right, also of a drawing that is not finished."""

    @abstractmethod
    def pairs(self) -> tuple[FieldPair, ...]:
        """The pairs of fields, also of a drawing that is not finished."""

    @cached_property
    def terms(self) -> Terms:
        """The agreement, ready to decide by."""
        return prepare(self.agreement(), self.context.tables, self.context.rules)

    def target(self) -> WriteTarget:
        """The right side, for whoever needs one target to name."""
        right = self.sides()[1]
        return WriteTarget(slot=right.slot, entity=right.entity, match=tuple(right.match))

    def identify(self, record: Record, run: Mapping[str, Any] | None = None) -> tuple[str | None, str, str]:
        return None, record.origin.entity if record.origin else "", record.key
