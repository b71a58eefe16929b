"""Who carries out runs, at what they are, and what waits for them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from designer.api import workers
from engine.crew import Worker
from engine.store import lanes
from tests.designer.conftest import Desk, exact, installation_of


def test_workers_are_shown_with_what_is_in_their_hands(
    app: Any, desks: dict[str, Desk], live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer, installation = desks["viewer"], installation_of(app)
    assert exact(viewer.get("/api/workers")) == {"workers": [], "queued": 0, "unattended": 0}
    runs = f"/api/flows/{live}/runs"
    started, _ = (exact(desks["operator"].post(runs, {"mode": "live"}))["run"] for _ in range(2))
    assert exact(viewer.get("/api/workers"))["queued"] == 2
    busy = Worker("a:7", "a", 7, bulk=True, since=1.0, at=2.0, silent=False)
    idle = Worker("b:8", "b", 8, bulk=False, since=1.0, at=2.0, silent=True)
    monkeypatch.setattr(workers.crew, "workers", lambda redis: [busy, idle])
    object.__setattr__(installation, "bell", SimpleNamespace(redis=None))
    with installation.database.write() as session:
        assert lanes.claim(session, started, 1, busy.owner, 30.0) is not None
        session.connection().exec_driver_sql("UPDATE lane SET staged = next + 1 WHERE number = 1")
    shown = exact(viewer.get("/api/workers"))
    name = exact(viewer.get(f"/api/flows/{live}"))["document"]["name"]
    assert (shown["queued"], shown["unattended"]) == (1, 1)
    assert [(one["host"], one["bulk"], one["silent"], one["runs"]) for one in shown["workers"]] == [
        ("a", True, False, [{"id": started, "flow": name}]),
        ("b", False, True, []),
    ]
    assert shown["workers"][0]["since"].startswith("1970-01-01T00:00:01")
