"""Calls that need nothing of a session but its way out: sent straight through the guarded pool.

``requests`` prepares each call anew and follows cookies, hooks and redirects; a call that has none of them costs
two thirds less this way. The pool is that of the session's own adapter, so the guard, certificates, time limits and
kept connections are the very same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.auth import _basic_auth_str
from requests.cookies import extract_cookies_to_jar
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ConnectTimeout, InvalidURL, ReadTimeout, RequestException, SSLError
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers, select_proxy
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    ClosedPoolError,
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    ReadTimeoutError,
)
from urllib3.exceptions import SSLError as PoolSslError

from engine.exchange import Exchange

Service = tuple[str, str]
_TIDY = re.compile(r"https?://[A-Za-z0-9.\-]+(:[0-9]+)?((?!/\.)[A-Za-z0-9\-._~!$&'()*+,/:;=?%])*", re.ASCII)
"""Addresses that are sent just as they stand."""
_WITH_BODY = {"POST", "PUT", "PATCH"}
"""Methods whose calls say how long their body is even when they have none."""


class Direct:
    """The straight way of one session. Several threads may use it at once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pools: dict[Service, HTTPConnectionPool | None] = {}

    def begin(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        data: Any,
        auth: tuple[bytes, bytes] | None,
        timeout: float,
    ) -> Call | None:
        """The call, which has been sent, or None when it must go the session's own way: through a proxy, with
        cookies, with a body that is not at hand as a whole, or to an address that has to be tidied first.

        Raises what requests raises.
        """
        if len(self._session.cookies) or not isinstance(data, bytes | None) or not _TIDY.fullmatch(url):
            return None
        parts = urlsplit(url)
        service = (parts.scheme, parts.netloc)
        pool = self._pools[service] if service in self._pools else self._find(service, url)
        if pool is None:
            return None
        named = {name.lower() for name in headers}
        sent = {
            name: str(value) for name, value in self._session.headers.items() if name.lower() not in named
        }
        sent.update(headers)
        if auth is not None:
            sent["Authorization"] = _basic_auth_str(*auth)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        try:
            exchange = Exchange(pool, method, _head(method, target, pool, sent, data), data, timeout)
        except ClosedPoolError:  # the session has put it away; nothing was sent
            del self._pools[service]
            return None
        except (HTTPError, ValueError) as error:
            raise _translated(error) from error
        return Call(self._session, _request(method, url, sent, data), exchange)

    def send(self, *call: Any) -> Response | None:
        """``begin``, and the answer."""
        begun = self.begin(*call)
        return None if begun is None else begun.finish()

    def _find(self, service: Service, url: str) -> HTTPConnectionPool | None:
        self._pools[service] = self._pool(url)
        return self._pools[service]

    def _pool(self, url: str) -> HTTPConnectionPool | None:
        adapter = self._session.get_adapter(url)
        if not isinstance(adapter, HTTPAdapter):
            return None
        environment = self._session.merge_environment_settings(url, {}, None, None, None)
        if select_proxy(url, environment["proxies"]):
            return None
        request = PreparedRequest()
        request.url = url
        pool = adapter.get_connection_with_tls_context(
            request, environment["verify"], proxies={}, cert=environment["cert"]
        )
        adapter.cert_verify(pool, url, environment["verify"], environment["cert"])  # type: ignore[no-untyped-call]
        assert isinstance(pool, HTTPConnectionPool)  # for http and https there is no other
        return pool


class Call:
    """One that has been sent; ``finish`` it, or ``drop`` it when nobody is to know what came of it."""

    def __init__(self, session: Session, request: PreparedRequest, exchange: Exchange) -> None:
        self._session, self._request, self._exchange = session, request, exchange
        self.fileno, self.drop = exchange.fileno, exchange.drop

    def finish(self, patience: float | None = None) -> Response:
        """The answer; ``patience``: seconds for its beginning. Raises what requests raises."""
        try:
            answer = self._exchange.finish(patience)
        except (HTTPError, ValueError) as error:
            raise _translated(error) from error
        response = Response()
        response.request = self._request
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.encoding = get_encoding_from_headers(response.headers)
        response.reason = answer.reason or ""
        response.url = self._request.url or ""
        response._content, response._content_consumed = answer.body, True  # type: ignore[attr-defined]
        if answer.cookies is not None and "set-cookie" in response.headers:
            extract_cookies_to_jar(self._session.cookies, self._request, answer.cookies)  # type: ignore[no-untyped-call]
        return response


def _head(
    method: str, target: str, pool: HTTPConnectionPool, headers: Mapping[str, str], data: bytes | None
) -> bytes:
    """Request line and headers. Raises ValueError for what no header can hold."""
    usual = pool.port in (None, {"http": 80, "https": 443}[pool.scheme or "http"])
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {pool.host}" if usual else f"Host: {pool.host}:{pool.port}",
    ]
    if data is not None or method in _WITH_BODY:
        lines.append(f"Content-Length: {len(data or b'')}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1 or "\0" in head:
        raise ValueError("A header holds a line break.")
    return f"{head}\r\n\r\n".encode("latin-1")


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> PreparedRequest:
    request = PreparedRequest()
    request.method, request.url, request.headers, request.body = (
        method,
        url,
        CaseInsensitiveDict(headers),
        body,
    )
    return request


def _translated(error: HTTPError | ValueError) -> RequestException:
    """As requests calls it."""
    if isinstance(error, ConnectTimeoutError):  # also NewConnectionError, told apart by its name
        known = type(error) is ConnectTimeoutError
        return ConnectTimeout(error) if known else RequestsConnectionError(error)
    if isinstance(error, ReadTimeoutError):
        return ReadTimeout(error)
    if isinstance(error, PoolSslError):
        return SSLError(error)
    if isinstance(error, LocationValueError | ValueError):
        return InvalidURL(error)
    return RequestsConnectionError(error)
