"""The doorbell's connection, wherever Redis is."""

from __future__ import annotations

import pytest
from redis import Redis

from engine import queue


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
