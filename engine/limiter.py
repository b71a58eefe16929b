"""Turns shared out among all processes on all hosts, by one script in Valkey.

Libraries were tried first (limits, throttled-py, pyrate-limiter, steindamm, redis-semaphore): none gives back the
place of a caller that was killed, and none decides rate, places and pauses at once, so that a turn is lost whenever
the next check refuses. The script decides all of it in one step and by the server's own clock.

A place is a member of a sorted set with the time until which it is believed. Who holds one renews it; who was killed
does not. When the server cannot be asked, each process takes its part of the limits (engine.share).
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Literal

from redis import Redis
from redis.exceptions import RedisError

from engine.meter import Meter
from engine.pace import PATIENCE, Limits, Pacer, Turn
from engine.share import AHEAD, HEADROOM, POLL, Share
from engine.store.database import Database

HOLD = 9.0
"""Seconds for which a place is believed without a sign of life."""

SULK = 3.0
"""Seconds for which a server that did not answer is not asked again."""

ASSUMED = 4
"""Processes that share a connection, where the server has never told how many there are."""

MEMBER = 120.0
"""Seconds after its last call for which a process counts as one that shares a connection."""

ASK = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local interval, concurrent, per_day = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local ahead, hold, known = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - tonumber(ARGV[9]))
redis.call('ZADD', KEYS[4], now, ARGV[8])
redis.call('EXPIRE', KEYS[4], 3600)
local members = redis.call('ZCARD', KEYS[4])
local today = math.floor(now / 86400)
local pause = tonumber(redis.call('HGET', KEYS[1], 'pause') or '0')
local day = tonumber(redis.call('HGET', KEYS[1], 'day') or '0')
local used = tonumber(redis.call('HGET', KEYS[1], 'used') or '0')
if day ~= today then used = 0 end
if known > used and tonumber(ARGV[10]) == today then used = known end
local function answer(go, wait, because)
  return {go, tostring(wait), because, members, used, today}
end
if pause > now then return answer(0, pause - now, 'pause') end
if per_day > 0 and used >= per_day then return answer(0, (today + 1) * 86400 - now, 'day') end
if concurrent > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  if redis.call('ZCARD', KEYS[2]) >= concurrent then return answer(0, 0, 'place') end
end
local wait = 0
if interval > 0 then
  wait = math.max(tonumber(redis.call('GET', KEYS[3]) or '0') - now, 0)
  if wait > ahead then return answer(0, wait - ahead / 2, 'turn') end
  redis.call('SET', KEYS[3], string.format('%.6f', now + wait + interval), 'EX', 3600)
end
if concurrent > 0 then
  redis.call('ZADD', KEYS[2], now + hold, ARGV[4])
  redis.call('EXPIRE', KEYS[2], 3600)
end
used = used + 1
redis.call('HSET', KEYS[1], 'day', today, 'used', used)
redis.call('EXPIRE', KEYS[1], 172800)
return answer(1, wait, 'turn')
"""

RENEW = """
local time = redis.call('TIME')
local until_ = tonumber(time[1]) + tonumber(time[2]) / 1000000 + tonumber(ARGV[1])
for at = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', until_, ARGV[at]) end
return 1
"""

PAUSE = """
local time = redis.call('TIME')
local until_ = tonumber(time[1]) + tonumber(time[2]) / 1000000 + tonumber(ARGV[1])
if until_ > tonumber(redis.call('HGET', KEYS[1], 'pause') or '0') then
  redis.call('HSET', KEYS[1], 'pause', string.format('%.6f', until_))
  redis.call('EXPIRE', KEYS[1], 172800)
end
return 1
"""

log = logging.getLogger("heddle.limiter")


@dataclass(frozen=True)
class _Seen:
    """What the server said last about one connection."""

    members: int
    day: int
    used: int


