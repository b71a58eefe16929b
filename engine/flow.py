"""The drawn document: what people make, store, publish and share.

A flow is one JSON document. Names are only ever shown, never used as keys; connections are named slots,
so that no secret and no installation detail is inside; layout is kept apart from logic.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from engine.record import to_json

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
"""Ids of nodes, ports, slots and tables: lower case, stable for the life of the flow."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]

SHARED = "shared:"
"""What the name of a rule set or table of the library begins with, inside a drawing."""

Name = Annotated[
    str, StringConstraints(pattern=rf"^([a-z][a-z0-9_-]{{0,62}}|{SHARED}[a-z0-9][a-z0-9-]{{0,62}})$")
]
"""Names of rule sets and tables in a drawing: its own, or ``shared:<slug>``."""


MONTH = 31 * 24 * 60
"""Minutes: nothing is tried again later than that."""


class Document(BaseModel):
    """Base of everything people draw: frozen, and unknown keys are an error that names them.

    Numbers are finite: JSON has no word for others, so a document with one could never be read again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def spelled(word: Any) -> Any:
    """The word of a setting as it is written now: drawings from before 0.1.0 may say ``not-empty``."""
    return "not_empty" if word == "not-empty" else word


class Port(Document):
    """Where an edge starts or ends. ``title`` is shown when a node has more than one."""

    name: Identifier
    title: str = ""
    required: bool = True


class Node(Document):
    """One step. ``settings`` is validated by the node type; an unknown type keeps it untouched."""

    id: Identifier
    type: Identifier
    version: int = 1
    title: str = ""
    settings: dict[str, Any] = {}
    note: str = ""
    disabled: bool = False


class Edge(Document):
    """From an output port of one node to an input port of another."""

    source: Identifier
    output: Identifier = "out"
    target: Identifier
    input: Identifier = "in"


class Slot(Document):
    """A connection that the flow needs; each installation binds it to one of its own."""

    system: Identifier
    title: str = ""


class Options(Document):
    """Where the choices of a column come from: ``value`` and ``title`` are fields of an entity behind a slot."""

    slot: Identifier
    entity: Annotated[str, Field(min_length=1, max_length=200)]
    value: Annotated[str, Field(min_length=1, max_length=200)]
    title: Annotated[str, Field(max_length=200)] = ""


class Rates(Document):
    """What makes a lookup table one of currency rates. Its first column is the currency that is converted.

    to, rate, type  names of columns; one without ``type`` has one kind of rate
    digits          currency → decimal places that its amounts are rounded to; ``usual`` for all others
    inverse         whether a rate may also be used the other way round
    """

    to: str = "To"
    rate: str = "Rate"
    type: str = ""
    digits: dict[str, Annotated[int, Field(ge=0, le=6)]] = {}
    usual: Annotated[int, Field(ge=0, le=6)] = 2
    inverse: bool = False


class LookupTable(Document):
    """A value translation: the first column is the key, the others are what it stands for.

    options     column name → where its choices are read live, for whoever fills it in
    valid_from  name of the column with the first day of a row (ISO, empty: since ever); none: rows have no days
    valid_to    name of the column with its last day, that day included; without one, until the next row
    """

    title: str = ""
    columns: Annotated[list[str], Field(min_length=2)]
    rows: list[list[str | None]] = []
    description: str = ""
    options: dict[str, Options] = {}
    valid_from: str = ""
    valid_to: str = ""
    rates: Rates | None = None


class Pin(Document):
    """Which version of something in the library a drawing uses; its copy is in the drawing under ``shared:<slug>``.

    large  the copy has no rows: there are too many, and they are read from the library
    """

    kind: Literal["rules", "decision", "lookup"]
    version: Annotated[int, Field(ge=1)]
    title: Annotated[str, Field(max_length=200)] = ""
    large: bool = False

    def label(self) -> str:
        """What a reason calls it: «Credit rules, version 3»."""
        return f"{self.title or 'The library'}, version {self.version}"


class AmountLimit(Document):
    """At most this sum of a target field over one run; ``field`` is dotted inside nested objects."""

    field: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    limit: Annotated[Decimal, Field(ge=0)]


class Budget(Document):
    """What one run may write before it stops and asks. What is None is not limited; nothing is deleted unless
    ``deletes`` says how many."""

    creates: Annotated[int, Field(ge=0)] | None = None
    updates: Annotated[int, Field(ge=0)] | None = None
    deletes: Annotated[int, Field(ge=0)] | None = 0
    amount: AmountLimit | None = None


class Overlap(Document):
    """What becomes of a run that is to start while others of its flow are not over.

    kind      parallel: beside them · queue: it waits · skip: it is left out, and said so · cancel-older:
              they are stopped
    parallel  how many may work at once; 0 is no limit
    """

    kind: Literal["parallel", "queue", "skip", "cancel-older"] = "parallel"
    parallel: Annotated[int, Field(ge=0, le=32)] = 0

    @property
    def at_once(self) -> int:
        """How many runs may work at once; 0 is no limit."""
        return self.parallel if self.kind == "parallel" else 1


class Task(Document):
    """A task in a system for the person who has to act. Texts have places: see engine.tasks.

    fields  target field → text, to make it      done  target field → text, to close it
    """

    slot: Identifier
    entity: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "Activity"
    fields: dict[str, Annotated[str, StringConstraints(max_length=2000)]]
    done: dict[str, Annotated[str, StringConstraints(max_length=2000)]] = {}


class Alerts(Document):
    """Who is told once when records fail for good, or wait for an answer, and once more when that is over.

    mail  e-mails of people who can sign in         task  None: no task in any system
    """

    failed: bool = True
    held: bool = True
    mail: list[Annotated[str, StringConstraints(max_length=200)]] = []
    task: Task | None = None


class Policy(Document):
    """How the flow runs. ``overlap`` is for runs whose trigger has no word of its own on it; ``budget`` None: a run may
    write as much as it finds; ``four_eyes``: it posts to the ledger, so a second person publishes it; ``alerts`` None:
    nobody is told, the inbox alone has it.
    """

    lanes: Annotated[int, Field(ge=1, le=32)] = 1
    batch_size: Annotated[int, Field(ge=1, le=2000)] = 200
    retry_minutes: list[Annotated[float, Field(ge=0, le=MONTH)]] = [1.0, 5.0, 15.0]
    sample_size: Annotated[int, Field(ge=1, le=100)] = 10
    budget: Budget | None = None
    overlap: Overlap = Overlap()
    four_eyes: bool = False
    alerts: Alerts | None = None


class Position(Document):
    x: float
    y: float


class Flow(Document):
    """A whole drawing."""

    heddle: Literal[1] = 1
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    description: str = ""
    slots: dict[Identifier, Slot] = {}
    nodes: list[Node] = []
    edges: list[Edge] = []
    tables: dict[Name, LookupTable] = {}
    rules: dict[Name, dict[str, Any]] = {}
    decisions: dict[Name, dict[str, Any]] = {}
    shared: dict[Slug, Pin] = {}
    policy: Policy = Policy()
    layout: dict[Identifier, Position] = {}

    def node(self, node_id: str) -> Node | None:
        return next((node for node in self.nodes if node.id == node_id), None)

    def canonical(self) -> bytes:
        """The document with stable key order: equal drawings are equal bytes, and diffs stay small."""
        dumped = self.model_dump(mode="python", exclude_defaults=False)
        dumped["layout"] = dict(sorted(dumped["layout"].items()))
        return msgspec.json.format(to_json(dumped), indent=2)


def slugify(name: str) -> str:
    """``Closed Won → invoice`` becomes ``closed-won-invoice``."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "flow"
