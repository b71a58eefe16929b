"""The drawn bulk flow of the comparison in one process against a played service.

``python -m tests.bench.bulk [RECORDS…] [--profile]``: records a second, processor time of Heddle alone for each
record, and the highest memory. With ``--least TIMES`` each size is measured so often, in processes of their own:
``python -m tests.bench.bulk 10_000 100_000 1_000_000 --least 3`` shows whether a record costs the same among many. Everything is on: claims, cross references, the full ledger, a database
on disk; HTTP both ways.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import requests

from engine import collector, launch
from engine.connector import Connector
from engine.executor import Executor
from engine.flow import Flow
from engine.guard import VARIABLE
from engine.http import Http
from engine.launch import Cause
from engine.plan import build
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
    collector.quieten()
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


def least(sizes: Sequence[int], times: int) -> list[Figures]:
    """Of each size the least time and the most memory of so many runs. The sizes take turns, so that what else the
    machine does meets all alike."""
    turns = [[alone(records) for records in sizes] for _ in range(times)]
    return [
        Figures(
            own[0].records, min(one.clock for one in own), min(one.processor for one in own),
            max(one.peak for one in own),
        )
        for own in zip(*turns, strict=True)
    ]  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("records", nargs="*", type=int, default=[10_000, 10_000, 10_000])
    asked.add_argument("--least", type=int, metavar="TIMES")
    asked.add_argument("--profile", action="store_true")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    if given.least:
        for one in least(given.records, given.least):
            _show(one)
        return
    profile = cProfile.Profile() if given.profile else None
    with service() as url, tempfile.TemporaryDirectory() as folder:
        for records in given.records:
            one = run(url, Path(folder), records, profile)
            if given.json:
                print(json.dumps(one))
            else:
                _show(one)
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(60)


def _show(one: Figures) -> None:
    print(
        f"{one.records:>9,} records  {one.records / one.clock:>9,.0f} records/s  "
        f"{one.clock / one.records * 1e6:6.1f} µs by the clock  "
        f"{one.processor / one.records * 1e6:6.1f} µs of processor time  {one.peak:6.0f} MB",
        flush=True,
    )


if __name__ == "__main__":
    main()
