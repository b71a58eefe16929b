"""Workers as real processes that can be killed, over an outside world that lives in a file of its own.

The world's target makes a new row on every create, so a repeated write shows as a second row and a lost one
as a missing row. A worker answers the doorbell and sweeps, as the product's own processes do. It is forked from
a server that has loaded everything already: what is killed is a process, not the start of Python.
"""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import os
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from engine import faults, queue, registry
from engine.connector import CannotTell
from engine.errors import InDoubt
from engine.http import Http
from engine.plan import Plan, build
from engine.record import Change, Outcome, Page, Record, Remote, Result
from engine.runtime import Runtime
from engine.store.database import Database
from engine.store.seal import Seal
from tests.engine.test_arrivals import drawing
from tests.engine.toys import Toy, World, toy_flow, toys

LEASE = 1.2


class FileWorld(World):
    """The outside in an SQLite file: what was written there stays written whoever dies."""

    def __init__(self, path: str, rows: int, means: str) -> None:
        super().__init__(rows)
        self.means = means  # type: ignore[assignment]
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS target (id INTEGER PRIMARY KEY, key TEXT, ref TEXT, name TEXT)"
        )

    def refs(self) -> list[str]:
        return [row[0] for row in self.db.execute("SELECT ref FROM target ORDER BY ref")]


class FileToy(Toy):
    """The toy connector over a FileWorld. A write takes a few milliseconds, so that kills fall into it."""

    world: FileWorld

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        found = []
        for match in matches:
            (name, value), *_ = match.items()
            rows = self.world.db.execute(f"SELECT id, ref, name FROM target WHERE {name} = ?", (value,))
            found.append([Remote(str(i), {"ref": ref, "name": text}, f"N-{i}") for i, ref, text in rows])
        return found

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        results = []
        for change in changes:
            made = self.world.db.execute(
                "INSERT INTO target (key, ref, name) VALUES (?,?,?)",
                (change.key, change.data["ref"], change.data["name"]),
            )
            results.append(Result(Outcome.CREATED, str(made.lastrowid), f"N-{made.lastrowid}"))
        time.sleep(0.004)
        return results

    def resolve(self, entity: str, changes: Sequence[Change]) -> list[Remote | None]:
        if self.world.means == "none":
            raise CannotTell("The toy cannot tell.")
        column = "ref" if self.world.means == "match" else "key"
        found: list[Remote | None] = []
        for change in changes:
            value = change.data["ref"] if column == "ref" else change.key
            row = self.world.db.execute(f"SELECT id FROM target WHERE {column} = ?", (value,)).fetchone()
            found.append(Remote(str(row[0]), {}, f"N-{row[0]}") if row else None)
        return found


class KillRuntime(Runtime):
    """A runtime whose every connection leads to the file world, and whose every version is the toy flow."""

    world: FileWorld
    toy_plan: Plan

    def open(self, connection_id: str, *, read_only: bool, journal: Any = None) -> Any:
        return FileToy(self.world, Http(read_only=read_only, timeout=0.5))

    def plan(self, version_id: int) -> Plan:
        return self.toy_plan


CALLS = "-calls"
"""Behind a means: the flow reads nothing, calls bring the records."""


SLICE = "SLICE"
"""In the environment of a worker: the seconds after which it gives a lane back."""


def plan_for(means: str) -> Plan:
    match = ("ref",) if means.startswith("match") else ()
    if means.endswith(CALLS):
        return drawing(match=match)
    return build(toy_flow(lanes=2, batch_size=25, match=match))


registry.node_types()  # loaded once, before workers are forked
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


def spawn(
    database_url: str, world: Path, rows: int, means: str, redis_url: str, **env: str
) -> ForkServerProcess:
    """One worker process; ``env`` arms crash points."""
    process = _forks.Process(target=serve, args=(database_url, str(world), rows, means, redis_url, env))
    process.start()
    return process


def serve(database_url: str, world: str, rows: int, means: str, redis_url: str, env: dict[str, str]) -> None:
    """What a worker process does until it is killed."""
    os.environ.update(env)
    importlib.reload(faults)  # it looks at the environment once
    logging.disable()
    with toys():
        database = Database(database_url)
        runtime = KillRuntime(database, Seal("a key that is only for tests"))
        runtime.world = FileWorld(world, rows, means.removesuffix(CALLS))
        runtime.toy_plan = plan_for(means)
        bell = queue.Doorbell(redis_url)
        queue.QUIET = 0.5
        sweeper = threading.Thread(
            target=queue.sweep, args=(database, bell, threading.Event(), 0.2), daemon=True
        )
        sweeper.start()
        queue.work(runtime, redis_url, lease=LEASE, slice=float(env.get(SLICE, "2.0")))


__all__ = ["CALLS", "SLICE", "FileToy", "FileWorld", "InDoubt", "Page", "Record", "plan_for", "spawn"]
