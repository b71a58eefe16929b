"""One call on one kept connection, in two halves: it is sent now, its answer is fetched when it is there.

Whoever has several calls under way need not spend a thread on each. An answer of the usual form, a status, headers
and a body of a given length, is read here; every other one is left to the standard library's parser.
"""

from __future__ import annotations

import io
import re
from http.client import HTTPException
from http.client import HTTPResponse as StandardResponse
from ssl import CertificateError, SSLError
from typing import Any, cast

from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError, ReadTimeoutError
from urllib3.exceptions import SSLError as PoolSslError
from urllib3.response import BaseHTTPResponse

CHUNK = 65_536
MOST_OF_A_HEAD = 65_536
"""Bytes of status and headers; whoever sends more is not understood."""
_PLAIN = re.compile(
    rb"HTTP/1\.1 ([2-5]\d\d)(?: ([^\r\n]*))?\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n]*\r\n)*)\r\n"
)
_UNUSUAL = {"transfer-encoding", "content-encoding", "set-cookie"}
_FOLD = re.compile(r"\r?\n[ \t]+")
_BODILESS = (204, 304)


class Answer:
    """What came back. ``cookies``: the urllib3 response that knows of cookies, None where there are none."""

    __slots__ = ("body", "cookies", "headers", "reason", "status")

    def __init__(
        self, status: int, reason: str, headers: Any, body: bytes, cookies: BaseHTTPResponse | None = None
    ) -> None:
        self.status, self.reason, self.headers, self.body = status, reason, headers, body
        self.cookies = cookies


class Exchange:
    """A call that has been sent. ``finish`` it or ``drop`` it: until then it holds its connection.

    Raises what urllib3 raises: ConnectTimeoutError and NewConnectionError where nothing has been sent.
    """

    def __init__(
        self, pool: HTTPConnectionPool, method: str, head: bytes, body: bytes | None, timeout: float
    ) -> None:
        self._pool, self._method, self._timeout = pool, method, timeout
        self._connection = cast("HTTPConnection", pool._get_conn())
        try:
            self._open(timeout)
            self._send(head if body is None else head + body)
        except BaseException:
            self.drop()
            raise

    def _open(self, timeout: float) -> None:
        connection = self._connection
        connection.timeout = timeout
        if connection.is_closed:
            try:
                connection.connect()
            except (SSLError, CertificateError) as error:
                raise PoolSslError(error) from error
            except TimeoutError as error:
                raise ConnectTimeoutError(connection, "Connecting timed out.") from error
            except OSError as error:
                raise NewConnectionError(connection, f"Connecting failed: {error}") from error
        self._socket = connection.sock
        assert self._socket is not None  # it is connected
        self._socket.settimeout(timeout)

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered before it had heard all
        except TimeoutError as error:
            raise ReadTimeoutError(self._pool, "", "Sending timed out.") from error
        except OSError as error:
            raise ProtocolError("Connection aborted.", error) from error

    def fileno(self) -> int:
        """What becomes readable when the answer begins to arrive."""
        return self._socket.fileno()

    def finish(self, patience: float | None = None) -> Answer:
        """The answer; waits for each part of it as long as the call may take, ``patience`` seconds for the first."""
        try:
            if patience is not None:
                self._socket.settimeout(patience)
            answer, keep = self._read()
        except TimeoutError as error:
            self.drop()
            raise ReadTimeoutError(
                self._pool, "", f"Read timed out. (read timeout={self._timeout})"
            ) from error
        except (OSError, HTTPException) as error:
            self.drop()
            raise ProtocolError("Connection aborted.", error) from error
        except BaseException:
            self.drop()
            raise
        if keep:
            self._pool._put_conn(self._connection)
        else:
            self.drop()
        return answer

    def drop(self) -> None:
        """Closes the connection: nobody is to read the answer, or it was not understood."""
        self._connection.close()
        self._pool._put_conn(None)

    def _read(self) -> tuple[Answer, bool]:
        """The answer, and whether the connection can be used again."""
        data = self._more()
        self._socket.settimeout(self._timeout)
        while not (
            b"\n\r\n" in data or b"\n\n" in data or data[:5] != b"HTTP/" or len(data) > MOST_OF_A_HEAD
        ):
            data += self._more()
        found = _PLAIN.match(data)
        if found is None or self._method == "HEAD":
            return self._read_otherwise(data)
        headers: dict[str, str] = {}
        for line in found[3].decode("latin-1").split("\r\n")[:-1]:
            name, _, value = line.partition(":")
            name = name.lower()
            if name in headers or name in _UNUSUAL:
                return self._read_otherwise(data)
            headers[name] = value.strip(" \t")
        status, length = int(found[1]), headers.get("content-length", "")
        if status in _BODILESS or not length.isascii() or not length.isdecimal():
            return self._read_otherwise(data)
        wanted = found.end() + int(length)
        if len(data) < wanted:
            data = self._all(data, wanted)
        keep = len(data) == wanted and headers.get("connection", "").lower() != "close"
        reason = (found[2] or b"").decode("latin-1")
        return Answer(status, reason, headers, data[found.end() : wanted]), keep

    def _more(self) -> bytes:
        some = self._socket.recv(CHUNK)
        if not some:
            raise ProtocolError("Connection aborted.", ConnectionResetError("closed without an answer"))
        return some

    def _all(self, data: bytes, wanted: int) -> bytes:
        parts, known = [data], len(data)
        while known < wanted:
            parts.append(self._more())
            known += len(parts[-1])
        return b"".join(parts)

    def _read_otherwise(self, data: bytes) -> tuple[Answer, bool]:
        """By the standard library, from the beginning."""
        standard = StandardResponse(cast("Any", _Again(data, self._socket)), method=self._method)
        standard.begin()
        found = HTTPResponse(
            body=standard, headers=_unfolded(standard), status=standard.status, version=standard.version,
            reason=standard.reason, preload_content=True, decode_content=True, original_response=standard,
            request_method=self._method, enforce_content_length=True,
        )  # fmt: skip
        answer = Answer(standard.status, standard.reason, found.headers, found.data, found)
        return answer, not standard.will_close


def _unfolded(standard: StandardResponse) -> HTTPHeaderDict:
    """Its headers, each on one line."""
    return HTTPHeaderDict([(name, _FOLD.sub(" ", value)) for name, value in standard.msg.items()])


class _Again(io.RawIOBase):
    """A socket of which something has been read already, as the standard library's parser takes it."""

    def __init__(self, read: bytes, opened: Any) -> None:
        self._read, self._opened = memoryview(read), opened

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._read:
            return int(self._opened.recv_into(buffer))
        some = min(len(buffer), len(self._read))
        buffer[:some], self._read = self._read[:some], self._read[some:]
        return some
