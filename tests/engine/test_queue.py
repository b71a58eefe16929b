"""The doorbell's connection, wherever Redis is."""

from __future__ import annotations

import pytest
from redis import Redis

from engine import queue


@pytest.mark.parametrize("url", ["unix:///tmp/none.sock?db=0", "redis://localhost:1/0"])
def test_a_worker_can_listen_on_a_socket_of_this_machine_and_on_another_host(url: str) -> None:
    pool = Redis.from_url(url, **queue._lively(url)).connection_pool
    pool.connection_class(**pool.connection_kwargs)
