"""A ready flow against systems that take only so many calls: four workers, and not one record less."""

from __future__ import annotations

import threading
from typing import Any

from sqlmodel import select

from designer.installation import Installation
from engine.limiter import make_pacer
from engine.runtime import Runtime
from engine.store import lanes
from engine.store.deliveries import Delivery
from tests.designer.conftest import exact, installation_of
from tests.flows.test_tasks import Office, office  # noqa: F401 - a fixture


def test_four_workers_within_a_quota_lose_no_record(office: Office, valkey: str) -> None:  # noqa: F811
    quota = {"per_second": 30, "at_once": 2}
    office.crm.app.active["quota"] = dict(quota)
    crm = next(one for one in exact(office.editor.get("/api/connections")) if one["system"] == "creatio")
    limits = {"per_second": "30", "concurrent": 2, "per_day": None}
    assert office.editor.put(f"/api/connections/{crm['id']}/limits", {"limits": limits}).status_code == 200
    installation = installation_of(office.app)
    started = [
        exact(office.editor.post(f"/api/flows/{office.slug}/runs", {"mode": "live"}))["run"] for _ in range(4)
    ]
    _work_together(installation, valkey, started)
    runs = [exact(office.editor.get(f"/api/runs/{run}")) for run in started]
    assert [run["state"] for run in runs] == ["done"] * 4
    assert [run["counts"]["read"] for run in runs] == [15] * 4
    with installation.database.read() as session:
        created = select(Delivery.root).where(Delivery.node == "invoice", Delivery.outcome == "created")
        invoiced = session.exec(created).all()
    assert len(invoiced) == len(set(invoiced)) == 11, "by whichever run, and its customer perhaps by another"
    assert {run["counts"]["failed"] for run in runs} == {0}
    refused = [entry for entry in office.crm.app.journal if entry["status"] == 429]
    assert len(refused) <= len(office.crm.app.journal) // 10
    board = exact(office.editor.get(f"/api/connections/{crm['id']}/limits"))
    assert board["today"]["calls"] >= sum(entry["status"] != 429 for entry in office.crm.app.journal) - 20


def _work_together(installation: Installation, redis_url: str, runs: list[str]) -> None:
    """Four workers, as processes are: each with a limiter and connections of its own."""
    failed: list[BaseException] = []

    def work(at: int) -> None:
        runtime = Runtime(
            installation.database, installation.seal, turns=make_pacer(redis_url, installation.database)
        )
        executor = runtime.executor(lambda run, lane: None)
        try:
            for _ in range(200):
                waiting = _waiting(installation, runs)
                if not waiting:
                    break
                executor.advance(*waiting[at % len(waiting)])
                threading.Event().wait(0.02)
        except BaseException as error:
            failed.append(error)
        runtime.pacer.meter.keep(at_once=True)

    threads = [threading.Thread(target=work, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def _waiting(installation: Installation, runs: list[str]) -> list[Any]:
    with installation.database.read() as session:
        return [(run, lane) for run in runs for lane in lanes.open_lanes(session, run)]