class SharedLimiter:
    """A Limiter for all who name the same server. One a process; safe for threads. ``hold``: seconds."""

    def __init__(self, redis_url: str, hold: float = HOLD) -> None:
        self._hold_for = hold
        self._redis = Redis.from_url(redis_url, socket_timeout=1.0, socket_connect_timeout=0.5)
        self._ask = self._redis.register_script(ASK)
        self._renew = self._redis.register_script(RENEW)
        self._pause = self._redis.register_script(PAUSE)
        self._seen: dict[str, _Seen] = {}
        self._share = Share(
            lambda connection: self._seen[connection].members if connection in self._seen else ASSUMED
        )
        self._name = f"{time.time_ns():x}-{id(self):x}"
        self._lock = threading.Lock()
        self._held: dict[str, set[str]] = {}
        self._thread: threading.Thread | None = None
        self._down_until = 0.0

    @property
    def state(self) -> Literal["shared", "parted"]:
        return "parted" if time.monotonic() < self._down_until else "shared"

    def ask(self, connection: str, limits: Limits, holder: str) -> Turn:
        if time.monotonic() < self._down_until:
            return self._share.ask(connection, limits, holder)
        seen = self._seen.get(connection, _Seen(1, 0, 0))
        interval = HEADROOM / float(limits.per_second) if limits.per_second is not None else 0
        try:
            go, wait, because, members, used, today = self._ask(
                keys=[_key(connection, part) for part in ("books", "places", "turn", "members")],
                args=[interval, limits.concurrent or 0, limits.per_day or 0, holder, AHEAD, self._hold_for,
                      seen.used, self._name, MEMBER, seen.day],
            )  # fmt: skip
        except RedisError as error:
            return self._alone(error).ask(connection, limits, holder)
        self._seen[connection] = _Seen(int(members), int(today), int(used))
        reason: Literal["turn", "place", "pause", "day"] = because.decode()
        if go and limits.concurrent is not None:
            self._hold(connection, holder)
        return Turn(bool(go), POLL if reason == "place" else float(wait), reason)

    def leave(self, connection: str, limits: Limits, holder: str) -> None:
        self._share.leave(connection, limits, holder)
        with self._lock:
            held = self._held.get(connection, set())
            mine = holder in held
            held.discard(holder)
        if mine and time.monotonic() >= self._down_until:
            try:
                self._redis.zrem(_key(connection, "places"), holder)
            except RedisError as error:  # then the place frees itself
                self._alone(error)

    def pause(self, connection: str, limits: Limits, seconds: float) -> None:
        self._share.pause(connection, limits, seconds)
        try:
            self._pause(keys=[_key(connection, "books")], args=[seconds])
        except RedisError as error:
            self._alone(error)

    def _alone(self, error: RedisError) -> Share:
        if time.monotonic() >= self._down_until:
            log.warning("limits are shared out in each process, because Valkey cannot be asked: %s", error)
        self._down_until = time.monotonic() + SULK
        return self._share

    def _hold(self, connection: str, holder: str) -> None:
        with self._lock:
            self._held.setdefault(connection, set()).add(holder)
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="places", daemon=True)
                self._thread.start()

    def _keep(self) -> None:
        """Renews the places of calls that take their time."""
        while True:
            time.sleep(self._hold_for / 3)
            with self._lock:
                held = {connection: list(holders) for connection, holders in self._held.items() if holders}
                if not held:
                    self._thread = None  # the next place starts another one
                    return
            for connection, holders in held.items():
                try:
                    self._renew(keys=[_key(connection, "places")], args=[self._hold_for, *holders])
                except RedisError as error:
                    self._alone(error)


def make_pacer(redis_url: str, database: Database, patience: float = PATIENCE) -> Pacer:
    """The doors of one process. Without a server (``redis_url`` is empty) it shares with nobody."""
    limiter = SharedLimiter(redis_url) if redis_url else Share()
    return Pacer(limiter, Meter(database), patience)


def _key(connection: str, part: str) -> str:
    return f"heddle:limit:{{{connection}}}:{part}"
