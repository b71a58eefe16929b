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
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

Service = tuple[str, str]
_TIDY = re.compile(r"https?://[A-Za-z0-9.\-]+(:[0-9]+)?((?!/\.)[A-Za-z0-9\-._~!$&'()*+,/:;=?%])*", re.ASCII)
"""Addresses that are sent just as they stand."""


class Direct:
    """The straight way of one session. Several threads may use it at once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pools: dict[Service, HTTPConnectionPool | None] = {}

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        data: Any,
        auth: tuple[bytes, bytes] | None,
        timeout: float,
    ) -> Response | None:
        """The answer, or None when the call must go the session's own way: through a proxy, with cookies, with a
        body that is not at hand as a whole, or to an address that has to be tidied first.

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
        try:
            answer = pool.urlopen(
                method, f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/", data, sent,
                retries=False, redirect=False, assert_same_host=False, timeout=Timeout(connect=timeout, read=timeout),
            )  # fmt: skip
        except ClosedPoolError:  # the session has put it away; nothing was sent
            del self._pools[service]
            return None
        except (HTTPError, ValueError) as error:
            raise _translated(error) from error
        return self._response(_request(method, url, sent, data), answer)

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

    def _response(self, request: PreparedRequest, answer: BaseHTTPResponse) -> Response:
        response = Response()
        response.request = request
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.encoding = get_encoding_from_headers(response.headers)
        response.reason = answer.reason or ""
        response.url = request.url or ""
        response.raw = answer
        response._content = answer.data
        if "set-cookie" in answer.headers:
            extract_cookies_to_jar(self._session.cookies, request, answer)  # type: ignore[no-untyped-call]
        return response


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
