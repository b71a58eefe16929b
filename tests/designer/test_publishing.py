"""What posts to the ledger goes live when two people have seen it, and then just what they saw."""

from __future__ import annotations

from typing import Any

import pytest

from designer import publishing
from designer.mail import MailRoom
from engine.errors import RequestError
from engine.store import accounts, flows
from tests.designer.conftest import PASSWORD, Desk, exact, installation_of, pipeline, work
from tests.designer.post_office import Post
from tests.designer.test_runs import UNKNOWN, run


def guarded(**more: Any) -> dict[str, Any]:
    return pipeline(policy={"four_eyes": True}, **more)


@pytest.fixture
def posting(editor: Desk, connection: str) -> str:
    """The slug of a draft that posts to the ledger."""
    return str(exact(editor.post("/api/flows", {"document": guarded()}))["slug"])


def asked(desk: Desk, slug: str, **more: Any) -> int:
    revision = exact(desk.get(f"/api/flows/{slug}"))["revision"]
    answer = desk.post(f"/api/flows/{slug}/request", {"revision": revision, **more})
    assert answer.status_code == 201, answer.text
    return int(exact(answer)["id"])


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, exact(answer)["code"]


def test_a_second_person_publishes_what_the_first_asked_for(desks: dict[str, Desk], posting: str) -> None:
    editor, admin = desks["editor"], desks["admin"]
    assert exact(editor.get(f"/api/flows/{posting}"))["guarded"] is True
    for desk in (editor, admin):
        assert refused(desk.post(f"/api/flows/{posting}/publish", {"revision": 1})) == (409, "E-FOUR-EYES")
    number = asked(editor, posting, note="first")
    assert refused(editor.post(f"/api/publications/{number}/publish", {})) == (403, "E-NOT-YOURS")
    (waiting,) = exact(admin.get("/api/publications"))["publications"]
    assert (waiting["mine"], waiting["asked_by"], waiting["note"]) == (True, "editor", "first")
    (own,) = exact(editor.get("/api/publications"))["publications"]
    assert (own["mine"], own["own"]) == (False, True)
    assert exact(admin.post(f"/api/publications/{number}/publish", {"comment": "fine"})) == {"version": 1}
    assert refused(admin.post(f"/api/publications/{number}/publish", {})) == (409, "E-DECIDED")
    (version,) = exact(editor.get(f"/api/flows/{posting}/versions"))
    assert version["by"] == "editor@example.org, admin@example.org"
    entries = exact(admin.get(f"/api/audit?subject={posting}"))["entries"]
    assert [entry["action"] for entry in entries[:2]] == ["flow.publish", "publication.ask"]
    assert entries[0]["detail"]["comment"] == "fine"


def test_what_goes_live_is_what_was_looked_at(desks: dict[str, Desk], posting: str) -> None:
    editor, admin = desks["editor"], desks["admin"]
    number = asked(editor, posting)
    editor.put(f"/api/flows/{posting}/draft", {"document": guarded(description="slipped in"), "revision": 1})
    admin.post(f"/api/publications/{number}/publish", {})
    assert exact(admin.get(f"/api/flows/{posting}/versions/1"))["description"] == ""
    assert exact(admin.get(f"/api/flows/{posting}"))["draft_changed"] is True


