"""Where the processor time of a record goes, in the drawn bulk flow of the comparison, in one process.

``python -m tests.bench.shares [RECORDS]``. What is timed takes a batch or a page at once, so that timing costs next to
nothing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from engine import claims, ledger, reader, ready, shift
from engine.connector import Connector
from nodes.decide.rules import RulesNode
from nodes.shape.map import MapNode
from tests.bench import bulk

TIMES = 3
PARTS: dict[tuple[Any, str], str] = {
    (reader.Reader, "_fill"): "read: fetch a page, see what its rows are, make records of them",
    (reader.Reader, "_cut"): "stage: cut into lanes, encode, compress",
    (ready, "unpack"): "unpack the staged batch, decode it exactly",
    (MapNode, "process"): "map 12 fields and 3 lines, 16 of the values in exact decimals",
    (RulesNode, "process"): "rules and routes",
    (shift, "deliver"): "deliver: exact JSON of what is sent, idempotency key, fingerprint, receipts",
    (claims, "take"): "claim each write before it is sent",
    (Connector, "write"): "write: the HTTP call of 500 and its results",
    (ledger.Ledger, "file"): "entries of the ledger",
    (ledger.Ledger, "prepare"): "receipts and cross references made ready for the database",
    (ledger.Ledger, "store"): "receipts and cross references into the database",
    (SQLiteDialect_pysqlite, "do_commit"): "commits",
}
REST = "the rest: transactions begun and ended, cross references looked up, the walk, memory given back"


@contextmanager
def _timed(spent: Counter[str]) -> Iterator[None]:
    """What each part spends itself, without the parts inside it, in seconds."""
    inside = [0.0]

    def timed(call: Callable[..., Any], part: str) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            began = time.thread_time()
            inside.append(0.0)
            try:
                return call(*args, **named)
            finally:
                took = time.thread_time() - began
                spent[part] += took - inside.pop()
                inside[-1] += took

        return run

    with ExitStack() as stack:
        for (owner, name), part in PARTS.items():
            stack.enter_context(patch.object(owner, name, timed(getattr(owner, name), part)))
        yield


def rows(records: int) -> list[tuple[str, str]]:
    """(what, share) of the run with the least processor time of a few."""
    runs = []
    with bulk.service() as url, tempfile.TemporaryDirectory() as folder:
        for _ in range(TIMES):
            spent: Counter[str] = Counter()
            with _timed(spent):
                whole = bulk.run(url, Path(folder), records).processor
            runs.append((whole, spent))
    whole, spent = min(runs, key=lambda run: run[0])
    shares = sorted(((part, spent[part] / whole) for part in PARTS.values()), key=lambda one: -one[1])
    left = 1 - sum(share for _, share in shares)
    return [(part, f"{100 * share:.0f} %") for part, share in (*shares, (REST, left))]


def main() -> None:
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000):
        print(" | ".join(row))


if __name__ == "__main__":
    main()
