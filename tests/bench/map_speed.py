"""How long a mapping takes per record. Run it with ``python -m tests.bench.map_speed``."""

from __future__ import annotations

import time
import timeit
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from engine.flow import LookupTable
from engine.node import NodeContext, Outbox
from engine.record import Record
from nodes.shape.map import MapNode, MapSettings

RECORDS = 1000
TABLES = {
    "ledger": LookupTable(columns=["Product", "Account"], rows=[[f"P{n}", str(4000 + n)] for n in range(200)])
}


def path(text: str, *then: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "path", "path": text, "then": list(then)}


def call(name: str, **args: Any) -> dict[str, Any]:
    return {
        "function": name,
        "args": {key: {"kind": "constant", "value": value} for key, value in args.items()},
    }


PLAIN = [{"target": f"T{n}", "value": path(f"$.F{n}" if n % 3 else f"$.Account.F{n}")} for n in range(12)]
WORKED = [
    *PLAIN[:8],
    {"target": "NAME", "value": path("$.Account.F0", call("trim"), call("upper"))},
    {"target": "ACCOUNT", "value": path("$.Product", call("lookup", table="ledger"))},
    {"target": "AMOUNT", "value": path("$.Amount", call("round", digits=2))},
    {"target": "DUE", "value": path("$.Date", call("add_days", days=30))},
]
LINES = [
    *PLAIN[:6],
    {"target": "ITEMS", "lines": "$.Lines", "rows": [
        {"target": "AMOUNT", "value": path("$.Amount")},
        {"target": "MEMO", "value": path("$parent.F1")},
    ]},
]  # fmt: skip


def record(number: int) -> Record:
    fields = {f"F{n}": f"value {n} of {number}" for n in range(12)}
    lines = [{"Amount": Decimal(n)} for n in range(5)]
    return Record(
        str(number),
        {
            **fields,
            "Account": fields,
            "Product": "P7",
            "Amount": Decimal("10.005"),
            "Date": "2026-11-20",
            "Lines": lines,
        },
    )


def figures() -> Iterator[tuple[str, float]]:
    """(what, µs a record), the best of five."""
    records = [record(number) for number in range(RECORDS)]
    for name, rows in (
        ("12 plain fields", PLAIN),
        ("12 fields, 5 functions", WORKED),
        ("6 fields, 5 lines of 2", LINES),
    ):
        node = MapNode(MapSettings.model_validate({"rows": rows}), NodeContext(node="map", tables=TABLES))
        best = min(
            timeit.repeat(
                lambda node=node: node.process(records, Outbox()), timer=time.process_time, number=5, repeat=5
            )
        )  # type: ignore[misc]
        yield name, best / 5 / RECORDS * 1e6


if __name__ == "__main__":
    for what, cost in figures():
        print(f"{what:24} {cost:6.2f} µs a record")
