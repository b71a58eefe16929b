"""Signing in to Creatio and sending calls with what it wants to see on each of them.

Two ways in: forms (a user's name and password; cookies plus the ``BPMCSRF`` header) and OAuth client
credentials (a bearer token from the identity service). Two kinds of host: the .NET Framework one has
``/0`` in every address but that of the sign-in, the .NET one has not. Source: Creatio Academy,
"Authentication" and "OData".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

from msgspec import DecodeError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from requests import Response

from engine.clock import now
from engine.connector import ConnectionSettings
from engine.errors import AccessError, Unavailable
from engine.http import Http, retry_after
from engine.record import from_json, to_json

TOKEN_SKEW = 60.0
"""Seconds before its end at which a token is renewed."""


class FormsLogin(BaseModel):
    """A Creatio user's own name and password."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="User name and password")

    kind: Literal["forms"] = Field("forms", title="Way in")
    user: str = Field(title="User name", description="As typed on Creatio's login page.", min_length=1)
    password: SecretStr = Field(title="Password", description="Sealed once saved; never shown again.")


class ClientCredentials(BaseModel):
    """An OAuth 2.0 application that Creatio's administrator has registered."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="OAuth client credentials")

    kind: Literal["oauth"] = Field("oauth", title="Way in")
    client_id: str = Field(
        title="Client id", description="From “OAuth 2.0 integrated applications”.", min_length=1
    )
    client_secret: SecretStr = Field(
        title="Client secret", description="Sealed once saved; never shown again."
    )
    identity_url: str = Field(
        "",
        title="Identity service",
        description="The system setting “Authorization server Url for OAuth 2.0 integrations”."
        " Empty: derived from the address (company.creatio.com → company-is.creatio.com).",
    )


class CreatioSettings(ConnectionSettings):
    """How to reach one Creatio site."""

    url: str = Field(
        title="Address",
        description="As in the browser, without /0 or anything behind it: https://company.creatio.com",
    )
    auth: Annotated[FormsLogin | ClientCredentials, Field(discriminator="kind")] = Field(
        title="Sign in with",
        description="A user of their own for Heddle, or OAuth client credentials.",
    )
    host: Literal["auto", "framework", "core"] = Field(
        "auto",
        title="Kind of host",
        description="“framework” has /0 in its addresses, “core” has not; “auto” finds out by itself.",
    )
    page_pattern: str = Field(
        "",
        title="Address of a record's page",
        description="Only where pages have other addresses than usual. {url}, {entity} and {id} are filled in.",
    )

    @field_validator("url")
    @classmethod
    def _clean(cls, value: str) -> str:
        parts = urlsplit(value.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("Give the address with http:// or https://, like https://company.creatio.com")
        path = parts.path.rstrip("/").removesuffix("/0")
        return urlunsplit((parts.scheme, parts.netloc, path, "", ""))

    @field_validator("page_pattern")
    @classmethod
    def _fillable(cls, value: str) -> str:
        if value:
            try:
                value.format(url="", entity="", id="")
            except (KeyError, IndexError, ValueError) as error:
                raise ValueError("Only {url}, {entity} and {id} can be filled in.") from error
        return value


class Session:
    """One signed-in line to a site. Signs in when needed, once more when thrown out, then gives up."""

    def __init__(self, settings: CreatioSettings, http: Http) -> None:
        self.settings, self.http = settings, http
        self._signed_in = False
        self._token, self._token_ends = "", 0.0
        self.prefix: str | None = {"framework": "/0", "core": ""}.get(settings.host)
        """What stands before every path but the sign-in's; None until it has been found out."""

    def call(
        self,
        method: str,
        path: str,
        *,
        mutating: bool,
        query: str = "",
        body: Any = None,
        headers: dict[str, str] | None = None,
        accept: str = "application/json",
    ) -> Response:
        """Sends one call to ``path`` (``odata/Contact``); answers whatever status it got, but never a
        login page. Raises AccessError when signing in again did not help, else what ``Http`` raises.
        """
        for _ in range(2):
            self.sign_in()
            response = self._send(method, path, mutating, query, body, headers or {}, accept)
            if not _thrown_out(response):
                return response
            self._signed_in = False
        raise AccessError(
            "Creatio signs Heddle in but then treats it as not signed in.",
            code="E-ACCESS",
            cure="Check that the user may use the API and is not limited to certain IP addresses.",
            detail=f"{method} {path}: {response.status_code} {response.headers.get('Content-Type', '')}",
        )

    def sign_in(self) -> None:
        """Signs in unless that has been done and still holds."""
        if isinstance(self.settings.auth, ClientCredentials):
            if not self._signed_in or now() > self._token_ends - TOKEN_SKEW:
                self._fetch_token(self.settings.auth)
        elif not self._signed_in:
            self._log_in(self.settings.auth)
        self._signed_in = True

    def _send(
        self,
        method: str,
        path: str,
        mutating: bool,
        query: str,
        body: Any,
        headers: dict[str, str],
        accept: str,
    ) -> Response:
        sent = {"Accept": accept, "ForceUseSession": "true", **headers}
        if body is not None:
            sent["Content-Type"] = "application/json; charset=utf-8"
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        elif csrf := self._cookie("BPMCSRF"):
            sent["BPMCSRF"] = csrf
        data = to_json(body) if body is not None else None
        prefixes = ["/0", ""] if self.prefix is None else [self.prefix]
        for prefix in prefixes:
            url = f"{self.settings.url}{prefix}/{path}{'?' + query if query else ''}"
            response = self.http.request(method, url, mutating=mutating, headers=sent, data=data)
            if response.status_code != 404 or not is_html(response):
                # Anything but the web server's own "no such file" shows that this kind of address is right.
                if not _thrown_out(response) and response.ok:
                    self.prefix = prefix
                break
        return response

    def _log_in(self, auth: FormsLogin) -> None:
        self.http.session.cookies.clear()
        response = self.http.request(
            "POST",
            f"{self.settings.url}/ServiceModel/AuthService.svc/Login",
            mutating=False,
            private=True,
            headers={
                "Accept": "application/json",
                "Content-Type": "application/json",
                "ForceUseSession": "true",
            },
            data=to_json({"UserName": auth.user, "UserPassword": auth.password.get_secret_value()}),
        )
        answer = _sign_in_answer(response)
        if "Code" not in answer:
            raise _not_creatio(response)
        if answer["Code"] != 0:
            raise AccessError(
                f"Creatio refused the user {auth.user!r}: {answer.get('Message') or 'no reason given'}",
                code="E-CREDENTIALS",
                cure="Correct the user name or password in the connection."
                if not answer.get("PasswordChangeUrl")
                else "The password has run out: change it on Creatio's login page, then here.",
            )

    def _fetch_token(self, auth: ClientCredentials) -> None:
        response = self.http.request(
            "POST",
            f"{identity_url(self.settings.url, auth.identity_url)}/connect/token",
            mutating=False,
            private=True,
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
            data=urlencode(
                {
                    "grant_type": "client_credentials",
                    "client_id": auth.client_id,
                    "client_secret": auth.client_secret.get_secret_value(),
                }
            ),
        )
        answer = _sign_in_answer(response, refused=(400, 401))
        if not answer.get("access_token"):
            raise AccessError(
                f"Creatio's identity service refused the client {auth.client_id!r}"
                f" ({answer.get('error', response.status_code)}).",
                code="E-CREDENTIALS",
                cure="Compare client id and secret with “OAuth 2.0 integrated applications” in Creatio.",
            )
        self._token = str(answer["access_token"])
        self._token_ends = now() + float(answer.get("expires_in", 3600))

    def _cookie(self, name: str) -> str:
        return next((cookie.value or "" for cookie in self.http.session.cookies if cookie.name == name), "")


