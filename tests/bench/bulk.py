"""The drawn bulk flow of the comparison in one process against a played service.

``python -m tests.bench.bulk [RECORDS…] [--profile]``: records a second, processor time of Heddle alone for each
record, and the highest memory. Everything is on: claims, cross references, the full ledger, a database
on disk; HTTP both ways.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import requests

from engine import launch
from engine.connector import Connector
from engine.executor import Executor
from engine.flow import Flow
from engine.guard import VARIABLE
from engine.http import Http
from engine.launch import Cause
from engine.plan import build
from engine.queue import quieten_collector
from engine.record import from_json
from engine.registry import connector_type
from engine.store.database import Database
from engine.store.runs import Run
from tests.durability.processes import free_ports

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "opportunities"
BATCH = 500


class Figures(NamedTuple):
    """Of one run: records, seconds by the clock and of processor time, memory at its highest in MB."""

    records: int
    clock: float
    processor: float
    peak: float


@contextmanager
def service() -> Iterator[str]:
    """The address of a played service in a process of its own."""
    port = free_ports(1)
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.service", str(port)], cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = f"127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                requests.get(f"{url}/control/seen", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before


def flow(name: str = "in-bulk", **policy: Any) -> Flow:
    """A drawing of the comparison, with pages and calls of 500."""
    document = json.loads((FOLDER / f"{name}.json").read_text())
    return Flow.model_validate({**document, "policy": {**document.get("policy", {}), **policy}})


def connection(slot: str, url: str, http: Http) -> Connector[Any]:
    """The open connection of a slot of the drawing."""
    known = json.loads((FOLDER / "connections.json").read_text().replace("{url}", url))[slot]
    kind = connector_type(known["system"])
    return kind(kind.Settings.model_validate(known["settings"]), http)


def run(url: str, folder: Path, records: int, profile: cProfile.Profile | None = None) -> Figures:
    """One live run over so many records, in a fresh database, in this process."""
    requests.post(f"{url}/control/begin?n={records}&first=0", timeout=600)
    database = Database(f"sqlite:///{folder / f'{time.monotonic_ns()}.db'}")
    database.migrate()
    drawing = flow()
    plan = build(drawing)
    opened: dict[str, Connector[Any]] = {}

    def open_(slot: str, *, read_only: bool, journal: Any = None) -> Connector[Any]:
        if slot not in opened:
            opened[slot] = connection(slot, url, Http(read_only=read_only, journal=journal))
        return opened[slot]

    executor = Executor(database, open_, lambda version: plan, lambda run, lane: None, slice=36_000.0)
    with database.write() as session:
        started = launch.start(
            session, plan, flow_id="f1", version_id=1, bindings={slot: slot for slot in drawing.slots},
            mode="live", cause=Cause("manual"),
        )  # fmt: skip
    quieten_collector()
    if profile:
        profile.enable()
    began, busy = time.perf_counter(), time.process_time()
    executor.advance(started.run, 0)
    figures = Figures(
        records,
        time.perf_counter() - began,
        time.process_time() - busy,
        _highest(),
    )
    if profile:
        profile.disable()
    with database.read() as session:
        row = session.get(Run, started.run)
        assert row is not None
        assert row.state == "done", row
        assert from_json(row.counts or "{}")["created"] == records
    seen = requests.get(f"{url}/control/seen", timeout=60).json()
    assert (seen["records"], seen["twice"], seen["wrong"], seen["refused"]) == (records, 0, 0, 0), seen
    database.close()
    return figures


def _highest() -> float:
    """The most memory this process has had, in MB; what getrusage tells counts its parent's with it."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def alone(records: int) -> Figures:
    """The same in a process of its own, whose memory is this run's alone."""
    command = [sys.executable, "-m", "tests.bench.bulk", str(records), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return Figures(*json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    numbers = [int(word.replace("_", "")) for word in sys.argv[1:] if word[0].isdigit()]
    profile = cProfile.Profile() if "--profile" in sys.argv else None
    if "--json" in sys.argv:
        with service() as url, tempfile.TemporaryDirectory() as folder:
            print(json.dumps(run(url, Path(folder), numbers[0])))
        return
    with service() as url, tempfile.TemporaryDirectory() as folder:
        for records in numbers or [10_000, 10_000, 10_000]:
            one = run(url, Path(folder), records, profile)
            print(
                f"{one.records:>9,} records  {one.records / one.clock:>9,.0f} records/s  "
                f"{one.clock / one.records * 1e6:6.1f} µs by the clock  "
                f"{one.processor / one.records * 1e6:6.1f} µs of processor time  {one.peak:6.0f} MB",
                flush=True,
            )
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(60)


if __name__ == "__main__":
    main()
