"""Who works: each worker says every few seconds that it lives, in Redis, by the clock of that server.

Nothing depends on it. It is for people who want to see who carries out runs, and whether anybody does.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

import msgspec
from redis import Redis
from redis.exceptions import RedisError

from engine.errors import Unavailable

EVERY = 5.0
"""Seconds between two signs of life."""
SILENT = 20.0
"""Seconds without one after which a worker counts as gone, for now."""
FORGOTTEN = 600.0
"""Seconds after which one that is gone is not shown any more."""

CREW = "heddle:crew"
_SIGN = "local at = redis.call('TIME') redis.call('HSET', KEYS[1], ARGV[1], at[1] .. ' ' .. ARGV[2])"

log = logging.getLogger("heddle.crew")


@dataclass(frozen=True)
class Worker:
    """A worker that has given a sign of life.

    owner  the name under which it claims lanes     bulk  whether it takes bulk runs alone
    since  epoch seconds when it began              at    of its last sign of life
    """

    owner: str
    host: str
    pid: int
    bulk: bool
    since: float
    at: float
    silent: bool


class _Told(msgspec.Struct):
    host: str
    pid: int
    bulk: bool
    since: float


class Presence:
    """The signs of life of one worker, from a thread of its own, until ``end``."""

    def __init__(self, redis: Redis, owner: str, *, host: str, pid: int, bulk: bool, since: float) -> None:
        self._redis, self._owner = redis, owner
        self._told = msgspec.json.encode(_Told(host, pid, bulk, since))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="presence", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """The worker leaves in good order."""
        self._over.set()
        self._thread.join(timeout=EVERY)
        try:
            self._redis.hdel(CREW, self._owner)
        except RedisError as error:
            log.debug("the leave of %s is not told: %s", self._owner, error)

    def _go_on(self) -> None:
        while not self._over.is_set():
            try:
                self._redis.eval(_SIGN, 1, CREW, self._owner, self._told)
            except RedisError as error:
                log.debug("no sign of life of %s: %s", self._owner, error)
            self._over.wait(EVERY)


def workers(redis: Redis) -> list[Worker]:
    """Who has given a sign of life of late, the eldest first. Raises Unavailable when Redis does not answer."""
    try:
        with redis.pipeline(transaction=False) as trip:
            trip.time()
            trip.hgetall(CREW)
            (seconds, _), told = trip.execute()
        found, gone = [], []
        for owner, text in told.items():
            at, _, known = text.partition(b" ")
            silence = seconds - int(at)
            if silence > FORGOTTEN:
                gone.append(owner)
                continue
            worker = msgspec.json.decode(known, type=_Told)
            found.append(
                Worker(
                    owner.decode(),
                    worker.host,
                    worker.pid,
                    worker.bulk,
                    worker.since,
                    float(at),
                    silence > SILENT,
                )
            )
        if gone:
            redis.hdel(CREW, *gone)
    except RedisError as error:
        raise Unavailable(
            "The job queue cannot be reached, so nobody knows who works.", code="E-QUEUE", detail=str(error)
        ) from error
    return sorted(found, key=lambda one: (one.since, one.owner))
