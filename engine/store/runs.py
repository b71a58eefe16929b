"""Runs, their lanes and their staged batches: the durable state of the executor.

A Run is one piece of work with a cause. Its work is cut into lanes by the hash of the record key, so that
one object's changes keep their order. Lane 0 reads (if there is something to read); lanes 1… deliver. A
worker owns a lane for the time of a lease; every commit is guarded by the lane's *fence*, a number that
grows with each claim, so a worker that was frozen and comes back late changes nothing.
"""

import secrets
import threading
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Index, LargeBinary, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select

from engine.clock import now
from engine.errors import RequestError
from engine.record import Record, from_json
from engine.store import plain

OPEN = ("queued", "running", "waiting", "paused")
"""The states of a run that is not over."""


class _Ids:
    """Ids of one process: within a millisecond they grow, from a random start by random steps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moment, self._tail = 0, 0

    def make(self) -> str:
        with self._lock:
            moment, tail = max(int(now() * 1000), self._moment), secrets.randbits(39)
            if moment == self._moment:
                moment, tail = divmod((moment << 40) + self._tail + 1 + secrets.randbits(16), 1 << 40)
            self._moment, self._tail = moment, tail
            return f"{moment:012x}{tail:010x}"

    def follow(self, known: str) -> None:
        """Ids that are made from now on sort behind this one, whatever the clock says."""
        with self._lock:
            place = int(known[:12], 16), int(known[12:], 16)
            self._moment, self._tail = max((self._moment, self._tail), place)


_ids = _Ids()


def new_id() -> str:
    """An id that sorts by time and, within a process, by order: 12 hex digits of milliseconds and 10 others."""
    return _ids.make()


def keep_order(session: Session) -> None:
    """Lets the runs that are stored in this transaction sort behind all that are there, whatever was done to the
    clock, and whichever host has stored them."""
    ((known,),) = plain.rows(session, "SELECT max(id) FROM run")
    if known is not None and len(known) == 22:
        _ids.follow(known)


class Run(SQLModel, table=True):
    """One run. ``counts`` is filled when it closes; until then the lanes' counts are the truth.

    mode     live, dry-run or sample            state  queued, running, waiting, paused, done, failed, cancelled
    cause    kind (manual, button, webhook, schedule, retry, answer), by whom, and the unique cause key:
             the same cause twice is one run
    input    what the trigger brought, exact JSON
    trigger  the trigger node that fired; lanes: how many deliver
    window   {"since", "until"} of an incremental read, fixed when the run starts; ``given`` when somebody chose it;
             {"started"}: what values see as the start instead, because executing a plan repeats what was shown
             {"bounds"}: from when each reading step of that plan has read
             {"first"}: the dry run is the match report of a first load; {"mark"}: where incremental reads go on after it
    plan_id  the dry run whose plan this run executes: nothing else is written
    gate     how many runs of the flow may work at once when this one starts; 0 does not wait (see turns)
    going_since  since when it has gone on without a long wait or a pause
    settles  what events must be about to become part of this run as long as it has not started
    """

    __tablename__ = "run"
    __table_args__ = (
        Index("run_flow", "flow_id", "id"),
        Index("run_state", "state", "flow_id", "id"),
        Index("run_ended", "flow_id", "ended_at"),
    )

    id: str = Field(primary_key=True)
    flow_id: str
    version_id: int
    mode: str
    state: str = "queued"
    cause_kind: str
    cause_by: str = ""
    cause_key: str = Field(unique=True)
    parent_id: str | None = Field(default=None, index=True)
    plan_id: str | None = Field(default=None, index=True)
    input: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    trigger: str = ""
    lanes: int = 1
    bindings: str = "{}"
    window: str = "{}"
    gate: int = 0
    settles: str | None = Field(default=None, index=True)
    counts: str | None = None
    code: str = ""
    message: str = ""
    retry_at: float | None = None
    created_at: float = Field(default_factory=now)
    started_at: float | None = None
    going_since: float | None = None
    ended_at: float | None = None


class RunView(msgspec.Struct, frozen=True):
    """A run as its workers see it; ``brought`` is what the trigger brought, decoded."""

    id: str
    flow_id: str
    version_id: int
    mode: str
    state: str
    trigger: str
    lanes: int
    bindings: dict[str, str]
    window: dict[str, Any]
    brought: Any
    plan_id: str | None = None

    def facts(self) -> dict[str, Any]:
        """What values see as ``$run``: the same however often a batch is repeated."""
        return {"started": self.window.get("started") or self.window.get("until", "")}

    def trigger_record(self) -> Record | None:
        """What the trigger brought, as the record that a read node may look at."""
        return None if self.brought is None else Record("trigger", self.brought)


def load_run(session: Session, run_id: str) -> RunView:
    """Raises RequestError (404) if there is no such run."""
    run = session.get(Run, run_id)
    if run is None:
        raise RequestError(f"There is no run {run_id!r}.", status=404, code="E-NOT-FOUND")
    return RunView(
        run.id, run.flow_id, run.version_id, run.mode, run.state, run.trigger, run.lanes, from_json(run.bindings),
        from_json(run.window), from_json(run.input) if run.input is not None else None,
        run.plan_id,
    )  # fmt: skip


def state(session: Session, run_id: str) -> str:
    """Only where a run stands; empty if there is no such run."""
    found = plain.rows(session, "SELECT state FROM run WHERE id = ?", run_id)
    return str(found[0][0]) if found else ""


def of_cause(session: Session, key: str | None) -> str | None:
    """The run that this cause has started already."""
    return None if key is None else session.exec(select(Run.id).where(Run.cause_key == key)).first()


def settling(session: Session, key: str) -> Run | None:
    """The run that still waits for more events on these records."""
    query = select(Run).where(Run.settles == key, Run.state == "queued", col(Run.started_at).is_(None))
    return session.exec(query.order_by(col(Run.id).desc())).first()


def runs_of(session: Session, run_ids: Sequence[str]) -> dict[str, Run]:
    """Runs by their ids."""
    return {run.id: run for run in session.exec(select(Run).where(col(Run.id).in_(run_ids)))}


def started_since(session: Session, flow_ids: Sequence[str], since: float) -> dict[str, int]:
    """Flow → how many of its live runs have begun since a moment."""
    query = (
        select(col(Run.flow_id), func.count())
        .where(col(Run.flow_id).in_(flow_ids), Run.mode == "live", col(Run.created_at) >= since)
        .group_by(col(Run.flow_id))
    )
    return {str(flow): int(count) for flow, count in session.exec(query)}


def add(session: Session, run: Run) -> bool:
    """Stores a new run; False when another transaction has stored one for the same cause meanwhile."""
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError:
        return False
    return True
