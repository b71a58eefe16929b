"""Approvals by people: in the inbox, in bulk, handed on, and by the link in a letter."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import select

from designer.config import Config
from designer.mail import MailRoom, check
from engine.errors import DefinitionError
from engine.store import accounts, approvals, letters
from engine.store.letters import Letter
from tests.conftest import Clock
from tests.designer.conftest import PASSWORD, Desk, Ledger, exact, installation_of, pipeline, work
from tests.designer.post_office import PORT, Post

ORDER = {"id": "A1", "product": "Widgets", "total": 1250}
ASK = {
    "question": "Invoice {id} for {product}?",
    "amount": "{total} EUR",
    "form": [{"name": "total", "title": "Total", "type": "number", "required": True, "target": "total"}],
}


def approving(**more: Any) -> dict[str, Any]:
    """The pipeline with an approval before the map."""
    drawn = pipeline()
    drawn["nodes"].append({"id": "ask", "type": "approve", "settings": {**ASK, **more}})
    drawn["edges"] = [
        {"source": "call", "target": "ask"},
        {"source": "hand", "target": "ask"},
        {"source": "ask", "output": "approved", "target": "map"},
        {"source": "map", "target": "write"},
    ]
    return drawn


def publish(editor: Desk, **more: Any) -> str:
    made = exact(editor.post("/api/flows", {"document": approving(**more)}))
    published = editor.post(f"/api/flows/{made['slug']}/publish", {"revision": 1})
    assert published.status_code == 200, published.text
    return str(made["slug"])


def run(desk: Desk, app: Any, slug: str, *orders: dict[str, Any]) -> str:
    answer = desk.post(f"/api/flows/{slug}/runs", {"mode": "live", "input": list(orders or [ORDER])})
    assert answer.status_code == 202, answer.text
    work(app)
    return str(exact(answer)["run"])


def inbox(desk: Desk, **query: str) -> list[dict[str, Any]]:
    asked = "&".join(f"{name}={value}" for name, value in {"kind": "approval", **query}.items())
    found: list[dict[str, Any]] = exact(desk.get(f"/api/reviews?{asked}"))["approvals"]
    return found


@pytest.fixture
def slug(editor: Desk, connection: str) -> str:
    return publish(editor)


def test_from_the_inbox_into_the_books(app: Any, desks: dict[str, Desk], slug: str) -> None:
    started = run(desks["editor"], app, slug)
    assert Ledger.written == []
    shown = exact(desks["editor"].get(f"/api/runs/{started}"))
    assert shown["counts"]["held"] == 1
    assert shown["approvals"] == [{"count": 1, "by": "an editor"}]
    assert inbox(desks["editor"]) == [], "whoever started it is not asked"
    (row,) = inbox(desks["admin"])
    assert (row["question"], row["amount"], row["asked_by"], row["mine"]) == (
        "Invoice A1 for Widgets?", "1,250 EUR", ["editor"], True
    )  # fmt: skip
    told = exact(desks["admin"].get(f"/api/approvals/{row['id']}"))
    assert (told["data"], told["values"]) == (ORDER, {"total": 1250})
    assert [one["name"] for one in told["delegates"]] == ["operator", "viewer"]
    steps = exact(desks["admin"].get(f"/api/approvals/{row['id']}/preview"))["steps"]
    (write,) = [step["write"] for step in steps if step["write"]]
    assert {field["field"]: field["new"] for field in write["fields"]} == {"total": 1250, "account": "4000"}
    assert Ledger.written == []

    own = desks["editor"].post(f"/api/approvals/{row['id']}/decision", {"decision": "approve"})
    assert (own.status_code, exact(own)["code"]) == (403, "E-NOT-YOURS")
    bad = desks["admin"].post(
        f"/api/approvals/{row['id']}/decision", {"decision": "approve", "form": {"total": "a lot"}}
    )
    assert (bad.status_code, exact(bad)["problems"][0]["field"]) == (422, "form.total")
    body = {"decision": "approve", "comment": "as agreed", "form": {"total": "1200.50"}}
    done = desks["admin"].post(f"/api/approvals/{row['id']}/decision", body)
    assert done.status_code == 200, done.text
    assert exact(done)["state"] == "approved"
    again = desks["admin"].post(f"/api/approvals/{row['id']}/decision", body)
    assert exact(again) == exact(done)
    work(app)
    assert Ledger.written == [{"total": Decimal("1200.50"), "account": "4000"}]
    assert inbox(desks["admin"]) == []
    (over,) = inbox(desks["editor"], of="all", state="decided")
    assert (over["state"], over["decided_by"], over["votes"][0]["comment"]) == (
        "approved",
        "admin",
        "as agreed",
    )
    child = exact(desks["editor"].get(f"/api/runs/{exact(done)['run']}"))
    assert (child["parent"], child["cause"]) == (started, {"kind": "approval", "by": "admin@example.org"})
    assert child["edges"]["ask.approved>map.in"] == 1


def test_what_waits_for_a_person_cannot_be_retried_past_them(
    app: Any, desks: dict[str, Desk], slug: str
) -> None:
    started = run(desks["editor"], app, slug)
    for only in ({"only": "held"}, {"only": "keys", "keys": ["A1"]}):
        answer = desks["editor"].post(
            f"/api/runs/{started}/retry", {**only, "from": "failed-node", "version": "run"}
        )
        assert (answer.status_code, exact(answer)["code"]) == (409, "E-NOTHING-LEFT")


def test_many_at_once_and_each_refusal_is_told(app: Any, desks: dict[str, Desk], slug: str) -> None:
    run(desks["editor"], app, slug, *({**ORDER, "id": f"A{n}"} for n in range(5)))
    ids = [row["id"] for row in inbox(desks["admin"])]
    desks["admin"].post(f"/api/approvals/{ids[0]}/decision", {"decision": "decline"})
    body = {"ids": [*ids, 999], "decision": "approve", "comment": "all fine"}
    told = exact(desks["admin"].post("/api/approvals/decide", body))
    assert [one["id"] for one in told["done"]] == ids[1:]
    assert [(one["id"], one["code"]) for one in told["problems"]] == [
        (ids[0], "E-DECIDED"),
        (999, "E-NOT-FOUND"),
    ]
    work(app)
    assert len(Ledger.written) == 4


def test_a_machine_cannot_decide(app: Any, desks: dict[str, Desk], slug: str) -> None:
    run(desks["editor"], app, slug)
    made = exact(desks["admin"].post("/api/tokens", {"name": "robot", "role": "admin"}))
    (row,) = inbox(desks["admin"])
    answer = app.test_client().post(
        f"/api/approvals/{row['id']}/decision",
        json={"decision": "approve"},
        headers={"Authorization": f"Bearer {made['text'] if 'text' in made else made['token']}"},
    )
    assert (answer.status_code, exact(answer)["code"]) == (403, "E-PERSON")


def test_handing_it_on(app: Any, desks: dict[str, Desk], slug: str) -> None:
    run(desks["editor"], app, slug)
    (row,) = inbox(desks["admin"])
    refused = desks["admin"].post(f"/api/approvals/{row['id']}/delegate", {"user": "editor@example.org"})
    assert (refused.status_code, exact(refused)["code"]) == (422, "E-DELEGATE")
    handed = desks["admin"].post(f"/api/approvals/{row['id']}/delegate", {"user": "viewer@example.org"})
    assert handed.status_code == 200, handed.text
    assert inbox(desks["admin"]) == []
    assert [one["id"] for one in inbox(desks["viewer"])] == [row["id"]]
    done = desks["viewer"].post(f"/api/approvals/{row['id']}/decision", {"decision": "approve"})
    assert exact(done)["state"] == "approved"


def test_taking_a_question_back(app: Any, desks: dict[str, Desk], slug: str) -> None:
    run(desks["editor"], app, slug)
    (row,) = inbox(desks["admin"])
    taken = desks["operator"].post(f"/api/approvals/{row['id']}/withdraw", {"reason": "ordered twice"})
    assert exact(taken)["state"] == "withdrawn"
    late = desks["admin"].post(f"/api/approvals/{row['id']}/decision", {"decision": "approve"})
    assert (late.status_code, exact(late)["code"]) == (409, "E-DECIDED")
    work(app)
    assert Ledger.written == []


def test_whoever_asked_may_take_it_back_and_strangers_may_not(
    app: Any, admin: Desk, desks: dict[str, Desk], slug: str
) -> None:
    run(desks["editor"], app, slug)
    (row,) = inbox(admin)
    path = f"/api/approvals/{row['id']}"
    assert exact(desks["viewer"].get(path))["may_withdraw"] is False
    refused = desks["viewer"].post(f"{path}/withdraw", {"reason": ""})
    assert (refused.status_code, exact(refused)["code"]) == (403, "E-NOT-YOURS")
    users = {user["email"]: user["id"] for user in exact(admin.get("/api/users"))}
    admin.patch(f"/api/users/{users['editor@example.org']}", {"role": "viewer"})
    desks["editor"].sign_in("editor@example.org")
    assert exact(desks["editor"].get(path))["may_withdraw"] is True
    taken = desks["editor"].post(f"{path}/withdraw", {"reason": "a mistake"})
    assert exact(taken)["state"] == "withdrawn"


# letters -------------------------------------------------------------------------------------------------


def link_in(mail: Any) -> str:
    found = re.search(r"https://heddle\.example\.org(/approve/\S+)", mail.get_content())
    assert found, mail.get_content()
    return found[1]


def test_a_link_asks_and_only_its_button_decides(
    app: Any, desks: dict[str, Desk], slug: str, post: Post, room: MailRoom
) -> None:
    run(desks["editor"], app, slug)
    assert room.send_due() == 1
    assert room.send_due() == 0
    (mail,) = post.mails
    assert (mail["To"], mail["Subject"]) == ("admin@example.org", "Invoice A1 for Widgets?")
    assert parsedate_to_datetime(mail["Date"])
    link = link_in(mail)
    browser = app.test_client()
    for _ in range(3):
        page = browser.get(link)
        assert (page.status_code, page.mimetype) == (200, "text/html")
        assert "Invoice A1 for Widgets?" in page.text
    assert browser.head(link).status_code == 200
    assert len(inbox(desks["admin"])) == 1, "opening the link decided nothing"
    assert browser.post(link, data={}).status_code == 422
    assert browser.post(link, data={"decision": "approve", "form.total": "x"}).status_code == 422
    assert browser.post(link[:-2], data={"decision": "approve"}).status_code == 404
    done = browser.post(link, data={"decision": "approve", "form.total": "99", "comment": "ok"})
    assert (done.status_code, "Approved." in done.text) == (200, True)
    spent = browser.post(link, data={"decision": "decline"})
    assert (spent.status_code, "You have answered this already." in spent.text) == (410, True)
    work(app)
    assert [row["total"] for row in Ledger.written] == [99]


def test_a_link_ends_with_its_week_and_with_the_role_of_its_person(
    app: Any,
    desks: dict[str, Desk],
    slug: str,
    post: Post,
    room: MailRoom,
    monkeypatch: Any,
) -> None:
    run(desks["editor"], app, slug)
    room.send_due()
    link = link_in(post.mails[0])
    with monkeypatch.context() as patch:
        patch.setattr("designer.links.LIFE", -1)
        old = app.test_client().get(link)
    assert (old.status_code, "expired" in old.text) == (410, True)
    with installation_of(app).database.write() as session:
        found = accounts.by_email(session, "admin@example.org")
        assert found is not None
        accounts.set_password(session, found, PASSWORD + "2", must_change=False)
    assert app.test_client().post(link, data={"decision": "approve", "form.total": "1"}).status_code == 410
    assert Ledger.written == []


def test_text_from_a_record_is_not_markup_on_the_page(
    app: Any, desks: dict[str, Desk], slug: str, post: Post, room: MailRoom
) -> None:
    run(desks["editor"], app, slug, {**ORDER, "product": "<script>alert(1)</script>"})
    room.send_due()
    page = app.test_client().get(link_in(post.mails[0])).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_dead_mail_server_loses_nothing(
    app: Any, desks: dict[str, Desk], slug: str, post: Post, room: MailRoom, clock: Clock
) -> None:
    run(desks["editor"], app, slug)
    post.close()
    assert room.send_due() == 0
    post.open()
    post.refuse = True
    clock.advance(3600)
    assert room.send_due() == 0
    post.refuse = False
    assert room.send_due() == 0, "not before its time"
    clock.advance(3600)
    assert room.send_due() == 1
    with room.database.read() as session:
        (letter,) = session.exec(select(Letter))
    assert (letter.state, letter.tries, letter.error) == ("sent", 2, "")


def test_a_sender_that_dies_before_it_settles_sends_again(
    app: Any, desks: dict[str, Desk], slug: str, post: Post, room: MailRoom, monkeypatch: Any,
    clock: Clock,
) -> None:  # fmt: skip
    run(desks["editor"], app, slug)
    with monkeypatch.context() as patch:
        patch.setattr(MailRoom, "_settle", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            room.send_due()
    assert room.send_due() == 0, "another sender leaves it alone for a while"
    clock.advance(600)
    assert room.send_due() == 1
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_a_letter_that_is_no_longer_true_is_not_sent(
    app: Any, desks: dict[str, Desk], slug: str, post: Post, room: MailRoom
) -> None:
    run(desks["editor"], app, slug)
    (row,) = inbox(desks["admin"])
    desks["admin"].post(f"/api/approvals/{row['id']}/decision", {"decision": "decline"})
    assert room.send_due() == 0
    assert post.mails == []


def test_a_reminder_and_its_page_tell_what_was_said_and_until_when(
    app: Any, desks: dict[str, Desk], connection: str, post: Post, room: MailRoom
) -> None:
    slug = publish(
        desks["editor"],
        quorum=2,
        form=[],
        remind_hours=1,
        expire_hours=48,
        deciders={"roles": [], "users": ["admin@example.org", "operator@example.org"]},
    )
    started = run(desks["editor"], app, slug)
    shown = exact(desks["editor"].get(f"/api/runs/{started}"))
    assert shown["approvals"] == [{"count": 1, "by": "2 of admin, operator"}]
    (row,) = inbox(desks["operator"])
    desks["operator"].post(f"/api/approvals/{row['id']}/decision", {"decision": "approve"})
    with room.database.write() as session:
        found = approvals.get(session, row["id"])
        admin = accounts.by_email(session, "admin@example.org")
        assert admin is not None
        letters.queue(session, "reminder", found.number, [admin.id])
        expires = datetime.fromtimestamp(found.expire_at or 0, UTC)
    assert room.send_due() == 2
    reminder = next(mail for mail in post.mails if mail["Subject"] == "Reminder: Invoice A1 for Widgets?")
    told = f"asked by editor. 1 of 2 approved: operator. Expires {expires:%a %d %b %Y, %H:%M} UTC."
    assert told in reminder.get_content()
    page = app.test_client().get(link_in(reminder)).text
    assert told in page
    desks["admin"].post(f"/api/approvals/{row['id']}/decision", {"decision": "approve"})
    spent = app.test_client().get(link_in(reminder)).text
    assert 'href="/inbox?tab=approvals"' in spent


def test_many_letters_to_one_person_are_one_mail(
    app: Any, desks: dict[str, Desk], slug: str, post: Post, room: MailRoom
) -> None:
    run(desks["editor"], app, slug, *({**ORDER, "id": f"A{n}"} for n in range(25)))
    assert room.send_due() == 1
    (mail,) = post.mails
    assert mail["Subject"] == "25 approvals wait for you"
    assert "and 5 more" in mail.get_content()


def test_a_password_is_never_sent_in_the_clear(
    app: Any, desks: dict[str, Desk], slug: str, post: Post, room: MailRoom
) -> None:
    config = room.config.model_copy(update={"smtp_url": SecretStr(f"smtp://me:secret@127.0.0.1:{PORT}")})
    run(desks["editor"], app, slug)
    assert MailRoom(room.database, room.seal, config).send_due() == 0
    with room.database.read() as session:
        (letter,) = session.exec(select(Letter))
    assert "no encryption" in letter.error
    assert "secret" not in letter.error


@pytest.mark.parametrize("settings", [{"smtp_url": "http://x"}, {"smtp_url": "smtp://x"}])
def test_mail_settings_that_cannot_work_are_told_at_the_start(settings: dict[str, str]) -> None:
    with pytest.raises(DefinitionError, match="HEDDLE_"):
        check(Config(**settings))  # type: ignore[arg-type]
