"""Keeps a set of children up: starts them in stages, heals the ones that fall, stops all of them in order."""

from __future__ import annotations

import select
import signal
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from designer.process import Child

HOPELESS = 4  # falls in a row before everything was ready once: then starting makes no sense
ROTATE_EVERY = 60.0
SIGNALS = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StartError(Exception):
    """A child cannot be brought up; the text has its last words."""


class Stopped(Exception):
    """Somebody asked to stop."""


class Supervisor:
    """Runs ``children`` until it is told to stop. Must live in the main thread of a process of its own.

    say  prints one line for the person who watches
    """

    def __init__(self, children: Iterable[Child], say: Callable[[str], None]) -> None:
        self.children = sorted(children, key=lambda child: child.stage)
        self.say = say
        self._stops = 0
        self._rotated_at = time.monotonic()
        self._woken, self._waker = socket.socketpair()

    def __enter__(self) -> Supervisor:
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._handlers = {number: signal.signal(number, self._note) for number in SIGNALS}
        self._former_wakeup = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        signal.set_wakeup_fd(self._former_wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._woken.close()
        self._waker.close()

    def _note(self, number: int, _: object) -> None:
        if number != signal.SIGCHLD:
            self._stops += 1

    def start(self, stage: int) -> None:
        """Starts the children of one stage, without waiting for them. Raises StartError for a missing program."""
        for child in self.children:
            if child.stage == stage:
                try:
                    child.start()
                except OSError as error:
                    raise StartError(f"{child.name} cannot be started: {error}") from error

    def wait_until(self, is_ready: Callable[[], bool], timeout: float, what: str) -> None:
        """Heals children until ``is_ready`` says so. Raises StartError or Stopped."""
        until = time.monotonic() + timeout
        while not is_ready():
            self._turn(0.05)
            for child in self.children:
                if child.falls >= HOPELESS:
                    raise StartError(f"{child.name} {child.ended()} again and again:\n{child.last_words()}")
            if time.monotonic() > until:
                down = [child for child in self.children if child.started_at and not child.is_up]
                words = "".join(f"\n{child.name} {child.ended()}:\n{child.last_words()}" for child in down)
                raise StartError(f"{what} did not come up within {timeout:.0f} s.{words}")

    def run_once(self, task: Child, what: str) -> None:
        """Runs a program to its end, healing children meanwhile. Raises StartError or Stopped."""
        task.start()
        try:
            while task.is_up:
                self._turn(0.5)
        finally:
            task.kill()
        assert task.process is not None
        if task.process.returncode:
            raise StartError(f"{what} {task.ended()}; see above.")

    def run(self) -> None:
        """Heals children until somebody asks to stop."""
        try:
            while True:
                self._turn(5.0)
        except Stopped:
            return

    def _turn(self, longest: float) -> None:
        now = time.monotonic()
        pauses = [child.next_start - now for child in self.children if child.next_start]
        self._sleep(min([longest, *pauses]))
        if self._stops:
            raise Stopped
        now = time.monotonic()
        for child in self.children:
            if child.next_start:
                if child.next_start <= now:
                    self._restart(child)
            elif child.process is not None and not child.is_up:
                how = child.ended()
                pause = child.fell()
                soon = "at once" if not pause else f"in {pause:.1f} s"
                self.say(f"{child.name} {how}; it is started again {soon} (log: {child.log})")
        if now - self._rotated_at > ROTATE_EVERY:
            self._rotated_at = now
            for child in self.children:
                child.rotate()

    def _restart(self, child: Child) -> None:
        child.next_start = 0.0
        try:
            child.start()
        except OSError as error:  # no memory or no process left: later there may be
            self.say(f"{child.name} cannot be started: {error}; it is tried again in {child.fell():.1f} s")

    def _sleep(self, longest: float) -> None:
        """Until a signal comes, ``longest`` seconds at most."""
        select.select([self._woken], [], [], max(0.0, longest))
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def stop(self) -> None:
        """Stops every child, the highest stage first; who does not go in time is killed, at a second request at once."""
        asked = self._stops
        for stage in sorted({child.stage for child in self.children}, reverse=True):
            crew = [child for child in self.children if child.stage == stage and child.is_up]
            for child in crew:
                child.terminate()
            until = time.monotonic() + max((child.grace for child in crew), default=0.0)
            while any(child.is_up for child in crew) and time.monotonic() < until and self._stops == asked:
                self._sleep(0.05)
        for child in reversed(self.children):
            child.kill()  # also what a child that ended by itself left behind
            child.next_start = 0.0
