"""Measures this machine and writes docs/benchmarks.md. It judges nothing: machines differ."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.bench import bulk as whole
from tests.bench import (
    call_speed,
    comparison,
    limit_speed,
    map_speed,
    release_speed,
    rules_speed,
    settled_loop,
    shares,
    small_work,
    two_way_speed,
)
from tests.bench.pages import compare, compare_many, compare_small, spend, write
from tests.durability import tree
from tests.durability.tree import Tree

RECORDS = int(os.environ.get("BENCH_RECORDS", "10000"))
PRESSES = int(os.environ.get("BENCH_PRESSES", "200"))
MANY = int(os.environ.get("BENCH_MANY", "100000"))
SIZES = sorted({*(size for size in (10_000, 100_000) if size < MANY), MANY})
TIMES = 3
LOOP = 20_000
LIMIT = 40
PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"


@pytest.mark.bench
def test_speed(tmp_path: Path) -> None:
    rows: list[tuple[str, str]] = []
    with tree.up(tmp_path / "press") as running:
        rows += presses(running)
    with tree.up(tmp_path / "bulk") as running:
        rows += bulk(running)
    rows += call_speed.figures()
    rows += loop()
    rows += scale()
    rows += limit()
    rows += two_way_speed.figures()
    rows += [(f"Map alone: {name}", f"{cost:.1f} µs a record") for name, cost in map_speed.figures()]
    rows += rules_speed.figures()
    rows += [(name, f"{seconds:.2f} s of CPU") for name, seconds in release_speed.figures()]
    write(PAGE, machine(), rows)
    for name, value in rows:
        print(f"{name:60} {value}")


def presses(running: Tree) -> list[tuple[str, str]]:
    """One press after another, each from the POST of the button to the objects in the two systems.

    The systems' journals say when each call was done; both run on this machine's clock.
    """
    running.seed(PRESSES * 6, seed=3)
    keys = sorted(running.bookable())[: PRESSES + 5]
    for sandbox in (running.creatio, running.intacct):
        sandbox.session.delete(sandbox.url + "/_sandbox/journal")
    began: list[tuple[float, float]] = []
    for at, key in enumerate(keys):
        pressed = time.time()
        tree.press(running.url + running.hook, key, f"press {at}")
        answered = time.time()
        while not running.creatio.get(f"/_sandbox/opportunity/{key}")["number"]:
            assert time.time() < pressed + 60, f"no invoice for {key}"
            time.sleep(0.004)
        began.append((pressed, answered))
    booked = [
        call["at"] for call in running.intacct.get("/_sandbox/journal") if "<create_invoice>" in call["body"]
    ]
    back = [call["at"] for call in running.creatio.get("/_sandbox/journal") if _writes_back(call)]
    measured = began[5:]  # the first ones find cold caches
    return [
        (f"Button → answered, {len(measured)} presses", _spread(done - start for start, done in measured)),
        (
            "Button → invoice stands in Sage Intacct",
            _spread(_first(booked, start) - start for start, _ in measured),
        ),
        ("Button → number stands in Creatio", _spread(_first(back, start) - start for start, _ in measured)),
    ]


def _writes_back(call: dict[str, Any]) -> bool:
    return bool(call["mutating"]) and "UsrInvoiceNumber" in call["body"]


def _first(moments: list[float], start: float) -> float:
    return min(at for at in moments if at >= start)


def bulk(running: Tree) -> list[tuple[str, str]]:
    """The ready flow over so many won opportunities, both imitated systems on the same machine."""
    running.seed(int(RECORDS * 2.86), seed=4)
    for sandbox in (running.creatio, running.intacct):
        sandbox.session.delete(sandbox.url + "/_sandbox/journal")
    began = time.monotonic()
    run = running.wait(running.start(), 3600)
    took = time.monotonic() - began
    running.judge(run)
    read, batches = run["counts"]["read"], -(-run["counts"]["read"] // 200)
    calls = [len(sandbox.get("/_sandbox/journal")) for sandbox in (running.creatio, running.intacct)]
    peak = max(_peak(pid) for pid in running.pids("worker"))
    return [
        (
            f"{read:,} opportunities in bulk, {run['counts']['created']:,} invoices, the rest held",
            f"{read / took:,.0f} records/s",
        ),
        ("Peak memory of a worker meanwhile", f"{peak} MB"),
        (
            "Calls a batch of 200 to Creatio / Sage Intacct",
            f"{calls[0] / batches:.1f} / {calls[1] / batches:.1f}",
        ),
    ]


def limit() -> list[tuple[str, str]]:
    """What four processes reach together of a rate that a system allows, with nothing beyond it."""
    reached = limit_speed.measure(LIMIT, 8.0)
    return [
        (f"Of {LIMIT} calls a second allowed, four processes reach", f"{reached.per_second:.1f}"),
        ("… refused on the way", f"{reached.refused} of {reached.calls + reached.refused}"),
    ]


@pytest.mark.bench
def test_comparison() -> None:
    found = comparison.rows(RECORDS, TIMES)
    compare(PAGE, f"{RECORDS:,} records a run, {TIMES} runs each; {machine()}", (comparison.HEAD, *found))
    for row in found:
        print(" | ".join(row))


@pytest.mark.bench
def test_comparison_of_many() -> None:
    """The same with ten times as many, by those that do not take minutes."""
    found = comparison.rows(10 * RECORDS, TIMES, comparison.QUICK)
    compare_many(
        PAGE, f"{10 * RECORDS:,} records a run, {TIMES} runs each; {machine()}", (comparison.HEAD, *found)
    )
    for row in found:
        print(" | ".join(row))


@pytest.mark.bench
def test_small_work() -> None:
    found = small_work.rows(TIMES)
    compare_small(PAGE, f"{TIMES} turns each; {machine()}", (small_work.HEAD, *found))
    for row in found:
        print(" | ".join(row))


@pytest.mark.bench
def test_shares() -> None:
    found = shares.rows(2 * RECORDS)
    spend(PAGE, machine(), found)
    for row in found:
        print(" | ".join(row))


def scale() -> list[tuple[str, str]]:
    """The whole way over HTTP in one process, few records and many: whether one costs the same among many."""
    return [
        (
            f"The flow of the comparison in one process, {one.records:,} records, least of {TIMES}",
            f"{one.processor / one.records * 1e6:.0f} µs of processor time a record, "
            f"{one.records / one.clock:,.0f} records/s, {one.peak:.0f} MB at most",
        )
        for one in whole.least(SIZES, TIMES)
    ]


def loop() -> list[tuple[str, str]]:
    """Heddle alone: a system in memory, a drawn map of 12 fields, everything kept."""
    with tempfile.TemporaryDirectory() as folder:
        cost = min(
            (settled_loop.run(f"sqlite:///{Path(folder) / f'{n}.db'}", LOOP) for n in range(3)),
            key=lambda one: one.processor,
        )
    batches = LOOP / settled_loop.BATCH
    return [
        ("Heddle alone, map of 12 fields, every delivery kept", f"{LOOP / cost.clock:,.0f} records/s"),
        ("… of which processor time", f"{cost.processor / LOOP * 1e6:.0f} µs a record"),
        ("… commits a batch of 500", f"{cost.commits / batches:.1f}"),
    ]


def machine() -> str:
    info = Path("/proc/cpuinfo")
    models = [
        line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({models[0] if models else platform.processor()}), {memory:.0f} GB memory, "
        f"load {os.getloadavg()[0]:.1f} at the end, {platform.system()}, Python {platform.python_version()}, "
        f"SQLite, {date.today().isoformat()}"  # noqa: DTZ011 - for people
    )


def _spread(seconds: Any) -> str:
    """p50 and p95 in milliseconds."""
    ordered = sorted(1000 * value for value in seconds)
    return f"p50 {statistics.median(ordered):.0f} ms, p95 {ordered[int(0.95 * (len(ordered) - 1))]:.0f} ms"


def _peak(pid: int) -> int:
    """The most memory a process has had, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    return 0
