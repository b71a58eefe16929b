"""Ways to sign in to an HTTP service, and what each puts on a call. Shared by all generic connectors.

OAuth 2.0 client credentials: RFC 6749 section 4.4; bearer tokens: RFC 6750.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from msgspec import DecodeError
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from requests import Response

from engine.clock import now
from engine.errors import AccessError, Unavailable
from engine.http import Http, retry_after
from engine.record import from_json

SKEW = 60.0
"""Seconds before its end at which a token is renewed."""
LIFE = 300.0
"""Seconds that a token is trusted for when the service does not say."""


class Way(BaseModel):
    """Base of the ways in."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoSignIn(Way):
    """Anybody may call the service."""

    model_config = ConfigDict(title="None")
    kind: Literal["none"] = Field("none", title="Way in")


class Basic(Way):
    """A user name and a password on every call."""

    model_config = ConfigDict(title="User name and password (basic)")
    kind: Literal["basic"] = Field("basic", title="Way in")
    user: str = Field(title="User name", min_length=1, description="As the service knows it.")
    password: SecretStr = Field(title="Password", description="Sealed once saved; never shown again.")


class Bearer(Way):
    """A token that somebody has made in the service."""

    model_config = ConfigDict(title="Bearer token")
    kind: Literal["bearer"] = Field("bearer", title="Way in")
    token: SecretStr = Field(title="Token", description="Sealed once saved; never shown again.")


class ApiKey(Way):
    """A key in a header or in the address."""

    model_config = ConfigDict(title="API key")
    kind: Literal["key"] = Field("key", title="Way in")
    place: Literal["header", "query"] = Field(
        "header",
        title="Sent in",
        description="Prefer the header.",
        json_schema_extra={"x-titles": {"header": "A header", "query": "The address"}},
    )
    name: str = Field(
        "X-API-Key",
        title="Name",
        min_length=1,
        pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        description="Of the header or parameter.",
    )
    value: SecretStr = Field(title="Key", description="Sealed once saved; never shown again.")


class ClientCredentials(Way):
    """OAuth 2.0 for programs: Heddle fetches tokens by itself and renews them before they end."""

    model_config = ConfigDict(title="OAuth 2.0 client credentials")
    kind: Literal["oauth"] = Field("oauth", title="Way in")
    token_url: str = Field(
        title="Token address", pattern=r"^https?://\S+$", description="Where the service hands out tokens."
    )
    client_id: str = Field(title="Client id", min_length=1, description="Of the registered application.")
    client_secret: SecretStr = Field(
        title="Client secret", description="Sealed once saved; never shown again."
    )
    scope: str = Field(
        "", title="Scope", description="If the service wants one; several with blanks between."
    )
    audience: str = Field(
        "",
        title="Audience",
        description="If the service wants one. An address is sent as «resource» too, as Microsoft and RFC 8707 have it.",
    )
    send: Literal["body", "basic"] = Field(
        "body",
        title="Client sent in",
        json_schema_extra={"x-titles": {"body": "The body of the request", "basic": "A basic header"}},
    )


Auth = Annotated[NoSignIn | Basic | Bearer | ApiKey | ClientCredentials, Field(discriminator="kind")]


@dataclass
class _Token:
    """One account's token in this process. ``lock``: of several that need a new one, one fetches it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    text: str = ""
    ends: float = 0.0


_tokens: dict[str, _Token] = {}
_tokens_lock = threading.Lock()


class SignIn:
    """Puts the way in on calls; fetches tokens when they are needed."""

    def __init__(self, auth: Any, http: Http) -> None:
        self.auth, self.http = auth, http

    @property
    def identity(self) -> str:
        """As whom, for people."""
        if isinstance(self.auth, Basic):
            return self.auth.user
        return self.auth.client_id if isinstance(self.auth, ClientCredentials) else ""

    def headers(self) -> dict[str, str]:
        """What goes on a call. Raises AccessError or Unavailable when there is no token to be had."""
        if isinstance(self.auth, Bearer):
            return {"Authorization": f"Bearer {self.auth.token.get_secret_value().strip()}"}
        if isinstance(self.auth, ApiKey) and self.auth.place == "header":
            return {self.auth.name: self.auth.value.get_secret_value().strip()}
        if isinstance(self.auth, ClientCredentials):
            return {"Authorization": f"Bearer {self._token(self.auth)}"}
        return {}

    def query(self) -> list[tuple[str, str]]:
        """What goes into the address of a call."""
        if isinstance(self.auth, ApiKey) and self.auth.place == "query":
            return [(self.auth.name, self.auth.value.get_secret_value().strip())]
        return []

    def basic(self) -> tuple[bytes, bytes] | None:
        """User and password for the Authorization header, in UTF-8 (RFC 7617)."""
        if isinstance(self.auth, Basic):
            return self.auth.user.encode(), self.auth.password.get_secret_value().encode()
        return None

    def forget(self) -> bool:
        """Drops the token that has just been refused; whether a new one could help."""
        if not isinstance(self.auth, ClientCredentials):
            return False
        kept = _kept(self.auth)
        with kept.lock:
            kept.ends = 0.0
        return True

    def _token(self, auth: ClientCredentials) -> str:
        kept = _kept(auth)
        with kept.lock:
            if now() >= kept.ends - SKEW:
                kept.text, kept.ends = self._fetch(auth)
            self.http.conceal(kept.text)
            return kept.text

    def _fetch(self, auth: ClientCredentials) -> tuple[str, float]:
        secret = auth.client_secret.get_secret_value()
        form = {"grant_type": "client_credentials", "scope": auth.scope, "audience": auth.audience}
        if "://" in auth.audience:
            form["resource"] = auth.audience
        if auth.send == "body":
            form |= {"client_id": auth.client_id, "client_secret": secret}
        asked_at = now()
        response = self.http.request(
            "POST",
            auth.token_url,
            mutating=False,
            private=True,
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
            data=urlencode({name: value for name, value in form.items() if value}),
            auth=(auth.client_id.encode(), secret.encode()) if auth.send == "basic" else None,
        )
        answer = _json(response)
        if response.status_code == 429 or response.status_code >= 500:
            raise Unavailable(
                f"The service that hands out tokens cannot answer at the moment ({response.status_code}).",
                code="E-UNREACHABLE" if response.status_code != 429 else None,
                retry_after=retry_after(response),
            )
        token = answer.get("access_token")
        if not response.ok or not isinstance(token, str) or not token:
            # Some answer 200 with an error in the body.
            reason = (
                answer.get("error_description") or answer.get("error") or f"status {response.status_code}"
            )
            raise AccessError(
                f"The client {auth.client_id!r} got no token: {str(reason).rstrip('. ')}.",
                code="E-CREDENTIALS",
                cure="Correct client id, secret and scope in the connection.",
            )
        return token, asked_at + _seconds(answer.get("expires_in"))


def _kept(auth: ClientCredentials) -> _Token:
    account = "\x1f".join((auth.token_url, auth.client_id, auth.scope, auth.audience))
    key = sha256(f"{account}\x1f{auth.client_secret.get_secret_value()}".encode()).hexdigest()
    with _tokens_lock:
        return _tokens.setdefault(key, _Token())


def _seconds(said: Any) -> float:
    """A life that is shorter than the skew would mean a new token for every call."""
    try:
        return max(float(said), SKEW + 1)
    except (TypeError, ValueError):
        return LIFE


def _json(response: Response) -> dict[str, Any]:
    try:
        answer = from_json(response.content)
    except DecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}
