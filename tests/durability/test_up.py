"""``heddle up`` as a whole: the real process tree, killed piece by piece, stopped, and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import wait_for
from tests.durability.processes import family, free_ports, kill, marked

pytestmark = pytest.mark.durability

ROOT = Path(__file__).resolve().parents[2]
READY = "Heddle is ready at"


class Installation:
    """A data directory and ports of its own, and the Heddle that runs on them."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        self.mark = f"HEDDLE_TEST_MARK={folder}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HEDDLE_")},
            "HEDDLE_TEST_MARK": str(folder),
            "HEDDLE_DATA": str(self.data),
            "HEDDLE_PORT": str(self.port),
            "HEDDLE_DEMO": "1",
            "PYTHONPATH": str(ROOT),
        }

    def heddle(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "designer.cli", *arguments],
            cwd=self.data.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
        )

    def say(self, *arguments: str) -> str:
        """Runs a command to its end; answers what it printed."""
        said, _ = self.heddle(*arguments).communicate(timeout=60)
        return said

    def up(self) -> tuple[subprocess.Popen[str], str]:
        """Starts everything; answers when it is ready, with what was said until then."""
        process = self.heddle("up")
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if READY in line:
                return process, said
        process.wait()
        raise AssertionError(f"never ready:\n{said}")

    def answers(self, path: str = "/readyz") -> bool:
        try:
            return requests.get(self.url + path, timeout=2).status_code == 200
        except requests.RequestException:
            return False


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Nothing of it may be alive at the end of the test."""
    made = Installation(tmp_path)
    yield made
    left = marked(made.mark)
    for pid in left:
        kill(pid)
    assert left == {}


def test_first_start_kills_stop_and_second_start(installation: Installation) -> None:
    process, said = installation.up()
    try:
        assert said.count("One-time password:") == 1
        token = {"Authorization": f"Bearer {installation.say('token', 'create', '--role', 'viewer').strip()}"}
        flows = requests.get(f"{installation.url}/api/flows", headers=token, timeout=10).json()
        connections = requests.get(f"{installation.url}/api/connections", headers=token, timeout=10).json()
        assert {one["system"] for one in connections} == {"creatio", "intacct"}
        assert flows, "a ready flow lies on the table"

        # the web server has a process of its own below it: it is in the family too
        whole = len(family(process.pid))
        assert whole == 10
        for victim in sorted(family(process.pid) - {process.pid}):
            if not family(victim):
                continue  # it went with the one before
            kill(victim)
            wait_for(
                lambda victim=victim: victim not in family(process.pid) and len(family(process.pid)) == whole,
                20,
                f"the return of process {victim}",
            )
            wait_for(installation.answers, 20, "an answer")

        assert "in use by another Heddle" in installation.say("up")
    finally:
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    assert time.monotonic() - began < 8
    assert "has stopped" in rest
    assert marked(installation.mark) == {}

    process, said = installation.up()
    try:
        assert "One-time password:" not in said
        assert requests.get(f"{installation.url}/api/flows", headers=token, timeout=10).json() == flows
        kill(process.pid)
        process.communicate()
        wait_for(lambda: not marked(installation.mark), 5, "the end of all children of a killed supervisor")
    finally:
        kill(process.pid)


def test_backup_and_restore(installation: Installation) -> None:
    installation.say("prepare")
    assert "one-time" not in installation.say("prepare").lower()
    archive = installation.data.parent / "heddle.tar.gz"
    token = installation.say("token", "create", "--role", "admin").strip()
    assert "heddle.db" in installation.say("backup", str(archive))
    assert archive.stat().st_mode & 0o077 == 0, "it holds the key"
    assert "exists already" in installation.say("backup", str(archive))

    (installation.data / "heddle.db").write_bytes(b"ruined")
    assert "before-restore-1" in installation.say("restore", str(archive))
    process, said = installation.up()
    try:
        assert "One-time password:" not in said, "the users are back"
        answer = requests.get(
            f"{installation.url}/api/users", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
        assert answer.status_code == 200
        assert "in use by another Heddle" in installation.say("restore", str(archive))
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def test_a_foreign_archive_changes_nothing(installation: Installation) -> None:
    installation.say("prepare")
    before = (installation.data / "heddle.db").read_bytes()
    foreign = installation.data.parent / "foreign.tar.gz"
    subprocess.run(["tar", "czf", str(foreign), "-C", str(ROOT), "README.md"], check=True)
    assert "not a backup of Heddle" in installation.say("restore", str(foreign))
    assert (installation.data / "heddle.db").read_bytes() == before


def test_a_taken_port_is_named(installation: Installation) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", installation.port + 1))
        taken.listen()
        said = installation.say("up")
    assert str(installation.port + 1) in said
    assert "HEDDLE_PORT" in said


def test_doctor_tells_what_is_missing(installation: Installation) -> None:
    said = installation.say("doctor")
    assert "Rules engine: loads" in said
    installation.say("prepare")
    key = installation.data / "secret.key"
    if not key.exists():
        installation.say("worker")  # any command that needs it makes it; this one then misses its queue
    key.chmod(0o644)
    said = installation.say("doctor")
    assert "others may read" in said
    assert f"chmod 600 {key}" in said
