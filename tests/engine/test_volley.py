"""Several calls under way in one thread: each meets its own fate, and none of them waits for another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.errors import InDoubt, Unavailable
from engine.http import Begun, Http
from engine.meter import Meter
from engine.pace import Limits, Pacer
from engine.share import Share
from engine.store.database import Database
from engine.volley import volley
from tests.engine.test_exchange import ANSWERS, OK, Line, line

__all__ = ["line"]


def calls(http: Http, line: Line, *paths: str) -> Iterator[Begun]:
    for path in paths:
        begun = http.begin("POST", f"{line.url}/{path}", headers={}, data=b"{}", about=[path])
        assert begun is not None
        yield begun


def path_of(call: bytes) -> bytes:
    return call.split(b" ", 2)[1]


def test_a_silent_one_keeps_nobody_waiting(line: Line) -> None:
    line.script = lambda call: [] if path_of(call) == b"/silent" else ANSWERS["usual"]
    noted: list[tuple[str, int | None]] = []
    http = Http(timeout=0.4, journal=lambda call: noted.append((call["about"][0], call["status"])))
    doubts = 0
    for begun in volley(calls(http, line, "silent", *"abcdefgh"), 3):
        try:
            assert begun.finish().json() == {"a": 1}
        except InDoubt:
            doubts += 1
    assert doubts == 1
    assert sorted(noted[:-1]) == [(name, 200) for name in "abcdefgh"]
    assert noted[-1] == ("silent", None)
    assert line.opened == 3


def test_no_more_are_under_way_than_may_be_and_what_is_left_is_dropped(line: Line) -> None:
    line.script = lambda _: ANSWERS["usual"]
    http = Http(timeout=5)
    under_way = volley(calls(http, line, *"abcdef"), 2)
    assert next(under_way).finish().ok
    under_way.close()
    heard = {path_of(call) for call in line.heard}
    assert heard <= {b"/a", b"/b"}
    assert http.request("POST", f"{line.url}/g", mutating=True, data=b"{}").json() == {"a": 1}


def test_too_many_requests_is_waited_for_as_ever(line: Line, database: Database) -> None:
    busy = [OK.replace(b"200 OK", b"429 -\r\nRetry-After: 0") + b'\r\n{"a":1}']
    line.script = lambda _: busy if len(line.heard) == 1 else ANSWERS["usual"]
    http = Http(timeout=5, door=Pacer(Share(), Meter(database)).door("c1", Limits()))
    (begun,) = volley(calls(http, line, "a"), 1)
    assert begun.finish().status_code == 200
    assert len(line.heard) == 2


def test_who_has_to_wait_for_a_turn_goes_another_way(line: Line, database: Database) -> None:
    http = Http(timeout=5, door=Pacer(Share(), Meter(database)).door("c1", Limits(concurrent=1)))
    assert http.begin("POST", f"{line.url}/x", headers={}, data=b"{}") is None
    assert http.begin("POST", f"{line.url}/with blank", headers={}, data=b"{}") is None
    assert line.heard == []


def test_a_call_that_cannot_leave_says_so_at_once(line: Line) -> None:
    line.close()
    with pytest.raises(Unavailable):
        next(volley(calls(Http(timeout=1), line, "a"), 1))
