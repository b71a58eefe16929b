"""The edge to RQ: the doorbell, the worker that answers it, and the sweeper that rings again.

Redis carries nothing but a run id and a lane number. A ring that is lost costs a few seconds (the sweeper
rings again), a doubled one costs a statement that matches no row. Workers listen to one queue each, because
a worker on several loses the job it was about to take when it is killed; they run jobs in their own process,
because a forked child would outlive a killed parent and go on alone.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.timeouts import BaseDeathPenalty
from rq.worker import WorkerStatus

from engine import approvals, collector, faults, inference, registry, releases
from engine.alarm import Alarm
from engine.clock import now
from engine.crew import Presence
from engine.errors import Unavailable
from engine.executor import Executor
from engine.firing import Clockwork, Rings
from engine.runtime import Runtime
from engine.standstill import Standstill
from engine.store import lanes
from engine.store.database import Database

QUEUE = "heddle"
BULK = "heddle-bulk"
"""Rung besides for lanes of bulk runs, where somebody listens who takes nothing else."""
SWEEP_SECONDS = 2.0
RUNG = "heddle:rung:"
UNANSWERED = 5000
"""Milliseconds after which a ring for a crowd counts as lost."""
FIRST = 200
"""Unanswered rings that are looked at. Their names begin with run and lane."""
SIGN = 5.0
"""Seconds between a busy worker's signs of life in Redis."""
QUIET = 10.0
"""Seconds after a ring before the sweeper rings for the same lane again."""

_SIGNS = {
    getattr(socket, name): value
    for name, value in {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 2}.items()
    if hasattr(socket, name)
}
"""A worker that listens hears within seconds that the doorbell moved house."""

log = logging.getLogger("heddle.queue")


class NoPenalty(BaseDeathPenalty):
    """Slices end by themselves; a time limit by signal could cut a commit in two."""

    def setup_death_penalty(self) -> None:
        """Nothing to set up."""

    def cancel_death_penalty(self) -> None:
        """Nothing to cancel."""


class LaneWorker(SimpleWorker):
    """Runs ``advance`` in its own process, and keeps no books about it in Redis: those are in our database.

    A job is taken, carried out and forgotten, in three trips to Redis where RQ's own way takes some fifteen. What was
    taken by a worker that was killed meanwhile is found by the sweeper, like any ring that is lost.
    """

    death_penalty_class = NoPenalty

    def execute_job(self, job: Job, queue: Queue) -> None:
        """A job that fails is told in the log; the sweeper rings again."""
        self._state = WorkerStatus.BUSY  # who is told to stop ends the job first; nobody else need know
        try:
            job.func(*job.args)
        except Exception:
            log.exception("the job %s failed", job.description)
        finally:
            self._state = WorkerStatus.IDLE
        with self.connection.pipeline(transaction=False) as trip:
            trip.lrem(queue.intermediate_queue_key, 1, job.id)
            trip.delete(job.key)
            trip.execute()

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Now and then is enough: the worker's entry stands for minutes."""
        if pipeline is not None or self._is_due():
            super().heartbeat(timeout, pipeline)

    def check_for_suspension(self, burst: bool) -> None:
        """``rq suspend`` is heeded within SIGN seconds."""
        if self._is_due():
            super().check_for_suspension(burst)

    def set_state(self, state: str, pipeline: Any = None) -> None:
        """Told when it has changed."""
        if pipeline is not None or state != self.get_state():
            super().set_state(state, pipeline)

    def _is_due(self) -> bool:
        last = self.last_heartbeat
        return last is None or (datetime.now(UTC) - last).total_seconds() > SIGN


class Doorbell:
    """Rings for lanes. Never raises: what it cannot ring for, the sweeper will."""

    def __init__(self, redis_url: str) -> None:
        self.redis = Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=2)
        self._queue, self._bulk = (
            Queue(name, connection=self.redis, serializer="json", default_timeout=-1)
            for name in (QUEUE, BULK)
        )

    def ring(self, run_id: str, lane: int, crowd: str = "") -> None:
        """One unanswered ring for a lane is enough. So it is for a ``crowd``: small runs that whoever answers takes along."""
        try:
            if crowd and not self.redis.set(RUNG + crowd, b"1", nx=True, px=UNANSWERED):
                return
            self._enqueue(self._queue, run_id, lane, crowd)
            if not crowd and self._bulk.is_empty() and LaneWorker.count(queue=self._bulk):
                self._enqueue(self._bulk, run_id, lane)
            faults.point("after-ring")
        except RedisError as error:
            log.warning("the doorbell is out of order: %s", error)

    def _enqueue(self, queue: Queue, run_id: str, lane: int, crowd: str = "") -> None:
        name = f"{run_id}-{lane}-"
        if not crowd and any(job.startswith(name) for job in queue.get_job_ids(length=FIRST)):
            return
        queue.enqueue(
            "engine.queue.answer",
            run_id,
            lane,
            crowd,
            job_id=name + secrets.token_hex(4),
            result_ttl=0,
            failure_ttl=60,
            ttl=600,
            description=f"{run_id}/{lane}",
        )

    def answered(self, crowd: str) -> None:
        """From now on a ring for the crowd is new: to be said before the database is asked who waits."""
        try:
            self.redis.delete(RUNG + crowd)
        except RedisError as error:
            log.warning("the doorbell is out of order: %s", error)

    def ping(self) -> None:
        """Raises Unavailable when Redis does not answer."""
        try:
            self.redis.ping()
        except RedisError as error:
            raise Unavailable(
                "The job queue cannot be reached.", code="E-QUEUE", detail=str(error)
            ) from error


