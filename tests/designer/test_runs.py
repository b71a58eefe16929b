"""Runs from pressing the button to the ledger, read through the API alone."""

from __future__ import annotations

import csv
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import select

from designer.api import events
from engine import bounds, registry
from engine.clock import now
from engine.errors import EngineError
from engine.store import lanes
from engine.store.flows import FlowVersion
from engine.store.lanes import Lane
from tests.designer.conftest import Desk, Ledger, exact, installation_of, pipeline, work

WIDGET = {"id": "A1", "product": "Widgets", "total": 12}
POISON = {"id": "A2", "product": "Widgets", "total": 666}
UNKNOWN = {"id": "A3", "product": "Consulting", "total": 30}


def run(desk: Desk, slug: str, app: Any, records: Any, mode: str = "live", **more: Any) -> str:
    answer = desk.post(f"/api/flows/{slug}/runs", {"mode": mode, "input": records, **more})
    assert answer.status_code == 202, answer.text
    work(app)
    return str(exact(answer)["run"])


def detail(desk: Desk, run_id: str) -> Any:
    return exact(desk.get(f"/api/runs/{run_id}"))


def test_a_run_counts_what_became_of_each_record(app: Any, editor: Desk, live: str) -> None:
    run_id = run(editor, live, app, [WIDGET, POISON, UNKNOWN])
    shown = detail(editor, run_id)
    assert shown["state"] == "done"
    counts = shown["counts"]
    assert (counts["read"], counts["created"], counts["failed"], counts["held"]) == (3, 1, 1, 1)
    assert counts["read"] == sum(counts[name] for name in counts if name != "read")
    assert shown["nodes"]["map"]["in"] == 3
    assert shown["edges"]["map.out>write.in"] == 2
    assert shown["edges"]["hand.out>map.in"] == 3
    assert shown["flow"] == {"slug": live, "name": "Invoices"}
    assert shown["cause"] == {"kind": "manual", "by": "editor@example.org"}
    assert Ledger.written == [{"total": 12, "account": "4000"}]
    (listed,) = exact(editor.get(f"/api/runs?flow={live}"))["runs"]
    assert listed["counts"] == counts
    assert exact(editor.get("/api/flows"))[0]["last_run"]["id"] == run_id


def test_a_version_never_changes_and_each_run_names_its_own(app: Any, editor: Desk, live: str) -> None:
    first = run(editor, live, app, [WIDGET])
    kept = exact(editor.get(f"/api/flows/{live}/versions/1"))
    drawing = exact(editor.get(f"/api/flows/{live}"))
    changed = {**drawing["document"], "description": "drawn anew"}
    editor.put(f"/api/flows/{live}/draft", {"document": changed, "revision": drawing["revision"]})
    editor.post(f"/api/flows/{live}/publish", {"revision": drawing["revision"] + 1})
    second = run(editor, live, app, [{**WIDGET, "id": "B1"}])
    editor.patch(f"/api/flows/{live}", {"name": "Renamed", "state": "paused"})
    assert [detail(editor, one)["version"] for one in (first, second)] == [1, 2]
    assert exact(editor.get(f"/api/flows/{live}/versions/1")) == kept
    with installation_of(app).database.read() as session:
        version = session.exec(select(FlowVersion).where(FlowVersion.number == 1)).one()
        version.text = "{}"
        session.add(version)
        with pytest.raises(EngineError, match="never"):
            session.flush()
        session.rollback()
        session.delete(version)
        with pytest.raises(EngineError, match="never"):
            session.flush()


def test_runs_are_found_by_what_they_touched(app: Any, editor: Desk, live: str) -> None:
    first = run(editor, live, app, [WIDGET])
    second = run(editor, live, app, [POISON, UNKNOWN])

    def found(query: str) -> list[str]:
        return [row["id"] for row in exact(editor.get(f"/api/runs?{query}"))["runs"]]

    assert found("") == [second, first]
    assert found("q=A1") == [first]
    assert found("q=INV-1") == [first]
    assert found("q=%25") == []
    assert found("outcome=failed") == found("outcome=held") == [second]
    assert found("outcome=created") == [first]
    assert found("state=failed") == []
    assert found(f"before={second}") == [first]
    page = exact(editor.get("/api/runs?limit=1"))
    assert ([row["id"] for row in page["runs"]], page["next"]) == ([second], second)
    assert editor.get("/api/runs?flow=none").status_code == 404


