"""Answers as they come over a line: usual ones, unusual ones, in pieces, cut off. Each is what it would always be."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from engine import guard
from engine.errors import InDoubt, Unavailable
from engine.http import Http

Script = Callable[[bytes], list[bytes]]
ZIPPED = gzip.compress(b'{"a":1}')


class Line:
    """A server that answers each call with given pieces. ``opened`` counts connections."""

    def __init__(self) -> None:
        self.script: Script = lambda _: []
        self.heard: list[bytes] = []
        self.opened = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                opened, _ = self._door.accept()
                self.opened += 1
                threading.Thread(target=self._talk, args=(opened,), daemon=True).start()

    def _talk(self, opened: socket.socket) -> None:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with opened, suppress(OSError):
            while call := opened.recv(65536):
                while b"\r\n\r\n" not in call or (call[:4] == b"POST" and call[-2:] != b"{}"):
                    call += opened.recv(65536)
                self.heard.append(call)
                for piece in self.script(call):
                    if piece == b"<hang up>":
                        return
                    opened.sendall(piece)

    def close(self) -> None:
        with suppress(OSError):  # it is closed already
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    monkeypatch.setenv(guard.VARIABLE, "127.0.0.1")
    made = Line()
    yield made
    made.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 7\r\n"
ANSWERS = {
    "usual": [OK + b'\r\n{"a":1}'],
    "in pieces": [bytes([one]) for one in OK + b'\r\n{"a":1}'],
    "body later": [OK + b"\r\n", b'{"a"', b":1}"],
    "an older version": [OK.replace(b"1.1", b"1.0") + b'\r\n{"a":1}'],
    "no reason": [OK.replace(b" OK", b"") + b'\r\n{"a":1}'],
    "an empty reason": [OK.replace(b" OK", b" ") + b'\r\n{"a":1}'],
    "chunks": [
        OK.replace(b"Content-Length: 7", b"Transfer-Encoding: chunked"),
        b'\r\n3\r\n{"a\r\n',
        b'4\r\n":1}\r\n0\r\n\r\n',
    ],
    "until it closes": [OK.replace(b"Content-Length: 7\r\n", b"") + b'\r\n{"a":1}', b"<hang up>"],
    "after an interim one": [b"HTTP/1.1 100 Continue\r\n\r\n", OK + b'\r\n{"a":1}'],
    "compressed": [OK.replace(b"7", b"%d\r\nContent-Encoding: gzip" % len(ZIPPED)) + b"\r\n" + ZIPPED],
    "a header twice": [OK + b'Link: <a>\r\nLink: <b>\r\n\r\n{"a":1}'],
    "a folded header": [OK + b'X-Long: one\r\n two\r\n\r\n{"a":1}'],
    "bare line ends": [OK.replace(b"\r\n", b"\n") + b'\n{"a":1}'],
    "length twice": [OK + b'Content-Length: 7\r\n\r\n{"a":1}'],
}


@pytest.mark.parametrize("pieces", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_understood_whatever_its_form(
    line: Line, monkeypatch: pytest.MonkeyPatch, pieces: list[bytes]
) -> None:
    line.script = lambda _: pieces
    http = Http(timeout=5)
    straight = http.request("POST", f"{line.url}/x", mutating=True, data=b"{}")
    monkeypatch.setattr(http._direct, "send", lambda *_: None)
    own = http.request("POST", f"{line.url}/x", mutating=True, data=b"{}")
    assert straight.json() == own.json() == {"a": 1}
    assert list(straight.headers.lower_items()) == list(own.headers.lower_items())
    assert (straight.status_code, straight.reason, straight.encoding) == (
        own.status_code,
        own.reason,
        own.encoding,
    )


@pytest.mark.parametrize(
    "pieces",
    [
        [OK + b'\r\n{"a"', b"<hang up>"],
        [OK, b"<hang up>"],
        [b"<hang up>"],
        [b"SSH-2.0-OpenSSH_9\r\n", b"<hang up>"],
        [OK.replace(b"7", b"7, 9") + b'\r\n{"a"', b"<hang up>"],
        [OK.replace(b"Content-Length: 7", b"Transfer-Encoding: chunked") + b'\r\n9\r\n{"a', b"<hang up>"],
        [OK],  # and then nothing more
    ],
    ids=["cut off", "head alone", "nothing", "another protocol", "two lengths", "half a chunk", "silence"],
)
def test_half_an_answer_to_a_write_is_a_doubt(line: Line, pieces: list[bytes]) -> None:
    line.script = lambda _: pieces
    http = Http(timeout=0.3)
    with pytest.raises(InDoubt):
        http.request("POST", f"{line.url}/x", mutating=True, data=b"{}")
    with pytest.raises(Unavailable):
        http.request("GET", f"{line.url}/x", mutating=False)
    line.script = lambda _: ANSWERS["usual"]
    assert http.request("POST", f"{line.url}/x", mutating=True, data=b"{}").json() == {"a": 1}


def test_a_connection_is_kept_as_long_as_both_want(line: Line) -> None:
    http = Http(timeout=5)
    line.script = lambda _: ANSWERS["usual"]
    for _ in range(3):
        http.request("POST", f"{line.url}/x", mutating=True, data=b"{}")
    assert line.opened == 1
    line.script = lambda _: [OK + b'Connection: close\r\n\r\n{"a":1}', b"<hang up>"]
    http.request("POST", f"{line.url}/x", mutating=True, data=b"{}")
    http.request("POST", f"{line.url}/x", mutating=True, data=b"{}")
    assert line.opened == 2
    line.script = lambda _: [OK + b'\r\n{"a":1}and more than was promised']
    http.request("POST", f"{line.url}/x", mutating=True, data=b"{}")
    line.script = lambda _: ANSWERS["usual"]
    assert http.request("POST", f"{line.url}/x", mutating=True, data=b"{}").json() == {"a": 1}
    assert line.opened == 4


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_without_a_body(line: Line, status: bytes) -> None:
    line.script = lambda _: [b"HTTP/1.1 " + status + b"\r\nContent-Length: 99\r\n\r\n"]
    http = Http(timeout=1)
    for _ in range(2):
        assert http.request("DELETE", f"{line.url}/x", mutating=True).content == b""
    assert line.opened == 1


def test_a_head_has_no_body_either(line: Line) -> None:
    line.script = lambda _: [OK + b"\r\n"]
    http = Http(timeout=1)
    assert http.request("HEAD", f"{line.url}/x", mutating=False).headers["content-length"] == "7"


def test_a_header_cannot_be_broken_in_two(line: Line) -> None:
    http = Http(timeout=1)
    with pytest.raises(Exception, match="not a usable URL"):
        http.request("POST", f"{line.url}/x", mutating=True, headers={"Key": "a\r\nX-Other: b"}, data=b"{}")
    assert line.heard == []
