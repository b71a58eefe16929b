"""The one HTTP client of all connectors, over requests.

It knows three things that connectors must not each invent: a call that never left is Unavailable, a
mutating call that got no answer is InDoubt, and in a dry run no mutating call leaves at all. Every call is
offered to a ``journal`` (method, URL, status, milliseconds, bodies, what it is about) with secrets struck out.

Calls go only where the installation lets them (engine.guard), and a redirect is never followed: it would take
credentials to an address that nobody entered. A connector that means to follow one makes a new call.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.exceptions import RequestException

from engine import faults
from engine.clock import now, passing
from engine.direct import Call, Direct
from engine.errors import AccessError, EngineError
from engine.guard import GuardedAdapter
from engine.mishap import meaning

Journal = Callable[[dict[str, Any]], None]
MAX_BODY = 64_000
"""Characters of a body that are kept."""
MAX_SECRET = 8_000
"""Characters of the longest secret: tokens that are signed and carry claims."""
TOO_MANY = 429
KEPT = 32
"""Connections to one service that stay open between calls: as many as may be under way at once."""


class GuardedSession(requests.Session):
    """A session whose every connection is checked by engine.guard.

    Proxies and certificate authorities come from the environment, looked up once for each service instead of for
    each call. A ``.netrc`` is never read: it would replace the connection's own way in.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mount("http://", GuardedAdapter(pool_maxsize=KEPT))
        self.mount("https://", GuardedAdapter(pool_maxsize=KEPT))
        self._environment: dict[tuple[str, str], Any] = {}

    def merge_environment_settings(self, url: Any, *args: Any) -> Any:
        service = urlsplit(url)[:2]
        if service not in self._environment:
            self._environment[service] = super().merge_environment_settings(url, *args)
        return dict(self._environment[service])


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The way in of a call that has it in its headers already."""
    return request


class Door(Protocol):
    """Where calls wait for their turn; see engine.pace. ``flow``: for whom the next calls are; ``note`` hears of waits;
    ``limited``: whether any call has to wait."""

    flow: str
    note: Callable[[str, float], None] | None

    @property
    def limited(self) -> bool: ...
    def take(self, name: str) -> str: ...
    def give(self, holder: str) -> None: ...
    def told(self, name: str, seconds: float, time_before: int) -> bool: ...


class Http:
    """A requests session with a time limit, a write door and honest errors.

    timeout    seconds for one call (connect and each wait for bytes); also how long a doubt lasts
    read_only  a mutating call raises EngineError instead of leaving
    door       where each call waits for its turn (engine.pace); None lets every call through
    guard      called right before a mutating call leaves, after it had its turn: may raise to keep it here
    name       what people call the system; without one, messages name the host
    spent      something went wrong with it: whoever keeps clients for later does not keep this one
    """

    def __init__(
        self,
        *,
        timeout: float = 30.0,
        read_only: bool = False,
        journal: Journal | None = None,
        door: Door | None = None,
        secrets: tuple[str, ...] = (),
        session: requests.Session | None = None,
        name: str = "",
    ) -> None:
        self.name = name
        self.session = session or GuardedSession()
        self.session.headers["User-Agent"] = "Heddle"
        self._direct = Direct(self.session)
        self._matter = threading.local()
        self.timeout = timeout
        self.read_only = read_only
        self.journal = journal
        self.spent = False
        self.door = door
        self.guard: Callable[[], None] | None = None
        self._secrets = tuple(secret for secret in secrets if len(secret) >= 4)

    def request(
        self,
        method: str,
        url: str,
        *,
        mutating: bool,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        auth: Any = None,
        timeout: float | None = None,
        private: bool = False,
    ) -> requests.Response:
        """Sends one call and returns the answer, whatever its status.

        ``mutating`` says whether the call may change something in the system; sign-in does not count.
        ``private`` keeps both bodies out of the journal: sign-in calls, whose answers hold fresh secrets.
        Raises Unavailable (certainly not carried out, or only a read), InDoubt (a mutating call without
        an answer), AccessError (TLS refused, or an address the guard keeps shut), EngineError (the door is shut).

        «Too many requests» with a time that is soon over is waited for here: nothing was carried out.
        """
        self._keep_shut(method, url, mutating=mutating)
        host = self.name or urlsplit(url).netloc
        told = 0
        while True:
            holder = self.door.take(host) if self.door is not None else ""
            try:
                response = self._call(
                    method, url, params, headers or {}, data, auth, timeout or self.timeout, mutating, private
                )
            finally:
                if self.door is not None:
                    self.door.give(holder)
            wait = retry_after(response) if response.status_code == TOO_MANY else None
            if wait is None or self.door is None or not self.door.told(host, wait, told):
                return response
            told += 1

    def _keep_shut(self, method: str, url: str, *, mutating: bool) -> None:
        if mutating and self.read_only:
            raise EngineError(
                "A dry run tried to send a changing request.", code="E-DOOR", detail=f"{method} {url}"
            )

    def _call(
        self,
        method: str,
        url: str,
        params: Any,
        headers: Mapping[str, str],
        data: Any,
        auth: Any,
        limit: float,
        mutating: bool,
        private: bool,
    ) -> requests.Response:
        """One call, which has had its turn."""
        sent = self._leave(method, url, data, limit, mutating=mutating, private=private)
        try:
            return sent.answered(self._transmit(method, url, params, headers, data, auth, limit))
        except (AccessError, RequestException) as error:
            raise sent.failed(error) from error

    def _leave(
        self, method: str, url: str, data: Any, limit: float, *, mutating: bool, private: bool = False
    ) -> _Sent:
        """Right before a call leaves."""
        if mutating and self.guard is not None:
            self.guard()
        sent = _Sent(
            self,
            method,
            url,
            None if private else data,
            limit,
            mutating,
            private,
            passing(),
            time.perf_counter(),
        )
        if mutating:
            faults.point("during-send")
        return sent

    def begin(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        data: bytes | None,
        auth: Any = None,
        about: Sequence[str] = (),
    ) -> Begun | None:
        """A changing call of several that are under way together (engine.volley): sent, not yet answered.

        None, and nothing sent, where calls have to wait for their turn or cannot go the straight way: then ``request``
        has to do it. ``about`` as in the method of that name. Raises what ``request`` raises.
        """
        self._keep_shut(method, url, mutating=True)
        if (self.door is not None and self.door.limited) or not (auth is None or isinstance(auth, tuple)):
            return None
        with self.about(about):
            sent = self._leave(method, url, data, self.timeout, mutating=True)
            try:
                call = self._direct.begin(method, url, headers, data, auth, self.timeout)
            except (AccessError, RequestException) as error:
                raise sent.failed(error) from error
        if call is None:
            return None
        if self.door is not None:
            self.door.take(self.name)  # it is counted there
        again = partial(self.request, method, url, mutating=True, headers=headers, data=data, auth=auth)
        return Begun(sent, call, about, again)

    def _transmit(
        self,
        method: str,
        url: str,
        params: Any,
        headers: Mapping[str, str],
        data: Any,
        auth: Any,
        limit: float,
    ) -> requests.Response:
        """The straight way where it will do, else the session's."""
        if params is None and (auth is None or isinstance(auth, tuple)):
            answer = self._direct.send(method, url, headers, data, auth, limit)
            if answer is not None:
                return answer
        return self.session.request(
            method, url, params=params, headers=dict(headers), data=data, auth=auth or _as_it_is, timeout=limit,
            allow_redirects=False,
        )  # fmt: skip

    def _note(
        self,
        method: str,
        url: str,
        data: Any,
        response: requests.Response | None,
        started: float,
        error: str,
        private: bool = False,
    ) -> None:
        if self.journal is None:
            return
        self.journal(
            {
                "method": method,
                "url": self.mask(url),
                "status": response.status_code if response is not None else None,
                "ms": round((time.perf_counter() - started) * 1000, 1),
                "request": self._told(_text(data)),
                "response": ""
                if response is None or private
                else self._told(_text(response.content, response.encoding or "utf-8")),
                "error": self.mask(error),
                "about": getattr(self._matter, "keys", []),
            }
        )

    def _told(self, text: str) -> str:
        """What is kept of a body. It is cut behind the striking out: else half a secret might be left at its end."""
        return self.mask(text)[:MAX_BODY]

    @contextmanager
    def about(self, keys: Sequence[str]) -> Iterator[None]:
        """Calls that this thread makes meanwhile are noted as being about these changes (see Change.key)."""
        self._matter.keys = list(keys)
        try:
            yield
        finally:
            self._matter.keys = []

    def conceal(self, secret: str) -> None:
        """Strikes out this too from now on: a session id, for instance, that travels in bodies."""
        if len(secret) >= 4 and secret not in self._secrets:
            self._secrets = (*self._secrets, secret)

    def mask(self, text: str) -> str:
        """The text with every known secret struck out."""
        for secret in self._secrets:
            text = text.replace(secret, "•••")
        return text


