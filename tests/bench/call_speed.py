"""Calls that bring one record each, and writes of one record each: ``python -m tests.bench.call_speed``.

The whole product as its users start it, with everything on: each call is a run of its own with its full history.
Processor time is what counts where other work goes on at the same time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import requests

from designer.demo import Api
from engine.guard import VARIABLE
from tests import tree
from tests.bench import bulk, comparison
from tests.bench.peers import FOLDER, ROOT, Peer, cpu
from tests.bench.workload import opportunity
from tests.durability.tree import new_token

CALLS = 200
SECONDS, CONNECTIONS = 8.0, 16
RECORDS = 5_000
STILL = 60.0
"""Seconds without a record after which something is wrong."""


class Scene(NamedTuple):
    """A running Heddle beside the played service. ``called`` and ``single`` are the addresses of two hooks."""

    running: Any
    service: str
    called: str
    single: str


def called() -> dict[str, Any]:
    """The drawing in which a call brings the record itself: nothing is read."""
    document: dict[str, Any] = json.loads((FOLDER / "one-by-one.json").read_text())
    document["name"] = "Opportunities, called"
    document["slots"].pop("crm")
    document["nodes"] = [node for node in document["nodes"] if node["id"] != "opportunities"]
    kept = [edge for edge in document["edges"] if "opportunities" not in (edge["source"], edge["target"])]
    document["edges"] = [{"source": "call", "target": "fields"}, *kept]
    document.pop("layout", None)
    return document


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Stops all of it at the end."""
    with bulk.service() as service:
        env = {"HEDDLE_DEMO": "0", VARIABLE: service.removeprefix("http://")}
        with tree.running(folder / "heddle", workers=2, bulk_workers=1, **env) as running:
            api = Api(running.url, new_token(tree.environment(folder / "heddle", **env)))
            known = json.loads((FOLDER / "connections.json").read_text().replace("{url}", service))
            bound = {
                slot: api.post("/api/connections", {**one, "name": slot, "secrets": {}, "force": True})["id"]
                for slot, one in known.items()
            }
            single = json.loads((FOLDER / "one-by-one.json").read_text())
            hooks = [running.url + _publish(api, document, bound) for document in (called(), single)]
            yield Scene(running, service, *hooks)


def _publish(api: Api, document: dict[str, Any], bound: dict[str, str]) -> str:
    slug = api.post("/api/flows", {"document": document})["slug"]
    api.put(f"/api/flows/{slug}/bindings", {slot: bound[slot] for slot in document["slots"]})
    revision = api.get(f"/api/flows/{slug}")["revision"]
    api.post(f"/api/flows/{slug}/publish", {"revision": revision, "note": ""})
    return str(api.get(f"/api/flows/{slug}")["hook"]["url"])


def seen(service: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{service}/control/seen", timeout=60).json()
    return found


def arrived(service: str, records: int) -> dict[str, Any]:
    """What the service has seen once so many records are there. Raises AssertionError when they do not come."""
    moved, before = time.monotonic(), -1
    while (found := seen(service))["records"] < records:
        if found["records"] != before:
            moved, before = time.monotonic(), found["records"]
        assert time.monotonic() - moved < STILL, f"only {found['records']} of {records} arrived"
        time.sleep(0.001)
    return found


def spent(here: Scene) -> dict[str, float]:
    return {kind: cpu(set(here.running.pids(kind))) for kind in ("web", "worker")}


def waits(service: str, hook: str, calls: int, first: int = 0) -> Iterator[tuple[float, float]]:
    """One call after another, with records of these numbers: seconds to the answer, and to the object in the other
    system."""
    requests.post(f"{service}/control/begin?n=0&first=0", timeout=60)
    with requests.Session() as session:
        for number in range(calls):
            body = opportunity(first + number)
            sent = time.time()
            session.post(hook, json=body, timeout=60).raise_for_status()
            answered = time.time()
            found = arrived(service, number + 1)
            yield answered - sent, found["last"] - sent
            time.sleep(0.005)


class Sustained(NamedTuple):
    """What came of many callers at once: calls, calls accepted and written a second, seconds until answered."""

    calls: int
    accepted: float
    written: float
    p50: float
    p95: float


def sustained(service: str, hook: str, seconds: float, connections: int, first: int) -> Sustained:
    """Many callers at once, then what is left is worked off. Raises AssertionError when a record is lost or doubled."""
    requests.post(f"{service}/control/begin?n=0&first=0", timeout=60)
    began = time.time()
    command = [sys.executable, "-m", "tests.bench.caller", hook, str(seconds), str(connections), str(first)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    found = arrived(service, told["accepted"])
    assert (found["twice"], found["wrong"]) == (0, 0), found
    calls = told["accepted"]
    return Sustained(
        calls, calls / told["seconds"], calls / (found["last"] - began), told["p50"], told["p95"]
    )


def latency(here: Scene, calls: int) -> Iterator[tuple[str, str]]:
    list(waits(here.service, here.called, 20, 800_000))  # the first ones find cold caches
    before = spent(here)
    found = list(waits(here.service, here.called, calls, 810_000))
    used = spent(here)
    yield "Call of one record → answered, kept", spread([one for one, _ in found])
    yield "Call of one record → written", spread([one for _, one in found])
    yield "… processor time of web server and workers", _each(before, used, calls)


def rate(here: Scene, seconds: float, connections: int) -> Iterator[tuple[str, str]]:
    before = spent(here)
    told = sustained(here.service, here.called, seconds, connections, 1_000_000)
    used = spent(here)
    yield f"{connections} callers at once: accepted, each kept", f"{told.accepted:,.0f} calls/s"
    yield "… until answered", f"p50 {told.p50 * 1000:.0f} ms, p95 {told.p95 * 1000:.0f} ms"
    yield "… written, with the backlog worked off", f"{told.written:,.0f} calls/s"
    yield "… processor time of web server and workers", _each(before, used, told.calls)


def singles(here: Scene, records: int) -> Iterator[tuple[str, str]]:
    """Pages are read, each record is written by a call of its own."""
    begin = lambda: requests.post(here.single, json={"at": time.time()}, timeout=60).raise_for_status()  # noqa: E731
    peer = Peer("Heddle", begin, lambda: set(here.running.pids("worker")))
    comparison.measure(peer, here.service, 5_000_000, 500)
    one = comparison.measure(peer, here.service, 6_000_000, records)
    yield f"{records:,} records, one write call each", f"{one.rate:,.0f} records/s"
    yield "… processor time of the workers", f"{one.processor:.0f} µs a record"


def figures() -> list[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as here:
        return [
            *latency(here, CALLS), *rate(here, SECONDS, CONNECTIONS), *singles(here, RECORDS),
        ]  # fmt: skip


def spread(seconds: list[float]) -> str:
    ordered = sorted(1000 * value for value in seconds)
    middle, most = ordered[len(ordered) // 2], ordered[int(0.95 * (len(ordered) - 1))]
    return f"p50 {middle:.1f} ms, p95 {most:.1f} ms"


def _each(before: dict[str, float], after: dict[str, float], calls: int) -> str:
    web, workers = ((after[kind] - before[kind]) / calls * 1000 for kind in ("web", "worker"))
    return f"{web:.2f} + {workers:.2f} ms a call"


if __name__ == "__main__":
    print(f"load {os.getloadavg()[0]:.1f}")
    for row in figures():
        print(f"{row[0]:60} {row[1]}", flush=True)