def test_the_ledger_of_a_run_is_paged_and_downloads(app: Any, editor: Desk, live: str) -> None:
    run_id = run(editor, live, app, [WIDGET, POISON, UNKNOWN, {**WIDGET, "id": "=cmd()"}])
    path = f"/api/runs/{run_id}/deliveries"
    everything = exact(editor.get(path))["deliveries"]
    seen: list[Any] = []
    after = "0"
    while after is not None:
        page = exact(editor.get(f"{path}?limit=1&after={after}"))
        seen += page["deliveries"]
        after = page["next"]
    assert seen == everything
    assert {row["key"]: row["outcome"] for row in everything} == {
        "A1": "created", "A2": "failed", "A3": "held", "=cmd()": "created"
    }  # fmt: skip
    failed = exact(editor.get(f"{path}?outcome=failed"))["deliveries"]
    assert [(row["key"], row["message"], row["code"]) for row in failed] == [
        ("A2", "The period is closed.", "L-7")
    ]
    file = editor.get(f"{path}?format=csv")
    assert file.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert sorted(row["key"] for row in rows) == ["'=cmd()", "A1", "A2", "A3"]


def test_each_record_stands_under_its_heaviest_outcome(app: Any, editor: Desk, live: str) -> None:
    run_id = run(editor, live, app, [WIDGET, POISON, UNKNOWN])
    listed = exact(editor.get(f"/api/runs/{run_id}/records"))["records"]
    assert [(row["key"], row["outcome"]) for row in listed] == [
        ("A1", "created"), ("A2", "failed"), ("A3", "held")
    ]  # fmt: skip
    assert "Consulting" in listed[2]["message"]
    held = exact(editor.get(f"/api/runs/{run_id}/records?outcome=held&limit=1"))
    assert ([row["key"] for row in held["records"]], held["next"]) == (["A3"], "A3")


def test_one_record_is_told_step_by_step(app: Any, editor: Desk, live: str) -> None:
    first = run(editor, live, app, [WIDGET, {**WIDGET, "id": "with/slash"}])
    second = run(editor, live, app, [WIDGET])
    told = exact(editor.get(f"/api/runs/{second}/records/A1"))
    assert told["source"] == WIDGET
    assert [step["node"] for step in told["steps"]] == ["map", "write"]
    assert told["steps"][-1]["write"]["fields"][0]["title"] == "Total"
    assert [row["id"] for row in told["history"]] == [first]
    earlier = exact(editor.get(f"/api/runs/{first}/records/with/slash"))
    assert earlier["deliveries"][0]["sent"] == {"total": 12, "account": "4000"}
    assert editor.get(f"/api/runs/{first}/records/none").status_code == 404


def test_a_dry_run_follows_the_draft_and_writes_nothing(app: Any, editor: Desk, live: str) -> None:
    changed = pipeline(description="later")
    editor.put(f"/api/flows/{live}/draft", {"document": changed, "revision": 1})
    run_id = run(editor, live, app, [WIDGET], mode="dry-run")
    assert Ledger.written == []
    shown = detail(editor, run_id)
    assert (shown["state"], shown["version"], shown["counts"]["created"]) == ("done", None, 1)
    assert exact(editor.get(f"/api/runs/{run_id}/document"))["description"] == "later"
    with_number = run(editor, live, app, [WIDGET], mode="dry-run", version=1)
    assert detail(editor, with_number)["version"] == 1


