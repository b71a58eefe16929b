"""One mechanism for every "again": a new run that enters the graph where records were stopped.

The walk is pure, so where a record stood is found by walking its staged batch once more with the receipts
that were stored, and taking what arrived at the node. Nothing else has to be kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.batch import unpack, unpack_answers
from engine.bounds import within
from engine.errors import RequestError
from engine.explain import Story
from engine.node import ReadNode
from engine.plan import Plan
from engine.record import Origin, Record
from engine.store import deliveries, history, lanes
from engine.store.database import Session
from engine.store.history import Stop
from engine.store.runs import load_run
from engine.walk import WantAsk, walk


@dataclass(frozen=True)
class Again:
    """What to enter where: node → records, and how many source records that is."""

    entries: dict[str, list[Record]]
    records: int


def gather(session: Session, plan_of: Mapping[str, Plan], stops: Sequence[Stop], current: Plan) -> Again:
    """The records that were stopped, each at the node where it stood.

    plan_of  run id → the plan it ran on         current  the plan they shall go on with
    Raises RequestError when a node is no longer in the drawing, or nothing is left to do again.
    """
    entries: dict[str, list[Record]] = {}
    for (run_id, lane, number), some in _by_batch(stops).items():
        course = repeat(session, plan_of[run_id], run_id, lane, number).course
        arrivals = {
            node: {record.key: record for record in course.arrivals.get(node, [])}
            for node in {stop.node for stop in some}
        }
        for stop in some:
            if stop.node not in current.nodes:
                raise RequestError(
                    f"The step at which {stop.title or stop.root} stopped is no longer in the flow.",
                    status=409,
                    code="E-NODE-GONE",
                    cure="Retry on the version of the run, or from the trigger.",
                )
            arrived = arrivals[stop.node].get(stop.key)
            if arrived is not None:
                entries.setdefault(stop.node, []).append(_rooted(arrived, stop.root))
    if not entries:
        raise RequestError(
            "There is nothing to do again: no record is failed or held.",
            status=409,
            code="E-NOTHING-LEFT",
            cure="Reload the run; its records have got through, or went on in a later run.",
        )
    return Again(entries, len({stop.root for stop in stops}))


def repeat(
    session: Session, plan: Plan, run_id: str, lane: int, number: int, root: str | None = None
) -> Story:
    """Walks a batch that is over once more, in memory, with the answers and receipts of then.

    root  the key of the only record to walk: what became of it did not depend on the others
    Raises RequestError (410) when its payload has been cleaned up.
    """
    staged = lanes.batch(session, run_id, lane, number)
    if staged is None:
        raise RequestError("The data of this batch has been cleaned up.", status=410, code="E-GONE")
    payload, _, _, answers, _ = staged
    story = Story(plan)
    entries = unpack(payload)
    if root is not None:
        entries = {node: [one for one in some if one.key == root] for node, some in entries.items()}
    way = within(walk(plan, entries, story.course, story.trace, load_run(session, run_id).facts()))
    told = unpack_answers(answers)
    reply: Any = None
    try:
        ask = next(way)
        while True:
            if isinstance(ask, WantAsk):
                reply = told.get(ask.node, {})
            else:
                reply = deliveries.receipts(session, run_id, lane, number, ask.node, root)
                if len(reply) < len(ask.records):
                    return story
                story.file(ask.node, ask.records, reply)
            ask = way.send(reply)
    except StopIteration:
        return story


def outstanding(
    session: Session, run_id: str, outcomes: Sequence[str], keys: Sequence[str] | None
) -> list[Stop]:
    """Where the records of a run (or of its retries) stand that have not got through yet."""
    stops = history.stops(session, history.family(session, run_id))
    wanted = [stop for stop in stops if stop.outcome in outcomes]
    return [stop for stop in wanted if stop.root in set(keys)] if keys is not None else wanted


def read_node(plan: Plan, origin: Origin | None) -> str | None:
    """The node that reads what came from there, if there is one."""
    for name in plan.order:
        node = plan.nodes[name]
        if origin is None or not isinstance(node, ReadNode) or node.slot != origin.slot:
            continue
        if node.query(None).entity == origin.entity:
            return name
    return None


def _by_batch(stops: Sequence[Stop]) -> dict[tuple[str, int, int], list[Stop]]:
    grouped: dict[tuple[str, int, int], list[Stop]] = {}
    for stop in stops:
        grouped.setdefault((stop.run_id, stop.lane, stop.batch), []).append(stop)
    return grouped


def _rooted(record: Record, root: str) -> Record:
    """A child of split goes on under its own key, and is counted as one."""
    return Record(
        record.key,
        record.data,
        0,
        record.origin,
        record.version,
        record.deleted,
        record.title or root,
        record.steps,
    )
