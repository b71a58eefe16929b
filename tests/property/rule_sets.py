"""Generated rule sets and records, nasty ones included, and the comparison of the three evaluators."""

from __future__ import annotations

import sys
from decimal import Decimal
from random import Random
from typing import Any

from engine import inference
from engine.errors import HeddleError
from engine.record import Record
from engine.rules import Program, RuleSet
from engine.scope import Scope

TEXTS = ["", "a", "b", "Ab", "AB", "Acme", "1", "true", "ü", "2026-11-20", " a ", "横"]
NUMBERS = [
    0,
    1,
    -1,
    2,
    2**63,
    2**63 + 1,
    -(2**64),
    Decimal("1.0"),
    Decimal("0.1"),
    Decimal("1E-7"),
    Decimal("99.99"),
]
DATES = [
    "2026-11-20",
    "2026-11-19T23:59:59Z",
    "2026-02-28",
    "2026-10-21",
    "1999-01-01",
    "2026-11-20T00:00:00+02:00",
]
ODD: list[Any] = [
    None,
    True,
    False,
    [],
    {},
    [1],
    ["a", "b"],
    {"a": 1},
    [[1]],
    "\ud800",
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("1E+400"),
    "x" * 70_000,
    [True, 1, "1", None],
    "not a date",
    "-",
    {"$s": 1},
]
KINDS = {"a": "text", "sid": "text", "$s": "text", "n": "number", "id": "number", "d": "date", "t": "boolean"}
POOLS: dict[str, list[Any]] = {"text": TEXTS, "number": NUMBERS, "date": DATES, "boolean": [True, False]}
PATHS = {**{field: f"$.{field}" for field in KINDS}, "$s": "$['$s']", "o": "$.o.p.q"}


def record(rng: Random) -> dict[str, Any]:
    """Mostly values as a system sends them; in one of five records something odd stands somewhere."""
    data: dict[str, Any] = {}
    for field, kind in KINDS.items():
        chance = rng.random()
        if chance < 0.85:
            data[field] = rng.choice(POOLS[kind]) if chance < 0.75 else None
    data["L"] = [lined(rng) for _ in range(rng.randrange(4))]
    data["o"] = rng.choice([None, {"p": {"q": rng.choice(NUMBERS)}}, {"p": []}, {"p": None}, 1])
    if rng.random() < 0.2:
        data[rng.choice(list(data))] = rng.choice(ODD)
    return data


def lined(rng: Random) -> dict[str, Any]:
    return {field: rng.choice(POOLS[kind]) for field, kind in KINDS.items() if rng.random() < 0.9}


def path(of: str) -> dict[str, Any]:
    return {"kind": "path", "path": PATHS[of]}


def constant(of: Any) -> dict[str, Any]:
    return {"kind": "constant", "value": of}


SPANS = ("in_last", "in_next", "older_than")
OPERATORS: dict[str, list[str]] = {
    "text": ["contains", "not_contains", "starts", "ends", "same_text", "matches"],
    "number": ["=", "!=", "<", "<=", ">", ">=", "between", "not_between", "same_number"],
    "date": ["before", "on_or_before", "on", "on_or_after", "after", "in_period", *SPANS],
    "boolean": ["is_true", "is_false"],
}


def comparison(rng: Random) -> dict[str, Any]:
    field = rng.choice(list(PATHS))
    kind = KINDS.get(field, "number")
    if rng.random() < 0.01:
        kind = rng.choice(list(OPERATORS))
    pool = POOLS[kind]
    left = path(field)
    if kind == "text" and rng.random() < 0.1:
        left["then"] = [{"function": "upper"}]
    chance = rng.random()
    if chance < 0.4:
        op = rng.choice(["is", "is_not", "one_of", "not_one_of", "empty", "not_empty"])
        if op in ("one_of", "not_one_of"):
            return {"left": left, "op": op, "right": constant(rng.choices([*pool, *pool, *TEXTS, True], k=3))}
        any_value = constant(rng.choice([*pool, *pool, None, True, ["a", "b"]]))
        return {"left": left, "op": op, "right": any_value if op.startswith("is") else None}
    op = rng.choice(OPERATORS[kind])
    if op in SPANS:
        right = constant({"count": rng.randrange(60), "unit": rng.choice(["days", "hours", "months"])})
    elif op in ("between", "not_between", "in_period"):
        right = {"low": constant(rng.choice(pool)), "high": constant(rng.choice(pool))}
    elif op == "matches":
        right = constant(rng.choice(["a", "A.*", "[0-9-]+", "(a|b)*"]))
    elif kind == "boolean":
        right = None
    else:
        peers = [name for name, its in KINDS.items() if its == kind]
        right = path(rng.choice(peers)) if chance > 0.9 else constant(rng.choice(pool))
    return {"left": left, "op": op, "right": right}


