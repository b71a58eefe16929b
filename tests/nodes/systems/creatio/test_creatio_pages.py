"""The screens of the imitation, and the button that starts everything."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

from nodes.systems.creatio.sandbox import CreatioSandbox


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A receiver that takes what the button sends: /ok accepts, /no refuses."""
    app, received = Flask("hook"), []

    @app.post("/ok")
    def ok() -> Any:
        received.append(request.get_json())
        return jsonify({"run": "r-17"}), 202

    @app.post("/no")
    def no() -> Any:
        return jsonify({"code": "E-NOT-LIVE", "message": "This flow is not live."}), 409

    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}", received
    server.shutdown()
    thread.join()
    server.server_close()


def first(sandbox: CreatioSandbox) -> dict[str, Any]:
    return sandbox.all("Opportunity")[0]


def press(sandbox: CreatioSandbox, url: str) -> str:
    answer = requests.post(f"{url}/0/page/Opportunity/{first(sandbox)['Id']}/raise-invoice", timeout=5)
    assert answer.status_code == 200
    return answer.text


def test_the_list_shows_deals_and_can_be_searched(sandbox: CreatioSandbox, url: str) -> None:
    page = requests.get(f"{url}/", timeout=5).text
    assert "40 opportunities" in page
    assert "Warehouse rollout, Northgate Instruments" in page
    assert "8,400.00" in page
    assert requests.get(f"{url}/0/", timeout=5).text == page
    found = requests.get(f"{url}/?q=process review", timeout=5).text
    assert "1 opportunity for" in found
    second = requests.get(f"{url}/?page=2", timeout=5).text
    assert "Warehouse rollout, Northgate" not in second


def test_a_deal_shows_its_lines_and_the_button(sandbox: CreatioSandbox, url: str) -> None:
    page = requests.get(f"{url}/0/page/Opportunity/{first(sandbox)['Id']}", timeout=5).text
    for text in (
        "Raise invoice",
        "Handheld scanner",
        "Hardware",
        "5,040.00",
        "Northgate Instruments",
        "None yet",
    ):
        assert text in page
    other = requests.get(f"{url}/0/page/Account/{first(sandbox)['AccountId']}", timeout=5).text
    assert "Raise invoice" not in other
    assert requests.get(f"{url}/0/page/Opportunity/nope", timeout=5).status_code == 404
    assert requests.get(f"{url}/0/page/Nope/nope", timeout=5).status_code == 404
    assert "CardModuleV2" in requests.get(f"{url}/0/Nui/ViewModule.aspx", timeout=5).text


def test_text_from_outside_is_escaped(sandbox: CreatioSandbox, url: str) -> None:
    key = first(sandbox)["Id"]
    sandbox.store.update(
        "Opportunity",
        key,
        {"Title": "<script>x</script>", "UsrInvoiceLink": "javascript:alert(1)"},
        strict=True,
    )
    page = requests.get(f"{url}/0/page/Opportunity/{key}", timeout=5).text
    assert "<script>x" not in page
    assert "javascript:" not in page


def test_the_button_sends_and_shows_the_answer(
    sandbox: CreatioSandbox, url: str, hook: tuple[str, list[dict[str, Any]]]
) -> None:
    address, received = hook
    assert (
        requests.post(f"{url}/_sandbox/button", json={"url": f"{address}/ok"}, timeout=5).status_code == 200
    )
    assert "Sent to Heddle: run r-17" in press(sandbox, url)
    press(sandbox, url)
    body = {"id": first(sandbox)["Id"], "entity": "Opportunity", "user": "Supervisor"}
    assert received == [body, body]  # a double click sends twice


def test_the_button_says_what_went_wrong(
    sandbox: CreatioSandbox, url: str, hook: tuple[str, list[dict[str, Any]]]
) -> None:
    assert "Not sent: this button has no address yet" in press(sandbox, url)
    sandbox.set_setting("button_url", f"{hook[0]}/no")
    assert "Not sent: This flow is not live." in press(sandbox, url)
    sandbox.set_setting("button_url", f"{hook[0]}/gone")
    assert "Not sent: the receiver answered 404." in press(sandbox, url)
    sandbox.set_setting("button_url", "http://127.0.0.1:9/hook")
    assert "Not sent: 127.0.0.1:9 did not answer." in press(sandbox, url)
    bad = requests.post(f"{url}/_sandbox/button", json={"url": "ftp://x"}, timeout=5)
    assert bad.status_code == 400


def test_the_page_learns_of_the_invoice(sandbox: CreatioSandbox, url: str) -> None:
    key = first(sandbox)["Id"]
    state = f"{url}/_sandbox/opportunity/{key}"
    assert requests.get(state, timeout=5).json() == {"number": "", "link": "", "status": ""}
    values = {
        "UsrInvoiceNumber": "INV-204",
        "UsrInvoiceLink": "https://erp.example/204",
        "UsrInvoiceStatus": "Draft",
    }
    sandbox.store.update("Opportunity", key, values, strict=True)
    now = requests.get(state, timeout=5).json()
    assert now == {"number": "INV-204", "link": "https://erp.example/204", "status": "Draft"}
    page = requests.get(f"{url}/0/page/Opportunity/{key}", timeout=5).text
    assert "INV-204" in page
    assert "https://erp.example/204" in page


def test_the_screens_are_not_part_of_the_api(sandbox: CreatioSandbox, url: str) -> None:
    sandbox.journal.clear()
    sandbox.active["server_error"] = {"times": 1}
    assert requests.get(f"{url}/", timeout=5).status_code == 200
    assert sandbox.journal == []
    assert requests.get(f"{url}/_sandbox/home", timeout=5).json() == {"home": "/"}