def identity_url(site: str, given: str) -> str:
    """Where tokens are issued: what the settings say, else Creatio's own naming for its cloud."""
    if given:
        return given.rstrip("/").removesuffix("/connect/token")
    parts = urlsplit(site)
    host = (
        parts.netloc.replace(".creatio.com", "-is.creatio.com")
        if ".creatio.com" in parts.netloc
        else parts.netloc
    )
    return urlunsplit((parts.scheme, host, "", "", ""))


def is_html(response: Response) -> bool:
    return "html" in response.headers.get("Content-Type", "").lower()


def _thrown_out(response: Response) -> bool:
    """Not signed in any more: a 401, a redirect, or the login page with a cheerful 200."""
    return response.status_code in {301, 302, 303, 307, 401} or (
        response.status_code == 200 and is_html(response)
    )


def _sign_in_answer(response: Response, refused: tuple[int, ...] = ()) -> dict[str, Any]:
    if response.status_code == 429 or response.status_code >= 500:
        raise Unavailable(
            f"Creatio cannot sign anyone in at the moment ({response.status_code}).",
            retry_after=retry_after(response),
        )
    if not response.ok and response.status_code not in refused:
        raise _not_creatio(response)
    try:
        answer = from_json(response.content)
    except DecodeError:
        raise _not_creatio(response) from None
    if not isinstance(answer, dict):
        raise _not_creatio(response)
    return answer


def _not_creatio(response: Response) -> AccessError:
    return AccessError(
        f"There is no Creatio at {response.url.split('/ServiceModel')[0].split('/connect/token')[0]}.",
        code="E-URL",
        cure="Correct the address: the one in the browser, without /0 or anything behind it.",
        detail=f"{response.status_code} {response.headers.get('Content-Type', '')}",
    )
