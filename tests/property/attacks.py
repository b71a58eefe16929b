"""Records and rule sets made to break a rules engine, judged in a process that must survive them.

Prints one line a case: its name and what became of it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine import inference
from engine.errors import DefinitionError, RecordRejected
from engine.record import Record
from engine.rules import Program, RuleSet
from engine.scope import Scope

inference.enable()


def path(name: str) -> dict[str, Any]:
    return {"kind": "path", "path": name}


def rule(number: int, when: dict[str, Any], *then: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"r{number}", "when": when, "then": list(then) or [{"do": "route", "port": "p"}]}


def over(limit: Any, name: str = "$.amount", op: str = ">") -> dict[str, Any]:
    return {"left": path(name), "op": op, "right": {"kind": "constant", "value": limit}}


def chained(*rules: dict[str, Any]) -> Program:
    """A rule set that runs through durable-rules: its first rule concludes, its last asks for that."""
    vip = {"id": "vip", "when": over(1), "then": [{"do": "conclude", "fact": "vip"}]}
    last = {"id": "last", "when": {"fact": "vip"}, "then": [{"do": "route", "port": "p"}]}
    return Program(RuleSet.model_validate({"rules": [vip, *rules, last]}))


def judge(program: Program, data: Any) -> str:
    scope = Scope(Record("1", data))
    try:
        verdict = program.judge(scope)
        assert verdict == program.walk(scope)
    except RecordRejected as error:
        return "rejected" if error.message else "rejected without a word"
    return f"fired {len(verdict.fired)}"


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": [value]}
    return value


plain = chained()
RECORDS: dict[str, Any] = {
    "engine keys": {"id": "1", "sid": "2", "$s": 1, "amount": 2},
    "same id again": {"id": "1", "sid": "2", "$s": 1, "amount": 2},
    "10,000 keys": {**{f"k{n}": n for n in range(10_000)}, "amount": 2},
    "1e-07": {"amount": Decimal("1e-07")},
    "1e22": {"amount": Decimal("1E+22")},
    "nan": {"amount": Decimal("NaN")},
    "signalling nan": {"amount": Decimal("sNaN")},
    "binary nan": {"amount": float("nan")},
    "surrogate": {"amount": "\ud800"},
    "surrogate key": {"\ud800": 1, "amount": 2},
    "2^63": {"amount": 2**63},
    "deep": {"amount": deep(200)},
    "deep elsewhere": {"x": deep(200), "amount": 2},
    "empty": {},
    "a list": [1, 2],
    "nothing": None,
    "long text": {"amount": 2, "t": "x" * 70_000},
}
for name, data in RECORDS.items():
    print(f"{name}: {judge(plain, data)}")
for number in range(3_000):
    judge(plain, {"id": str(number), "sid": str(number), "amount": number % 3})
print("3,000 ids: survived")

many = chained(*(rule(n, over(n)) for n in range(1_000)))
print(f"1,000 rules: {judge(many, {'amount': 500})}")
equal = chained(
    *(
        {**rule(n, {"all": [over(1), {"fact": "vip"}]}), "then": [{"do": "conclude", "fact": f"f{n}"}]}
        for n in range(300)
    )
)
print(f"300 equal conditions: {judge(equal, {'amount': 2})}")
wide = {"any": [{"all": [over(n), {"fact": "vip"}]} for n in range(100)]}
wider = {"all": [{"any": [{"fact": "vip"}, over(n)]} for n in range(60)]}
concluding = [
    {**rule(n, when), "then": [{"do": "conclude", "fact": "wide"}]} for n, when in enumerate((wide, wider))
]
print(f"wide ors: {judge(chained(*concluding), {'amount': 50})}")
ladder = [
    {
        "id": f"s{n}",
        "when": {"fact": f"s{n - 1}"} if n else over(1),
        "then": [{"do": "conclude", "fact": f"s{n}"}],
    }
    for n in reversed(range(100))
]
print(f"100 steps: {judge(chained(*ladder), {'amount': 2})}")

regex = chained(rule(0, over("(a|a)*(a|a)*(a|a)*b", "$.t", "matches")))
print(f"exploding regex: {judge(regex, {'amount': 2, 't': 'a' * 9_000})}")
divided = {
    "kind": "path",
    "path": "$.amount",
    "then": [{"function": "divide", "args": {"by": path("$.zero")}}],
}
try:
    division = chained(rule(0, {"left": divided, "op": ">", "right": {"kind": "constant", "value": 1}}))
    print(f"division by zero: {judge(division, {'amount': 2, 'zero': 0})}")
except DefinitionError as error:
    print(f"division by zero: {error.problems[0].code}")
circle = {"id": "c", "when": {"fact": "c", "op": "empty"}, "then": [{"do": "conclude", "fact": "c"}]}
try:
    chained(circle)
except DefinitionError as error:
    print(f"circle: {error.problems[0].code}")
for _ in range(300):
    judge(chained(), {"amount": 2})
print("300 versions: survived")
