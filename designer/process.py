"""One child process: started so that it cannot outlive its parent, stopped and followed as a whole group."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

LOG_LIMIT = 10_000_000  # bytes; then the log moves to NAME.log.1
SETTLED = 10.0  # seconds alive after which a child's next fall counts as its first
LONGEST_PAUSE = 10.0

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Child:
    """A program that is to be up as long as its supervisor is.

    stage  children of a higher stage are started later and stopped earlier
    grace  seconds between SIGTERM and SIGKILL
    log    the file that its output is added to; None leaves it on the console
    """

    name: str
    command: list[str]
    stage: int = 0
    grace: float = 4.0
    environment: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    next_start: float = 0.0
    falls: int = 0
    is_gone: bool = True  # nothing of it is left, so its process id may be another's by now

    @property
    def is_up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self.rotate()
        with self.log.open("ab") if self.log else nullcontext() as out:
            self.process = subprocess.Popen(  # noqa: S603 - our own programs
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **self.environment},
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops all in order
                preexec_fn=dying_with(os.getpid()),  # noqa: PLW1509 - the supervisor has one thread
            )
        self.is_gone = False
        self.started_at = time.monotonic()

    def fell(self) -> float:
        """Notes an unwanted end, kills what it left behind, and answers the seconds until it is started again."""
        self.kill()
        now = time.monotonic()
        self.falls = 1 if now - self.started_at > SETTLED else self.falls + 1
        pause = 0.0 if self.falls == 1 else min(LONGEST_PAUSE, 0.25 * 2 ** (self.falls - 2))
        self.next_start = now + pause
        return pause

    def ended(self) -> str:
        """How the process ended, in words."""
        code = self.process.poll() if self.process else None
        if code is None:
            return "is running"
        return f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the whole group at once, grandchildren too."""
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
            self.is_gone = True

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None or self.is_gone:
            return
        with suppress(ProcessLookupError, PermissionError):  # macOS answers the second for a group of zombies
            os.killpg(self.process.pid, number)

    def rotate(self) -> None:
        """Keeps the log small: its writers append, so cutting it under them is safe."""
        try:
            if self.log and self.log.is_file() and self.log.stat().st_size > LOG_LIMIT:
                self.log.with_suffix(".log.1").write_bytes(self.log.read_bytes())
                os.truncate(self.log, 0)
        except OSError as error:  # a full disk must not take the children with it
            print(f"The log {self.log} could not be cut: {error}", file=sys.stderr, flush=True)  # noqa: T201

    def last_words(self, lines: int = 15) -> str:
        try:
            text = self.log.read_text(errors="replace").splitlines()[-lines:] if self.log else []
        except OSError:
            return ""
        return "\n".join(f"    {line}" for line in text)


def dying_with(parent: int) -> Callable[[], None]:
    """To be called in a new process before its program: the kernel is to kill it when ``parent`` dies (Linux)."""

    def ask() -> None:
        if _libc is None:
            return
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask
