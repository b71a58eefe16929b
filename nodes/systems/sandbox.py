"""The base of every sandbox: a small Flask app that imitates a real system, faults included.

A sandbox is an independent reading of the system's protocol: it never imports the connector. Its objects
live in one SQLite file (or in memory), every call is kept in a journal, and *vices* switch on the ways in
which real systems misbehave. The same app serves tests, the demo and ``heddle sandbox SYSTEM --port N``.

Control endpoints, alike for all:

``GET  /_sandbox/journal?after=N``   the calls since N: {n, at, method, path, query, status, mutating, body, answer}
``DELETE /_sandbox/journal``         forget them
``GET|POST /_sandbox/vices``         {"rate_limit": {"times": 2, "retry_after": 1}, "lost_answer": null}; POST merges
``POST /_sandbox/seed``              {"n": 100, "seed": 1}: believable data; answers what it made
``POST /_sandbox/reset``             back to empty (vices off, journal cleared, data gone)
``GET  /_sandbox/objects/<entity>``  the stored objects, for assertions
"""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from flask import Flask, Response, g, jsonify, request

JOURNAL_LIMIT = 20_000
BODY_LIMIT = 20_000


@dataclass(frozen=True)
class Vice:
    """One way to misbehave, as shown in the demo's panel. ``options`` are the defaults of its settings."""

    name: str
    title: str
    options: dict[str, Any]


COMMON_VICES = (
    Vice("latency", "Answers slowly", {"ms": 500}),
    Vice("rate_limit", "Says «too many requests» (429)", {"times": None, "retry_after": 1}),
    Vice("quota", "Takes only so many calls a second, and at once", {"per_second": 10, "at_once": None}),
    Vice("server_error", "Fails with an internal error (500)", {"times": 1}),
    Vice("refuse", "Drops the connection before doing anything", {"times": 1}),
    Vice("lost_answer", "Does the work, then loses the answer", {"times": 1}),
    Vice("late_commit", "Drops the connection now, does the work later", {"times": 1, "ms": 500}),
    Vice("duplicate_rows", "Repeats rows on later pages", {}),
    Vice("shifting_pages", "Rows move between pages while they are read", {}),
    Vice("clock_skew", "Its clock is wrong", {"seconds": 300}),
    Vice("token_expiry", "Forgets every session", {"times": 1}),
    Vice("stale_find", "Searches do not see the newest objects", {"seconds": 5}),
)
"""``times`` counts down with each use; None means until switched off. ``match`` (optional) is a part of the
path or of the body that a call must contain."""