@dataclass(slots=True)
class _Sent:
    """What is known of a call while it is under way."""

    http: Http
    method: str
    url: str
    data: Any
    limit: float
    mutating: bool
    private: bool
    at: float
    started: float

    def answered(self, response: requests.Response) -> requests.Response:
        self.http._note(self.method, self.url, self.data, response, self.started, "", self.private)
        return response

    def failed(self, error: AccessError | RequestException) -> Exception:
        """What to raise."""
        if isinstance(error, AccessError):
            self.http._note(self.method, self.url, self.data, None, self.started, error.message)
            return error
        self.http._note(self.method, self.url, self.data, None, self.started, str(error))
        return meaning(
            error, self.url, name=self.http.name, mutating=self.mutating, sent_at=self.at, limit=self.limit,
            mask=self.http.mask,
        )  # fmt: skip


class Begun:
    """A call that has been sent, of several that are under way together; see ``Http.begin`` and engine.volley."""

    def __init__(
        self, sent: _Sent, call: Call, about: Sequence[str], again: Callable[[], requests.Response]
    ) -> None:
        self._sent, self._call, self._about, self._again = sent, call, about, again
        self.fileno, self.drop = call.fileno, call.drop
        self.sent_at, self.until = sent.at, time.monotonic() + sent.limit

    def finish(self) -> requests.Response:
        """The answer, whatever its status. Raises what ``Http.request`` raises."""
        http = self._sent.http
        with http.about(self._about):
            try:
                response = self._sent.answered(self._call.finish(max(0.001, self.until - time.monotonic())))
            except RequestException as error:
                raise self._sent.failed(error) from error
            wait = retry_after(response) if response.status_code == TOO_MANY else None
            host = http.name or urlsplit(self._sent.url).netloc
            if wait is not None and http.door is not None and http.door.told(host, wait, 0):
                return self._again()
        return response


def retry_after(response: requests.Response) -> float | None:
    """The seconds that an answer asks us to wait, None where it names none (RFC 9110, 10.2.3: seconds or a date)."""
    said = response.headers.get("Retry-After", "").strip()
    try:
        seconds = float(said)
    except ValueError:
        try:
            moment = parsedate_to_datetime(said)
        except ValueError:
            return None
        seconds = moment.timestamp() - now()
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _text(data: Any, encoding: str = "utf-8") -> str:
    """As much of a body as may be kept, and as a secret may be long."""
    if data is None:
        return ""
    if not isinstance(data, bytes):
        return str(data)[: MAX_BODY + MAX_SECRET]
    some = data[: MAX_BODY + MAX_SECRET]
    try:
        return some.decode(encoding, "replace")
    except LookupError:  # a system may call its encoding what it likes
        return some.decode("utf-8", "replace")