_executor: Executor | None = None
_watch: Standstill | None = None


_bell: Doorbell | None = None


def answer(run_id: str, lane: int, crowd: str = "") -> None:
    """The job: answers one ring with this process's executor."""
    if _executor is None or _bell is None or _watch is None:
        raise RuntimeError("engine.queue.work has not been called in this process")
    if crowd:
        _bell.answered(crowd)
    try:
        with _watch.watched():
            _executor.advance(run_id, lane)
    except Unavailable as error:
        log.warning("lane %s of run %s waits: %s", lane, run_id, error)


def others_wait(queue: Queue, run_id: str) -> bool:
    """Whether a ring for another run has not been answered yet."""
    try:
        return any(job.partition("-")[0] != run_id for job in queue.get_job_ids(length=FIRST))
    except RedisError:
        return False


def work(runtime: Runtime, redis_url: str, *, bulk: bool = False, **options: Any) -> None:
    """Answers rings until the process is told to stop; ``options`` go to the Executor.

    bulk  only those for lanes of bulk runs
    """
    global _executor, _bell, _watch  # noqa: PLW0603 - jobs are plain functions; they find their executor here
    inference.enable()
    registry.node_types()  # now, not while the first call waits for them
    registry.connectors()
    bell = _bell = Doorbell(redis_url)
    connection = Redis.from_url(redis_url, **_lively(redis_url))
    queue = Queue(BULK if bulk else QUEUE, connection=connection, serializer="json")

    _watch = Standstill()
    _executor = runtime.executor(
        bell.ring, is_awaited=partial(others_wait, queue), got_on=_watch.got_on, **options
    )
    collector.quieten()
    worker = LaneWorker([queue], connection=connection, serializer="json")
    host, pid = socket.gethostname(), os.getpid()
    presence = Presence(bell.redis, _executor.owner, host=host, pid=pid, bulk=bulk, since=now())
    try:
        worker.work(logging_level="WARNING", with_scheduler=False)
    finally:
        presence.end()


def _lively(redis_url: str) -> dict[str, Any]:
    """A socket on this machine has no line that could be cut, and takes no such options."""
    if redis_url.startswith("unix:"):
        return {}
    return {"socket_keepalive": True, "socket_keepalive_options": _SIGNS}


def sweep(
    database: Database,
    bell: Doorbell,
    stop: threading.Event,
    interval: float = SWEEP_SECONDS,
    clockwork: Clockwork | None = None,
    alarm: Alarm | None = None,
) -> None:
    """Every few seconds, starts what is due by the clock, tells what has to be told, and rings for lanes that nobody
    attends. What stumbles keeps nothing else from being done."""
    chores: dict[str, Callable[[], Rings]] = {}
    if clockwork is not None:
        chores["what is due"] = clockwork.fire_due
        chores["releases"] = partial(releases.tick, database, clockwork.plans)
    if alarm is not None:
        chores["alerts"] = partial(_tell, alarm)
    chores["approvals"] = partial(_pass_time, database)
    chores["lanes that nobody attends"] = partial(_unattended, database)
    while not stop.is_set():
        for name, chore in chores.items():
            try:
                for run_id, lane in chore():
                    bell.ring(run_id, lane)
            except Unavailable as error:
                log.warning("the sweeper waits: %s", error)
                break
            except Exception:
                log.exception("the sweeper stumbled over %s; it goes on", name)
        stop.wait(interval)


def _tell(alarm: Alarm) -> Rings:
    return [(started.run, lane) for started in alarm.tick() for lane in started.lanes]


def _pass_time(database: Database) -> Rings:
    return [(started.run, lane) for started in approvals.tick(database, now()) for lane in started.lanes]


def _unattended(database: Database) -> Rings:
    with database.read() as session:
        waiting = lanes.unattended(session, QUIET)
    if waiting:
        with database.write() as session:
            lanes.mark_rung(session, waiting)
    return waiting