def test_what_cannot_run_is_refused_in_words(app: Any, editor: Desk, live: str, flow: str) -> None:
    unpublished = editor.post(f"/api/flows/{flow}/runs", {"mode": "live"})
    assert (unpublished.status_code, exact(unpublished)["code"]) == (409, "E-NOT-PUBLISHED")
    editor.patch(f"/api/flows/{live}", {"state": "paused"})
    paused = editor.post(f"/api/flows/{live}/runs", {"mode": "live"})
    assert (paused.status_code, exact(paused)["code"]) == (409, "E-NOT-LIVE")
    broken = pipeline(edges=[{"source": "map", "target": "map"}])
    editor.put(f"/api/flows/{live}/draft", {"document": broken, "revision": 1})
    tried = editor.post(f"/api/flows/{live}/runs", {"mode": "dry-run"})
    assert (tried.status_code, exact(tried)["problems"][0]["code"]) == (422, "E-CYCLE")
    assert editor.post("/api/flows/none/runs", {"mode": "live"}).status_code == 404


def test_pressing_run_twice_with_one_key_is_one_run(app: Any, desks: dict[str, Desk], live: str) -> None:
    headers = {"Idempotency-Key": "press-1"}
    path, body = f"/api/flows/{live}/runs", {"mode": "live", "input": [WIDGET]}
    runs = {exact(desks["operator"].post(path, body, headers=headers))["run"] for _ in range(3)}
    assert len(runs) == 1
    assert exact(desks["editor"].post(path, body, headers=headers))["run"] not in runs


