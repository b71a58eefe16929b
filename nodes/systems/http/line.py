"""The line to one HTTP service: addresses below the base address, the way in, and never anywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from msgspec import DecodeError
from requests import Response

from engine.errors import AccessError, HeddleError, RecordRejected, Unavailable
from engine.http import Begun, Http, retry_after
from engine.record import from_json, to_json
from nodes.systems.http.auth import SignIn

STATUS: dict[int | str, type[HeddleError]] = {
    401: AccessError,
    403: AccessError,
    407: AccessError,
    408: Unavailable,
    425: Unavailable,
    429: Unavailable,
    500: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
"""What a status means where nothing else is agreed; other 4xx refuse the record, other 5xx are faults."""

DOWN = frozenset({502, 503, 504})
"""The service as a whole is away, as if nobody had answered (RFC 9110, 15.6.3 to 15.6.5): everybody waits for it together,
as long as it takes."""


class Line:
    """Sends calls to one service. ``headers`` go on every call; ``name`` is what people call the service."""

    def __init__(self, base: str, auth: Any, headers: Mapping[str, str], http: Http) -> None:
        self.base = base.rstrip("/")
        self.name = http.name or urlsplit(base).netloc
        self.http, self._headers = http, dict(headers)
        self.sign_in = SignIn(auth, http)

    def call(
        self,
        method: str,
        path: str,
        *,
        mutating: bool,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        accept: str = "application/json",
    ) -> Response:
        """The answer, whatever its status but a redirect. ``path``: below the base address, or a whole address
        of the same service. A token that is refused is renewed once.

        Raises what Http raises, and AccessError for an address elsewhere or a redirect.
        """
        for again in (True, False):
            url, sent, data = self._parts(path, query, body, headers, accept)
            response = self.http.request(
                method, url, mutating=mutating, headers=sent, data=data, auth=self.sign_in.basic()
            )
            if response.status_code != 401 or not again or not self.sign_in.forget():
                break
        return self._stays(response)

    def begin(
        self, method: str, path: str, *, body: Any, headers: Mapping[str, str], about: Sequence[str]
    ) -> Begun | None:
        """A changing call of several under way together; see ``Http.begin`` for None. ``fetch`` its answer."""
        url, sent, data = self._parts(path, (), body, headers, "application/json")
        return self.http.begin(method, url, headers=sent, data=data, auth=self.sign_in.basic(), about=about)

    def fetch(self, begun: Begun) -> Response | None:
        """The answer, as ``call`` has it; None when it is to be asked with ``call``, because the way in is over."""
        response = begun.finish()
        return None if response.status_code == 401 and self.sign_in.forget() else self._stays(response)

    def _parts(
        self,
        path: str,
        query: Sequence[tuple[str, str]],
        body: Any,
        headers: Mapping[str, str] | None,
        accept: str,
    ) -> tuple[str, dict[str, str], bytes | None]:
        sent = {"Accept": accept, **self._headers, **self.sign_in.headers(), **(headers or {})}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        address = self.address(path, [*query, *self.sign_in.query()])
        return address, sent, to_json(body) if body is not None else None

    def _stays(self, response: Response) -> Response:
        if response.is_redirect:
            raise AccessError(
                f"{self.name} sends calls on to {response.headers.get('Location', 'another address')}.",
                code="E-REDIRECT",
                cure="Enter the address that it leads to, if it is the right one.",
            )
        return response

    def address(self, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
        """Raises AccessError when a whole address belongs to another service: credentials go there never."""
        if path.startswith(("http://", "https://")):
            url = path
            if _origin(url) != _origin(self.base):
                raise AccessError(
                    f"{self.name} names a next page on another host ({urlsplit(url).netloc}).",
                    code="E-ELSEWHERE",
                    cure="Enter that host as the address of the connection, if it is the right one.",
                )
        else:
            url = f"{self.base}/{path.lstrip('/')}" if path else self.base
        if not query:
            return url
        return f"{url}{'&' if '?' in url else '?'}{urlencode(list(query))}"

    def bare(self, url: str) -> str:
        """A whole address without the key of the way in."""
        parts = urlsplit(url)
        own = {name for name, _ in self.sign_in.query()}
        kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in own]
        return urlunsplit(parts._replace(query=urlencode(kept), fragment="")) if own else url

    def beside(self, response: Response, link: str, base: str = "") -> str:
        """The whole address of a link in an answer (RFC 3986, 5.2). ``base``: what the answer says that links are
        relative to; it counts if it is of the same service."""
        asked = response.url or self.base
        named = urljoin(asked, base) if base else asked
        return urljoin(named if _origin(named) == _origin(asked) else asked, link)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return (
        parts.scheme,
        (parts.hostname or "").lower(),
        parts.port or {"http": 80, "https": 443}.get(parts.scheme),
    )


def body_of(response: Response) -> Any:
    """The decoded JSON body, None if it is something else."""
    try:
        return from_json(response.content)
    except DecodeError:
        return None


def said(body: Any) -> str:
    """What an error body says, for people: where most services put it, with what it says of single fields."""
    main = _main(body)
    more = [one for one in dict.fromkeys(_particulars(body)) if one and one not in main]
    return (f"{main.rstrip('. ')}: {'; '.join(more)}" if main and more else main or "; ".join(more))[:500]


def _main(body: Any) -> str:
    for name in ("message", "error_description", "detail", "title", "error", "errors"):
        if isinstance(body, dict) and body.get(name):
            return _main(body[name])
    if isinstance(body, list) and body:
        return _main(body[0])
    return body[:500] if isinstance(body, str) else ""


def _particulars(body: Any) -> Iterator[str]:
    """``details`` and ``innererror`` of OData, ``errors`` of problem details (RFC 9457), by field or in a list."""
    if not isinstance(body, dict):
        return
    if isinstance(body.get("error"), dict):
        yield from _particulars(body["error"])
    inner = body.get("innererror")
    yield _main(inner.get("message")) if isinstance(inner, dict) else ""
    for told in (body.get("details"), body.get("errors")):
        if isinstance(told, list):
            yield from (_main(one).rstrip(". ") for one in told[:5])
        elif isinstance(told, dict):
            yield from (f"{name}: {_main(one)}".rstrip(". ") for name, one in list(told.items())[:5])


def refuse(kind: type[HeddleError], host: str, what: str, response: Response, reason: str) -> HeddleError:
    """The error to raise for an answer that is none. ``what``: what was asked for, for people."""
    status, detail = response.status_code, response.text[:500]
    because = f": {reason}" if reason else ""
    if issubclass(kind, Unavailable):
        words = "is busy and asks to wait" if status == 429 else f"cannot answer at the moment ({status})"
        code = "E-UNREACHABLE" if status in DOWN else None
        return kind(f"{host} {words}{because}.", retry_after=retry_after(response), code=code, detail=detail)
    if issubclass(kind, AccessError):
        return kind(
            f"{host} does not let this connection work with {what} ({status}){because}.",
            code="E-CREDENTIALS" if status == 401 else "E-RIGHTS",
            cure="Check the way in of the connection, and ask for the right to it.",
            detail=detail,
        )
    return kind(f"{host} refused {what} ({status}){because}.", detail="" if reason else detail)


def meaning(status: int) -> type[HeddleError]:
    """The error that a status stands for."""
    return STATUS.get(status, Unavailable if status >= 500 else RecordRejected)
