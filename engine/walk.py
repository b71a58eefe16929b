"""The way of a batch through a drawing: pure, in order, in memory.

``walk`` is a generator. It runs the pure nodes itself and stops at the rim: it yields an Ask when a lookup
node needs rows or a write node has records to deliver, and is sent the answer. Being pure, it can be
repeated after a crash, or years later to explain a value, and asks the same questions in the same order.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from engine.errors import EngineError, HeddleError, Held
from engine.node import REJECTED, LookupNode, Outbox, ReadNode, Trace, Want, WriteNode
from engine.plan import Plan
from engine.record import Outcome, Record, Result


@dataclass(frozen=True, slots=True)
class WantAsk:
    """A lookup node needs rows; answer with {answer key: [row, …]}."""

    node: str
    want: Want


@dataclass(frozen=True, slots=True)
class WriteAsk:
    """A write node has records to deliver; answer with one Receipt a record, in order."""

    node: str
    records: Sequence[Record]


Ask = WantAsk | WriteAsk


class Receipt(msgspec.Struct, frozen=True):
    """What delivering one record came to. ``operation`` is what was attempted, also in a dry run.

    sent     what was (or would be) sent          before  the target's values, where they are known
    slot, entity  where it was written, if not to the target of the node
    why      what a two-way sync decided: {"field", "left", "right", "value", "winner", "changed_by", "reason"}
    others   receipts of the same record for the other side of a two-way sync
    json     ``sent`` as exact JSON, where it is at hand
    """

    result: Result
    operation: str = ""
    sent: dict[str, Any] = {}
    before: dict[str, Any] | None = None
    slot: str = ""
    entity: str = ""
    why: list[dict[str, Any]] = []
    others: tuple[Receipt, ...] = ()
    json: bytes = b""

    def answer(self) -> dict[str, Any]:
        """What later nodes see under ``$steps.<node id>``."""
        return {
            **self.result.answer,
            "id": self.result.remote_id,
            "number": self.result.number,
            "link": self.result.link,
            "outcome": str(self.result.outcome),
        }


@dataclass(frozen=True, slots=True)
class Ending:
    """A record that went no further at this node: refused, held, or left out on purpose."""

    record: Record
    node: str
    outcome: Outcome
    error: HeddleError | None = None
    reason: str = ""
    verdict: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Passage:
    """What passed one node in this batch."""

    arrived: int = 0
    ports: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    held: int = 0
    ms: float = 0.0


@dataclass(slots=True)
class Course:
    """What a walk leaves behind: endings, counts by node, the outcome of each root, and optionally a trail.

    ``trail`` keeps, if asked for, each (node, port, record) that left a node.
    """

    endings: list[Ending] = field(default_factory=list)
    passages: dict[str, Passage] = field(default_factory=dict)
    trail: list[tuple[str, str, Record]] | None = None
    arrivals: dict[str, list[Record]] = field(default_factory=dict)


Walk = Generator[Ask, Any, None]

_PORT_OF = {
    Outcome.CREATED: "written",
    Outcome.UPDATED: "written",
    Outcome.UNCHANGED: "unchanged",
    Outcome.ECHO: "unchanged",
    Outcome.SKIPPED: "skipped",
    Outcome.HELD: "held",
    Outcome.CONFLICT: "held",
    Outcome.IN_DOUBT: "held",
    Outcome.FAILED: "failed",
    Outcome.REJECTED: "failed",
}


def behind(node: str, port: str) -> str:
    """The place of entry *behind* a node: as if the record had just left it by this port."""
    return f"{node}:{port}"


def node_of(place: str) -> str:
    """The node of a place of entry, be it at the node or behind it."""
    return place.partition(":")[0]


def walk(
    plan: Plan,
    entries: Mapping[str, Sequence[Record]],
    course: Course,
    trace: Trace | None = None,
    run: Mapping[str, Any] | None = None,
) -> Walk:
    """Takes records from where they enter to where they end. ``course`` is filled on the way.

    ``entries`` maps a node id, or a place ``behind`` a node, to the records that enter there.
    ``run`` is what values see as ``$run``: ``{"started": …}``, equal however often a batch is walked.

    Raises EngineError when a node loses a record: nothing may vanish without a word.
    """
    inbox: dict[str, list[Record]] = {}
    gone_on: dict[str, dict[str, list[Record]]] = {}
    for place, entering in entries.items():
        at, _, port = place.partition(":")
        if port:
            gone_on.setdefault(at, {})[port] = list(entering)
        else:
            inbox[at] = list(entering)
        del entering
    del entries  # what nobody asks for any more is forgotten on the way: a batch fills the processor's caches
    looked_back_on = plan.looks_back or trace is not None or course.trail is not None
    for node_id in plan.order:
        if node_id in gone_on:
            _leave(plan, node_id, gone_on[node_id], course, inbox)
        records = inbox.pop(node_id, None)
        if not records:
            continue
        node = plan.nodes[node_id]
        passage = course.passages.setdefault(node_id, Passage())
        passage.arrived += len(records)
        if course.trail is not None:
            course.arrivals.setdefault(node_id, []).extend(records)
        started = time.perf_counter()
        if isinstance(node, WriteNode):
            receipts: Sequence[Receipt] = yield WriteAsk(node_id, records)
            started = time.perf_counter()  # who delivers counts that time
            out = _file_receipts(plan, node_id, records, receipts, course)
        else:
            answers: Mapping[str, Any] | None = None
            if isinstance(node, LookupNode):
                answers = yield WantAsk(node_id, node.want(records, run))
                started = time.perf_counter()
            out = Outbox(answers, trace, run, looked_back_on=looked_back_on)
            node.process(records, out)
            _judge(node_id, records, out)
        passage.ms += (time.perf_counter() - started) * 1000
        _end(plan, node_id, out, course, passage, inbox)
        _leave(plan, node_id, out.ports, course, inbox)


def _file_receipts(
    plan: Plan, node_id: str, records: Sequence[Record], receipts: Sequence[Receipt], course: Course
) -> Outbox:
    out = Outbox()
    together = not plan.connected(node_id, "unchanged")
    onward = {port for (node, port) in plan.edges if node == node_id}
    kept = course.trail is not None
    for record, receipt in zip(records, receipts, strict=True):
        port = _PORT_OF[receipt.result.outcome]
        if port == "unchanged" and together:
            port = "written"
        if kept or port in onward:
            record = record.with_step(node_id, receipt.answer())  # noqa: PLW2901 - as it goes on
        out.send(record, port)
    return out


def _judge(node_id: str, records: Sequence[Record], out: Outbox) -> None:
    """Every root that came in must have left: by a port, a failure or a skip."""
    left = {record.root for leaving in out.ports.values() for record in leaving}
    left.update(record.root for record, _ in out.failures)
    left.update(record.root for record, _ in (*out.skipped, *out.verdicts))
    lost = {record.root for record in records} - left
    if lost:
        raise EngineError(f"The node {node_id!r} lost {len(lost)} records.", code="E-LOST")


def _end(
    plan: Plan, node_id: str, out: Outbox, course: Course, passage: Passage, inbox: dict[str, list[Record]]
) -> None:
    for record, error in out.failures:
        if isinstance(error, Held):
            passage.held += 1
            course.endings.append(Ending(record, node_id, Outcome.HELD, error))
            continue
        passage.failed += 1
        targets = plan.edges.get((node_id, REJECTED.name), ())
        if not targets:
            course.endings.append(Ending(record, node_id, Outcome.FAILED, error))
        told = record.with_step(node_id, {"error": error.message, "code": error.code})
        for target in targets:
            inbox.setdefault(target, []).append(told)
    course.endings.extend(
        Ending(record, node_id, Outcome.SKIPPED, None, reason) for record, reason in out.skipped
    )
    course.endings.extend(
        Ending(record, node_id, Outcome.SKIPPED, None, "It decides a conflict.", answers)
        for record, answers in out.verdicts
    )


def _leave(
    plan: Plan,
    node_id: str,
    ports: Mapping[str, list[Record]],
    course: Course,
    inbox: dict[str, list[Record]],
) -> None:
    passage = course.passages.setdefault(node_id, Passage())
    for port, leaving in ports.items():
        passage.ports[port] = passage.ports.get(port, 0) + len(leaving)
        if course.trail is not None:
            course.trail.extend((node_id, port, record) for record in leaving)
        _pass_on(plan, node_id, port, leaving, inbox, course)


def _pass_on(
    plan: Plan, node_id: str, port: str, leaving: list[Record], inbox: dict[str, list[Record]], course: Course
) -> None:
    node = plan.nodes[node_id]
    targets = [
        target
        for target in plan.edges.get((node_id, port), ())
        if not isinstance(plan.nodes[target], ReadNode)
    ]
    if not targets and not isinstance(node, WriteNode) and not plan.connected(node_id, port):
        title = next((p.title for p in node.ports_out(node.settings) if p.name == port), "") or port
        reason = f"Left «{plan.title(node_id)}» by «{title}», which leads nowhere."
        course.endings.extend(Ending(record, node_id, Outcome.SKIPPED, None, reason) for record in leaving)
    for target in targets:
        inbox.setdefault(target, []).extend(leaving)
