"""A served sandbox and connections to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from engine.http import Http
from engine.record import Change, idempotency_key
from nodes.systems.intacct.connector import IntacctConnector
from nodes.systems.intacct.settings import IntacctSettings
from tests.conftest import Served

Connect = Callable[..., IntacctConnector]
LINE = {"ACCOUNTNO": "4200", "TRX_AMOUNT": "150.00", "ENTRYDESCRIPTION": "Work", "LOCATIONID": "US-CHI"}
INVOICE = {"CUSTOMERID": "C1", "WHENCREATED": "2026-11-14", "TERMNAME": "N30", "ARINVOICEITEMS": [LINE]}


@pytest.fixture
def served(sandbox: Callable[..., Served]) -> Served:
    return sandbox("intacct")


@pytest.fixture
def connect(served: Served) -> Iterator[Connect]:
    """Connectors to the sandbox; keyword arguments change settings, ``http`` the client."""
    clients: list[Http] = []

    def make(*, http: dict[str, Any] | None = None, **settings: Any) -> IntacctConnector:
        client = Http(timeout=5, **(http or {}))
        clients.append(client)
        given = {**served.app.connection(served.url), **settings}
        return IntacctConnector(IntacctSettings(**given), client)

    yield make
    for client in clients:
        client.session.close()


@pytest.fixture
def intacct(connect: Connect) -> IntacctConnector:
    """A connector to a company that has one customer, C1."""
    connector = connect()
    made = connector.write("CUSTOMER", [create("c1", {"CUSTOMERID": "C1", "NAME": "Alpine Dairy Group"})])
    assert made[0].outcome == "created", made[0].message
    return connector


def create(name: str, data: dict[str, Any], **match: Any) -> Change:
    return Change(idempotency_key("test", name), "create", data, match=match)


def update(name: str, remote_id: str, data: dict[str, Any]) -> Change:
    return Change(idempotency_key("test", name), "update", data, remote_id=remote_id)


def vice(served: Served, name: str, options: Any = True) -> None:
    requests.post(f"{served.url}/_sandbox/vices", json={name: options}, timeout=5).raise_for_status()


def journal(served: Served) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = requests.get(f"{served.url}/_sandbox/journal", timeout=5).json()
    return entries


def post(served: Served, raw: bytes | str) -> requests.Response:
    data = raw.encode() if isinstance(raw, str) else raw
    return requests.post(
        f"{served.url}/ia/xml/xmlgw.phtml",
        data=data,
        headers={"Content-Type": "application/xml"},
        timeout=5,
    )
