"""A connector to the HTTP sandbox, as its tests ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.connector import Query
from engine.http import Http
from engine.record import Change, idempotency_key
from nodes.systems.http import auth as ways
from nodes.systems.http.connector import HttpConnector
from nodes.systems.http.sandbox import HttpSandbox
from nodes.systems.http.settings import HttpSettings
from tests.conftest import Served

Connect = Callable[..., HttpConnector]


@pytest.fixture
def served(sandbox: Callable[..., Served]) -> Served:
    return sandbox("http", seed=33)


@pytest.fixture
def connect(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """``connect(auth=…, customers={…changes of the form…}, http={…})``"""
    clients: list[Http] = []
    monkeypatch.setattr(ways, "_tokens", {})

    def make(*, http: dict[str, Any] | None = None, customers: Any = None, **more: Any) -> HttpConnector:
        given = {**HttpSandbox.connection(served.url), **more}
        entity = given["entities"][0]
        for name, value in (customers or {}).items():
            entity[name] = (
                {**entity[name], **value} if isinstance(value, dict) and entity.get(name) else value
            )
        if given["auth"]["kind"] == "oauth":
            given["auth"] = {"token_url": f"{served.url}/oauth/token", **given["auth"]}
        clients.append(Http(timeout=5, **(http or {})))
        return HttpConnector(HttpSettings.model_validate(given), clients[-1])

    yield make
    for client in clients:
        client.session.close()


def read_all(connector: HttpConnector, limit: int = 10, **query: Any) -> list[Any]:
    records, cursor, turns = [], None, 0
    while True:
        page = connector.read(Query(entity="customers", **query), cursor, limit)
        records += page.records
        cursor, turns = page.cursor, turns + 1
        assert turns < 50
        if cursor is None:
            return records


def create(name: str, **data: Any) -> Change:
    match = {"number": data["number"]} if "number" in data else {}
    return Change(idempotency_key("test", name), "create", {"name": name, **data}, match=match)
