"""What keeping in step works on: where it runs, two objects that are looked at, and what it all came to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.agreement import SIDES, Agreement, SideName, other
from engine.allowance import Allowance
from engine.arbiter import Terms
from engine.connector import Connector
from engine.errors import HeddleError, Held, Unavailable
from engine.headway import Headway
from engine.node import SyncNode
from engine.planned import Approval
from engine.precedence import Decision
from engine.record import Outcome, Record, Remote, Result
from engine.scope import ANSWERS
from engine.store.agreements import Kept
from engine.store.conflicts import Conflict
from engine.store.database import Database, Session
from engine.store.references import Pair, Reference
from engine.store.roots import Root
from engine.translation import Translator
from engine.walk import Receipt


class Connectors(Mapping[SideName, Connector[Any]]):
    """The connections of both sides. Each is asked for right before it is called, so that whoever keeps count of
    refusals knows which of the two refused."""

    def __init__(self, node: SyncNode[Any], connect: Callable[[str], Connector[Any]]) -> None:
        self._slots: dict[SideName, str] = dict(zip(SIDES, (side.slot for side in node.sides()), strict=True))
        self._connect = connect

    def __getitem__(self, side: SideName) -> Connector[Any]:
        return self._connect(self._slots[side])

    def __iter__(self) -> Iterator[SideName]:
        return iter(SIDES)

    def __len__(self) -> int:
        return len(SIDES)


@dataclass(frozen=True)
class SyncErrand:
    """Everything that keeping in step needs to know about where it runs; the rest is as in engine.intent.Errand.

    connectors, connections, allowances, approvals  by side          run_id  empty outside of a run
    """

    database: Database
    flow_id: str
    node_id: str
    terms: Terms
    connectors: Mapping[SideName, Connector[Any]]
    connections: Mapping[SideName, str]
    claim: str
    keep_lease: Callable[..., None]
    guard: Callable[[Session, Collection[str]], None]
    dry: bool = False
    run_id: str = ""
    patience: float = 90.0
    silent_until: float | None = None
    headway: Headway = field(default_factory=Headway)
    allowances: Mapping[SideName, Allowance | None] = field(default_factory=dict)
    approvals: Mapping[SideName, Approval | None] = field(default_factory=dict)

    @property
    def agreement(self) -> Agreement:
        return self.terms.agreement

    @property
    def translators(self) -> Mapping[str, Translator]:
        return self.terms.translators

    @property
    def pair(self) -> Pair:
        left, right = self.agreement.left, self.agreement.right
        return Pair(self.connections["left"], left.entity, self.connections["right"], right.entity)

    def pair_from(self, side: SideName) -> Pair:
        """The pair as a create on the other side is claimed: from where the object is that has no counterpart yet."""
        there = other(side)
        return Pair(self.connections[side], self.entity(side), self.connections[there], self.entity(there))

    def entity(self, side: SideName) -> str:
        return self.agreement.side(side).entity

    def called(self, side: SideName) -> str:
        """What people call a side; both systems may be of one kind."""
        titles = {name: self.connectors[name].title for name in SIDES}
        if titles["left"] == titles["right"]:
            return f"{titles[side]} {self.entity(side)}"
        return titles[side]


@dataclass(frozen=True)
class Said:
    """What a person answered when an object was gone: merged (into ``id``), delete, mark or keep."""

    choice: str
    id: str = ""

    @staticmethod
    def key(node: str, gone: str) -> str:
        """Under which a record carries what was said of an object; see engine.scope.ANSWERS."""
        return f"{node}/gone/{gone}"

    @classmethod
    def of(cls, node: str, record: Record) -> Said | None:
        """What was said of the loss that the record waited for."""
        for name, told in record.steps.get(ANSWERS, {}).items():
            if name.startswith(cls.key(node, "")):
                choice, _, survivor = str(told).partition(":")
                return cls(choice, survivor)
        return None

    def text(self) -> str:
        """As a record carries it."""
        return f"{self.choice}:{self.id}" if self.id else self.choice


@dataclass(frozen=True)
class Merge:
    """Two objects of one side became one. ``partner`` is that of the survivor, if it had one of its own already."""

    side: SideName
    loser: str
    survivor: str
    partner: str | None = None


@dataclass(eq=False)
class Couple:
    """Two objects that are looked at, or one that has no partner yet.

    at        places in the batch of the records that brought it       record  the last of them
    side      where that record comes from                             deleted  sides that said it is deleted
    now       both objects as they stand                               kept    what we remember of the pair
    pending   a create on the other side may have happened: it must be looked for
    begun     an earlier attempt at this batch has claimed the pair, and may have written
    changes   side → path → the value it is to have                    removes  the side to be deleted
    judged    it is decided what becomes of it                     sent    sides to which all of it was sent
    successors  side → id into which the object is said to be merged   answer  what a person said of a loss
    merged    the merge that led to this pair, or left it over     left_out  it is no longer kept in step
    papers    what it came to, one a side or question             reason  why, when no field decided it
    """

    at: list[int]
    record: Record
    side: SideName
    ids: dict[SideName, str | None]
    kept: Kept | None = None
    waiting: Conflict | None = None
    deleted: set[SideName] = field(default_factory=set)
    now: dict[SideName, Remote | None] = field(default_factory=dict)
    pending: bool = False
    begun: bool = False
    decisions: list[Decision] = field(default_factory=list)
    changes: dict[SideName, dict[str, Any]] = field(default_factory=lambda: {"left": {}, "right": {}})
    removes: SideName | None = None
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    holds: list[Held] = field(default_factory=list)
    sent: set[SideName] = field(default_factory=set)
    failed: set[SideName] = field(default_factory=set)
    judged: bool = False
    successors: dict[SideName, str] = field(default_factory=dict)
    answer: Said | None = None
    merged: Merge | None = None
    left_out: bool = False
    reason: str = ""
    papers: list[Receipt] = field(default_factory=list)
    over: bool = False

    @property
    def title(self) -> str:
        return self.record.title or self.ids[self.side] or self.record.key

    def end(self, outcome: Outcome, message: str, **more: Any) -> None:
        """It goes no further."""
        operation = {Outcome.HELD: "hold", Outcome.UNCHANGED: "unchanged", Outcome.ECHO: "unchanged"}
        result = Result(outcome, self.ids.get(other(self.side)), message=message, **more)
        self.papers.append(Receipt(result, operation.get(outcome, "")))
        self.over = True

    def hold(self, message: str, question: dict[str, Any], cure: str, code: str = "E-HELD") -> None:
        self.end(Outcome.HELD, message, question=question, detail=cure, code=code)


@dataclass
class Reconciled:
    """The receipts so far (None where undone), what to remember, and what interrupted us, if anything.

    settled   keys of pairs without an open conflict      known  objects whose holds and failures are over as well
    moved     merges after which a pair, by its row, is that of the survivor
    left_out  what is no longer kept in step, with the side that is lost
    partners  id of an object that a record brought → id of its counterpart
    """

    receipts: list[Receipt | None]
    references: list[Reference] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    released: list[tuple[Pair, str, str]] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    moved: list[tuple[Kept, Merge]] = field(default_factory=list)
    left_out: list[tuple[Kept, SideName]] = field(default_factory=list)
    known: list[Root] = field(default_factory=list)
    partners: dict[str, str] = field(default_factory=dict)
    interruption: HeddleError | None = None


BUSY = "Another run is looking at the same objects right now."


def busy() -> Unavailable:
    return Unavailable(BUSY, code="E-BUSY", retry_after=0.3)
