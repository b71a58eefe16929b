"""Alerts of a ready flow over the imitated systems: one task a question in the CRM, exactly once, closed when answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from designer import mail
from engine import registry
from engine.alarm import Alarm
from engine.secrecy import take_out
from engine.store.alerts import Alert
from engine.store.letters import Letter
from engine.store.reviews import Hold
from tests.conftest import Clock
from tests.designer.conftest import Desk, exact, installation_of, work

ROOT = Path(__file__).resolve().parents[2]
FLOW = ROOT / "flows" / "creatio-intacct" / "closed-won-to-intacct-invoice.json"
COMPLETED = "4bdbb88f-58e6-df11-971b-001d60e938c6"
NOT_STARTED = "384d4b84-58e6-df11-971b-001d60e938c6"


@dataclass
class Office:
    """The flow, published and run once, with tasks in its CRM; four documents wait for two answers."""

    app: Any
    editor: Desk
    slug: str
    crm: Any
    clock: Clock

    def alarm(self) -> Alarm:
        runtime = installation_of(self.app).runtime
        return Alarm(runtime.database, runtime.plan, runtime.open, "https://heddle.example.org/")

    def tell(self, times: int = 1) -> None:
        """As the scheduler does it, and then the workers."""
        for _ in range(times):
            self.clock.advance(30)
            self.alarm().look()
            work(self.app)

    def tasks(self) -> list[dict[str, Any]]:
        return [row for row in self.crm.app.all("Activity") if "heddle.example.org" in str(row.get("Notes"))]

    def run(self) -> str:
        started = self.editor.post(f"/api/flows/{self.slug}/runs", {"mode": "live"})
        assert started.status_code == 202, started.text
        work(self.app)
        return str(exact(started)["run"])

    def rows(self, table: Any) -> list[Any]:
        with installation_of(self.app).database.read() as session:
            return list(session.execute(select(table).order_by(table.id)).scalars())


@pytest.fixture
def office(app: Any, editor: Desk, sandbox: Callable[..., Any], clock: Clock) -> Office:
    document = json.loads(FLOW.read_text())
    task = {"slot": "crm", **registry.connector_type("creatio").task.model_dump()}  # type: ignore[union-attr]
    alerts = {"mail": ["operator@example.org", "gone@example.org"], "task": task}
    document["policy"] = {**document["policy"], "four_eyes": False, "alerts": alerts}
    bindings, served = {}, {}
    for slot, of in document["slots"].items():
        served[slot] = sandbox(of["system"], seed=40)
        model = registry.connector_type(of["system"]).Settings
        settings, secrets = take_out(model, registry.sandbox_type(of["system"]).connection(served[slot].url))
        body = {"system": of["system"], "name": slot, "settings": settings, "secrets": secrets}
        bindings[slot] = exact(editor.post("/api/connections", body))["id"]
    flow = exact(editor.post("/api/flows", {"document": document}))
    editor.put(f"/api/flows/{flow['slug']}/bindings", bindings)
    published = editor.post(f"/api/flows/{flow['slug']}/publish", {"revision": flow["revision"], "note": ""})
    assert published.status_code == 200, published.text
    return Office(app, editor, flow["slug"], served["crm"], clock)


def answer(office: Office, key: str) -> None:
    (group,) = [
        one
        for one in exact(office.editor.get("/api/reviews?kind=held"))["groups"]
        if one["question"].get("key") == key
    ]
    columns = {one["name"]: "4000" for one in group["form"]["columns"]}
    given = office.editor.post("/api/reviews/answer", {"question": group["question"], "answer": columns})
    assert given.status_code == 200, given.text
    work(office.app)


def test_one_task_a_question_and_closed_when_it_is_answered(office: Office) -> None:
    office.run()
    office.run()  # the same documents wait again
    office.tell(times=3)
    tasks = office.tasks()
    assert sorted(task["Title"] for task in tasks) == [
        f"2 records wait in «Closed Won opportunity → Sage Intacct invoice»: No ledger account for {what} in the"
        " table Ledger accounts."
        for what in ("Consulting", "Training")
    ]
    for task in tasks:
        deal = office.crm.app.get("Opportunity", task["OpportunityId"])
        assert task["OwnerId"] == deal["OwnerId"]
        assert task["StatusId"] == NOT_STARTED
        assert f"/0/page/Opportunity/{deal['Id']}" in task["Notes"]
        assert "https://heddle.example.org/inbox?tab=held" in task["Notes"]
    answer(office, "Consulting")
    office.tell(times=3)
    by_title = {("Consulting" in task["Title"]): task for task in office.tasks()}
    assert len(office.tasks()) == 2
    assert (by_title[True]["StatusId"], by_title[False]["StatusId"]) == (COMPLETED, NOT_STARTED)
    assert by_title[True]["Title"] != by_title[False]["Title"], "closing leaves the rest of the task alone"
    assert [alert.state for alert in office.rows(Alert)].count("open") == 1


@pytest.mark.parametrize("vice", ["lost_answer", "late_commit", "server_error", "rate_limit"])
def test_exactly_one_task_whatever_happens_to_its_call(office: Office, vice: str) -> None:
    office.run()
    office.crm.app.active[vice] = {"times": 1, "match": "Activity", "retry_after": 1, "ms": 50}
    for _ in range(4):
        office.tell()
        office.clock.advance(120)
    assert len(office.tasks()) == 2
    assert office.crm.app.active.get(vice) is None


def test_two_schedulers_tell_once(office: Office) -> None:
    office.run()
    office.clock.advance(30)
    one, other = office.alarm(), office.alarm()
    assert len(one.look()) == 2
    assert other.look() == []
    work(office.app)
    assert len(office.tasks()) == 2
    assert [(letter.kind, letter.state) for letter in office.rows(Letter)] == [("held", "queued")] * 2


def test_a_cause_that_comes_back_is_a_new_task(office: Office) -> None:
    office.run()
    office.tell()
    answer(office, "Consulting")
    office.tell(times=2)
    with installation_of(office.app).database.write() as session:
        alert = next(one for one in office.rows(Alert) if "Consulting" in one.title)
        reopened = update(Hold).where(col(Hold.question_hash) == alert.cause).values(state="open")
        session.connection().execute(reopened)
    office.tell(times=2)
    assert len(office.tasks()) == 3
    assert sorted((one.number, one.state) for one in office.rows(Alert) if "Consulting" in one.title) == [
        (1, "closed"), (2, "open"),
    ]  # fmt: skip


def test_the_letter_tells_what_waits_and_where(office: Office) -> None:
    office.run()
    office.clock.advance(30)
    office.alarm().look()
    installation = installation_of(office.app)
    config = installation.config.model_copy(
        update={"mail_from": "heddle@example.org", "url": "https://h.example"}
    )
    room = mail.MailRoom(installation.database, installation.seal, config)
    with installation.database.read() as session:
        letter = room._write(session, office.rows(Letter))
    assert letter is not None
    assert letter["To"] == "operator@example.org"
    text = letter.get_content()
    assert "No ledger account for Consulting" in text
    assert "No ledger account for Training" in text
    assert "https://h.example/inbox?tab=held" in text
    answer(office, "Consulting")
    answer(office, "Training")
    office.tell()
    with installation.database.read() as session:
        assert room._write(session, office.rows(Letter)) is None, "what is over needs no letter"
