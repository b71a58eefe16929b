"""Buttons and webhooks: one delivery is one run, and only whoever should may call."""

from __future__ import annotations

import hmac
import time
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

import pytest

from designer import refusals
from designer.api import hooks
from engine import clock
from tests.designer.conftest import Desk, Ledger, exact, pipeline, work
from tests.designer.test_runs import WIDGET


@pytest.fixture
def url(editor: Desk, live: str) -> str:
    return str(exact(editor.get(f"/api/flows/{live}"))["hook"]["url"])


def guarded(editor: Desk, auth: str, **settings: str) -> tuple[str, str]:
    """(address, secret) of a live flow whose trigger asks for more than the key."""
    document = pipeline(name=f"Guarded by {auth}")
    document["nodes"][0]["settings"] = {"auth": auth, **settings}
    made = exact(editor.post("/api/flows", {"document": document}))
    assert editor.post(f"/api/flows/{made['slug']}/publish", {"revision": 1}).status_code == 200
    return made["hook"]["url"], made["hook"]["secret"]


def test_a_call_starts_a_run(app: Any, nobody: Desk, editor: Desk, url: str) -> None:
    answer = nobody.post(url, WIDGET)
    assert answer.status_code == 202
    work(app)
    shown = exact(editor.get(f"/api/runs/{exact(answer)['run']}"))
    assert (shown["state"], shown["cause"]["kind"], shown["counts"]["created"]) == ("done", "webhook", 1)
    assert Ledger.written == [{"total": 12, "account": "4000"}]


def test_a_form_is_as_good_as_json(app: Any, nobody: Desk, url: str) -> None:
    answer = nobody.post(url, data={"id": "A9", "product": "Widgets", "total": "5"})
    assert answer.status_code == 202
    work(app)
    assert Ledger.written == [{"total": "5", "account": "4000"}]


@pytest.mark.parametrize("header", hooks.IDENTITIES)
def test_a_delivery_that_comes_again_is_the_same_run(app: Any, nobody: Desk, url: str, header: str) -> None:
    runs = {exact(nobody.post(url, WIDGET, headers={header: "d-1"}))["run"] for _ in range(3)}
    work(app)
    runs.add(exact(nobody.post(url, WIDGET, headers={header: "d-1"}))["run"])
    work(app)
    assert len(runs) == 1
    assert len(Ledger.written) == 1
    assert exact(nobody.post(url, WIDGET, headers={header: "d-2"}))["run"] not in runs


