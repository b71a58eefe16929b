"""The doorbell's connection, wherever Redis is."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from redis import Redis
from rq import Queue
from rq.worker import WorkerStatus

from engine import queue
from engine.store.database import Database


@pytest.mark.parametrize("url", ["unix:///tmp/none.sock?db=0", "redis://localhost:1/0"])
def test_a_worker_can_listen_on_a_socket_of_this_machine_and_on_another_host(url: str) -> None:
    pool = Redis.from_url(url, **queue._lively(url)).connection_pool
    pool.connection_class(**pool.connection_kwargs)


def test_one_unanswered_ring_for_a_crowd_is_enough(valkey: str) -> None:
    bell = queue.Doorbell(valkey)
    waiting = bell._queue

    for run in ("a", "b", "c"):
        bell.ring(run, 1, "crowd")
    bell.ring("d", 1, "another")
    bell.ring("e", 1)
    assert [job.args for job in waiting.jobs] == [["a", 1, "crowd"], ["d", 1, "another"], ["e", 1, ""]]
    bell.answered("crowd")
    bell.ring("f", 1, "crowd")
    assert waiting.jobs[-1].args == ["f", 1, "crowd"]
    assert 0 < bell.redis.pttl(queue.RUNG + "crowd") <= queue.UNANSWERED


def test_one_unanswered_ring_for_a_lane_is_enough(valkey: str) -> None:
    """A run may last for minutes with nobody free to answer: calls that come must not stand behind its rings."""
    bell = queue.Doorbell(valkey)
    for lane in (1, 2, 1, 12, 1):
        bell.ring("a", lane)
    assert [job.args[1] for job in bell._queue.jobs] == [1, 2, 12]
    bell._queue.pop_job_id()
    bell.ring("a", 1)
    assert [job.args[1] for job in bell._queue.jobs] == [2, 12, 1]


def test_a_run_gives_way_to_others_and_not_to_itself(valkey: str) -> None:
    bell = queue.Doorbell(valkey)
    assert not queue.others_wait(bell._queue, "a")
    bell.ring("a", 1)
    bell.ring("a", 2)
    assert not queue.others_wait(bell._queue, "a")
    bell.ring("ab", 1, "crowd")
    assert queue.others_wait(bell._queue, "a")
    assert not queue.others_wait(queue.Doorbell("redis://localhost:1/0")._queue, "a"), "nobody can be heard"


def test_a_ring_is_answered_and_forgotten(
    valkey: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of it stays in Redis, whether it went well or not; who is told to stop ends it first."""
    redis = Redis.from_url(valkey)
    worker = queue.LaneWorker(
        [Queue(queue.QUEUE, connection=redis, serializer="json")], connection=redis, serializer="json"
    )
    answered: list[Any] = []

    class Busy:
        def advance(self, run_id: str, lane: int) -> None:
            answered.append((run_id, lane, worker.get_state()))
            if run_id == "b":
                raise ValueError("a fault of ours")

    bell = queue.Doorbell(valkey)
    monkeypatch.setattr(queue, "_executor", Busy())
    monkeypatch.setattr(queue, "_bell", bell)
    monkeypatch.setattr(queue, "_watch", queue.Standstill())
    for run in ("a", "b", "c"):
        bell.ring(run, 1, "crowd" if run == "c" else "")
    with caplog.at_level(logging.ERROR, "heddle.queue"):
        worker.work(logging_level="WARNING", burst=True)
    assert answered == [(run, 1, WorkerStatus.BUSY) for run in "abc"]
    assert worker.get_state() == WorkerStatus.IDLE
    assert [record.getMessage() for record in caplog.records] == ["the job b/1 failed"]
    left = {key for key in redis.keys("*") if not key.startswith((b"rq:worker", b"rq:queues"))}
    assert left == set()


def test_what_stumbles_keeps_nothing_else_from_being_done(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault in the clockwork and another in the alerts, round after round: lanes are rung for all the same."""
    over = threading.Event()
    rung: list[tuple[str, int]] = []

    class Faulty:
        plans = None

        rounds = 0

        def fire_due(self) -> None:
            self.rounds += 1
            if self.rounds > 4:
                over.set()
            raise KeyError("a fault of ours")

        tick = fire_due

    class Bell:
        def ring(self, run_id: str, lane: int) -> None:
            rung.append((run_id, lane))
            over.set()

    monkeypatch.setattr(queue.lanes, "unattended", lambda *_: [("a", 1)])
    bell: Any = Bell()
    faulty: Any = Faulty()
    with caplog.at_level(logging.ERROR, "heddle.queue"):
        queue.sweep(database, bell, over, 0.01, clockwork=faulty, alarm=faulty)
    assert rung == [("a", 1)]
    assert [record.getMessage() for record in caplog.records] == [
        f"the sweeper stumbled over {chore}; it goes on" for chore in ("what is due", "alerts")
    ]


def test_lanes_of_bulk_runs_are_rung_for_where_somebody_listens_for_them(valkey: str) -> None:
    """Calls stay with the others, where they travel together; and nothing piles up where nobody listens."""
    bell = queue.Doorbell(valkey)
    bell.ring("a", 2)
    assert bell._bulk.jobs == []
    redis = Redis.from_url(valkey)
    helper = queue.LaneWorker(
        [Queue(queue.BULK, connection=redis, serializer="json")], connection=redis, serializer="json"
    )
    helper.register_birth()
    bell.ring("b", 1, "crowd")
    assert bell._bulk.jobs == []
    bell.ring("c", 0)
    bell.ring("d", 2)
    assert [job.args for job in bell._bulk.jobs] == [["c", 0, ""]], "it has enough to do with one"
    assert [job.args[0] for job in bell._queue.jobs] == ["a", "b", "c", "d"]
    helper.register_death()