def test_the_reviewer_sees_what_changes_and_sends_it_back(desks: dict[str, Desk], posting: str) -> None:
    editor, admin = desks["editor"], desks["admin"]
    admin.post(f"/api/publications/{asked(editor, posting)}/publish", {})
    tables = guarded()["tables"]
    tables["accounts"]["rows"][0][1] = "4900"
    editor.put(f"/api/flows/{posting}/draft", {"document": guarded(tables=tables), "revision": 1})
    number = asked(editor, posting, note="new account")
    seen = exact(admin.get(f"/api/publications/{number}"))
    assert [change["text"] for change in seen["changes"]] == ["Ledger accounts, Widgets: 4000 → 4900"]
    assert refused(admin.post(f"/api/publications/{number}/return", {"comment": ""}))[0] == 422
    back = exact(admin.post(f"/api/publications/{number}/return", {"comment": "4900 is for hardware"}))
    assert (back["state"], back["comment"]) == ("returned", "4900 is for hardware")
    standing = exact(editor.get(f"/api/flows/{posting}/request"))
    assert (standing["guarded"], standing["request"], standing["reviewers"]) == (True, None, ["admin"])
    assert standing["returned"]["comment"] == "4900 is for hardware"
    assert exact(editor.get(f"/api/flows/{posting}"))["live_version"] == 1
    (first, _) = exact(editor.get("/api/publications?state=decided"))["publications"]
    assert first["comment"] == "4900 is for hardware"


def test_the_mark_is_taken_off_by_two_people_too(desks: dict[str, Desk], posting: str) -> None:
    editor, admin = desks["editor"], desks["admin"]
    admin.post(f"/api/publications/{asked(editor, posting)}/publish", {})
    editor.put(f"/api/flows/{posting}/draft", {"document": pipeline(), "revision": 1})
    assert refused(editor.post(f"/api/flows/{posting}/publish", {"revision": 2})) == (409, "E-FOUR-EYES")
    number = asked(editor, posting)
    assert "One person may publish it from now on." in str(exact(admin.get(f"/api/publications/{number}")))
    admin.post(f"/api/publications/{number}/publish", {})
    assert exact(editor.post(f"/api/flows/{posting}/publish", {"revision": 2})) == {"version": 3}


def test_where_a_live_flow_posts_is_changed_by_two_people(
    desks: dict[str, Desk], posting: str, connection: str
) -> None:
    editor, admin = desks["editor"], desks["admin"]
    admin.post(f"/api/publications/{asked(editor, posting)}/publish", {})
    body = {"system": "ledger", "name": "Other", "settings": {"url": "https://other.example.org"}}
    other = exact(editor.post("/api/connections", {**body, "secrets": {"password": "x"}}))["id"]
    path = f"/api/flows/{posting}/bindings"
    assert refused(editor.put(path, {"books": other})) == (409, "E-FOUR-EYES")
    number = asked(editor, posting, bindings={"books": other})
    assert "Books → Other" in str(exact(admin.get(f"/api/publications/{number}"))["changes"])
    assert exact(editor.get(f"/api/flows/{posting}"))["bindings"] == {"books": connection}
    admin.post(f"/api/publications/{number}/publish", {})
    assert exact(editor.get(f"/api/flows/{posting}"))["bindings"] == {"books": other}


def test_an_answer_given_meanwhile_is_not_lost(app: Any, desks: dict[str, Desk], posting: str) -> None:
    editor, admin, operator = desks["editor"], desks["admin"], desks["operator"]
    admin.post(f"/api/publications/{asked(editor, posting)}/publish", {})
    run(editor, posting, app, [UNKNOWN])
    editor.put(f"/api/flows/{posting}/draft", {"document": guarded(description="better"), "revision": 1})
    number = asked(editor, posting)
    (group,) = exact(operator.get("/api/reviews"))["groups"]
    answer = operator.post("/api/reviews/answer", {"question": group["question"], "answer": {"Account": "1"}})
    assert answer.status_code == 200, answer.text
    work(app)
    assert exact(admin.post(f"/api/publications/{number}/publish", {})) == {"version": 3}
    document = exact(admin.get(f"/api/flows/{posting}/versions/3"))
    assert document["description"] == "better"
    assert document["tables"]["accounts"]["rows"][-1] == ["Consulting", "1"]


