"""The same job by all who are here, in one go: records a second, processor time and memory side by side.

``python -m tests.bench.comparison [RECORDS] [TIMES]``. Ratios of one run mean something; figures of different runs
do not.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import NamedTuple

import requests

from tests.bench import n8n, peers
from tests.bench.bulk import service
from tests.bench.peers import Peer, cpu, memory, rest

STILL = 120.0
"""Seconds without a record after which a run counts as stopped."""
LOOK = 0.2
"""Seconds between two looks at what has arrived, and at the processes. A look takes some milliseconds of one core, which
those miss most who use both."""
WARM = 1_000
"""Records of the run before, for cold caches."""
ABSENT = {
    "Node-RED": "npm install --prefix $PEERS node-red",
    "n8n": "npm install --prefix $PEERS/node24 node@24 && npm install --prefix $PEERS/n8n n8n (2.2 GB)",
}


Kind = Callable[[str, Path], AbstractContextManager[list[Peer]]]
"""Starts peers, given the address of the service and a folder of their own; none where they are not installed."""


class Run(NamedTuple):
    """One run of one peer."""

    rate: float
    processor: float
    together: float
    largest: float


def measure(peer: Peer, url: str, first: int, records: int) -> Run:
    """A run over the records with these numbers. Raises AssertionError when some are missing, doubled or wrong."""
    requests.post(f"{url}/control/begin?n={records}&first={first}", timeout=600).raise_for_status()
    before, began = cpu(peer.pids()) if peer.name[:5] != "Plain" else 0.0, time.time()
    peer.begin()
    together = largest = 0.0
    known: set[int] = set()
    seen, moved = {"records": 0}, time.time()
    while seen["records"] < records:
        time.sleep(LOOK)
        pids = peer.pids()
        known |= pids
        now, most = memory(pids)
        together, largest = max(together, now), max(largest, most)
        found = requests.get(f"{url}/control/seen", timeout=60).json()
        if found["records"] != seen["records"]:
            moved = time.time()
        assert time.time() - moved < STILL, f"{peer.name}: stopped at {found}"
        seen = found
    assert not seen["twice"], seen
    assert not seen["wrong"], seen
    assert not seen["refused"], seen
    used = cpu(known) - before  # the system still tells of one that has ended, until somebody waits for it
    return Run(records / (seen["last"] - began), used / records * 1e6, together, largest)


QUICK = (peers.heddle, peers.node_red, peers.script)
ALL = (*QUICK, n8n.n8n)


def compared(records: int, times: int, kinds: Sequence[Kind] = ALL) -> dict[str, list[Run]]:
    """The runs of each peer that is here. They take turns, so that what else the machine does meets all alike; every
    run has records of its own, so that who remembers does not profit."""
    with service() as url, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        here = [peer for kind in kinds for peer in stack.enter_context(kind(url, Path(folder)))]
        found: dict[str, list[Run]] = {peer.name: [] for peer in here}
        for peer in here:
            measure(peer, url, 0, WARM // peer.part)
            rest(peer.pids)
        for turn in range(times):
            for peer in here:
                found[peer.name].append(measure(peer, url, WARM + turn * records, records // peer.part))
                rest(peer.pids)
        return found


def rows(records: int, times: int, kinds: Sequence[Kind] = ALL) -> list[tuple[str, ...]]:
    """The table: name, records a second, our ratio to it, processor time, memory."""
    found = compared(records, times, kinds)
    ours = next(iter(found.values()))
    made: list[tuple[str, ...]] = []
    for name, runs in found.items():
        rates = sorted(run.rate for run in runs)
        middle = statistics.median(rates)
        made.append(
            (
                name,
                f"{rates[0]:,.0f} – {middle:,.0f} – {rates[-1]:,.0f}",
                f"{statistics.median(own.rate / run.rate for own, run in zip(ours, runs, strict=True)):.2f}",
                f"{statistics.median(run.processor for run in runs):.0f}",
                f"{max(run.together for run in runs):.0f} / {max(run.largest for run in runs):.0f}",
            )
        )
    made += absent(len(HEAD))
    return made


def absent(columns: int) -> list[tuple[str, ...]]:
    """A row for each that is not installed, with what installs it."""
    gone = [
        name for name, found in (("Node-RED", peers.find_node_red()), ("n8n", n8n.find())) if found is None
    ]
    return [(name, f"not installed: `{ABSENT[name]}`", *[""] * (columns - 2)) for name in gone]


HEAD = ("who", "records/s: least – middle – most", "Heddle is … times as fast", "µs of processor time a record",
        "memory at most, MB: all processes / the largest")  # fmt: skip


def main() -> None:
    numbers = [int(word.replace("_", "")) for word in sys.argv[1:]]
    records, times = (*numbers, *(10_000, 3)[len(numbers) :])[:2]
    print(f"{records:,} records, load {os.getloadavg()[0]:.1f}")
    for row in (HEAD, *rows(records, times)):
        print(" | ".join(row), flush=True)


if __name__ == "__main__":
    main()
