"""What is alive: read from /proc, so that nothing that was forgotten can hide."""

from __future__ import annotations

import os
import random
import signal
import socket
from contextlib import ExitStack, suppress
from pathlib import Path


def family(root: int) -> set[int]:
    """The process ids of a process and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError):
                stat = (entry / "stat").read_text()
                state, parent = stat.rpartition(")")[2].split()[:2]
                if state != "Z":
                    parents[int(entry.name)] = int(parent)
    found = {root} & parents.keys()
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def marked(text: str) -> dict[int, str]:
    """Process id → command line, of every process whose command line or environment has ``text``."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            if text.encode() in command + (entry / "environ").read_bytes():
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def command_line(pid: int) -> str:
    """What a process was started as; empty when it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def free_ports(count: int) -> int:
    """The first of ``count`` ports in a row that nobody uses, below those that outgoing calls take."""
    for first in random.sample(range(20_000, 30_000), 200):
        with suppress(OSError), ExitStack() as probes:
            for port in range(first, first + count):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise AssertionError(f"no {count} free ports in a row between 20000 and 30000")
