"""What the web side asks about runs: lists, progress, the canvas overlay. Nothing here changes anything."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select

from engine import tempo
from engine.clock import iso, now
from engine.errors import EngineError
from engine.flow import Flow
from engine.patience import TOLD
from engine.record import COUNTED, COUNTS_AS, from_json
from engine.store import approvals, passages, turns
from engine.store.deliveries import Delivery
from engine.store.flows import FlowVersion, names
from engine.store.lanes import Lane, StagedBatch
from engine.store.passages import Step
from engine.store.reviews import Hold
from engine.store.runs import OPEN, Run
from engine.store.timepiece import shared_now

MOST_BEFORE = 100
"""Runs that are named of those that come before one."""
STEADY = 5.0
"""Seconds to which moments are rounded that are reckoned anew at each look."""


def open_runs(session: Session, flow_id: str) -> int:
    """How many runs of a flow are not over."""
    query = select(func.count()).where(Run.flow_id == flow_id, col(Run.state).in_(OPEN))
    return session.exec(query).one()


def count_by_state(session: Session) -> dict[str, int]:
    """How many runs there are in each state."""
    query = select(Run.state, func.count()).group_by(Run.state)
    return {state: int(count) for state, count in session.exec(query)}


def count_held(session: Session) -> int:
    """How many records wait for an answer."""
    return int(session.exec(select(func.count()).where(Hold.state == "open")).one())


def last_runs(session: Session, flow_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Flow id → its newest run, as the list of flows shows it."""
    newest = select(func.max(Run.id)).where(col(Run.flow_id).in_(flow_ids)).group_by(Run.flow_id)
    rows = session.exec(select(Run).where(col(Run.id).in_(newest)))
    return {
        row.flow_id: {
            "id": row.id,
            "state": row.state,
            "at": iso(row.started_at or row.created_at),
            "counts": counts(session, row),
        }
        for row in rows
    }


def counts(session: Session, run: Run) -> dict[str, int]:
    """Every count of a run; of an open one, what its lanes have settled so far."""
    return _so_far(session, run)[0]


def _so_far(session: Session, run: Run) -> tuple[dict[str, int], int]:
    """Every count, and the records of batches under way that are through and not counted yet."""
    known, more = (from_json(run.counts), 0) if run.counts else passages.so_far(session, run.id)
    return {name: int(known.get(name, 0)) for name in ("read", *COUNTED)}, 0 if run.ended_at else more


def outcomes_of(group: str) -> list[str]:
    """The outcomes that count as ``group``; a plain outcome stands for itself."""
    return [str(outcome) for outcome, counted in COUNTS_AS.items() if group in (counted, outcome)]


