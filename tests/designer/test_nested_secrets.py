"""Secrets inside unions and lists of a connection's settings are sealed like those at the top."""

from __future__ import annotations

import logging
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from sqlmodel import SQLModel

from engine import registry
from engine.connector import ConnectionSettings, Health
from engine.store import connections
from tests.designer.conftest import Desk, Ledger, drawing, exact, installation_of

PASSWORD, TOKEN, HEADER = "p4ss/w&rd!", "t0ken-of-the-vault", "h3ader-of-the-vault"


class Password(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["password"] = "password"
    user: str
    password: SecretStr


class Token(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["token"] = "token"
    token: SecretStr


class Header(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    value: SecretStr


class VaultSettings(ConnectionSettings):
    url: str
    auth: Annotated[Password | Token, Field(discriminator="kind")]
    headers: list[Header] = []


class Vault(Ledger):
    """A pretend system whose secrets lie deep."""

    system, title = "vault", "Vault"
    Settings = VaultSettings  # type: ignore[assignment]
    seen: ClassVar[list[VaultSettings]] = []

    def check(self) -> Health:
        self.seen.append(self.settings)  # type: ignore[arg-type]
        return Health(ok=True, message="Signed in.")


@pytest.fixture(autouse=True)
def _vault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.connectors(), "vault", Vault)
    monkeypatch.setattr(Vault, "seen", [])


URL = "https://vault.example.org"
AUTH = {"kind": "password", "user": "me"}
PLAIN = {"url": URL, "auth": AUTH, "headers": [{"name": "X-Key"}]}
SECRETS = {"auth.password": PASSWORD, "headers.0.value": HEADER}
INSIDE = {
    "url": URL, "auth": {**AUTH, "password": PASSWORD}, "headers": [{"name": "X-Key", "value": HEADER}],
}  # fmt: skip


def add(editor: Desk, settings: dict[str, Any], secrets: dict[str, str]) -> Any:
    answer = editor.post(
        "/api/connections", {"system": "vault", "name": "V", "settings": settings, "secrets": secrets}
    )
    assert answer.status_code == 201, answer.text
    return exact(answer)


@pytest.mark.parametrize(("settings", "secrets"), [(PLAIN, SECRETS), (INSIDE, {})], ids=["apart", "inside"])
def test_nothing_that_leaves_or_lies_holds_them(
    app: Any, admin: Desk, editor: Desk, settings: dict[str, Any], secrets: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    stored = add(editor, settings, secrets)
    assert stored["settings"] == PLAIN
    assert stored["secrets"] == dict.fromkeys(SECRETS, True)
    used = Vault.seen[-1]
    assert isinstance(used.auth, Password)
    assert used.auth.password.get_secret_value() == PASSWORD
    assert used.headers[0].value.get_secret_value() == HEADER

    slug = exact(editor.post("/api/flows", {"document": drawing()}))["slug"]
    said = [
        editor.get("/api/connections"), editor.get(f"/api/connections/{stored['id']}"),
        editor.patch(f"/api/connections/{stored['id']}", {"name": "Renamed"}),
        editor.post("/api/connections/test", {"system": "vault", "settings": settings, "secrets": secrets}),
        editor.post(f"/api/connections/{stored['id']}/test"), editor.get(f"/api/flows/{slug}/export"),
        editor.post("/api/connections", {"system": "vault", "name": "V", "settings": {**INSIDE, "odd": 1}}),
        admin.get("/api/catalog"),
    ]  # fmt: skip
    assert said[6].status_code == 422
    with installation_of(app).database.read() as session:
        tables = SQLModel.metadata.sorted_tables
        database = "\n".join(
            str(row) for table in tables for row in session.connection().execute(table.select())
        )
        row = connections.find(session, stored["id"])
    assert row is not None
    assert connections.unseal(row, installation_of(app).seal).secrets == SECRETS
    everything = "\n".join([database, caplog.text, *(answer.get_data(as_text=True) for answer in said)])
    for secret in SECRETS.values():
        assert not [form for form in connections.forms(secret) if form in everything]
        assert secret.encode().hex().upper() not in everything.upper()


def test_they_are_kept_while_nothing_leads_elsewhere(editor: Desk) -> None:
    stored = add(editor, PLAIN, SECRETS)
    path = f"/api/connections/{stored['id']}"
    kept = exact(editor.patch(path, {"settings": PLAIN, "secrets": {"auth.password": "another"}}))
    assert kept["secrets"] == dict.fromkeys(SECRETS, True)
    used = Vault.seen[-1]
    assert isinstance(used.auth, Password)
    assert used.auth.password.get_secret_value() == "another"
    assert used.headers[0].value.get_secret_value() == HEADER


def test_they_are_typed_again_when_the_account_changes(editor: Desk) -> None:
    stored = add(editor, PLAIN, SECRETS)
    path = f"/api/connections/{stored['id']}"
    Vault.seen.clear()
    for change in (
        {"url": "https://thief.example.org"},
        {"auth": {"kind": "password", "user": "you"}},
        {"headers": [{"name": "X-Echo"}]},
    ):
        settings = {**PLAIN, **change}
        for answer in (
            editor.patch(path, {"settings": settings}),
            editor.patch(path, {"settings": settings, "secrets": {"auth.password": "known"}, "force": True}),
            editor.post(
                "/api/connections/test", {"system": "vault", "id": stored["id"], "settings": settings}
            ),
        ):
            assert (answer.status_code, exact(answer)["code"]) == (422, "E-RETYPE"), change
            assert "secrets.headers.0.value" in {one["field"] for one in exact(answer)["problems"]}
    assert Vault.seen == []


def test_another_way_in_forgets_the_secrets_of_the_former(editor: Desk) -> None:
    stored = add(editor, {**PLAIN, "headers": []}, {"auth.password": PASSWORD})
    path = f"/api/connections/{stored['id']}"
    settings = {"url": URL, "auth": {"kind": "token", "token": TOKEN}}
    changed = editor.patch(path, {"settings": settings})
    assert changed.status_code == 200, changed.text
    assert exact(changed)["secrets"] == {"auth.token": True}


def test_a_secret_without_a_place_is_refused(editor: Desk) -> None:
    for path in ("auth.token", "headers.3.value", "auth.user", "nothing.at.all"):
        answer = editor.post(
            "/api/connections",
            {"system": "vault", "name": "V", "settings": PLAIN, "secrets": {**SECRETS, path: TOKEN}},
        )
        assert (answer.status_code, exact(answer)["code"]) == (422, "E-SECRET"), path
        assert TOKEN not in answer.text


def test_an_empty_secret_is_forgotten(editor: Desk) -> None:
    stored = add(editor, PLAIN, SECRETS)
    answer = editor.patch(f"/api/connections/{stored['id']}", {"secrets": {"headers.0.value": ""}})
    assert (answer.status_code, exact(answer)["code"]) == (422, "E-FLOW")  # the header needs one
    assert "headers.0.value" in exact(answer)["problems"][0]["field"]
