"""The straight way of a call is the session's own in everything that can be seen, and only cheaper."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, Response, request
from werkzeug.serving import make_server

from engine import guard
from engine.errors import AccessError, InDoubt, Unavailable
from engine.http import Http


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv(guard.VARIABLE, "127.0.0.1")
    app = Flask("target")
    made = make_server("127.0.0.1", 0, app, threaded=True)

    @app.route("/<path:path>", methods=["GET", "POST"])
    def any_path(path: str) -> Any:
        if path == "silent":
            threading.Event().wait(1.0)
        answer = Response(
            repr((request.method, request.full_path, sorted(request.headers), request.get_data())).encode()
        )
        if path == "sign-in":
            answer.set_cookie("sid", "s3cret")
        return answer

    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


def straight(http: Http, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of calls that go the session's own way from now on."""
    went: list[str] = []
    real = http.session.request
    monkeypatch.setattr(
        http.session, "request", lambda method, url, **more: (went.append(url), real(method, url, **more))[1]
    )
    return went


@pytest.mark.parametrize("path", ["/one?a=b%20c&d=e", "/plain", ""])
def test_the_system_sees_the_same_call_either_way(
    server: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    http = Http(timeout=5)
    url = server + (path or "/x")
    headers = {"Accept": "application/json", "Content-Type": "application/json", "Idempotency-Key": "k"}
    call: dict[str, Any] = {"mutating": True, "headers": headers, "data": b'{"a": 1}', "auth": (b"me", b"pw")}
    went = straight(http, monkeypatch)
    direct = http.request("POST", url, **call)
    assert went == []
    monkeypatch.setattr(http._direct, "send", lambda *_: None)
    own = http.request("POST", url, **call)
    assert went == [url]
    assert direct.text == own.text
    assert (direct.status_code, direct.ok, direct.encoding, direct.url) == (200, True, own.encoding, own.url)
    assert direct.request.headers["Authorization"] == "Basic " + base64.b64encode(b"me:pw").decode()


def test_a_session_that_has_cookies_sends_them(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    http = Http(timeout=5)
    went = straight(http, monkeypatch)
    http.request("POST", f"{server}/sign-in", mutating=False)
    assert (
        "Cookie"
        not in http.request("GET", f"{server}/sign-in", mutating=False, params={"a": "b"}).request.url
    )
    answer = http.request("GET", f"{server}/next", mutating=False)
    assert "sid=s3cret" in answer.text
    assert [url.rpartition("/")[2] for url in went] == ["sign-in", "next"]


@pytest.mark.parametrize("path", ["/with blank", "/a/../b", "/a/./b", "/é", "/a#part", "/{id}", "/a\nb"])
def test_an_untidy_address_is_left_to_the_session(
    server: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    http = Http(timeout=5)
    went = straight(http, monkeypatch)
    http.request("GET", server + path, mutating=False)
    assert went == [server + path]


def test_a_proxy_is_used_where_one_is_set(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server)
    monkeypatch.setenv("no_proxy", "")
    http = Http(timeout=5)
    went = straight(http, monkeypatch)
    http.request("GET", "http://127.0.0.1:1/through", mutating=False)
    assert went == ["http://127.0.0.1:1/through"]


def test_failures_mean_what_they_always_mean(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    http = Http(timeout=0.2)
    went = straight(http, monkeypatch)
    with pytest.raises(InDoubt):
        http.request("POST", f"{server}/silent", mutating=True, data=b"{}")
    with pytest.raises(Unavailable):
        http.request("GET", f"{server}/silent", mutating=False)
    with pytest.raises(Unavailable):  # nobody listens: it never left
        http.request("POST", "http://127.0.0.1:1/x", mutating=True, data=b"{}")
    with pytest.raises(Unavailable):
        http.request("POST", "http://nobody.invalid/x", mutating=True, data=b"{}")
    monkeypatch.setenv(guard.VARIABLE, "")
    with pytest.raises(AccessError) as refused:
        Http(timeout=1).request("POST", server + "/x", mutating=True, data=b"{}")
    assert refused.value.code == "E-GUARD"
    assert went == []


def test_a_pool_that_was_put_away_is_opened_again(server: str) -> None:
    http = Http(timeout=5)
    http.request("GET", f"{server}/one", mutating=False)
    http.session.close()
    assert http.request("POST", f"{server}/two", mutating=True, data=b"{}").ok
    assert http.request("POST", f"{server}/three", mutating=True, data=b"{}").ok
