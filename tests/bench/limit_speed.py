"""How much of an allowed rate four processes reach together, against a system that refuses whatever is beyond it.

``python -m tests.bench.limit_speed [RATE] [SECONDS]``. The system is the imitated Creatio with a quota over any
second; the processes share one Valkey. A call that is refused goes out again, so what counts is what got through.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import redis
from werkzeug.serving import make_server

from designer import valkey
from engine import guard, registry
from engine.http import Http
from engine.limiter import SharedLimiter
from engine.pace import Limits, Pace

WORKERS = 4


@dataclass(frozen=True)
class Reached:
    """Calls a second that got through, and how many were refused on the way."""

    per_second: float
    calls: int
    refused: int


def measure(rate: int, seconds: float) -> Reached:
    """Lets the processes work for so long and counts, in the system's journal, what came through."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    sandbox = registry.sandbox_type("creatio")()
    sandbox.active["quota"] = {"per_second": rate, "at_once": None}
    server = make_server("127.0.0.1", 0, sandbox.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="heddle-limit-") as folder:
        store = subprocess.Popen(valkey.command(Path(folder)), stdout=subprocess.DEVNULL)
        try:
            _wait_for(valkey.url(Path(folder)))
            environment = {**os.environ, guard.VARIABLE: "127.0.0.1"}
            command = [sys.executable, "-m", "tests.bench.limit_speed", "work", valkey.url(Path(folder)),
                       f"http://127.0.0.1:{server.server_port}/odata/Contact", str(rate), str(seconds)]  # fmt: skip
            for worker in [subprocess.Popen(command, env=environment) for _ in range(WORKERS)]:
                worker.wait()
        finally:
            store.terminate()
            store.wait()
            server.shutdown()
    through = sorted(entry["at"] for entry in sandbox.journal if entry["status"] != 429)
    # without the first and the last second, in which not all processes are at work
    inner = [at for at in through if through[0] + 1 <= at <= through[-1] - 1]
    return Reached(
        (len(inner) - 1) / (inner[-1] - inner[0]), len(through), len(sandbox.journal) - len(through)
    )


def work(url: str, system: str, rate: int, seconds: float) -> None:
    """One process: calls as fast as it is let."""
    http = Http(door=Pace("c", Limits(per_second=Decimal(rate)), SharedLimiter(url)))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        http.request("GET", system, mutating=False)


def _wait_for(url: str) -> None:
    client = redis.Redis.from_url(url)
    for _ in range(100):
        with suppress(redis.ConnectionError):
            if client.ping():
                return
        time.sleep(0.05)
    raise RuntimeError("Valkey did not come up")


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
    else:
        allowed = int(sys.argv[1]) if len(sys.argv) > 1 else 40
        found = measure(allowed, float(sys.argv[2]) if len(sys.argv) > 2 else 8.0)
        print(
            f"{found.per_second:.1f} of {allowed} calls a second ({100 * found.per_second / allowed:.1f} %),"
            f" {found.refused} of {found.calls + found.refused} refused"
        )