@pytest.mark.parametrize("origin", ["failed-node", "trigger"])
def test_a_retry_takes_only_what_failed_and_pressing_twice_is_one(
    app: Any, desks: dict[str, Desk], live: str, origin: str
) -> None:
    desk = desks["operator"]
    first = run(desks["editor"], live, app, [WIDGET, POISON])
    Ledger.poison = None
    path, body = f"/api/runs/{first}/retry", {"only": "failed", "from": origin}
    answers = [desk.post(path, body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert exact(answers[0])["records"] == 1
    again = exact(answers[0])["run"]
    assert exact(answers[1])["run"] == again
    work(app)
    assert [row["total"] for row in Ledger.written] == [12, 666]
    shown = detail(desk, again)
    assert (shown["parent"], shown["counts"]["created"], shown["cause"]["kind"]) == (first, 1, "retry")
    assert detail(desk, first)["children"] == [{"id": again, "cause": "retry"}]
    nothing = desk.post(path, body)
    assert (nothing.status_code, exact(nothing)["code"]) == (409, "E-NOTHING-LEFT")


def test_a_run_can_be_paused_resumed_and_cancelled(app: Any, desks: dict[str, Desk], live: str) -> None:
    desk = desks["operator"]
    body = {"mode": "live", "input": [WIDGET]}
    run_id = exact(desk.post(f"/api/flows/{live}/runs", body))["run"]
    assert desk.post(f"/api/runs/{run_id}/pause").status_code == 200
    work(app)
    assert detail(desk, run_id)["state"] == "paused"
    assert Ledger.written == []
    assert desk.post(f"/api/runs/{run_id}/pause").status_code == 409
    assert desk.post(f"/api/runs/{run_id}/resume").status_code == 200
    work(app)
    assert detail(desk, run_id)["state"] == "done"
    assert desk.post(f"/api/runs/{run_id}/resume").status_code == 409
    assert desk.post(f"/api/runs/{run_id}/cancel").status_code == 409
    other = exact(desk.post(f"/api/flows/{live}/runs", body))["run"]
    assert desk.post(f"/api/runs/{other}/cancel").status_code == 200
    work(app)
    assert detail(desk, other)["state"] == "cancelled"
    assert len(Ledger.written) == 1


def test_a_worker_that_gives_no_sign_of_life_is_told(app: Any, editor: Desk, live: str) -> None:
    run_id = exact(editor.post(f"/api/flows/{live}/runs", {"input": [WIDGET]}))["run"]
    installation = installation_of(app)
    lease = installation.config.lease
    assert detail(editor, run_id)["silent"] is None
    with installation.database.write() as session:
        assert lanes.claim(session, run_id, 1, "worker", lease)
    assert detail(editor, run_id)["silent"] is None
    with installation.database.write() as session:
        session.execute(update(Lane).values(until=Lane.until - 0.8 * lease))
    silent = detail(editor, run_id)["silent"]
    since, until = (datetime.fromisoformat(silent[name]).timestamp() for name in ("since", "until"))
    assert until - since == lease
    assert -0.8 * lease - 5 <= since - now() <= -0.8 * lease + 5
    with installation.database.write() as session:
        session.execute(update(Lane).values(until=0.0))
    work(app)
    assert (detail(editor, run_id)["state"], detail(editor, run_id)["silent"]) == ("done", None)


def test_a_flow_with_open_runs_is_not_deleted(app: Any, editor: Desk, live: str) -> None:
    run_id = exact(editor.post(f"/api/flows/{live}/runs", {"input": [WIDGET]}))["run"]
    editor.patch(f"/api/flows/{live}", {"state": "paused"})
    refused = editor.delete(f"/api/flows/{live}")
    assert (refused.status_code, exact(refused)["code"]) == (409, "E-RUNNING")
    work(app)
    assert editor.delete(f"/api/flows/{live}").status_code == 204
    assert detail(editor, run_id)["flow"]["name"] == "Invoices"


def test_a_preview_explains_and_writes_nothing(app: Any, editor: Desk, live: str) -> None:
    body = {"records": [{"key": "A1", "data": WIDGET}, {"key": "A3", "data": UNKNOWN}]}
    shown = exact(editor.post(f"/api/flows/{live}/preview", body))
    assert Ledger.written == []
    assert [record["key"] for record in shown["records"]] == ["A1", "A3"]
    write = shown["trace"]["A1"][-1]["write"]
    assert (write["operation"], write["entity"]) == ("create", "invoice")
    assert shown["trace"]["A3"][0]["error"]["code"] == "E-LOOKUP"
    assert exact(editor.get("/api/runs"))["runs"] == []


def test_a_preview_that_never_ends_is_broken_off_and_keeps_nobody_waiting(
    app: Any, desks: dict[str, Desk], live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = threading.Event()

    def endless(self: Any, records: Any, out: Any) -> None:
        began.set()
        while True:
            pass

    body = {"records": [{"key": "A1", "data": WIDGET}]}
    with monkeypatch.context() as patch, ThreadPoolExecutor(1) as browser:
        patch.setattr(registry.node_types()["map"], "process", endless)
        patch.setattr(bounds, "MOST", 0.5)
        asked = browser.submit(desks["editor"].post, f"/api/flows/{live}/preview", body)
        assert began.wait(10)
        assert desks["operator"].get("/api/runs").status_code == 200
        refused = asked.result(20)
    assert (refused.status_code, exact(refused)["code"]) == (422, "E-ENDLESS")
    shown = exact(desks["editor"].post(f"/api/flows/{live}/preview", body))
    assert [record["key"] for record in shown["records"]] == ["A1"]


def test_progress_is_streamed_until_the_end(
    app: Any, editor: Desk, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LOOK", 0.001)
    monkeypatch.setattr(events, "HEARTBEAT", 0.01)
    run_id = exact(editor.post(f"/api/flows/{live}/runs", {"input": [WIDGET]}))["run"]
    answer = editor.get(f"/api/runs/{run_id}/events", buffered=False)
    assert answer.mimetype == "text/event-stream"
    parts = iter(answer.response)
    first = _text(next(parts))
    assert first.startswith("event: progress\n")
    assert '"state":"queued"' in first
    assert _text(next(parts)).startswith(":")
    work(app)
    rest = [_text(part) for part in parts]
    answer.close()
    assert rest[-1].startswith("event: end\n")
    assert any('"state":"done"' in part for part in rest)


def test_streams_are_capped_and_given_back(
    app: Any, editor: Desk, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LOOK", 0.001)
    run_id = exact(editor.post(f"/api/flows/{live}/runs", {"input": [WIDGET]}))["run"]
    cap = installation_of(app).config.stream_cap
    path = f"/api/runs/{run_id}/events"
    streams = [editor.get(path, buffered=False) for _ in range(cap)]
    full = editor.get(path)
    assert (full.status_code, exact(full)["code"]) == (503, "E-STREAMS")
    assert editor.get(f"/api/runs/{run_id}").status_code == 200
    streams.pop().close()
    streams.append(editor.get(path, buffered=False))
    assert streams[-1].status_code == 200
    for stream in streams:
        stream.close()


def _text(part: Any) -> str:
    return part.decode() if isinstance(part, bytes) else str(part)
