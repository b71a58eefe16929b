"""The whole product as its user starts it: ``heddle up`` with the demo systems, in a process tree of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.durability.processes import free_ports

ROOT = Path(__file__).resolve().parents[1]
ADMIN = "admin@heddle.local"
READY = "Heddle is ready at"
SYSTEMS = ("creatio", "intacct")  # in the order of their ports, after the product's own


@dataclass
class Tree:
    """A running installation. ``said`` is what it printed; ``password`` the first administrator's, in force."""

    process: subprocess.Popen[str]
    port: int
    data: Path
    said: list[str] = field(default_factory=list)
    password: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sandbox(self, system: str) -> Imitated:
        return Imitated(f"http://127.0.0.1:{self.port + 1 + SYSTEMS.index(system)}")


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


@contextmanager
def running(data: Path, *, seconds: float = 120) -> Iterator[Tree]:
    """Starts ``heddle up`` with the demo and waits until it is ready; stops all of it at the end."""
    port = free_ports(1 + len(SYSTEMS))
    process = subprocess.Popen(
        [sys.executable, "-m", "designer.cli", "up", "--workers", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "HEDDLE_PORT": str(port), "HEDDLE_DATA": str(data), "HEDDLE_DEMO": "1"},
    )
    tree = Tree(process, port, data)
    threading.Thread(target=_listen, args=(tree,), daemon=True).start()
    try:
        until = time.monotonic() + seconds
        while READY not in "".join(tree.said):
            assert process.poll() is None, f"Heddle did not start:\n{''.join(tree.said)}"
            assert time.monotonic() < until, f"Heddle was not ready in {seconds} s:\n{''.join(tree.said)}"
            time.sleep(0.1)
        found = re.search(r"One-time password:\s+(\S+)", "".join(tree.said))
        assert found, "".join(tree.said)
        tree.password = found.group(1)
        yield tree
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listen(tree: Tree) -> None:
    assert tree.process.stdout is not None
    with tree.process.stdout as out:
        for line in out:
            tree.said.append(line)
