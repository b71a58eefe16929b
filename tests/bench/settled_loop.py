"""What Heddle itself costs for each record: read, stage, map, write, settle, in one process and without a network.

``python -m tests.bench.settled_loop [RECORDS] [--profile]``. The system is a toy in memory that answers at
once; all the rest is the product: the drawn map of 12 fields, the claims, the full ledger, a real database.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import event

from engine import collector, launch
from engine.connector import Capability, Query
from engine.flow import Edge, Flow, Node, Policy, Slot
from engine.http import Http
from engine.launch import Cause
from engine.plan import build
from engine.record import Change, Outcome, Page, Record, Result, from_json
from engine.shape import Entity, Field
from engine.store.database import Database
from engine.store.runs import Run
from tests.bench.map_speed import TABLES, WORKED
from tests.bench.map_speed import record as made
from tests.engine.toys import Bench, Toy, World, toys

BATCH = 500


class Instant(Toy):
    """Answers from memory, in pages and calls of 500."""

    capability = Capability(page=BATCH, write=BATCH, find=BATCH, idempotency="key")

    def entity(self, name: str) -> Entity:
        return Entity(name=name, key="id", fields=tuple(Field(name=row["target"]) for row in WORKED))

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        start = int(cursor or 0)
        rows = self.world.source[start : start + limit]  # type: ignore[index]
        end = start + limit
        return Page(list(rows), end if end < len(self.world.source) else None)

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        first = len(self.world.target)
        self.world.target.extend(change.data for change in changes)
        return [
            Result(Outcome.CREATED, str(first + at), f"N-{first + at}", answer={"STATE": "Posted"})
            for at, _ in enumerate(changes)
        ]


def flow() -> Flow:
    return Flow(
        name="Settled loop",
        slots={"left": Slot(system="toy"), "right": Slot(system="toy")},
        nodes=[
            Node(id="start", type="toy-trigger"),
            Node(id="read", type="toy-read"),
            Node(id="map", type="map", settings={"rows": WORKED}),
            Node(id="write", type="toy-write", settings={"operation": "create", "match": ()}),
        ],
        edges=[
            Edge(source="start", target="read"),
            Edge(source="read", target="map"),
            Edge(source="map", target="write"),
        ],
        tables=TABLES,
        policy=Policy(lanes=1, batch_size=BATCH),
    )


class Cost(NamedTuple):
    """Seconds by the clock and of processor time, and commits."""

    clock: float
    processor: float
    commits: int


def run(url: str, records: int, profile: cProfile.Profile | None = None) -> Cost:
    """What a live run over so many records takes, in a fresh database at ``url``."""
    world = World()
    world.source = [  # type: ignore[assignment]
        Record(f"S{n:06d}", made(n).data, title=f"Record {n}") for n in range(records)
    ]
    database = Database(url)
    database.migrate()
    with toys():
        bench = Bench(database, world, flow())
        bench.open = lambda connection, *, read_only, journal=None: Instant(  # type: ignore[method-assign,assignment]
            world, Http(read_only=read_only, journal=journal)
        )
        executor = bench.executor(slice=600.0)
        plan = build(flow())
        with database.write() as session:
            started = launch.start(
                session, plan, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R"},
                mode="live", cause=Cause("manual"),
            )  # fmt: skip
        commits: list[None] = []
        event.listen(database.engine, "commit", lambda connection: commits.append(None))
        collector.quieten()
        if profile:
            profile.enable()
        began, busy = time.perf_counter(), time.process_time()
        executor.advance(started.run, 0)
        cost = Cost(time.perf_counter() - began, time.process_time() - busy, len(commits))
        if profile:
            profile.disable()
    with database.read() as session:
        run = session.get(Run, started.run)
        assert run is not None
        assert run.state == "done", run
        assert from_json(run.counts or "{}")["created"] == records == len(world.target)
    database.close()
    return cost


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    records = numbers[0] if numbers else 20_000
    profile = cProfile.Profile() if "--profile" in sys.argv else None
    with tempfile.TemporaryDirectory() as folder:
        tries = [
            run(f"sqlite:///{Path(folder) / f'{n}.db'}", records, profile) for n in range(1 if profile else 3)
        ]
    took, busy, _ = min(tries, key=lambda cost: cost.processor)
    print(
        f"{took / records * 1e6:.1f} µs a record by the clock, {busy / records * 1e6:.1f} µs of processor time"
    )
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    main()
