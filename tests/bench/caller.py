"""Calls a hook from many connections at once: ``python -m tests.bench.caller URL SECONDS CONNECTIONS FIRST``.

A process of its own on plain asyncio, so that it is not what is measured. Each call brings one record that nobody
brought before. Prints one line of JSON: how many were accepted, in how many seconds, and how long an answer took.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from tests.bench.workload import opportunity


async def call(url: str, seconds: float, connections: int, first: int) -> dict[str, Any]:
    """The figures of so many connections, each of which calls again as soon as it is answered."""
    parts = urlsplit(url)
    numbers, waits = count(first), list[float]()
    began = time.perf_counter()

    async def caller() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while time.perf_counter() - began < seconds:
            body = json.dumps(opportunity(next(numbers))).encode()
            head = (
                f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            sent = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            lengths = [line[15:] for line in answer.lower().split(b"\r\n") if line[:15] == b"content-length:"]
            await reader.readexactly(int(lengths[0]))
            assert answer.split(b" ", 2)[1] == b"202", answer
            waits.append(time.perf_counter() - sent)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(caller() for _ in range(connections)))
    took, waits = time.perf_counter() - began, sorted(waits)
    return {
        "accepted": len(waits),
        "seconds": took,
        "p50": waits[len(waits) // 2],
        "p95": waits[int(0.95 * (len(waits) - 1))],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(call(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))))
