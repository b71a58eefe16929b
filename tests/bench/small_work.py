"""Small work by Heddle, Node-RED and n8n in one run: a call that brings a record, and one write call for each record.

``python -m tests.bench.small_work [TIMES]``. Node-RED and n8n answer a call before they have done anything with it;
Heddle answers when it is kept on disk, and writes it once, whatever dies on the way.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.bench import call_speed, comparison, n8n
from tests.bench.peers import Peer, cpu, node_red_at, rest

CALLS, SECONDS, CONNECTIONS = 100, 5.0, 16
RECORDS = 5_000
HEAD = (
    "who", "one call alone → written: p50 / p95", f"{CONNECTIONS} callers: accepted – written, calls/s",
    "µs of processor time a call", "one write call each: least – middle – most, records/s",
    "µs of processor time a record",
)  # fmt: skip


@dataclass
class Side:
    """One of them, and what was measured of it. ``pids``: all of its processes that do the work; ``part``: it gets one
    record in so many to write."""

    name: str
    called: str
    single: str
    pids: Callable[[], set[int]]
    part: int = 1
    alone: list[float] = field(default_factory=list)
    rates: list[call_speed.Sustained] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    runs: list[comparison.Run] = field(default_factory=list)

    def call(self, service: str, first: int) -> None:
        self.alone += [written for _, written in call_speed.waits(service, self.called, CALLS, first)]
        before = cpu(self.pids())
        told = call_speed.sustained(service, self.called, SECONDS, CONNECTIONS, first + 10_000)
        self.rates.append(told)
        self.costs.append((cpu(self.pids()) - before) / told.calls * 1e6)
        rest(self.pids)

    def write(self, service: str, first: int) -> None:
        begin = lambda: requests.post(self.single, json={"at": first}, timeout=60).raise_for_status()  # noqa: E731
        peer = Peer(self.name, begin, self.pids)
        self.runs.append(comparison.measure(peer, service, first, RECORDS // self.part))
        rest(self.pids)

    def row(self) -> tuple[str, ...]:
        rates = sorted(run.rate for run in self.runs)
        accepted, written = (
            statistics.median(getattr(one, name) for one in self.rates) for name in ("accepted", "written")
        )
        return (
            self.name,
            call_speed.spread(self.alone),
            f"{accepted:,.0f} – {written:,.0f}",
            f"{statistics.median(self.costs):,.0f}",
            f"{rates[0]:,.0f} – {statistics.median(rates):,.0f} – {rates[-1]:,.0f}",
            f"{statistics.median(run.processor for run in self.runs):,.0f}",
        )


def rows(times: int) -> list[tuple[str, ...]]:
    """The table. All take turns, with records of their own each time; a first turn for cold caches does not count."""
    with (
        tempfile.TemporaryDirectory() as folder,
        call_speed.scene(Path(folder)) as here,
        others(here.service, Path(folder)) as peers,
    ):
        pids = lambda: {*here.running.pids("web"), *here.running.pids("worker")}  # noqa: E731
        sides = [Side("Heddle, drawn, 2 + 1 workers", here.called, here.single, pids), *peers]
        for turn in range(times + 1):
            for side in sides:
                side.call(here.service, turn * 100_000)
                side.write(here.service, 5_000_000 + turn * RECORDS)
                if turn == 0:
                    side.alone, side.rates, side.costs, side.runs = [], [], [], []
        return [*(side.row() for side in sides), *comparison.absent(len(HEAD))]


@contextmanager
def others(service: str, folder: Path) -> Iterator[list[Side]]:
    """Those that are installed, each started once."""
    with ExitStack() as stack:
        found = []
        if red := stack.enter_context(node_red_at(service, folder)):
            found.append(Side("Node-RED, drawn", f"{red[0]}/called", f"{red[0]}/single", red[1]))
        for engine in n8n.ENGINES if n8n.find() else ():
            url, pids = stack.enter_context(n8n.n8n_at(service, folder, engine))
            found.append(Side(engine.title, f"{url}/called", f"{url}/single", pids, engine.part))
        yield found


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f}")
    for row in (HEAD, *rows(int(sys.argv[1]) if len(sys.argv) > 1 else 2)):
        print(" | ".join(row), flush=True)


if __name__ == "__main__":
    main()