def runs(
    session: Session,
    *,
    flow_id: str | None = None,
    state: str = "",
    outcome: str = "",
    q: str = "",
    before: str = "",
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Runs, newest first. ``q`` finds those that touched a record by key, number or a part of its title."""
    query = select(Run).order_by(col(Run.id).desc()).limit(limit)
    if flow_id is not None:
        query = query.where(Run.flow_id == flow_id)
    if state:
        query = query.where(Run.state == state)
    if before:
        query = query.where(col(Run.id) < before)
    if outcome:
        query = query.where(
            select(Delivery.id)
            .where(Delivery.run_id == Run.id, col(Delivery.outcome).in_(outcomes_of(outcome)))
            .exists()
        )
    if q:
        query = query.where(
            or_(
                col(Run.id).startswith(q, autoescape=True),
                select(Delivery.id).where(Delivery.run_id == Run.id, found_by(q)).exists(),
            )
        )
    return rows(session, list(session.exec(query)))


def rows(session: Session, found: Sequence[Run]) -> list[dict[str, Any]]:
    """Runs as lists show them."""
    flows = names(session, {run.flow_id for run in found})
    versions = _numbers(session, {run.version_id for run in found})
    return [_row(session, run, flows, versions) for run in found]


def found_by(q: str) -> ColumnElement[bool]:
    """Deliveries that a person means by ``q``."""
    return or_(
        col(Delivery.key) == q,
        col(Delivery.root) == q,
        col(Delivery.number) == q,
        col(Delivery.title).icontains(q, autoescape=True),
    )


def get(session: Session, run_id: str) -> Run | None:
    return session.get(Run, run_id)


def document(session: Session, run: Run) -> Flow:
    """The drawing that the run follows."""
    version = session.get(FlowVersion, run.version_id)
    if version is None:
        raise EngineError(f"Run {run.id} follows a version that is not there.")
    return version.document()


def by_cause(session: Session, key: str) -> Run | None:
    return session.exec(select(Run).where(Run.cause_key == key)).first()


def progress(session: Session, run: Run) -> dict[str, Any]:
    """One run with everything that its page and the canvas overlay show."""
    (row,) = rows(session, [run])
    nodes = _nodes(session, run.id)
    done = row["counts"]["read"]
    rate = _rate(session, run, done)
    ahead = _ahead(session, run, done)
    done += row["answered"]
    total = None if ahead["at_least"] else ahead["total"]
    return {
        **row,
        "seq": int(now() * 1000),
        "nodes": nodes,
        "edges": _edges(document(session, run), nodes, run.trigger),
        "rate": rate,
        **ahead,
        "left_s": round((total - done) / rate, 1) if total and rate and run.ended_at is None else None,
        "retry_at": iso(run.retry_at) if run.retry_at else None,
        "code": run.code,
        "approvals": approvals.waiting_of_run(session, run.id),
        "parent": run.parent_id,
        "plan": run.plan_id,
        "reads": _reads(session, run),
        "children": _children(session, run.id),
    }


def silence(session: Session, run: Run, lease: float) -> dict[str, str] | None:
    """Since when nobody who works on a run has given a sign of life, where that is longer than it should be, and when
    others take over; None while all is well, or nobody works on it. ``lease`` as the workers have it, in seconds."""
    owned = (Lane.run_id == run.id, Lane.state == "open", col(Lane.owner).is_not(None))
    until = session.exec(select(func.max(Lane.until)).where(*owned)).one()
    left = None if until is None else until - shared_now(session)
    if left is None or left > lease / 2:
        return None
    ends = round((now() + left) / STEADY) * STEADY
    return {"since": iso(ends - lease), "until": iso(ends)}


def _row(
    session: Session, run: Run, flows: Mapping[str, tuple[str, str]], versions: Mapping[int, int | None]
) -> dict[str, Any]:
    slug, name = flows.get(run.flow_id, ("", run.flow_id))
    counted, answered = _so_far(session, run)
    return {
        "id": run.id,
        "flow": {"slug": slug, "name": name},
        "version": versions.get(run.version_id),
        "mode": run.mode,
        "state": run.state,
        "cause": {"kind": run.cause_kind, "by": run.cause_by},
        "counts": counted,
        "answered": answered,
        "before": turns.before(session, run)[:MOST_BEFORE],
        "started_at": iso(run.started_at or run.created_at),
        "ended_at": iso(run.ended_at) if run.ended_at else None,
        "message": run.message,
    }


def _numbers(session: Session, ids: set[int]) -> dict[int, int | None]:
    rows = session.exec(select(FlowVersion.id, FlowVersion.number).where(col(FlowVersion.id).in_(ids)))
    return {version_id: number for version_id, number in rows if version_id is not None}


def _nodes(session: Session, run_id: str) -> dict[str, dict[str, Any]]:
    """What passed each node, added up over the lanes."""
    total: dict[str, dict[str, Any]] = {}
    for step in session.exec(select(Step).where(Step.run_id == run_id)):
        node = total.setdefault(step.node, {"in": 0, "ports": {}, "failed": 0, "held": 0, "ms": 0.0})
        node["in"] += step.arrived
        node["failed"] += step.failed
        node["held"] += step.held
        node["ms"] = round(node["ms"] + step.ms, 1)
        for port, count in from_json(step.ports).items():
            node["ports"][port] = node["ports"].get(port, 0) + count
    return total


def _edges(flow: Flow, nodes: Mapping[str, Mapping[str, Any]], trigger: str) -> dict[str, int]:
    """What went along each edge: what left its port. The trigger that fired handed on what arrived next."""
    found = {}
    for edge in flow.edges:
        if edge.source in nodes:
            passed = nodes[edge.source]["ports"].get(edge.output, 0)
        else:
            passed = nodes[edge.target]["in"] if edge.source == trigger and edge.target in nodes else 0
        found[f"{edge.source}.{edge.output}>{edge.target}.{edge.input}"] = passed
    return found


def _rate(session: Session, run: Run, done: int) -> float | None:
    """Records a second: of late as long as it goes on, over all of its time when it has ended. None if unknown."""
    if run.ended_at is not None:
        pace = done / max(run.ended_at - (run.started_at or run.ended_at), 0.001)
        return round(pace, 3) or None
    if run.going_since is None or not (run.state == "running" or run.code == TOLD):
        return None
    beats = session.exec(select(Lane.beats).where(Lane.run_id == run.id))
    recent = tempo.of_late(beats, run.going_since, now())
    return None if recent is None else round(recent, 3)


def _children(session: Session, run_id: str) -> list[dict[str, str]]:
    """The runs that repeat a part of this one or tell of it, and why each was started."""
    query = select(Run.id, Run.cause_kind).where(Run.parent_id == run_id).order_by(Run.id)
    return [{"id": child, "cause": cause} for child, cause in session.exec(query)]


def _reads(session: Session, run: Run) -> list[dict[str, Any]]:
    """Of each step that read only what changed: from when until when; ``since`` None: from the beginning."""
    until = from_json(run.window).get("until")
    return [{"node": node, "since": since, "until": until} for node, since in bounds(session, run.id).items()]


def bounds(session: Session, run_id: str) -> dict[str, str | None]:
    """Of each step that read only what changed: from when; None: from the beginning."""
    reader = select(Lane.cursor).where(Lane.run_id == run_id, Lane.number == 0)
    cursor = session.exec(reader).first()
    return dict(from_json(cursor).get("bounds", {})) if cursor else {}


def _ahead(session: Session, run: Run, done: int) -> dict[str, Any]:
    """Whether it still reads, and how many records there are in all: as long as it reads about, or at least; None if
    unknown."""
    if run.ended_at is not None:
        return {"reading": False, "total": done, "at_least": False}
    waiting = (  # found by their numbers: payloads of what is done would be read otherwise
        select(func.sum(StagedBatch.count))
        .where(StagedBatch.run_id == Lane.run_id, StagedBatch.lane == Lane.number)
        .where(StagedBatch.number >= Lane.next, StagedBatch.state == "staged")
        .correlate(Lane)
        .scalar_subquery()
    )
    sums = session.exec(select(waiting).select_from(Lane).where(Lane.run_id == run.id))
    known = done + sum(filter(None, sums))
    reader = select(Lane.cursor).where(Lane.run_id == run.id, Lane.number == 0, Lane.state == "open")
    open_reader = session.exec(reader).all()
    if not open_reader:
        return {"reading": False, "total": known, "at_least": False}
    cursor = from_json(open_reader[0]) if open_reader[0] else {}
    told = cursor.get("total")
    total = None if told is None else max(told, known)
    return {"reading": True, "total": total, "at_least": cursor.get("at_least", False)}
