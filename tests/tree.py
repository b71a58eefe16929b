"""The whole product as its user starts it: ``heddle up`` with the demo systems, in a process tree of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.durability.processes import command_line, family, free_ports

ROOT = Path(__file__).resolve().parents[1]
ADMIN = "admin@heddle.local"
PASSWORD = "a loom of my own"
READY = "Heddle is ready at"
SYSTEMS = ("creatio", "intacct")  # in the order of their ports, after the product's own
COMMANDS = {
    "worker": "designer.cli worker",
    "web": "designer.cli serve",
    "scheduler": "designer.cli scheduler",
    "valkey": "valkey-server",
}


@dataclass
class Tree:
    """A running installation.

    log      what it prints          password  the first administrator's, in force
    cookies  of a browser in which the administrator is signed in; none before the first time
    """

    process: subprocess.Popen[bytes]
    port: int
    data: Path
    log: Path
    password: str = ""
    cookies: list[Any] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def sandbox(self, system: str) -> Imitated:
        return Imitated(f"http://127.0.0.1:{self.port + 1 + SYSTEMS.index(system)}")

    @contextmanager
    def again(self, *, workers: int = 1, bulk_workers: int = 0, **env: str) -> Iterator[None]:
        """The same installation, started once more after it has died."""
        with _started(self.data, self.port, self.log, 120, workers, bulk_workers, **env) as self.process:
            yield

    def pids(self, kind: str) -> list[int]:
        """The processes of one kind (see COMMANDS), alive now."""
        return [pid for pid in family(self.process.pid) if COMMANDS[kind] in command_line(pid)]


@dataclass(frozen=True)
class Imitated:
    """The far side of a sandbox, for looking at what really happened there."""

    url: str

    def journal(self) -> list[dict[str, Any]]:
        """Every call since it started or was told to forget."""
        return list(self._get("/_sandbox/journal"))

    def writes(self) -> list[str]:
        """The calls that change data, by path and the beginning of what was sent."""
        return [f"{call['path']} {call['body'][:400]}" for call in self.journal() if call["mutating"]]

    def objects(self, entity: str) -> list[dict[str, Any]]:
        return list(self._get(f"/_sandbox/objects/{entity}"))

    def forget(self) -> None:
        requests.delete(f"{self.url}/_sandbox/journal", timeout=10).raise_for_status()

    def _get(self, path: str) -> Any:
        answer = requests.get(self.url + path, timeout=10)
        answer.raise_for_status()
        return answer.json()


@dataclass(frozen=True)
class Prepared:
    """An installation as it is after its administrator has chosen a password, at rest. Copies of it start in half of
    the time, at the same ports one after the other, or at others of their own."""

    data: Path
    port: int
    cookies: list[Any]

    @contextmanager
    def running(self, data: Path, port: int = 0, **env: str) -> Iterator[Tree]:
        """Starts a copy in the folder ``data``, which it makes; stops all of it at the end."""
        port, log = port or self.port, data.with_suffix(".log")
        shutil.copytree(self.data, data, ignore=shutil.ignore_patterns("valkey", "logs"))
        with _started(data, port, log, 120, 1, 0, **env) as process:
            yield Tree(process, port, data, log, PASSWORD, self.cookies)


def prepare(data: Path) -> Prepared:
    """Starts ``heddle up`` for the first time, has the administrator choose a password, and stops it again."""
    with running(data) as tree, requests.Session() as browser:
        address = f"{tree.url}/api/session"
        browser.headers["X-CSRF-Token"] = browser.get(address, timeout=10).json()["csrf"]
        for path, body in (
            ("", {"email": ADMIN, "password": tree.password}),
            ("/password", {"old": tree.password, "new": PASSWORD}),
        ):
            answer = browser.post(address + path, json=body, timeout=10)
            answer.raise_for_status()
            browser.headers["X-CSRF-Token"] = answer.json()["csrf"]
        cookies = [{"name": one.name, "value": one.value, "url": tree.url} for one in browser.cookies]
    return Prepared(data, tree.port, cookies)


@contextmanager
def running(
    data: Path, *, workers: int = 1, bulk_workers: int = 0, seconds: float = 120, **env: str
) -> Iterator[Tree]:
    """Starts ``heddle up`` with the demo and waits until it is ready; stops all of it at the end."""
    data.parent.mkdir(parents=True, exist_ok=True)
    port, log = free_ports(1 + len(SYSTEMS)), data.with_suffix(".log")
    with _started(data, port, log, seconds, workers, bulk_workers, **env) as process:
        tree = Tree(process, port, data, log)
        found = re.search(r"One-time password:\s+(\S+)", tree.said)
        assert found, tree.said
        tree.password = found.group(1)
        yield tree


@contextmanager
def _started(
    data: Path, port: int, log: Path, seconds: float, workers: int, bulk_workers: int, **env: str
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "designer.cli", "up", "--workers", str(workers),
             "--bulk-workers", str(bulk_workers)],
            cwd=ROOT, env=environment(data, **{"HEDDLE_PORT": str(port), "HEDDLE_DEMO": "1", **env}),
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until = time.monotonic() + seconds
        while READY not in (said := log.read_text(errors="replace")):
            assert process.poll() is None, f"Heddle did not start:\n{said}"
            assert time.monotonic() < until, f"Heddle was not ready in {seconds} s:\n{said}"
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment(data: Path, **env: str) -> dict[str, str]:
    """That of this process without its own settings of Heddle, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEDDLE_")}
    return {**kept, "HEDDLE_DATA": str(data), **env}
