"""Trying one step on records, and on those that really passed it: what it decides, and why.

Nothing is sent or stored: a decision is pure, so it can be made again, by another rule set, years later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bounds import bounded
from engine.errors import DefinitionError, HeddleError, Held, RequestError
from engine.flow import Flow
from engine.node import Node, NodeContext, Outbox, Trace
from engine.plan import Plan, build
from engine.record import Record
from engine.reentry import repeat
from engine.registry import node_types
from engine.store import flows, library, passed
from engine.store.database import Session
from engine.store.runs import load_run

MOST_BATCHES = 200
"""Batches walked again at most: somebody waits for the answer."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A record as it arrived at a step of a run; ``facts`` is what values saw as ``$run``."""

    record: Record
    run_id: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a step made of one record: where it left (``held`` and ``rejected`` included), as what, and why.

    leaves  (port, data) for each that left: the ports of the step, or ``held``, ``rejected``, ``skipped``
    """

    leaves: tuple[tuple[str, Any], ...]
    error: HeddleError | None
    notes: list[dict[str, Any]]

    @property
    def ports(self) -> list[str]:
        return [port for port, _ in self.leaves]

    @property
    def data(self) -> Any:
        """The record as it left; by several ports it leaves alike."""
        return self.leaves[0][1]

    def outcome(self) -> tuple[Any, ...]:
        """What is compared to tell whether two decisions are the same."""
        return (*((port, data) for port, data in self.leaves), self.error.message if self.error else "")


def make(node_type: str, settings: Mapping[str, Any], context: NodeContext) -> Node[Any]:
    """A step on its own. Raises DefinitionError or pydantic's ValidationError when its settings are wrong."""
    cls = node_types()[node_type]
    node = cls(cls.Settings.model_validate(settings), context)
    errors = [problem for problem in node.check() if problem.severity == "error"]
    if errors:
        raise DefinitionError(errors)
    return node


def of_flow(flow: Flow, node_id: str) -> Node[Any]:
    """A step of a drawing. Raises RequestError (409) when it is not in it, DefinitionError when it is wrong."""
    drawn = flow.node(node_id)
    if drawn is None or drawn.type not in node_types():
        raise RequestError(
            "This step is not in the published version yet.",
            status=409,
            code="E-NODE-GONE",
            cure="Publish the flow once; then there is something to compare with.",
        )
    settings = node_types()[drawn.type].upgrade(drawn.settings, drawn.version)
    return make(drawn.type, settings, NodeContext.of(flow, node_id))


def decide(
    node: Node[Any], record: Record, facts: Mapping[str, Any] | None = None, *, told: bool = True
) -> Decision:
    """What the step makes of one record. ``told`` collects the reasons."""
    alone = Record(
        record.key, record.data, 0, record.origin, record.version, record.deleted, record.title, record.steps
    )
    trace = Trace() if told else None
    out = Outbox(trace=trace, run=facts)
    with bounded():
        node.process([alone], out)
    leaves = [(port, left.data) for port, some in out.ports.items() for left in some]
    error = next((error for _, error in out.failures), None)
    leaves += [("held" if isinstance(error, Held) else "rejected", left.data) for left, error in out.failures]
    leaves += [("skipped", left.data) for left, _ in out.skipped]
    noted = [] if trace is None else [note for some in trace.notes.values() for note in some]
    notes = [note for note in noted if "field" not in note]  # how a field was set belongs to its explanation
    return Decision(tuple(leaves), error, notes)


def changes(before: Any, after: Any, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(dotted field, before, after) for each that differs."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            yield from changes(before.get(name), after.get(name), f"{prefix}.{name}".lstrip("."))
    elif before != after:
        yield prefix, before, after


def passed_by(session: Session, flow_id: str, node_id: str, limit: int) -> list[Passed]:
    """The newest real records that arrived at a step, each key once; as many as are still kept."""
    return gather(session, flow_id, node_id, limit)[0]


def gather(
    session: Session,
    flow_id: str,
    node_id: str,
    limit: int,
    since: float = 0.0,
    most: int = MOST_BATCHES,
) -> tuple[list[Passed], bool]:
    """The same from a moment on, and whether these are all that are kept.

    Their batches are walked once more on the version of their run, with the answers and receipts of then.
    """
    found: dict[str, Passed] = {}
    plans: dict[int, Plan | None] = {}
    batches = passed.batches(session, flow_id, most + 1, since)
    for run_id, version_id, lane, number in batches[:most]:
        if version_id not in plans:
            plans[version_id] = _plan(session, version_id)
        plan = plans[version_id]
        if plan is None or node_id not in plan.nodes:
            continue
        facts = load_run(session, run_id).facts()
        arrived = repeat(session, plan, run_id, lane, number).course.arrivals.get(node_id, [])
        for record in arrived:
            found.setdefault(record.key, Passed(record, run_id, facts))
        if len(found) >= limit:
            break
    return list(found.values())[:limit], len(batches) <= most and len(found) < limit


def _plan(session: Session, version_id: int) -> Plan | None:
    """The plan of an old version; None when this installation can no longer run it."""
    version = flows.version_by_id(session, version_id)
    try:
        return build(library.filled(session, version.document())) if version is not None else None
    except (DefinitionError, ValueError):
        return None


def compare(
    live: Node[Any], draft: Node[Any], records: Sequence[Passed]
) -> list[tuple[Passed, Decision, Decision]]:
    """The records that the draft would decide otherwise, with both decisions."""
    otherwise = []
    for one in records:
        old = decide(live, one.record, one.facts, told=False)
        new = decide(draft, one.record, one.facts, told=False)
        if old.outcome() != new.outcome():
            otherwise.append((one, old, decide(draft, one.record, one.facts)))
    return otherwise