class Sandbox(ABC):
    """One imitated system. Subclasses add routes to ``self.app`` and implement ``seed``.

    ``objects`` is a SQLite table (entity, id, body JSON, created, modified): use ``put``, ``get``, ``all``.
    """

    system: ClassVar[str]
    title: ClassVar[str]
    vices: ClassVar[tuple[Vice, ...]] = COMMON_VICES

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.db = sqlite3.connect(
            str(path) if path else ":memory:", check_same_thread=False, isolation_level=None
        )
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS objects (entity TEXT, id TEXT, body TEXT, created REAL, modified REAL,"
            " PRIMARY KEY (entity, id))"
        )
        self.db.execute("CREATE INDEX IF NOT EXISTS objects_modified ON objects (entity, modified, id)")
        self.db.execute("CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT)")
        self.active: dict[str, dict[str, Any]] = {}
        self.journal: list[dict[str, Any]] = []
        self._number = 0
        self._recent: deque[float] = deque()
        self._inside = 0
        self.app = Flask(f"sandbox-{self.system}")
        self.app.json.sort_keys = False  # type: ignore[attr-defined]
        self.app.before_request(self._before)
        self.app.after_request(self._after)
        self.app.teardown_request(self._leave)
        self._control()
        self.routes()

    @abstractmethod
    def routes(self) -> None:
        """Adds the system's own endpoints to ``self.app``."""

    @abstractmethod
    def seed(self, n: int, seed: int) -> dict[str, Any]:
        """Makes about ``n`` believable main objects, reproducibly; answers counts by entity."""

    @classmethod
    def connection(cls, url: str) -> dict[str, Any]:
        """The settings, secrets included, with which a connector reaches this sandbox at ``url``."""
        return {"url": url}

    def is_mutating(self) -> bool:
        """Whether the request at hand changes data. Sign-in does not count."""
        return request.method in {"POST", "PUT", "PATCH", "DELETE"}

    def refusal(self, status: int, retry_after: float | None) -> Response:
        """The system's own form of a 429 or 500 answer. Override where the real one has a body."""
        answer = Response("", status=status)
        if retry_after is not None:
            answer.headers["Retry-After"] = str(retry_after)
        return answer

    # objects -----------------------------------------------------------------------------------------

    def now(self) -> float:
        """The system's own clock, wrong if the vice says so."""
        skew = self.active.get("clock_skew")
        return time.time() + (float(skew.get("seconds", 300)) if skew else 0.0)

    def put(self, entity: str, key: str, body: dict[str, Any]) -> None:
        """Stores an object, keeping its creation time; ``modified`` is now."""
        at = self.now()
        with self.lock:
            self.db.execute(
                "INSERT INTO objects VALUES (?,?,?,?,?) ON CONFLICT (entity, id) DO UPDATE SET"
                " body = excluded.body, modified = excluded.modified",
                (entity, key, json.dumps(body, default=_exact), at, at),
            )

    def get(self, entity: str, key: str) -> dict[str, Any] | None:
        with self.lock:
            row = self.db.execute(
                "SELECT body FROM objects WHERE entity = ? AND id = ?", (entity, key)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def remove(self, entity: str, key: str) -> bool:
        with self.lock:
            return (
                self.db.execute("DELETE FROM objects WHERE entity = ? AND id = ?", (entity, key)).rowcount > 0
            )

    def all(self, entity: str) -> list[dict[str, Any]]:
        """All objects of an entity in the order of creation; newest left out under ``stale_find``."""
        stale = self.active.get("stale_find")
        limit = time.time() - float(stale.get("seconds", 5)) if stale and not self.is_control() else 1e18
        with self.lock:
            rows = self.db.execute(
                "SELECT body FROM objects WHERE entity = ? AND created <= ? ORDER BY rowid", (entity, limit)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def setting(self, name: str, default: str = "") -> str:
        row = self.db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else default

    def set_setting(self, name: str, value: str) -> None:
        with self.lock:
            self.db.execute("INSERT OR REPLACE INTO settings VALUES (?,?)", (name, value))

    def reset(self) -> None:
        """Back to empty. Subclasses add what a fresh system always has (look-ups, users)."""
        with self.lock:
            self.db.execute("DELETE FROM objects")
            self.active.clear()
            self.journal.clear()

    # vices -------------------------------------------------------------------------------------------

    def use(self, name: str) -> dict[str, Any] | None:
        """The options of a vice if it is on and meets this call; counts one use down."""
        with self.lock:
            options = self.active.get(name)
            if options is None:
                return None
            match = options.get("match")
            if match and match not in request.path and match not in request.get_data(as_text=True):
                return None
            times = options.get("times")
            if times is not None:
                if times <= 0:
                    self.active.pop(name, None)
                    return None
                options["times"] = times - 1
                if options["times"] == 0:
                    self.active.pop(name, None)
            return options

    def is_control(self) -> bool:
        return request.path.startswith("/_sandbox")

    @contextmanager
    def committing(self) -> Iterator[None]:
        """Round every change of data: this is where an answer is lost after the work is done."""
        late = self.use("late_commit")
        if late:
            time.sleep(float(late.get("ms", 500)) / 1000)
            g.drop = True
        with self.lock:
            yield
        if self.use("lost_answer"):
            g.drop = True

    def drop_connection(self) -> None:
        """Cuts the line to the caller, without an answer."""
        raw = request.environ.get("werkzeug.socket")
        if isinstance(raw, socket.socket):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            raw.shutdown(socket.SHUT_RDWR)

    def _before(self) -> Response | None:
        g.started = time.perf_counter()
        if self.is_control():
            return None
        latency = self.use("latency")
        if latency:
            time.sleep(float(latency.get("ms", 500)) / 1000)
        if self.use("refuse"):
            self.drop_connection()
            return Response("", status=503)
        limited = self.use("rate_limit")
        if limited is not None:
            return self.refusal(429, limited.get("retry_after", 1))
        quota = self.use("quota")
        if quota is not None and (wait := self._over(quota)) is not None:
            return self.refusal(429, wait)
        if self.use("server_error"):
            return self.refusal(500, None)
        return None

    def _over(self, quota: dict[str, Any]) -> float | None:
        """Seconds after which a call beyond the quota may come again; None for one within it, which is counted."""
        at = time.monotonic()
        with self.lock:
            while self._recent and self._recent[0] <= at - 1.0:
                self._recent.popleft()
            if quota.get("at_once") is not None and self._inside >= int(quota["at_once"]):
                return 0.1
            if quota.get("per_second") is not None and len(self._recent) >= int(quota["per_second"]):
                return round(self._recent[0] + 1.0 - at + 0.001, 3)
            self._recent.append(at)
            self._inside += 1
            g.inside = True
        return None

    def _leave(self, error: BaseException | None) -> None:
        if g.pop("inside", False):
            with self.lock:
                self._inside -= 1

    def _after(self, response: Response) -> Response:
        if self.is_control():
            return response
        with self.lock:
            self._number += 1
            self.journal.append(
                {
                    "n": self._number,
                    "at": time.time(),
                    "method": request.method,
                    "path": request.path,
                    "query": request.query_string.decode("latin-1"),
                    "status": response.status_code,
                    "mutating": bool(g.get("mutating", self.is_mutating())),
                    "dropped": bool(g.get("drop", False)),
                    "body": request.get_data(as_text=True)[:BODY_LIMIT],
                    "answer": response.get_data(as_text=True)[:BODY_LIMIT]
                    if not response.is_streamed
                    else "",
                }
            )
            del self.journal[:-JOURNAL_LIMIT]
        if g.get("drop", False):
            self.drop_connection()
        return response

    # control -----------------------------------------------------------------------------------------

    def _control(self) -> None:
        app = self.app

        @app.get("/_sandbox/journal")
        def journal() -> Response:
            after = int(request.args.get("after", 0))
            with self.lock:
                return jsonify([entry for entry in self.journal if entry["n"] > after])

        @app.delete("/_sandbox/journal")
        def forget() -> Response:
            with self.lock:
                self.journal.clear()
            return jsonify({})

        @app.get("/_sandbox/vices")
        def vices() -> Response:
            with self.lock:
                return jsonify(
                    [
                        {
                            "name": vice.name,
                            "title": vice.title,
                            "options": vice.options,
                            "active": self.active.get(vice.name),
                        }
                        for vice in self.vices
                    ]
                )

        @app.post("/_sandbox/vices")
        def set_vices() -> tuple[Response, int] | Response:
            known = {vice.name: vice for vice in self.vices}
            wanted = request.get_json()
            unknown = sorted(set(wanted) - set(known))
            if unknown:
                return jsonify({"error": f"Unknown vices {unknown}; known are {sorted(known)}."}), 400
            with self.lock:
                for name, options in wanted.items():
                    if options is None or options is False:
                        self.active.pop(name, None)
                    else:
                        self.active[name] = {
                            **known[name].options,
                            **(options if isinstance(options, dict) else {}),
                        }
                return jsonify(self.active)

        @app.post("/_sandbox/seed")
        def seed() -> Response:
            wanted = request.get_json(silent=True) or {}
            return jsonify(self.seed(int(wanted.get("n", 100)), int(wanted.get("seed", 1))))

        @app.post("/_sandbox/reset")
        def reset() -> Response:
            self.reset()
            return jsonify({})

        @app.get("/_sandbox/objects/<entity>")
        def objects(entity: str) -> Response:
            return jsonify(self.all(entity))


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be stored in a sandbox")


def serve(sandbox: Sandbox, host: str, port: int) -> None:
    """Serves one sandbox over HTTP until it is stopped. Prints its address once it listens."""
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415 - only where one is served

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, *args: Any) -> None:
            pass

    server = make_server(host, port, sandbox.app, threaded=True, request_handler=Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    server.serve_forever()