@pytest.mark.parametrize("offset", [0.0, 3.0, 9.999])
def test_a_button_pressed_twice_is_one_run_wherever_the_second_falls(
    app: Any, nobody: Desk, url: str, monkeypatch: pytest.MonkeyPatch, offset: float
) -> None:
    base = float(int(clock.now() // hooks.WINDOW) * hooks.WINDOW) + offset

    def at(seconds: float) -> None:
        monkeypatch.setattr(clock, "_skew", base + seconds - time.time())

    at(0)
    first = exact(nobody.post(url, WIDGET))["run"]
    at(4)
    assert exact(nobody.post(url, WIDGET))["run"] == first
    assert exact(nobody.post(url, {**WIDGET, "total": 13}))["run"] != first
    at(hooks.WINDOW * 2)
    assert exact(nobody.post(url, WIDGET))["run"] != first


def test_a_wrong_key_and_an_unknown_flow_look_alike(nobody: Desk, live: str, url: str) -> None:
    wrong = nobody.post(f"/hooks/{live}/guess", WIDGET)
    unknown = nobody.post("/hooks/none/guess", WIDGET)
    assert (wrong.status_code, unknown.status_code) == (404, 404)
    assert exact(wrong)["code"] == exact(unknown)["code"] == "E-NOT-FOUND"
    assert nobody.post(f"/hooks/{live}/ключ", WIDGET).status_code == 404


def test_a_call_is_answered_only_while_the_flow_is_live(
    nobody: Desk, editor: Desk, live: str, url: str
) -> None:
    editor.patch(f"/api/flows/{live}", {"state": "paused"})
    refused = nobody.post(url, WIDGET)
    assert (refused.status_code, exact(refused)["code"]) == (409, "E-NOT-LIVE")
    editor.patch(f"/api/flows/{live}", {"state": "live"})
    assert nobody.post(url, WIDGET).status_code == 202
    assert nobody.get(url).status_code == 405


def test_a_flow_without_the_trigger_is_not_started_by_calls(nobody: Desk, editor: Desk, flow: str) -> None:
    editor.post(f"/api/flows/{flow}/publish", {"revision": 1})
    url = exact(editor.get(f"/api/flows/{flow}"))["hook"]["url"]
    refused = nobody.post(url, WIDGET)
    assert (refused.status_code, exact(refused)["code"]) == (409, "E-NO-HOOK")


def test_too_much_and_nonsense_are_refused(nobody: Desk, editor: Desk, url: str) -> None:
    big = nobody.post(url, data=b'"' + b"x" * (10 * 1024 * 1024) + b'"', content_type="application/json")
    assert (big.status_code, exact(big)["code"]) == (413, "E-TOO-LARGE")
    assert "5 MB" in exact(big)["message"]
    bad = nobody.post(url, data=b'{"id":', content_type="application/json")
    assert (bad.status_code, exact(bad)["code"]) == (400, "E-JSON")
    odd = nobody.post(url, data=b"<x/>", content_type="text/xml")
    assert (odd.status_code, exact(odd)["code"]) == (415, "E-CONTENT-TYPE")
    assert exact(editor.get("/api/runs"))["runs"] == []


def signed(secret: str, body: bytes, identity: str = "m-1", at: float | None = None) -> dict[str, str]:
    stamp = str(int(clock.now() if at is None else at))
    key = b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{identity}.{stamp}.".encode() + body, sha256).digest()
    return {
        "webhook-id": identity,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,AAAA v1,{b64encode(mac).decode()}",
        "Content-Type": "application/json",
    }


def test_a_signed_call_must_be_signed_well_and_now(nobody: Desk, editor: Desk, connection: str) -> None:
    url, secret = guarded(editor, "signature")
    body = b'{"id": "A1", "product": "Widgets", "total": 1}'
    assert nobody.post(url, data=body, headers=signed(secret, body)).status_code == 202
    forged = signed("whsec_" + b64encode(b"x" * 32).decode(), body, "m-2")
    old = signed(secret, body, "m-3", clock.now() - 400)
    other_body = signed(secret, body + b" ", "m-4")
    other_id = {**signed(secret, body, "m-5"), "webhook-id": "m-6"}
    unsigned = {"Content-Type": "application/json"}
    huge = {**signed(secret, body, "m-7"), "webhook-timestamp": "9" * 40}
    for headers in (forged, old, other_body, other_id, unsigned, huge):
        refused = nobody.post(url, data=body, headers=headers)
        assert (refused.status_code, exact(refused)["code"]) == (401, "E-SIGNATURE"), headers
        assert "WWW-Authenticate" not in refused.headers
    assert len(exact(editor.get("/api/runs"))["runs"]) == 1


def test_a_replayed_signed_call_is_the_same_run(nobody: Desk, editor: Desk, connection: str) -> None:
    url, secret = guarded(editor, "signature")
    body = b'{"id": "A1"}'
    headers = signed(secret, body)
    first, second = (exact(nobody.post(url, data=body, headers=headers))["run"] for _ in range(2))
    assert first == second


def test_a_password_is_checked_where_the_trigger_asks_for_one(
    nobody: Desk, editor: Desk, connection: str
) -> None:
    url, secret = guarded(editor, "basic")
    assert nobody.post(url, WIDGET, auth=("crm", secret)).status_code == 202
    assert nobody.post(url, WIDGET, auth=("crm", "guess")).status_code == 401
    assert nobody.post(url, WIDGET, headers={"Authorization": "Bearer x"}).status_code == 401
    unsigned = nobody.post(url, WIDGET)
    assert unsigned.status_code == 401
    assert unsigned.headers["WWW-Authenticate"] == 'Basic realm="Heddle", charset="UTF-8"'


def test_a_secret_header_is_checked_where_the_trigger_asks_for_one(
    nobody: Desk, editor: Desk, connection: str
) -> None:
    url, secret = guarded(editor, "header", header="X-Shop-Token")
    assert nobody.post(url, WIDGET, headers={"X-Shop-Token": secret}).status_code == 202
    for headers in ({}, {"X-Shop-Token": "guess"}, {"X-Webhook-Secret": secret}):
        refused = nobody.post(url, WIDGET, headers=headers)
        assert (refused.status_code, exact(refused)["code"]) == (401, "E-SIGNATURE"), headers
        assert "X-Shop-Token" in exact(refused)["message"]
    assert len(exact(editor.get("/api/runs"))["runs"]) == 1


def test_a_system_that_asks_whether_its_calls_are_wanted_is_answered(
    nobody: Desk, editor: Desk, live: str, url: str
) -> None:
    graph = nobody.post(f"{url}?validationToken=a%20b%3Cc%3E", data=b"", content_type="text/plain")
    assert (graph.status_code, graph.text, graph.mimetype) == (200, "a b<c>", "text/plain")
    secret = exact(editor.get(f"/api/flows/{live}"))["hook"]["secret"]
    query = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": secret}
    assert nobody.get(url, query_string=query).text == "42"
    assert nobody.get(url, query_string={**query, "hub.verify_token": "guess"}).status_code == 401
    slack = nobody.post(url, {"type": "url_verification", "token": "t", "challenge": "c"})
    assert (slack.status_code, exact(slack)) == (200, {"challenge": "c"})
    asana = nobody.post(url, data=b"", headers={"X-Hook-Secret": "s"})
    assert (asana.status_code, asana.headers["X-Hook-Secret"]) == (200, "s")
    events = nobody.call("OPTIONS", url, headers={"WebHook-Request-Origin": "eventgrid.example"})
    assert (events.status_code, events.headers["WebHook-Allowed-Origin"]) == (200, "eventgrid.example")
    assert exact(editor.get("/api/runs"))["runs"] == []
    for bad in (f"/hooks/{live}/guess?validationToken=x", "/hooks/none/guess?validationToken=x"):
        assert nobody.post(bad, data=b"").status_code == 404
        assert nobody.get(bad).status_code == 404


def test_a_handshake_comes_before_the_flow_is_live_and_a_record_is_none(
    app: Any, nobody: Desk, editor: Desk, live: str, url: str
) -> None:
    editor.patch(f"/api/flows/{live}", {"state": "paused"})
    assert nobody.post(url, {"challenge": "c"}).status_code == 200
    assert nobody.post(url, WIDGET).status_code == 409
    editor.patch(f"/api/flows/{live}", {"state": "live"})
    assert nobody.post(url, {**WIDGET, "challenge": "c"}).status_code == 202
    assert nobody.post(url, {"id": "A7", "total": 1, "challenge": {"a": 1}}).status_code == 202


def test_a_call_is_judged_by_what_stands_when_it_is_stored(
    app: Any, nobody: Desk, editor: Desk, live: str, url: str
) -> None:
    """What is remembered of a hook never outlives its change."""
    assert nobody.post(url, WIDGET).status_code == 202
    document = exact(editor.get(f"/api/flows/{live}"))
    editor.post(f"/api/flows/{live}/publish", {"revision": document["revision"], "note": "again"})
    assert nobody.post(url, {**WIDGET, "total": 2}).status_code == 202
    versions = {run["version"] for run in exact(editor.get("/api/runs"))["runs"]}
    assert versions == {1, 2}
    renewed = exact(editor.post(f"/api/flows/{live}/hook"))["hook"]["url"]
    assert nobody.post(url, {**WIDGET, "total": 3}).status_code == 404
    assert nobody.post(renewed, {**WIDGET, "total": 3}).status_code == 202


def test_a_new_key_brings_a_new_secret(nobody: Desk, editor: Desk, connection: str) -> None:
    url, secret = guarded(editor, "basic")
    slug = url.split("/")[2]
    renewed = exact(editor.post(f"/api/flows/{slug}/hook"))["hook"]
    assert nobody.post(url, WIDGET, auth=("crm", secret)).status_code == 404
    assert nobody.post(renewed["url"], WIDGET, auth=("crm", secret)).status_code == 401
    assert nobody.post(renewed["url"], WIDGET, auth=("crm", renewed["secret"])).status_code == 202


def test_the_short_way_answers_like_the_long_one(
    app: Any, nobody: Desk, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    went: list[str] = []
    long_way = app.full_dispatch_request
    monkeypatch.setattr(app, "full_dispatch_request", lambda *_: (went.append("flask"), long_way())[1])
    short = nobody.post(url, WIDGET, headers={"webhook-id": "d-1"})
    assert went == []
    long = nobody.post(f"{url}?from=crm", WIDGET, headers={"webhook-id": "d-1"})
    assert went == ["flask"]
    assert (short.status_code, exact(short)) == (long.status_code, exact(long))
    assert sorted(short.headers) == sorted(one for one in long.headers if one[0] != "Vary")
    refused = nobody.post(f"{url}-not", WIDGET)
    assert (refused.status_code, went) == (404, ["flask", "flask"])


def test_who_is_not_let_in_is_told_in_the_audit_once_in_a_while(
    app: Any, nobody: Desk, editor: Desk, admin: Desk, connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, secret = guarded(editor, "header")
    for given in ("", "wrong", secret, "wrong"):
        nobody.post(url, WIDGET, headers={"X-Webhook-Secret": given})
    noted = exact(admin.get("/api/audit?kind=hook"))["entries"]
    assert [(one["actor"], one["did"], one["name"], one["detail"]) for one in noted] == [
        (
            "127.0.0.1",
            "called, and was not let in, the address of",
            "Guarded by header",
            {"reason": "The header X-Webhook-Secret is wrong or missing."},
        )
    ]
    later = clock.now() + 601
    monkeypatch.setattr(refusals, "now", lambda: later)
    nobody.post(url, WIDGET)
    assert len(exact(admin.get("/api/audit?kind=hook"))["entries"]) == 2
