"""Who works can be seen: as long as it gives signs of life, and for a while afterwards."""

from __future__ import annotations

import pytest
from redis import Redis

from engine import crew
from engine.crew import Presence
from engine.errors import Unavailable


def test_a_worker_is_seen_until_it_leaves(valkey: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "EVERY", 0.01)
    redis = Redis.from_url(valkey)
    first = Presence(redis, "a:1", host="a", pid=1, bulk=False, since=100.0)
    second = Presence(redis, "b:2", host="b", pid=2, bulk=True, since=50.0)
    while len(redis.hkeys(crew.CREW)) < 2:
        first._over.wait(0.01)
    seen = crew.workers(redis)
    assert [(one.owner, one.host, one.pid, one.bulk, one.since, one.silent) for one in seen] == [
        ("b:2", "b", 2, True, 50.0, False),
        ("a:1", "a", 1, False, 100.0, False),
    ]
    first.end()
    assert [one.owner for one in crew.workers(redis)] == ["b:2"]
    second.end()
    assert crew.workers(redis) == []


def test_one_that_was_killed_is_silent_and_then_forgotten(valkey: str) -> None:
    redis = Redis.from_url(valkey)
    (seconds, _) = redis.time()  # type: ignore[misc]
    told = '{"host": "a", "pid": 1, "bulk": false, "since": 1.0}'
    for owner, silence in (("here", 0), ("killed", crew.SILENT + 5), ("long ago", crew.FORGOTTEN + 5)):
        redis.hset(crew.CREW, owner, f"{int(seconds - silence)} {told}")
    assert {one.owner: one.silent for one in crew.workers(redis)} == {"here": False, "killed": True}
    assert set(redis.hkeys(crew.CREW)) == {b"here", b"killed"}  # type: ignore[arg-type]


def test_nobody_knows_without_redis() -> None:
    with pytest.raises(Unavailable, match="nobody knows who works"):
        crew.workers(Redis(host="127.0.0.1", port=1))
