"""A real Flask client on a real SQLite database, and a system whose answers a test decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from pydantic import Field, SecretStr
from sqlmodel import SQLModel
from werkzeug.test import TestResponse

from designer import Config, create_app
from designer.installation import Installation
from engine import registry
from engine.connector import ConnectionSettings, Connector, Health, Query
from engine.errors import AccessError, RecordRejected
from engine.node import NodeSettings, TriggerNode, WriteNode, WriteTarget
from engine.record import Change, Outcome, Page, Record, Remote, Result, from_json
from engine.shape import Entity, Summary
from engine.shape import Field as ShapeField
from engine.store import accounts, lanes
from tests.designer.post_office import post, room  # noqa: F401 - fixtures of every test here

PASSWORD = "correct horse battery"
SECRET = "s3cr3t/of&the+ledger"
ROLES = ("viewer", "operator", "editor", "admin")


class LedgerSettings(ConnectionSettings):
    url: str = Field(title="Address")
    user: str = "heddle"
    page: int = 100
    password: SecretStr


class Ledger(Connector[LedgerSettings]):
    """A pretend accounting system for tests."""

    system = "ledger"
    title = "Ledger"
    Settings = LedgerSettings
    refuse: ClassVar[bool] = False
    asked: ClassVar[list[str]] = []
    stored: ClassVar[dict[str, dict[str, Any]]] = {}
    written: ClassVar[list[dict[str, Any]]] = []
    poison: ClassVar[Any] = 666

    def check(self) -> Health:
        self.asked.append(self.settings.url)
        if self.refuse:
            password = self.settings.password.get_secret_value()
            raise AccessError(
                f"Ledger refused {password}.", detail=f"POST /login password={password}", cure="Check it."
            )
        return Health(ok=True, message="Signed in.", identity=self.settings.user)

    def entities(self) -> list[Summary]:
        return [Summary(name="invoice", title="Invoice", common=True)]

    def entity(self, name: str) -> Entity:
        if name != "invoice":
            raise RecordRejected(f"There is no {name}.")
        return Entity(
            name="invoice",
            title="Invoice",
            fields=(ShapeField(name="total", title="Total", type="money"), ShapeField(name="account")),
        )

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        return Page([Record(key, data, title=f"Invoice {key}") for key, data in self.stored.items()])

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        return [[] for _ in matches]

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        results = []
        for change in changes:
            if change.data.get("total") == self.poison:
                results.append(Result(Outcome.FAILED, code="L-7", message="The period is closed."))
                continue
            self.written.append(change.data)
            number = f"INV-{len(self.written)}"
            results.append(Result(Outcome.CREATED, f"id{len(self.written)}", number))
        return results

    def options(self, entity: str, field: str) -> list[tuple[str, str]]:
        return [("4000", "Revenue")]


class Nothing(NodeSettings):
    pass


class Start(TriggerNode[Nothing]):
    """Starts runs of tests."""

    type, title, group = "start", "Start", "trigger"
    Settings = Nothing

    def process(self, records: Sequence[Record], out: Any) -> None:
        out.send_all(records)


class BookSettings(NodeSettings):
    slot: str = "books"
    stage: str = Field(default="", title="Stage")
    rows: list[dict[str, Any]] = []
    filters: list[dict[str, Any]] = []


class Book(WriteNode[BookSettings]):
    """Books an invoice in tests."""

    type, title, group = "book", "Book", "write"
    Settings = BookSettings

    def target(self) -> WriteTarget:
        return WriteTarget(slot=self.settings.slot, entity="invoice", operation="create")

    def identify(self, record: Record, run: Any = None) -> tuple[str | None, str, str]:
        return None, "order", record.key


@pytest.fixture(autouse=True)
def _pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs the pretend system and node types, and a password hash that is quick to compute."""
    monkeypatch.setitem(registry.connectors(), "ledger", Ledger)
    monkeypatch.setitem(registry.node_types(), "start", Start)
    monkeypatch.setitem(registry.node_types(), "book", Book)
    monkeypatch.setattr(accounts, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(accounts, "_nobody", "")
    monkeypatch.setattr(Ledger, "refuse", False)
    monkeypatch.setattr(Ledger, "asked", [])
    monkeypatch.setattr(Ledger, "stored", {})
    monkeypatch.setattr(Ledger, "written", [])
    monkeypatch.setattr(Ledger, "poison", 666)


@dataclass
class Desk:
    """One browser: a client that sends the CSRF token of its session."""

    client: FlaskClient
    csrf: str = ""

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        headers = {"X-CSRF-Token": self.csrf, **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        return self.client.open(path, method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.call("POST", path, body, **more)

    def put(self, path: str, body: Any = None) -> TestResponse:
        return self.call("PUT", path, body)

    def patch(self, path: str, body: Any = None) -> TestResponse:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> TestResponse:
        return self.call("DELETE", path)

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        self.csrf = exact(self.get("/api/session"))["csrf"]
        answer = self.post("/api/session", {"email": email, "password": password})
        if answer.status_code == 200:
            self.csrf = exact(answer)["csrf"]
        return answer


def exact(answer: TestResponse) -> Any:
    return from_json(answer.get_data())


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> Config:
    return Config(data=tmp_path, database_url=database_url, redis_url="", sign_in_limit="1000 per minute")


@pytest.fixture
def app(config: Config) -> Iterator[Any]:
    made = create_app(config)
    made.config["TESTING"] = False  # errors must take the way they take for a user
    with installation_of(made).database.write() as session:
        for role in ROLES:
            accounts.add_user(session, email=f"{role}@example.org", name=role, role=role, password=PASSWORD)
    yield made
    installation_of(made).database.close()


def installation_of(app: Any) -> Installation:
    found = app.extensions["heddle"]
    assert isinstance(found, Installation)
    return found


class Desks(dict[str, Desk]):
    """A signed-in browser for each role, from when a test first turns to it."""

    def __init__(self, app: Any) -> None:
        super().__init__()
        self._app = app

    def __missing__(self, role: str) -> Desk:
        made = self[role] = Desk(self._app.test_client())
        assert made.sign_in(f"{role}@example.org").status_code == 200
        return made


@pytest.fixture
def desks(app: Any) -> dict[str, Desk]:
    return Desks(app)


@pytest.fixture
def admin(desks: dict[str, Desk]) -> Desk:
    return desks["admin"]


@pytest.fixture
def editor(desks: dict[str, Desk]) -> Desk:
    return desks["editor"]


@pytest.fixture
def nobody(app: Any) -> Desk:
    return Desk(app.test_client())


@pytest.fixture
def connection(editor: Desk) -> str:
    """A stored connection to the pretend system."""
    answer = editor.post(
        "/api/connections",
        {
            "system": "ledger",
            "name": "Books",
            "settings": {"url": "https://books.example.org"},
            "secrets": {"password": SECRET},
        },
    )
    assert answer.status_code == 201, answer.text
    return str(exact(answer)["id"])


def drawing(name: str = "Book the orders", **more: Any) -> dict[str, Any]:
    """A drawing that can be published: start → book."""
    return {
        "heddle": 1,
        "name": name,
        "slots": {"books": {"system": "ledger", "title": "The books"}},
        "nodes": [
            {"id": "start", "type": "start"},
            {"id": "book", "type": "book", "settings": {"slot": "books"}},
        ],
        "edges": [{"source": "start", "target": "book"}],
        "layout": {"start": {"x": 0, "y": 0}, "book": {"x": 200, "y": 0}},
        **more,
    }


@pytest.fixture
def flow(editor: Desk, connection: str) -> str:
    """The slug of a flow with a draft that can be published."""
    answer = editor.post("/api/flows", {"document": drawing()})
    assert answer.status_code == 201, answer.text
    return str(exact(answer)["slug"])


def pipeline(**more: Any) -> dict[str, Any]:
    """A drawing that runs: by hand or by call → map with a table → write invoices."""
    lookup = {
        "kind": "path",
        "path": "$.product",
        "then": [
            {
                "function": "lookup",
                "args": {
                    "table": {"kind": "constant", "value": "accounts"},
                    "column": {"kind": "constant", "value": "Account"},
                },
            }
        ],
    }
    rows = [
        {"target": "total", "value": {"kind": "path", "path": "$.total"}},
        {"target": "account", "value": lookup},
    ]
    return {
        "heddle": 1,
        "name": "Invoices",
        "slots": {"books": {"system": "ledger", "title": "The books"}},
        "nodes": [
            {"id": "call", "type": "webhook"},
            {"id": "hand", "type": "manual"},
            {"id": "map", "type": "map", "settings": {"slot": "books", "entity": "invoice", "rows": rows}},
            {
                "id": "write",
                "type": "write",
                "settings": {"slot": "books", "entity": "invoice", "operation": "create"},
            },
        ],
        "edges": [
            {"source": "call", "target": "map"},
            {"source": "hand", "target": "map"},
            {"source": "map", "target": "write"},
        ],
        "tables": {
            "accounts": {
                "title": "Ledger accounts",
                "columns": ["Product", "Account"],
                "rows": [["Widgets", "4000"]],
            }
        },
        **more,
    }


@pytest.fixture
def live(editor: Desk, connection: str) -> str:
    """The slug of the pipeline, published."""
    made = exact(editor.post("/api/flows", {"document": pipeline()}))
    published = editor.post(f"/api/flows/{made['slug']}/publish", {"revision": 1})
    assert published.status_code == 200, published.text
    return str(made["slug"])


def work(app: Any) -> None:
    """Does what workers do until nothing is left to do."""
    installation = installation_of(app)
    executor = installation.runtime.executor(lambda run, lane: None)
    for _ in range(50):
        with installation.database.read() as session:
            waiting = lanes.unattended(session, -1.0)
        if not waiting:
            return
        for run, lane in waiting:
            executor.advance(run, lane)
    raise AssertionError("the work does not end")


def everything(app: Any) -> dict[str, list[Any]]:
    """Every row of every table."""
    with installation_of(app).database.read() as session:
        return {
            table.name: sorted(map(str, session.connection().execute(table.select())))
            for table in SQLModel.metadata.sorted_tables
        }
