"""Rule evaluations a second on one core: Heddle, zen-engine and durable-rules on the same rules and records.

Run it by hand: ``python -m tests.bench.rules_speed [seconds a row]``. zen-engine is optional (``pip install
zen-engine``); without it its column stays empty. Every engine must find the same rules before it is timed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

import durable_rules_engine

from engine.decisions import DecisionTable, Table
from engine.record import Record
from engine.rules import Program, RuleSet
from engine.scope import Scope

try:
    import zen
except ImportError:
    zen = None

COUNTRIES = [f"C{number}" for number in range(40)]
FIELDS = [f"f{number}" for number in range(10)]


def compare(field: str, op: str, value: Any) -> dict[str, Any]:
    left = {"kind": "path", "path": f"$.{field}"}
    return {"left": left, "op": op, "right": {"kind": "constant", "value": value}}


def drawn(count: int) -> list[list[tuple[str, str, Any]]]:
    """``count`` rules of one to three comparisons: a country, thresholds on ten numbers."""
    rng = Random(count)
    rules = []
    for _ in range(count):
        tests: list[tuple[str, str, Any]] = []
        if rng.random() < 0.6:
            tests.append(("country", "is", rng.choice(COUNTRIES)))
        for field in rng.sample(FIELDS, rng.randrange(1, 3)):
            tests.append((field, rng.choice(["<", ">", ">=", "<="]), rng.randrange(100)))
        rules.append(tests)
    return rules


def records(count: int = 500) -> list[dict[str, Any]]:
    rng = Random(1)
    return [
        {"country": rng.choice(COUNTRIES), **{field: rng.randrange(100) for field in FIELDS}}
        for _ in range(count)
    ]


def heddle(rules: list[list[tuple[str, str, Any]]]) -> Callable[[dict[str, Any]], list[int]]:
    document = {
        "rules": [
            {
                "id": f"r{at}",
                "when": {"all": [compare(*test) for test in tests]},
                "then": [{"do": "route", "port": "p"}],
            }
            for at, tests in enumerate(rules)
        ]
    }
    program = Program(RuleSet.model_validate(document))
    return lambda data: program.judge(Scope(Record("1", data))).fired


def zen_expression(rules: list[list[tuple[str, str, Any]]]) -> Callable[[dict[str, Any]], list[int]]:
    """All rules as one compiled expression that answers a list of booleans: its fastest form."""
    signs = {"is": "=="}
    texts = [
        " and ".join(f"{field} {signs.get(op, op)} {json.dumps(value)}" for field, op, value in tests)
        for tests in rules
    ]
    compiled = zen.compile_expression("[" + ", ".join(texts) + "]")
    return lambda data: [at for at, held in enumerate(compiled.evaluate(data)) if held]


def durable(rules: list[list[tuple[str, str, Any]]]) -> Callable[[dict[str, Any]], list[int]]:
    """Its C calls, assert and retract, in rulesets of at most 60 conditions."""
    signs = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
    handles, shard, leaves = [], {}, 0

    def close() -> None:
        source = {**shard, "last": {"all": [{"m": {"_": 1}}], "pri": 65000}}
        handles.append(
            durable_rules_engine.create_ruleset(f"bench{id(rules)}-{len(handles)}", json.dumps(source))
        )

    for at, tests in enumerate(rules):
        if leaves + len(tests) + 1 > 60:
            close()
            shard, leaves = {}, 0
        parts = [{field: value} if op == "is" else {signs[op]: {field: value}} for field, op, value in tests]
        shard[f"r{at}"] = {"all": [{"m": {"$and": [{"_": 1}, *parts]}}]}
        leaves += len(tests) + 1
    close()

    def judge(data: dict[str, Any]) -> list[int]:
        question = json.dumps({"_": 1, **data})
        fired = []
        for handle in handles:
            _, offset = durable_rules_engine.assert_fact(handle, question)
            action = durable_rules_engine.start_action_for_state(handle, offset)[1]
            while action:
                name = action[2 : action.index('"', 2)]
                if name != "last":
                    fired.append(int(name[1:]))
                action = durable_rules_engine.complete_and_start_action(handle, offset)
            durable_rules_engine.retract_fact(handle, question)
        return sorted(fired)

    return judge


def rate(judge: Callable[[dict[str, Any]], Any], data: list[dict[str, Any]], seconds: float) -> float:
    """Records a CPU second."""
    done, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        for one in data[: max(10, len(data) // 10)]:
            judge(one)
        done += max(10, len(data) // 10)
    return done / (time.process_time() - start)


def table_rows() -> list[tuple[str, int, int]]:
    rng = Random(3)
    return [
        (COUNTRIES[at % 40], low, low + rng.randrange(1, 9))
        for at in range(1000)
        for low in [rng.randrange(95)]
    ]


def heddle_table() -> Callable[[dict[str, Any]], Any]:
    document = DecisionTable.model_validate(
        {
            "hit_policy": "first",
            "inputs": [{"id": "country", "type": "text"}, {"id": "f0", "type": "number"}],
            "outputs": [{"id": "o"}],
            "rows": [
                {"id": f"r{at}", "when": [f'"{country}"', f"[{low}..{high}]"], "then": [str(at)]}
                for at, (country, low, high) in enumerate(table_rows())
            ],
        }
    )
    table = Table(document)

    def decide(data: dict[str, Any]) -> Any:
        answer, _ = table.decide([data["country"], data["f0"]])
        return None if answer is None else int(answer["o"])

    return decide


def zen_table() -> Callable[[dict[str, Any]], Any]:
    rows = [
        {"_id": f"r{at}", "c": f'"{country}"', "n": f"[{low}..{high}]", "o": str(at)}
        for at, (country, low, high) in enumerate(table_rows())
    ]
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": "c", "name": "c", "field": "country"}, {"id": "n", "name": "n", "field": "f0"}],
        "outputs": [{"id": "o", "name": "o", "field": "o"}],
        "rules": rows,
    }
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in"},
        {"id": "t", "type": "decisionTableNode", "name": "t", "content": content},
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    edges = [
        {"id": "1", "sourceId": "in", "targetId": "t", "type": "edge"},
        {"id": "2", "sourceId": "t", "targetId": "out", "type": "edge"},
    ]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    def decide(data: dict[str, Any]) -> Any:
        found = decision.evaluate(data)["result"]
        return int(found["o"]) if found else None

    return decide


def durable_table() -> Callable[[dict[str, Any]], Any]:
    judge = durable(
        [[("country", "is", c), ("f0", ">=", low), ("f0", "<=", high)] for c, low, high in table_rows()]
    )

    def decide(data: dict[str, Any]) -> Any:
        return next(iter(judge(data)), None)

    return decide


def measured(seconds: float) -> Iterator[tuple[str, int, list[float | None]]]:
    """(what, evaluations a record, records a CPU second of Heddle, zen-engine and durable-rules; None: not installed).

    Every engine finds the same before it is timed.
    """
    data = records()
    makers: list[tuple[str, int, list[Callable[[], Any] | None]]] = []
    for count in (1, 10, 100, 1000):
        rules = drawn(count)
        makers.append(
            (
                f"{count:,} rule{'s' if count > 1 else ''}",
                count,
                [
                    lambda r=rules: heddle(r),
                    (lambda r=rules: zen_expression(r)) if zen else None,
                    lambda r=rules: durable(r),
                ],
            )
        )
    makers.append(("table of 1,000 rows", 1000, [heddle_table, zen_table if zen else None, durable_table]))
    for title, count, engines in makers:
        judges = [make() if make else None for make in engines]
        expected = [judges[0](one) for one in data[:50]]
        for judge in judges[1:]:
            assert judge is None or [judge(one) for one in data[:50]] == expected, title
        yield title, count, [rate(judge, data, seconds) if judge else None for judge in judges]


def figures(seconds: float = 0.5) -> list[tuple[str, str]]:
    """For docs/benchmarks.md: what was measured, and records and evaluations a second."""
    rows = []
    for title, count, (own, other, durable_rules) in measured(seconds):
        beside = [f"durable-rules {durable_rules:,.0f}"] if durable_rules else []
        beside = [f"zen-engine {other:,.0f}", *beside] if other else beside
        value = f"{own:,.0f} records/s, {(own or 0) * count / 1e6:,.1f} M evaluations/s"
        rows.append((f"Judging, {title}", f"{value} ({', '.join(beside)} records/s)"))
    return rows


def main(seconds: float) -> None:
    print(f"{'':>22}{'Heddle':>12}{'zen-engine':>12}{'durable':>12}   records/s (evaluations/s)")
    for title, count, rates in measured(seconds):
        shown = "".join(f"{found:>12,.0f}" if found else f"{'–':>12}" for found in rates)
        evaluations = " ".join(f"{found * count:,.0f}" if found else "–" for found in rates)
        print(f"{title:>22}{shown}   ({evaluations})")
    decimals = [{**one, "f0": Decimal(one["f0"])} for one in records()]
    print(
        f"Heddle, 100 rules, one field Decimal: {rate(heddle(drawn(100)), decimals, seconds):,.0f} records/s"
    )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
