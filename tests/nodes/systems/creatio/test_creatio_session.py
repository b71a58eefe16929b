"""Getting in, staying in, and saying plainly why not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from engine import clock
from engine.connector import Query
from engine.errors import AccessError, Unavailable
from engine.http import Http
from nodes.systems.creatio.connector import CreatioConnector
from nodes.systems.creatio.sandbox import CreatioSandbox
from nodes.systems.creatio.session import ClientCredentials, CreatioSettings, identity_url
from tests.nodes.systems.creatio.conftest import Connect, journal

TAXES = Query(entity="Tax")
OAUTH = {"kind": "oauth", "client_id": "heddle", "client_secret": "heddle-secret"}


def test_checking_says_who_we_are(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    health = creatio.check()
    assert (health.ok, health.identity) == (True, "Supervisor")
    assert "Signed in to Creatio as Supervisor" in health.message
    assert not any(call["mutating"] for call in sandbox.journal)


def test_every_call_carries_what_creatio_wants(connect: Connect, sandbox: CreatioSandbox) -> None:
    """The sandbox checks BPMCSRF on every verb, so a read and a dozen more calls prove it is sent."""
    creatio = connect()
    creatio.read(TAXES, None, 10)
    assert len(journal(sandbox, "Login")) == 1
    assert creatio.http.session.cookies["BPMCSRF"] == next(iter(sandbox.sessions.values()))


def test_a_wrong_password_is_named(connect: Connect) -> None:
    creatio = connect(auth={"kind": "forms", "user": "Supervisor", "password": "wrong"})
    with pytest.raises(AccessError) as caught:
        creatio.check()
    assert caught.value.code == "E-CREDENTIALS"
    assert caught.value.message == "Creatio refused the user 'Supervisor': Incorrect user name or password"
    assert "password" in caught.value.cure


@pytest.mark.parametrize("auth", [None, OAUTH])
def test_a_forgotten_session_is_renewed_once(connect: Connect, sandbox: CreatioSandbox, auth: Any) -> None:
    creatio = connect(auth=auth) if auth else connect()
    creatio.check()
    sandbox.active["token_expiry"] = {"times": 1}
    assert len(creatio.read(TAXES, None, 10).records) == 2
    assert len(journal(sandbox, "Login" if auth is None else "token")) == 2


def test_the_login_page_instead_of_data_is_recognised(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    creatio.check()
    sandbox.active["html_bounce"] = {"times": 1}
    assert len(creatio.read(TAXES, None, 10).records) == 2
    sandbox.active["html_bounce"] = {"times": None}
    with pytest.raises(AccessError, match="treats it as not signed in"):
        creatio.read(TAXES, None, 10)


def test_oauth_needs_no_csrf_and_renews_in_time(
    connect: Connect, sandbox: CreatioSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.token_seconds = 100
    creatio = connect(auth=OAUTH)
    assert creatio.check().identity == "heddle"
    creatio.read(TAXES, None, 10)
    assert len(journal(sandbox, "token")) == 1
    assert not journal(sandbox, "Login")
    monkeypatch.setattr(clock, "_skew", 45.0)  # within the safety margin: the next call fetches another
    sandbox.token_seconds = 3600
    creatio.read(TAXES, None, 10)
    assert len(journal(sandbox, "token")) == 2


def test_a_refused_client_is_named(connect: Connect) -> None:
    with pytest.raises(AccessError, match=r"refused the client 'heddle' \(invalid_client\)"):
        connect(auth={**OAUTH, "client_secret": "wrong"}).check()


@pytest.mark.parametrize("kind", ["framework", "core"])
@pytest.mark.parametrize("known", [True, False])
def test_both_kinds_of_host(
    connect: Connect, sandbox: CreatioSandbox, url: str, kind: str, known: bool
) -> None:
    sandbox.set_setting("host", kind)
    creatio = connect(host=kind if known else "auto", page_pattern="")
    assert len(creatio.read(TAXES, None, 10).records) == 2
    missed = [call for call in sandbox.journal if call["status"] == 404]
    assert len(missed) == (1 if kind == "core" and not known else 0)
    prefix = "/0" if kind == "framework" else ""
    assert creatio.link("Order", "7") == f"{url}{prefix}/Nui/ViewModule.aspx#CardModuleV2/OrderPageV2/edit/7"


def test_a_page_pattern_wins(creatio: CreatioConnector, url: str) -> None:
    assert creatio.link("Opportunity", "7") == f"{url}/0/page/Opportunity/7"


@pytest.mark.parametrize(
    ("vice", "wait"),
    [({"rate_limit": {"times": 1, "retry_after": 7}}, 7.0), ({"server_error": {"times": 1}}, None)],
)
def test_a_busy_or_failing_server_is_unavailable(
    creatio: CreatioConnector, sandbox: CreatioSandbox, vice: dict[str, Any], wait: float | None
) -> None:
    sandbox.active.update(vice)
    with pytest.raises(Unavailable) as at_login:
        creatio.check()
    assert at_login.value.retry_after == wait
    creatio.check()
    sandbox.active.update({name: dict(options, times=1) for name, options in vice.items()})
    with pytest.raises(Unavailable) as at_read:
        creatio.check()
    assert at_read.value.retry_after == wait


def test_a_dropped_connection_while_reading_is_unavailable(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    creatio.check()
    sandbox.active["refuse"] = {"times": 1}
    with pytest.raises(Unavailable):
        creatio.check()


def test_an_address_without_creatio(connect: Connect, url: str) -> None:
    with pytest.raises(AccessError, match="There is no Creatio at"):
        connect(url=f"{url}/elsewhere").check()


def test_secrets_never_reach_the_journal(sandbox: CreatioSandbox, url: str) -> None:
    entries: list[dict[str, Any]] = []
    for auth in ({"kind": "forms", "user": "Supervisor", "password": "Supervisor"}, OAUTH):
        http = Http(journal=entries.append)
        creatio = CreatioConnector(CreatioSettings(url=url, auth=auth), http)
        creatio.check()
        http.session.close()
    told = str(entries)
    assert "heddle-secret" not in told
    assert "UserPassword" not in told
    assert not any(token in told for token in sandbox.tokens)
    assert [entry["status"] for entry in entries] == [200, 200, 200, 200]


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("https://a.creatio.com/", "https://a.creatio.com"),
        (" https://a.creatio.com/0/ ", "https://a.creatio.com"),
        ("https://crm.example/creatio/0", "https://crm.example/creatio"),
        ("https://a.creatio.com/0?x=1#y", "https://a.creatio.com"),
    ],
)
def test_addresses_are_tidied(given: str, clean: str) -> None:
    auth = ClientCredentials(client_id="a", client_secret=SecretStr("b"))
    assert CreatioSettings(url=given, auth=auth).url == clean


@pytest.mark.parametrize(
    "settings", [{"url": "a.creatio.com"}, {"url": "https://a", "page_pattern": "{0}{x}"}]
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        CreatioSettings(**settings, auth=OAUTH)  # type: ignore[arg-type]


def test_where_tokens_come_from() -> None:
    assert identity_url("https://acme.creatio.com", "") == "https://acme-is.creatio.com"
    assert identity_url("https://crm.acme.example", "") == "https://crm.acme.example"
    assert identity_url("https://acme.creatio.com", "https://id.acme/connect/token/") == "https://id.acme"


def test_every_setting_has_a_title_and_secrets_are_secret() -> None:
    schema = CreatioSettings.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    for model in models:
        for name, one in model["properties"].items():
            assert one.get("title"), name
    described = {
        name for model in models for name, one in model["properties"].items() if one.get("description")
    }
    assert {
        "url",
        "auth",
        "host",
        "page_pattern",
        "user",
        "password",
        "client_id",
        "client_secret",
    } <= described
    assert schema["$defs"]["FormsLogin"]["properties"]["password"]["writeOnly"] is True
    assert "Supervisor" not in repr(CreatioSettings(**CreatioSandbox.connection("http://x")).auth.password)  # type: ignore[union-attr]
