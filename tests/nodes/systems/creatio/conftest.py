"""One imitated Creatio, served over real HTTP, as good as new for every test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from engine.http import Http
from nodes.systems.creatio.connector import CreatioConnector
from nodes.systems.creatio.sandbox import CreatioSandbox
from nodes.systems.creatio.session import CreatioSettings

LINES = "OpportunityProductInterestCollectionByOpportunity"
Connect = Callable[..., CreatioConnector]


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def _served() -> Iterator[tuple[CreatioSandbox, str]]:
    sandbox = CreatioSandbox()
    server = make_server("127.0.0.1", 0, sandbox.app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield sandbox, f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sandbox(_served: tuple[CreatioSandbox, str]) -> CreatioSandbox:
    sandbox = _served[0]
    sandbox.reset()
    sandbox.token_seconds = 3600
    for name, value in (("host", "framework"), ("row_cap", "20000"), ("button_url", "")):
        sandbox.set_setting(name, value)
    sandbox.seed(40, 1)
    return sandbox


@pytest.fixture
def url(_served: tuple[CreatioSandbox, str]) -> str:
    return _served[1]


@pytest.fixture
def connect(sandbox: CreatioSandbox, url: str) -> Iterator[Connect]:
    """Makes connectors: ``connect(auth=…, host=…, http=Http(…))``."""
    opened: list[CreatioConnector] = []

    def make(http: Http | None = None, **settings: Any) -> CreatioConnector:
        given = CreatioSettings(**{**CreatioSandbox.connection(url), **settings})
        opened.append(CreatioConnector(given, http or Http(timeout=10)))
        return opened[-1]

    yield make
    for connector in opened:
        connector.http.session.close()


@pytest.fixture
def creatio(connect: Connect) -> CreatioConnector:
    return connect()


@pytest.fixture
def raw(sandbox: CreatioSandbox, url: str) -> Iterator[requests.Session]:
    """A plain session, signed in by forms, that knows nothing of the connector."""
    with requests.Session() as session:
        answer = session.post(
            f"{url}/ServiceModel/AuthService.svc/Login",
            json={"UserName": "Supervisor", "UserPassword": "Supervisor"},
        )
        assert answer.json()["Code"] == 0
        session.headers["BPMCSRF"] = session.cookies["BPMCSRF"]
        session.headers["ForceUseSession"] = "true"
        yield session


def journal(sandbox: CreatioSandbox, part: str = "") -> list[dict[str, Any]]:
    return [call for call in sandbox.journal if part in call["path"]]
