"""Runs, their lanes and their staged batches: the durable state of the executor.

A Run is one piece of work with a cause. Its work is cut into lanes by the hash of the record key, so that
one object's changes keep their order. Lane 0 reads (if there is something to read); lanes 1… deliver. A
worker owns a lane for the time of a lease; every commit is guarded by the lane's *fence*, a number that
grows with each claim, so a worker that was frozen and comes back late changes nothing.
"""

import secrets

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from engine.clock import now

OPEN = ("queued", "running", "waiting", "paused")
"""The states of a run that is not over."""


def new_id() -> str:
    """An id that sorts by time: 12 hex digits of milliseconds and 10 random ones."""
    return f"{int(now() * 1000):012x}{secrets.token_hex(5)}"


class Run(SQLModel, table=True):
    """One run. ``counts`` is filled when it closes; until then the lanes' counts are the truth.

    mode     live, dry-run or sample            state  queued, running, waiting, paused, done, failed, cancelled
    cause    kind (manual, button, webhook, schedule, retry, answer), by whom, and the unique cause key:
             the same cause twice is one run
    input    what the trigger brought, exact JSON
    window   {"since", "until"} of an incremental read, fixed when the run starts
    """

    __tablename__ = "run"
    __table_args__ = (Index("run_flow", "flow_id", "id"), Index("run_state", "state"))

    id: str = Field(primary_key=True)
    flow_id: str
    version_id: int
    mode: str
    state: str = "queued"
    cause_kind: str
    cause_by: str = ""
    cause_key: str = Field(unique=True)
    parent_id: str | None = Field(default=None, index=True)
    input: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    bindings: str = "{}"
    window: str = "{}"
    counts: str | None = None
    code: str = ""
    message: str = ""
    retry_at: float | None = None
    created_at: float = Field(default_factory=now)
    started_at: float | None = None
    ended_at: float | None = None


class Lane(SQLModel, table=True):
    """One strand of a run.

    state     open, done, cancelled             next, staged  batch to work on; number of batches staged
    owner, until, fence   the lease             due_at        not to be claimed before (back-off)
    attempts  claims without progress           failures      refusals by a system in a row (back-off)
    cursor    of the reader lane: where the next page starts, exact JSON
    counts    final outcomes of its settled batches, JSON; ``read`` included
    """

    __tablename__ = "lane"
    __table_args__ = (Index("lane_open", "state", "due_at"),)

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    number: int = Field(primary_key=True)
    state: str = "open"
    next: int = 0
    staged: int = 0
    owner: str | None = None
    until: float = 0.0
    fence: int = 0
    due_at: float = 0.0
    rung_at: float = 0.0
    attempts: int = 0
    failures: int = 0
    cursor: str | None = None
    counts: str = "{}"
    code: str = ""
    message: str = ""


class StagedBatch(SQLModel, table=True):
    """A batch as it was read, before anything was done with it: the intent to process it.

    payload  compressed exact JSON: {node id: [records that arrive there]}
    settled  JSON list of the write nodes whose deliveries are stored
    answers  compressed exact JSON of what lookup nodes were told, so that the walk can be repeated later
    state    staged, done or parked
    """

    __tablename__ = "staged_batch"

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    lane: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    count: int
    state: str = "staged"
    settled: str = "[]"
    answers: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    watermark: str | None = None


class Step(SQLModel, table=True):
    """What passed one node in one lane so far: the canvas overlay. ``ports`` is JSON {port: count}."""

    __tablename__ = "step"

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    lane: int = Field(primary_key=True)
    node: str = Field(primary_key=True)
    arrived: int = 0
    ports: str = "{}"
    failed: int = 0
    held: int = 0
    ms: float = 0.0