def test_nobody_else_machines_and_viewers(app: Any, desks: dict[str, Desk], posting: str) -> None:
    editor, admin = desks["editor"], desks["admin"]
    token = exact(admin.post("/api/tokens", {"name": "ci", "role": "admin"}))["token"]
    machine = Desk(app.test_client())
    headers = {"Authorization": f"Bearer {token}"}
    asks = machine.post(f"/api/flows/{posting}/request", {"revision": 1}, headers=headers)
    assert refused(asks) == (403, "E-PERSON")
    number = asked(editor, posting)
    for path in (f"/api/publications/{number}/publish", f"/api/publications/{number}/withdraw"):
        assert refused(machine.post(path, {}, headers=headers)) == (403, "E-PERSON")
        assert refused(desks["operator"].post(path, {})) == (403, "E-ROLE")
    with installation_of(app).database.write() as session:
        another = accounts.add_user(
            session, email="ed2@example.org", name="ed2", role="editor", password=PASSWORD
        )
    second = Desk(app.test_client())
    second.sign_in(another.email)
    assert refused(second.post(f"/api/publications/{number}/withdraw")) == (403, "E-NOT-YOURS")
    assert exact(editor.post(f"/api/publications/{number}/withdraw"))["state"] == "withdrawn"
    replaced, newer = asked(editor, posting), asked(second, posting)
    assert exact(admin.get(f"/api/publications/{replaced}"))["state"] == "replaced"
    assert exact(editor.post(f"/api/publications/{newer}/publish", {})) == {"version": 1}


def test_who_is_alone_is_told_so(app: Any, admin: Desk, connection: str) -> None:
    slug = exact(admin.post("/api/flows", {"document": guarded()}))["slug"]
    editors = [user for user in exact(admin.get("/api/users")) if user["role"] == "editor"]
    for user in editors:
        admin.patch(f"/api/users/{user['id']}", {"active": False})
    assert refused(admin.post(f"/api/flows/{slug}/request", {"revision": 1})) == (409, "E-ALONE")
    plain = exact(admin.post("/api/flows", {"document": guarded(name="P"), "four_eyes": False}))
    assert plain["guarded"] is False
    assert refused(admin.post(f"/api/flows/{plain['slug']}/request", {"revision": 1})) == (
        409, "E-NOT-GUARDED"
    )  # fmt: skip


def test_nothing_changes_a_live_drawing_on_the_way(app: Any, desks: dict[str, Desk], posting: str) -> None:
    with installation_of(app).database.write() as session:
        row = flows.find(session, posting)
        assert row is not None
        publishing.refuse_alone(session, row)
    desks["admin"].post(f"/api/publications/{asked(desks['editor'], posting)}/publish", {})
    with installation_of(app).database.write() as session:
        row = flows.find(session, posting)
        assert row is not None
        with pytest.raises(RequestError, match="two people") as refusal:
            publishing.refuse_alone(session, row)
    assert refusal.value.code == "E-FOUR-EYES"


def test_letters_go_to_who_may_publish_and_tell_the_asker(
    desks: dict[str, Desk], posting: str, post: Post, room: MailRoom
) -> None:
    editor, admin = desks["editor"], desks["admin"]
    number = asked(editor, posting, note="New terms")
    assert room.send_due() == 1
    assert room.send_due() == 0
    (mail,) = post.mails
    assert mail["To"] == "admin@example.org"
    assert mail["Subject"].endswith("you are asked to look at it and publish it")
    assert "asked for by editor@example.org" in mail.get_content()
    assert "New terms" in mail.get_content()
    assert "https://heddle.example.org/inbox?tab=publications" in mail.get_content()
    admin.post(f"/api/publications/{number}/return", {"comment": "The account is wrong."})
    room.send_due()
    assert (post.mails[-1]["To"], len(post.mails)) == ("editor@example.org", 2)
    assert "The account is wrong." in post.mails[-1].get_content()
    assert f"https://heddle.example.org/flows/{posting}" in post.mails[-1].get_content()
    older = asked(editor, posting)
    newer = asked(editor, posting)
    admin.post(f"/api/publications/{newer}/publish", {"comment": "fine"})
    assert older != newer
    room.send_due()
    assert len(post.mails) == 3, "what nobody needs to look at any more is not told"
    assert "by admin@example.org, version 1" in post.mails[-1].get_content()
