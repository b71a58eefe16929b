"""Plays both systems of the comparison: OData pages of opportunities, and a place that takes invoices.

``python -m tests.bench.service PORT``. One process, plain asyncio, answers made beforehand, so that it is not
what is measured. It counts what arrives, sees what arrives twice, and checks every fiftieth record field by field.

- ``GET /odata/Opportunity``: pages with a next link, for as many records as ``/control/begin`` said
- ``POST /sink/batch`` an array, ``POST /sink/one`` an object
- ``POST /control/begin?n=&first=`` starts anew, with records of these numbers; ``GET /control/seen`` what has arrived
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from tests.bench.workload import agrees, invoice, opportunity

PAGE = 500
MOST = 500
SAMPLE = 50
BEFOREHAND = 200_000
"""So many records have their pages made before they are asked for; more would take the memory."""
_ANSWER = b"HTTP/1.1 %d -\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Arrived(msgspec.Struct):
    """What is looked at of every record."""

    externalId: str  # noqa: N815 - as it is sent


_batch, _one = msgspec.json.Decoder(list[Arrived]), msgspec.json.Decoder(Arrived)
_rows = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass
class Seen:
    """What has arrived since the beginning."""

    records: int = 0
    twice: int = 0
    calls: int = 0
    pages: int = 0
    checked: int = 0
    wrong: int = 0
    refused: int = 0
    first: float | None = None
    last: float | None = None
    example: list[Any] = field(default_factory=list)


class Both:
    """The state of both systems."""

    def __init__(self) -> None:
        self.offered = self.first = 0
        self.seen = Seen()
        self.keys: set[str] = set()
        self._pages: dict[tuple[int, int, str], bytes] = {}

    def begin(self, n: int, first: int) -> None:
        self.offered, self.first, self.seen = n, first, Seen()
        self.keys.clear()
        self._pages.clear()

    def page(self, host: str, start: int, size: int) -> bytes:
        self.seen.pages += 1
        made = self._pages.get((start, size, host))
        if made is None:
            end = min(start + size, self.offered)
            rows = b",".join(msgspec.json.encode(opportunity(self.first + at)) for at in range(start, end))
            following = f"http://{host}/odata/Opportunity?$skiptoken={end}&size={size}"
            link = b',"@odata.nextLink":' + msgspec.json.encode(following) if end < self.offered else b""
            made = b'{"value":[' + rows + b"]" + link + b"}"
            if self.offered <= BEFOREHAND:
                self._pages[start, size, host] = made
        return made

    def take(self, body: bytes, arrived: Sequence[Arrived], *, many: bool) -> None:
        """Of most records only the key is looked at: the rest of their JSON is not made objects of."""
        at = time.time()
        seen = self.seen
        seen.calls += 1
        seen.first, seen.last = seen.first or at, at
        keys = [one.externalId for one in arrived]
        known = len(self.keys)
        self.keys.update(keys)
        seen.twice += known + len(keys) - len(self.keys)
        sampled = [place for place in range(len(keys)) if (seen.records + place) % SAMPLE == 0]
        seen.records += len(keys)
        if not sampled:
            return
        rows = _rows.decode(body) if many else [msgspec.Raw(body)]
        for place in sampled:
            if keys[place][:4] == "OPP-":
                self._check(int(keys[place][4:]), msgspec.json.decode(rows[place]))

    def _check(self, number: int, row: Any) -> None:
        self.seen.checked += 1
        wanted = invoice(opportunity(number))
        if not agrees(wanted, row):
            self.seen.wrong += 1
            self.seen.example = [json.loads(json.dumps(wanted, default=str)), row]


class Caller(asyncio.Protocol):
    """One connection: calls one after the other, bodies with a length."""

    def __init__(self, both: Both) -> None:
        self.both = both
        self.buffer = bytearray()
        self.head: dict[bytes, bytes] = {}
        self.target, self.method, self.needed = "", b"", -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            if self.needed < 0:
                end = self.buffer.find(b"\r\n\r\n")
                if end < 0:
                    return
                self._begin(bytes(self.buffer[:end]))
                del self.buffer[: end + 4]
            if len(self.buffer) < self.needed:
                return
            body = bytes(self.buffer[: self.needed])
            del self.buffer[: self.needed]
            self.needed = -1
            status, answer = self._answer(body)
            self.transport.write(_ANSWER % (status, len(answer)) + answer)
            if self.head.get(b"connection", b"").lower() == b"close":
                self.transport.close()

    def _begin(self, head: bytes) -> None:
        first, *rest = head.split(b"\r\n")
        self.method, target, _ = first.split(b" ", 2)
        self.target = target.decode()
        lines = (line.partition(b":") for line in rest)
        self.head = {name.lower(): value.strip() for name, _, value in lines}
        self.needed = int(self.head.get(b"content-length", b"0"))
        if self.head.get(b"expect", b"").lower() == b"100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(self.target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path.startswith("/odata/"):
            size = int(query.get("size") or query.get("$top") or PAGE)
            host = self.head.get(b"host", b"").decode()
            return 200, self.both.page(host, int(query.get("$skiptoken", 0)), min(size, PAGE))
        if parts.path.startswith("/sink/"):
            many = parts.path == "/sink/batch"
            arrived = self._arrived(body, many=many)
            if arrived is None:
                self.both.seen.refused += 1
                return 400, b'{"error":"an object, or an array of up to 500, is wanted"}'
            self.both.take(body, arrived, many=many)
            return 200, b'{"ok":true}'
        if parts.path == "/control/begin":
            self.both.begin(int(query["n"]), int(query.get("first", 0)))
            if self.both.offered <= BEFOREHAND:
                host = self.head.get(b"host", b"").decode()
                for start in range(0, self.both.offered, PAGE):
                    self.both.page(host, start, PAGE)
                self.both.seen.pages = 0
            return 200, b"{}"
        if parts.path == "/control/seen":
            spent = time.process_time()
            return 200, msgspec.json.encode({**asdict(self.both.seen), "cpu": spent, "n": self.both.offered})
        return 404, b'{"error":"not found"}'

    @staticmethod
    def _arrived(body: bytes, *, many: bool) -> list[Arrived] | None:
        """What was sent; None where it is not what belongs there."""
        try:
            arrived = _batch.decode(body) if many else [_one.decode(body)]
        except msgspec.ValidationError:
            return None
        return arrived if len(arrived) <= MOST else None


async def serve(port: int) -> None:
    both = Both()
    server = await asyncio.get_running_loop().create_server(lambda: Caller(both), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
