"""The HTTP connector: every way in to its sandbox, tokens, and forms that make no sense."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from requests import Response

from engine.connector import Filter, Query
from engine.errors import AccessError
from engine.http import Http
from nodes.systems.http import auth as ways
from nodes.systems.http.connector import HttpConnector
from nodes.systems.http.filtering import passes
from nodes.systems.http.settings import HttpSettings
from tests.conftest import Served
from tests.nodes.systems.http.conftest import Connect, read_all

AUTHS: dict[str, dict[str, Any]] = {
    "basic": {"kind": "basic", "user": "heddle", "password": "heddle-password"},
    "bearer": {"kind": "bearer", "token": "heddle-token"},
    "header": {"kind": "key", "name": "X-API-Key", "value": "heddle-key"},
    "query": {"kind": "key", "place": "query", "name": "api_key", "value": "heddle-key"},
    "oauth": {"kind": "oauth", "client_id": "heddle", "client_secret": "heddle-secret"},
}


@pytest.mark.parametrize("kind", AUTHS)
def test_every_way_in(connect: Connect, served: Served, kind: str) -> None:
    served.app.set_setting("auth", kind)
    notes: list[dict[str, Any]] = []
    secrets = tuple(
        str(value) for name, value in AUTHS[kind].items() if name in {"value", "token", "client_secret"}
    )
    connector = connect(auth=AUTHS[kind], http={"journal": notes.append, "secrets": secrets})
    assert connector.check().ok
    paging = {"kind": "link", "size_parameter": "limit", "size": 10}
    linked = connect(
        auth=AUTHS[kind],
        customers={"read": {"path": "/link/customers", "records": "$.items", "paging": paging}},
    )
    assert len(read_all(linked)) == 33
    cursor = linked.read(Query(entity="customers"), None, 10).cursor
    text = f"{notes} {cursor}"
    assert not [secret for secret in secrets if secret in text]
    wrong = {
        name: "wrong" if name in {"password", "value", "token", "client_secret"} else value
        for name, value in AUTHS[kind].items()
    }
    with pytest.raises(AccessError) as refused:
        connect(auth=wrong).check()
    assert refused.value.code == "E-CREDENTIALS"


# tokens -------------------------------------------------------------------------------------------------


def test_of_many_that_need_a_token_one_fetches_it(connect: Connect, served: Served) -> None:
    served.app.active["latency"] = {"ms": 50}
    connectors = [connect(auth=AUTHS["oauth"]) for _ in range(6)]
    start = threading.Barrier(6)

    def check(connector: HttpConnector) -> bool:
        start.wait()
        return connector.check().ok

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(check, connectors))
    assert served.app.handed_out == 1


def test_a_token_is_renewed_before_it_ends_and_when_it_is_refused(
    connect: Connect, served: Served, clock: Any
) -> None:
    connector = connect(auth=AUTHS["oauth"])
    connector.check()
    clock.advance(3600 - 61)
    connector.check()
    assert served.app.handed_out == 1
    clock.advance(2)
    connector.check()
    assert served.app.handed_out == 2
    served.app.tokens.clear()  # the service forgets it early
    connector.check()
    assert served.app.handed_out == 3


def test_a_refusal_of_a_token_that_says_200(connect: Connect, served: Served) -> None:
    served.app.active["error_in_200"] = {}
    with pytest.raises(AccessError) as refused:
        connect(auth={**AUTHS["oauth"], "client_secret": "wrong"}).check()
    assert "Unknown client" in refused.value.message


# forms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"url": "ftp://x"}, {"url": "https://user:pass@x"}, {"test": "https://elsewhere.example.org/x"},
        {"test": "//elsewhere.example.org"}, {"auth": {"kind": "key", "name": "a b", "value": "x"}},
        {"entities": [{"name": "a"}, {"name": "a"}]}, {"entities": [{"name": "a", "key": "$..x"}]},
        {"entities": [{"name": "a", "key": "not a path("}]}, {"entities": [{"name": "a", "read": {"path": "/x/{"}}]},
        {"entities": [{"name": "a", "find": {"by": ["x"], "path": "/a/{y}"}}]},
        {"entities": [{"name": "a", "find": {"by": ["x"], "path": "/a", "together": 5}}]},
        {"entities": [{"name": "a", "write": {}}]},
        {"entities": [{"name": "a", "write": {"update": {"path": "/a"}}}]},
        {"errors": [{"then": "retry"}]}, {"errors": [{"status": "9xx"}]}, {"headers": [{"name": "A", "value": "x\r\ny"}]},
    ],
)  # fmt: skip
def test_forms_that_cannot_be_meant(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpSettings.model_validate({"url": "https://api.example.org", **change})


VALUES = st.one_of(
    st.none(), st.text("aB 1", max_size=3), st.integers(-3, 3), st.decimals(-2, 2, places=1), st.booleans()
)


@given(VALUES, VALUES, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "starts"]))
def test_conditions_never_raise_and_agree_with_their_opposites(value: Any, right: Any, op: Any) -> None:
    met = passes({"x": value}, [Filter(field="x", op=op, value=right)])
    if op in {"eq", "ne"}:
        other = "ne" if op == "eq" else "eq"
        assert met != passes({"x": value}, [Filter(field="x", op=other, value=right)])
    if op == "lt" and met:
        assert not passes({"x": value}, [Filter(field="x", op="ge", value=right)])


@pytest.mark.parametrize(
    ("audience", "sent"),
    [("", {}), ("books", {"audience": "books"}), ("https://books.example", {"audience": "https://books.example", "resource": "https://books.example"})],
)  # fmt: skip
def test_an_audience_is_told_in_the_words_that_services_know(
    monkeypatch: pytest.MonkeyPatch, audience: str, sent: dict[str, str]
) -> None:
    monkeypatch.setattr(ways, "_tokens", {})
    http, told = Http(), []
    response = Response()
    response.status_code, response._content = 200, b'{"access_token": "t-1"}'
    monkeypatch.setattr(
        http, "request", lambda *args, **more: (told.append(dict(parse_qsl(more["data"]))), response)[1]
    )
    settings = {**AUTHS["oauth"], "token_url": "https://id.example/token", "audience": audience}
    way_in = ways.SignIn(ways.ClientCredentials.model_validate(settings), http)
    assert way_in.headers() == {"Authorization": "Bearer t-1"}
    assert {name: value for name, value in told[0].items() if name in ("audience", "resource")} == sent
