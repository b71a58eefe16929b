"""How fast both sides are decided on and brought in step.

``python -m tests.bench.two_way_speed [PAIRS] [TIMES]`` prints precedence decisions a second on records of 30
fields, and the time from a change in one system to the other side equal, over two systems in memory.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from engine.agreement import FieldPair
from engine.precedence import Facts, Standing, decide
from engine.store.database import Database
from tests.engine.two_systems import Office, two_way

FIELDS = 30
POLICIES = ("left", "right", "newest", "first_filled_left", "ask")


def decisions(seconds: float = 1.0) -> float:
    """Decisions a second on one core; one field in ten was changed on one side, one in twenty on both."""
    dice = Random(1)
    pairs = [
        FieldPair(left=f"f{at}", right=f"F{at}", policy=POLICIES[at % len(POLICIES)]) for at in range(FIELDS)
    ]
    records = [[_standing(dice, pair) for pair in pairs] for _ in range(200)]
    facts = Facts(left_name="CRM", right_name="ERP")
    done, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        for record in records:
            for pair, at in zip(pairs, record, strict=True):
                decide(pair, at, facts)
        done += FIELDS * len(records)
    return done / (time.process_time() - began)


def _standing(dice: Random, pair: FieldPair) -> Standing:
    chance = dice.random()
    left = "new" if chance < 0.15 else "old"
    right = "other" if 0.1 < chance < 0.2 else "old"
    return Standing(left, right, ("old", "old"), pair.same(left, right), 1000.0, 5000.0)


def latency(pairs: int = 50, times: int = 40) -> tuple[float, float]:
    """(p50, p95) milliseconds from an edit on one side to the other side equal, by a run that is started at once."""
    with tempfile.TemporaryDirectory(prefix="heddle-two-way-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'heddle.db'}")
        database.migrate()
        office = Office(database, two_way())
        for number in range(1, pairs + 1):
            office.crm.edit(f"A{number}", code=str(number), name="One")
        office.sync()
        took = []
        for number in range(times):
            key = 1 + number % pairs
            began = time.perf_counter()
            if number % 2:
                office.crm.edit(f"A{key}", phone=f"{number}")
            else:
                office.erp.edit(f"B{key}", phone=f"{number}")
            office.sync()
            took.append((time.perf_counter() - began) * 1000)
        database.close()
    parts = statistics.quantiles(took, n=20)
    return parts[9], parts[18]


def figures() -> list[tuple[str, str]]:
    """Rows for the page of benchmarks."""
    middle, slow = latency()
    return [
        (f"Precedence alone, records of {FIELDS} fields", f"{decisions():,.0f} decisions/s"),
        (
            "Change on one side → other side equal, systems in memory",
            f"p50 {middle:.0f} ms, p95 {slow:.0f} ms",
        ),
    ]


if __name__ == "__main__":
    for name, value in [
        ("decisions a second", f"{decisions():,.0f}"),
        ("change → equal", "p50 {:.0f} ms, p95 {:.0f} ms".format(*latency(*map(int, sys.argv[1:3])))),
    ]:
        print(f"{name:20} {value}")