def condition(rng: Random, drawn: list[str], absent: list[str], depth: int = 0) -> dict[str, Any]:
    """A condition that asks for facts in ``drawn`` and for the absence of those in ``absent``."""
    kind = rng.random()
    right = rng.choice([True, "x", 1, False])
    if drawn and kind < 0.15:
        return {"fact": rng.choice(drawn), "op": rng.choice(["is", "is", "not_empty"]), "right": right}
    if absent and kind < 0.2:
        return {"fact": rng.choice(absent), "op": rng.choice(["is_not", "empty"]), "right": right}
    if depth < 4 and kind < 0.5:
        name = rng.choice(["all", "any", "none"])
        facts = (absent, drawn) if name == "none" else (drawn, absent)
        return {name: [condition(rng, *facts, depth + 1) for _ in range(rng.choice([0, 1, 2, 2, 3, 5]))]}
    if kind < 0.56 and depth < 4:
        where = condition(rng, [], [], depth + 2)
        return {"lines": "$.L", "quantifier": rng.choice(["any", "every", "none"]), "where": where}
    return comparison(rng)


def rule_set(rng: Random, size: int, *, chained: bool) -> dict[str, Any]:
    """A rule set in which no fact depends on its own absence."""
    facts = [f"f{index}" for index in range(rng.randrange(1, 6))] if chained else []
    rules = []
    for index in range(size):
        level = rng.randrange(len(facts)) if facts and rng.random() < 0.6 else None
        route = {"do": "route", "port": "p"}
        then: list[dict[str, Any]] = [route]
        if level is None:
            when = condition(rng, facts, facts)
        else:
            then = [{"do": "conclude", "fact": facts[level], "value": rng.choice([True, "x", 1])}]
            then += [route] if rng.random() < 0.3 else []
            when = condition(rng, facts[: level + 1], facts[:level])
        if not chained and rng.random() < 0.5:
            when = {"all": [comparison(rng), when]}
        rules.append(
            {
                "id": f"r{index}",
                "when": when,
                "then": then,
                "stop": rng.random() < 0.05,
                "priority": rng.randrange(3),
                "enabled": rng.random() < 0.95,
            }
        )
    return {"title": "generated", "policy": rng.choice(["all", "all", "first"]), "rules": rules}


def program(rng: Random, size: int, *, chained: bool) -> Program:
    return Program(RuleSet.model_validate(rule_set(rng, size, chained=chained)))


def outcome(judge: Any, scope: Scope) -> tuple[str, Any]:
    try:
        return "verdict", judge(scope)
    except HeddleError as error:
        return type(error).__name__, (error.code, error.message)


def compare(seed: int, rules: int, records: int, *, chained: bool) -> int:
    """Judges generated records by all evaluators; raises AssertionError where they differ. Evaluations done."""
    rng = Random(seed)
    made = program(rng, rules, chained=chained)
    judged = 0
    for number in range(records):
        data = record(rng)
        scope = Scope(Record(str(number), data), run={"started": "2026-11-20T12:00:00Z"})
        expected = outcome(made.walk, scope)
        found = outcome(made.judge, scope)
        assert found == expected, (seed, number, data, expected, found)
        judged += len(made.rules)
    return judged


def _refused(*_: object) -> None:
    raise AssertionError("durable-rules refused a question")


if __name__ == "__main__":
    inference.enable()
    inference.log.exception = _refused  # type: ignore[method-assign] # what the engine refuses must not pass unseen
    start, count, rules, records = map(int, sys.argv[1:])
    done = sum(compare(seed, rules, records, chained=True) for seed in range(start, start + count))
    print(done)
