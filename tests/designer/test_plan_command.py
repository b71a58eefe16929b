"""``heddle plan`` and ``heddle run`` as a script calls them: processes, exit codes, and a real target system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from designer import Config, create_app
from engine import guard, registry
from engine.flow import Flow
from engine.secrecy import take_out
from engine.store import connections, flows
from tests.conftest import Served
from tests.designer.conftest import installation_of, work

Call = Callable[..., subprocess.CompletedProcess[str]]


def drawing() -> dict[str, Any]:
    """By hand → map → write accounts, recognised by name."""
    path = lambda name: {"kind": "path", "path": f"$.{name}"}  # noqa: E731
    rows = [{"target": "Name", "value": path("name")}, {"target": "Phone", "value": path("phone")}]
    write = {"slot": "crm", "entity": "Account", "operation": "upsert", "match": ["Name"]}
    return {
        "heddle": 1,
        "name": "Accounts",
        "slots": {"crm": {"system": "creatio", "title": "The CRM"}},
        "nodes": [
            {"id": "hand", "type": "manual"},
            {"id": "map", "type": "map", "settings": {"slot": "crm", "entity": "Account", "rows": rows}},
            {"id": "write", "type": "write", "title": "Save the account", "settings": write},
        ],
        "edges": [{"source": "hand", "target": "map"}, {"source": "map", "target": "write"}],
    }


@pytest.fixture
def place(tmp_path: Path, sandbox: Callable[..., Served]) -> Iterator[Any]:
    """An installation with a published flow into a served CRM."""
    served = sandbox("creatio")
    app = create_app(Config(data=tmp_path, redis_url=""))
    installation = installation_of(app)
    connector, imitated = registry.connector_type("creatio"), registry.sandbox_type("creatio")
    settings, secrets = take_out(connector.Settings, imitated.connection(served.url))
    with installation.database.write() as session:
        draft = connections.draft("creatio", settings, secrets)
        crm = connections.add(session, installation.seal, "CRM", draft, "test")
        row = flows.add(session, Flow.model_validate(drawing()), "test", bindings={"crm": crm.id})
        flows.publish(session, row, "test", "")
    # As «heddle up» leaves it: the shell of an analyst knows no HEDDLE_ALLOW_HOSTS.
    (tmp_path / "demo.json").write_text(json.dumps({"url": "", "sandboxes": {"creatio": served.url}}))
    yield app, tmp_path
    installation.database.close()


@pytest.fixture
def heddle(place: Any) -> Call:
    environment = {
        **os.environ,
        "HEDDLE_DATA": str(place[1]),
        "HEDDLE_REDIS_URL": "",
        guard.VARIABLE: "",
    }
    environment.pop("HEDDLE_DATABASE_URL", None)

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "designer.cli", *arguments],
            env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return call


def test_plan_run_plan(place: Any, heddle: Call) -> None:
    app, _ = place
    given = json.dumps(
        [{"id": "1", "name": "Ann Ltd", "phone": "1"}, {"id": "2", "name": "Bo Ltd", "phone": "2"}]
    )
    planned = heddle("plan", "accounts", "--input", given)
    assert (planned.returncode, planned.stderr) == (2, "")
    assert "+ 1: Account" in planned.stdout
    assert "Name: “Ann Ltd”" in planned.stdout
    assert planned.stdout.endswith(": 2 accounts to create.\n")
    stop = threading.Event()

    def workers() -> None:
        while not stop.wait(0.05):
            work(app)

    thread = threading.Thread(target=workers)
    thread.start()
    try:
        ran = heddle("run", "accounts", "--input", given, "--wait")
    finally:
        stop.set()
        thread.join()
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[1:] == ["2 read, 2 created"]
    again = heddle("plan", "accounts", "--input", given)
    assert (again.returncode, again.stdout.splitlines()[-1].partition(": ")[2]) == (0, "nothing to do.")
    changed = heddle("plan", "accounts", "--input", given.replace('"phone": "2"', '"phone": "22"'))
    assert changed.returncode == 2
    assert "Phone: “2” → “22”" in changed.stdout


def test_what_cannot_be_planned_is_an_error_in_words(place: Any, heddle: Call) -> None:
    assert heddle("plan", "nowhere").returncode == 1
    wrong = heddle("plan", "accounts", "--input", "{")
    assert (wrong.returncode, "is not JSON" in wrong.stderr) == (1, True)
