"""Connections: tested before they are saved, and their secrets never come back."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from engine.store import connections
from tests.designer.conftest import SECRET, Desk, Ledger, everything, exact, installation_of
from tests.designer.test_access import address, endpoints


def body(**more: Any) -> dict[str, Any]:
    return {
        "system": "ledger",
        "name": "Books",
        "settings": {"url": "https://books.example.org"},
        "secrets": {"password": SECRET},
        **more,
    }


def test_a_connection_is_tested_before_it_is_saved(editor: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "refuse", True)
    refused = editor.post("/api/connections", body())
    assert (refused.status_code, exact(refused)["code"]) == (422, "E-ACCESS")
    assert exact(editor.get("/api/connections")) == []
    forced = editor.post("/api/connections", body(force=True))
    assert forced.status_code == 201
    assert exact(forced)["health"]["ok"] is False
    monkeypatch.setattr(Ledger, "refuse", False)
    tested = exact(editor.post(f"/api/connections/{exact(forced)['id']}/test"))
    assert (tested["ok"], tested["identity"]) == (True, "heddle")
    (listed,) = exact(editor.get("/api/connections"))
    assert listed["health"]["ok"] is True
    assert listed["secrets"] == {"password": True}
    assert listed["settings"] == {"url": "https://books.example.org"}


def test_no_answer_and_no_log_ever_contains_a_secret(
    app: Any, desks: dict[str, Desk], connection: str, flow: str,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Every endpoint, for every role, with the system well and with it quoting the secret in its refusals."""
    caplog.set_level(logging.DEBUG)
    forms = {*connections.forms(SECRET), json.dumps(SECRET)[1:-1]}
    bodies: list[Any] = [None, body(), body(id=connection), {"name": "Renamed"}]
    for refuse in (False, True):
        monkeypatch.setattr(Ledger, "refuse", refuse)
        for method, rule, _ in endpoints(app):
            if rule.endswith("/events") or method == "DELETE":
                continue
            path = rule.replace("<string:slug>", flow).replace("<string:id>", connection)
            path = address(path.replace("<path:entity>", "invoice").replace("<string:system>", "ledger"))
            for sent in bodies if method != "GET" else [None]:
                answer = desks["admin"].call(method, path, sent)
                text = answer.get_data(as_text=True)
                assert not [form for form in forms if form in text], (method, path, text)
    assert not [form for form in forms if form in caplog.text]


def test_secrets_are_sealed_at_rest(app: Any, connection: str) -> None:
    installation = installation_of(app)
    with installation.database.read() as session:
        row = connections.find(session, connection)
    assert SECRET not in str(everything(app))
    assert row is not None
    assert connections.unseal(row, installation.seal).secrets == {"password": SECRET}


def test_stored_secrets_are_not_sent_to_another_address(editor: Desk, connection: str) -> None:
    Ledger.asked.clear()
    elsewhere = {"url": "https://thief.example.org"}
    for answer in (
        editor.patch(f"/api/connections/{connection}", {"settings": elsewhere}),
        editor.patch(f"/api/connections/{connection}", {"settings": elsewhere, "force": True}),
        editor.post("/api/connections/test", {"system": "ledger", "settings": elsewhere, "id": connection}),
        editor.patch(
            f"/api/connections/{connection}", {"settings": {"url": "https://books.example.org", "user": "x"}}
        ),
    ):
        assert (answer.status_code, exact(answer)["code"]) == (422, "E-RETYPE")
        assert exact(answer)["problems"][0]["field"] == "secrets.password"
    assert Ledger.asked == []
    moved = {"settings": elsewhere, "secrets": {"password": "another one"}}
    assert editor.patch(f"/api/connections/{connection}", moved).status_code == 200
    assert Ledger.asked == ["https://thief.example.org"]


def test_what_leads_nowhere_else_may_change_alone(editor: Desk, connection: str) -> None:
    settings = {"url": "https://books.example.org", "page": 50}
    changed = editor.patch(f"/api/connections/{connection}", {"settings": settings, "name": "Our books"})
    assert changed.status_code == 200
    assert (exact(changed)["name"], exact(changed)["revision"]) == ("Our books", 2)
    stale = editor.patch(f"/api/connections/{connection}", {"name": "Theirs", "revision": 1})
    assert (stale.status_code, exact(stale)["code"]) == (409, "E-REVISION")


def test_a_stored_connection_can_be_tested_with_its_own_secrets(editor: Desk, connection: str) -> None:
    settings = {"url": "https://books.example.org"}
    tried = editor.post("/api/connections/test", {"system": "ledger", "settings": settings, "id": connection})
    assert exact(tried)["ok"] is True


def test_a_secret_among_the_plain_settings_is_moved(app: Any, editor: Desk) -> None:
    settings = {"url": "https://books.example.org", "password": SECRET}
    saved = editor.post("/api/connections", body(settings=settings, secrets={}))
    assert (saved.status_code, exact(saved)["secrets"]) == (201, {"password": True})
    assert exact(saved)["settings"] == {"url": "https://books.example.org"}
    unknown = editor.post("/api/connections", body(secrets={"url": "https://books.example.org"}))
    assert (unknown.status_code, exact(unknown)["code"]) == (422, "E-SECRET")


def test_settings_that_do_not_fit_are_named(editor: Desk) -> None:
    refused = editor.post("/api/connections", body(settings={"page": "many"}))
    assert refused.status_code == 422
    assert {problem["field"] for problem in exact(refused)["problems"]} == {"url", "page"}
    assert exact(editor.post("/api/connections", body(system="none")))["code"] == "E-NO-CONNECTOR"


def test_a_connection_in_use_is_kept(editor: Desk, connection: str, flow: str) -> None:
    editor.post(f"/api/flows/{flow}/publish", {"revision": 1})
    refused = editor.delete(f"/api/connections/{connection}")
    assert (refused.status_code, exact(refused)["code"]) == (409, "E-IN-USE")
    assert "«Book the orders»" in exact(refused)["message"]
    assert exact(editor.get("/api/connections"))[0]["used_by"] == [{"slug": flow, "name": "Book the orders"}]
    editor.patch(f"/api/flows/{flow}", {"state": "paused"})
    editor.delete(f"/api/flows/{flow}")
    assert editor.delete(f"/api/connections/{connection}").status_code == 204


def test_looking_into_a_system(editor: Desk, connection: str) -> None:
    Ledger.stored["7"] = {"total": 12}
    path = f"/api/connections/{connection}/entities"
    assert [entity["name"] for entity in exact(editor.get(path))] == ["invoice"]
    assert exact(editor.get(f"{path}/invoice"))["fields"][0]["name"] == "total"
    assert exact(editor.get(f"{path}/invoice/options/account")) == [{"value": "4000", "title": "Revenue"}]
    assert exact(editor.get(f"{path}/invoice/sample")) == [
        {"key": "7", "title": "Invoice 7", "data": {"total": 12}}
    ]
    assert editor.get(f"{path}/nothing").status_code == 422
