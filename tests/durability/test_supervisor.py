"""The supervisor with small children: heals, gives up, stops in order, leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.durability.processes import family, kill, marked

pytestmark = pytest.mark.durability

ROOT = Path(__file__).resolve().parents[2]
PRELUDE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from designer.process import Child
from designer.supervisor import Supervisor, StartError, Stopped
say = lambda text: print(text, flush=True)
"""
SLEEPER = "import time; time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"

Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Runs a program that supervises; whatever is left of it at the end fails the test."""
    mark = f"HEDDLE_TEST_MARK={tmp_path}"
    begun: list[subprocess.Popen[str]] = []

    def run(program: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + textwrap.dedent(program)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "HEDDLE_TEST_MARK": str(tmp_path)},
        )
        begun.append(process)
        return process

    yield run
    for process in begun:
        kill(process.pid)
        process.communicate()
    try:
        wait_for(lambda: not marked(mark), 5, "the end of every process")
    finally:
        for pid in marked(mark):
            kill(pid)


def supervising(*programs: str, grace: float = 1.0) -> str:
    children = ", ".join(
        f"Child('child-{n}', [sys.executable, '-c', {program!r}], stage={n}, grace={grace},"
        f" log=Path('child-{n}.log'))"
        for n, program in enumerate(programs)
    )
    stages = "\n    ".join(f"supervisor.start({n})" for n in range(len(programs)))
    return f"""
with Supervisor([{children}], say) as supervisor:
    {stages}
    say("up")
    supervisor.run()
say("down")
"""


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} was never said:\n{seen}")


def test_a_killed_child_is_started_again(start: Start) -> None:
    process = start(supervising(SLEEPER, SLEEPER))
    read_until(process, "up")
    before = family(process.pid) - {process.pid}
    assert len(before) == 2
    for pid in before:
        kill(pid)
    wait_for(lambda: len(family(process.pid) - {process.pid} - before) == 2, 5, "healing")
    assert "was ended by SIGKILL" in read_until(process, "again at once")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all(start: Start, number: signal.Signals) -> None:
    process = start(supervising(SLEEPER, PARENT, DEAF))
    read_until(process, "up")
    wait_for(lambda: len(family(process.pid)) == 5, 5, "the start of all")
    began = time.monotonic()
    process.send_signal(number)
    read_until(process, "down")
    assert process.wait(5) == 0
    assert time.monotonic() - began < 4, "the deaf one is killed after its second of grace"


def test_a_second_signal_does_not_wait(start: Start) -> None:
    process = start(supervising(DEAF, DEAF, grace=30))
    read_until(process, "up")
    time.sleep(0.5)  # until they are deaf
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None, "it waits for the deaf ones"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0
    assert time.monotonic() - began < 3


def test_children_die_with_a_killed_supervisor(start: Start, tmp_path: Path) -> None:
    process = start(supervising(SLEEPER, DEAF))
    read_until(process, "up")
    children = family(process.pid) - {process.pid}
    assert len(children) == 2
    kill(process.pid)
    wait_for(lambda: not any(family(pid) for pid in children), 3, "the end of the children")


def test_grandchildren_do_not_outlive_a_killed_child(start: Start) -> None:
    process = start(supervising(PARENT))
    read_until(process, "up")
    wait_for(lambda: len(family(process.pid)) == 3, 5, "the grandchild")
    (child,) = (pid for pid in family(process.pid) - {process.pid} if len(family(pid)) == 2)
    (grandchild,) = family(child) - {child}
    kill(child)
    read_until(process, "again")
    wait_for(lambda: not family(grandchild), 5, "the end of the grandchild")
    process.terminate()
    read_until(process, "down")


def test_a_hopeless_child_ends_the_start_with_its_last_words(start: Start) -> None:
    hopeless = "import sys; sys.exit('I cannot find my hat')"
    process = start(
        f"""
child = Child('hatter', [sys.executable, '-c', {hopeless!r}], log=Path('hatter.log'))
try:
    with Supervisor([child], say) as supervisor:
        supervisor.start(0)
        supervisor.wait_until(lambda: False, 30, "Tea")
except StartError as error:
    say(f"gave up: {{error}}")
"""
    )
    said = read_until(process, "I cannot find my hat")
    assert "hatter ended with exit code 1" in said


def test_a_program_that_cannot_be_started_is_said_so(start: Start) -> None:
    process = start(
        """
child = Child('ghost', ['/nonexistent/program'], log=Path('ghost.log'))
try:
    with Supervisor([child], say) as supervisor:
        supervisor.start(0)
        supervisor.wait_until(lambda: False, 30, "It")
except StartError as error:
    say(f"gave up: {error}")
"""
    )
    assert "/nonexistent/program" in read_until(process, "gave up")


def test_logs_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from designer import process as room

    monkeypatch.setattr(room, "LOG_LIMIT", 100)
    log = tmp_path / "chatty.log"
    log.write_text("x" * 200)
    room.Child("chatty", ["true"], log=log).rotate()
    assert log.read_text() == ""
    assert (tmp_path / "chatty.log.1").read_text() == "x" * 200
