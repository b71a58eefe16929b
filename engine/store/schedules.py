"""What starts by itself, and when: one row for each trigger of a live flow that needs nobody to press it."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Sequence
from typing import Any

from sqlalchemy import UniqueConstraint, update
from sqlmodel import Field, Session, SQLModel, col, select

from engine.clock import now
from engine.flow import Document
from engine.node import After
from engine.record import from_json, to_json
from engine.schedule import Timer, Timing, following
from engine.store.flows import FlowRow
from engine.store.runs import Run, of_cause

ASKED = 1000
"""Missed firings that are kept to be asked about; older ones are let go."""

LATE = 600.0
"""Seconds by which the end of a run may be committed after the end of one that was seen before."""


class Schedule(SQLModel, table=True):
    """One trigger that fires by itself.

    kind      time or after                         wanted   what the drawing says, canonical JSON
    state     on or paused                          version  raised by every change: only one may fire
    anchor    where intervals are counted from; for ``after``, runs that ended before are none of ours
    next_at   the next firing, None for ``after``   last_at  the newest firing, or end of a run, dealt with
    asked     JSON list of missed firings that somebody must decide on
    missed    how many were left out the last time  message  what there is to say about it
    """

    __tablename__ = "schedule"
    __table_args__ = (UniqueConstraint("flow_id", "node"),)

    id: int | None = Field(default=None, primary_key=True)
    flow_id: str = Field(foreign_key="flow.id")
    node: str
    kind: str
    wanted: str
    state: str = "on"
    version: int = 0
    anchor: float
    next_at: float | None = Field(default=None, index=True)
    last_at: float | None = None
    last_run: str | None = None
    asked: str = "[]"
    missed: int = 0
    message: str = ""
    updated_at: float = Field(default_factory=now)

    def timer(self) -> Timer:
        return Timer.model_validate(from_json(self.wanted))

    def after(self) -> After:
        return After.model_validate(from_json(self.wanted))

    def waiting(self) -> list[float]:
        """Missed firings that somebody must decide on, oldest first."""
        return [float(moment) for moment in from_json(self.asked)]


def arm(session: Session, flow_id: str, wanted: dict[str, Timer | After]) -> None:
    """Makes the rows of a flow those of its drawing (node → what it wants).

    What has not changed keeps its place; a changed timing starts anew from this moment.
    """
    rows = {row.node: row for row in of_flow(session, flow_id)}
    for node, gone in rows.items():
        if node not in wanted:
            session.delete(gone)
    for node, wish in wanted.items():
        kind, text = ("time" if isinstance(wish, Timer) else "after"), _text(wish)
        row = rows.get(node) or Schedule(flow_id=flow_id, node=node, kind=kind, wanted="{}", anchor=now())
        same = row.kind == kind and _moments(row.wanted) == _moments(text)
        row.kind, row.wanted = kind, text
        if not same:
            _restart(row)
        session.add(row)
    session.flush()


def restart(session: Session, flow_id: str) -> None:
    """From this moment on: what fell into the time in which the flow was paused was not missed."""
    for row in of_flow(session, flow_id):
        _restart(row)
        session.add(row)


def _restart(row: Schedule) -> None:
    """The next firing from now; intervals are counted from now, and what ended before is not looked at."""
    row.anchor, row.message, row.missed = now(), "", 0
    row.next_at = following(row.timer().timing, row.anchor, row.anchor) if row.kind == "time" else None
    row.version += 1
    row.updated_at = now()


def due(session: Session) -> list[Schedule]:
    """Timed triggers of live flows whose moment has come, the oldest first."""
    query = _active().where(Schedule.kind == "time", col(Schedule.next_at) <= now())
    return list(session.exec(query.order_by(col(Schedule.next_at)).limit(200)))


def chains(session: Session) -> list[Schedule]:
    """Triggers of live flows that wait for other flows."""
    return list(session.exec(_active().where(Schedule.kind == "after")))


def ended(session: Session, row: Schedule) -> list[Run]:
    """Live runs that ended since this trigger was armed and that it has not followed yet, oldest first.

    Those that were committed late are looked for once more; retries do not count.
    """
    since = max(row.anchor, (row.last_at or 0.0) - LATE)
    query = (
        select(Run)
        .join(FlowRow, col(FlowRow.id) == Run.flow_id)
        .where(
            FlowRow.slug == row.after().flow,
            col(Run.ended_at) >= since,
            Run.mode == "live",
            col(Run.parent_id).is_(None),
            col(Run.state).in_(("done", "failed")),
        )
        .order_by(col(Run.ended_at))
        .limit(200)
    )
    return [run for run in session.exec(query) if of_cause(session, chain_key(row, run.id)) is None]


def chain_key(row: Schedule, run_id: str) -> str:
    """The cause key of the run that follows a run."""
    return f"after:{row.flow_id}:{row.node}:{run_id}"


def advance(session: Session, row: Schedule, **values: Any) -> bool:
    """Changes the row if nobody else has meanwhile; the caller's transaction then fires. False: leave it."""
    changed = session.connection().execute(
        update(Schedule)
        .where(col(Schedule.id) == row.id, col(Schedule.version) == row.version)
        .values(version=row.version + 1, updated_at=now(), **values)
    )
    return changed.rowcount == 1


def note_run(session: Session, schedule_id: int | None, run_id: str) -> None:
    """The run that this trigger started last."""
    session.connection().execute(
        update(Schedule).where(col(Schedule.id) == schedule_id).values(last_run=run_id)
    )


def ask(row: Schedule, moments: Sequence[float]) -> str:
    """The list of firings to decide on with these added, the newest ones kept."""
    return to_json(sorted({*row.waiting(), *moments})[-ASKED:]).decode()


def pause(session: Session, row: Schedule, state: str) -> None:
    """Puts one trigger to sleep (paused) or wakes it up (on), from now on."""
    if row.state != state:
        row.state = state
        _restart(row)
        session.add(row)


def of_flow(session: Session, flow_id: str) -> list[Schedule]:
    return list(session.exec(select(Schedule).where(Schedule.flow_id == flow_id).order_by(Schedule.node)))


def sources(session: Session, slug: str) -> list[str]:
    """The slugs of the flows after which the flow with this slug starts."""
    query = select(Schedule).join(FlowRow).where(FlowRow.slug == slug, Schedule.kind == "after")
    return [row.after().flow for row in session.exec(query)]


def get(session: Session, schedule_id: int) -> Schedule | None:
    return session.get(Schedule, schedule_id, populate_existing=True)


def listed(session: Session) -> list[tuple[Schedule, FlowRow]]:
    """Every row with its flow, what comes next first."""
    query = (
        select(Schedule, FlowRow)
        .join(FlowRow)
        .where(col(FlowRow.deleted_at).is_(None))
        .order_by(col(Schedule.next_at).is_(None), col(Schedule.next_at), col(Schedule.id))
    )
    return list(session.exec(query).all())


def run_of(session: Session, run_id: str | None) -> Run | None:
    return session.get(Run, run_id) if run_id else None


def _active() -> Any:
    return (
        select(Schedule)
        .join(FlowRow, col(FlowRow.id) == Schedule.flow_id)
        .where(Schedule.state == "on", FlowRow.state == "live", col(FlowRow.deleted_at).is_(None))
    )


def _text(wish: Document) -> str:
    return to_json(wish.model_dump()).decode()


def _moments(wanted: str) -> Any:
    """The part of a wish that decides when it fires: a changed policy alone moves nothing."""
    wish = from_json(wanted)
    return Timing.model_validate(wish["timing"]) if "timing" in wish else wish
