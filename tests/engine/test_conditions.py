"""Every comparison on its own types, on nothing, and on values it cannot take."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from engine.binding import bind, check_condition
from engine.conditions import Condition
from engine.errors import RecordRejected
from engine.flow import LookupTable
from engine.operators import OPERATORS, operators
from engine.record import Record
from engine.scope import Scope

RUN = {"started": "2026-11-20T12:00:00Z"}
TABLES = {
    "ledger": LookupTable(title="Ledger accounts", columns=["item", "account"], rows=[["Consulting", "4000"]])
}
ADAPTER: TypeAdapter[Any] = TypeAdapter(Condition)


def path(name: str) -> dict[str, Any]:
    return {"kind": "path", "path": name}


def constant(value: Any) -> dict[str, Any]:
    return {"kind": "constant", "value": value}


def condition(document: dict[str, Any]) -> Any:
    return ADAPTER.validate_python(document)


def holds(op: str, left: Any, right: Any = None, **data: Any) -> bool:
    shown = (
        right if isinstance(right, dict) and "kind" in right else None if right is None else constant(right)
    )
    term = bind(condition({"left": path("$.v"), "op": op, "right": shown}), TABLES)
    return term.holds(Scope(Record("1", {"v": left, **data}), run=RUN))


@pytest.mark.parametrize(
    ("op", "left", "right", "expected"),
    [
        ("is", "1", 1, False), ("is", 1, Decimal("1.0"), True), ("is", True, 1, False), ("is", [True], [1], False),
        ("is_not", "a", "b", True), ("one_of", "b", ["a", "b"], True), ("one_of", True, [1], False),
        ("not_one_of", 3, ["3"], True), ("empty", "", None, True), ("empty", 0, None, False),
        ("not_empty", [1], None, True), ("contains", "Acme Ltd", "me L", True), ("not_contains", "a", "b", True),
        ("starts", "INV-1", "INV", True), ("ends", "10000", "00", True), ("same_text", "STRASSE", "straße", True),
        ("matches", "testtest", ".*test", True), ("matches", "test1", "test", False),
        ("=", 2**63, 2**63 + 1, False), ("=", Decimal("1E-7"), Decimal("0.0000001"), True), ("!=", 1, 2, True),
        ("<", Decimal("0.1"), Decimal("0.10"), False), ("<=", 1, 1, True), (">", 2**63 + 1, 2**63, True), (">=", 1, 2, False),
        ("between", 5, [5, 6], True), ("not_between", 7, [5, 6], True), ("same_number", "12.50", 12.5, True),
        (">", 1500, "1000", True),
        ("before", "2026-01-31", "2026-02-01", True), ("on_or_before", "2026-02-01", "2026-02-01", True),
        ("on", "2026-11-20T23:59:59Z", "2026-11-20", True), ("on", "2026-11-20T01:00:00+02:00", "2026-11-20", False),
        ("on_or_after", "2026-02-01", "2026-02-01", True), ("after", "2026-02-01T00:00:01Z", "2026-02-01T00:00:00Z", True),
        ("in_period", "2026-03-31", ["2026-03-01", "2026-03-31"], True),
        ("in_last", "2026-10-21", {"count": 30, "unit": "days"}, True), ("in_last", "2026-10-20", {"count": 30, "unit": "days"}, False),
        ("in_last", "2026-11-21", {"count": 1, "unit": "months"}, False), ("in_next", "2026-12-20", {"count": 1, "unit": "months"}, True),
        ("in_last", "2026-11-20T11:30:00Z", {"count": 1, "unit": "hours"}, True),
        ("older_than", "2025-11-19", {"count": 1, "unit": "years"}, True),
        ("is_true", True, None, True), ("is_false", True, None, False),
        ("has", ["a", 1], 1, True), ("has", [True], 1, False), ("has_not", ["a"], "b", True), ("has_any", ["a", "b"], ["b", "c"], True),
        ("count_is", [1, 2], 2, True), ("count_at_least", [], 1, False), ("count_at_most", [1], 1, True),
        ("in_table", " consulting ", "ledger", True), ("not_in_table", "Training", "ledger", True),
    ],
)  # fmt: skip
def test_compares_by_type(op: str, left: Any, right: Any, expected: bool) -> None:
    assert holds(op, left, right) is expected


SAMPLES: dict[str, Any] = {"value": 1, "list": [1], "range": [1, 2], "none": None, "table": "ledger"}
YES_FOR_NOTHING = {
    "empty",
    "is_not",
    "not_one_of",
    "not_contains",
    "!=",
    "not_between",
    "has_not",
    "not_in_table",
}


@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_knows_what_to_say_of_no_value(op: str) -> None:
    operator = OPERATORS[op]
    right = SAMPLES.get(operator.right, {"count": 1, "unit": "days"})
    if "date" in operator.types and "text" not in operator.types and operator.right in ("value", "range"):
        right = "2026-01-01" if operator.right == "value" else ["2026-01-01", "2026-01-02"]
    elif operator.right == "value" and "text" in operator.types:
        right = "1"
    assert holds(op, None, right) is (op in YES_FOR_NOTHING)
    term = bind(
        condition({"left": path("$.gone"), "op": op, "right": None if right is None else constant(right)}),
        TABLES,
    )
    assert term.holds(Scope(Record("1", {}), run=RUN)) is (op in YES_FOR_NOTHING)


@pytest.mark.parametrize(
    ("op", "left", "right", "says"),
    [
        (">", "abc", 1, "“abc” is not a number"), (">", True, 1, "yes is not a number"), ("contains", 5, "5", "5 is not a text"),
        ("before", "soon", "2026-01-01", "“soon” is not a date"), ("before", "2026-02-30", "2026-01-01", "is not a date"),
        ("is_true", "yes", None, "neither yes nor no"), ("count_is", "abc", 1, "is not a list"),
        (">", Decimal("NaN"), 1, "not a number"), ("matches", "\ud800", "a", "half of a pair"),
        ("matches", "x" * 20_000, "x*", "longer than 10000"), (">", 1, {"kind": "path", "path": "$.w"}, "“9” is not a number"),
    ],
)  # fmt: skip
def test_rejects_what_cannot_be_compared_and_says_so(op: str, left: Any, right: Any, says: str) -> None:
    with pytest.raises(RecordRejected, match="cannot be told") as refused:
        holds(op, left, right, w="9")
    assert says in refused.value.message
    assert refused.value.field == "$.v"


def test_a_pattern_that_would_explode_ends_in_linear_time() -> None:
    assert holds("matches", "a" * 5_000 + "!", "(a+)+(a+)+(a+)+") is False


def test_time_relative_conditions_need_the_run() -> None:
    term = bind(
        condition({"left": path("$.v"), "op": "in_last", "right": constant({"count": 1, "unit": "days"})})
    )
    with pytest.raises(RecordRejected, match="time at which the run began"):
        term.holds(Scope(Record("1", {"v": "2026-01-01"})))


@pytest.mark.parametrize(
    ("quantifier", "lines", "expected"),
    [
        ("any", [{"tax": 1}, {"tax": 2}], True), ("every", [{"tax": 1}, {"tax": 2}], False), ("none", [{"tax": 1}], True),
        ("any", [], False), ("every", [], True), ("none", [], True), ("every", None, True), ("any", None, False),
    ],
)  # fmt: skip
def test_line_items(quantifier: str, lines: Any, expected: bool) -> None:
    where = {"left": path("$.tax"), "op": ">", "right": path("$parent.limit")}
    term = bind(condition({"lines": "$.Lines", "quantifier": quantifier, "where": where}))
    assert term.holds(Scope(Record("1", {"Lines": lines, "limit": 1}))) is expected


def test_lines_that_are_no_list_are_rejected() -> None:
    term = bind(condition({"lines": "$.Lines", "quantifier": "any", "where": {"all": []}}))
    with pytest.raises(RecordRejected, match="not a list of lines"):
        term.holds(Scope(Record("1", {"Lines": "two"})))


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"left": path("$.a"), "op": "equals", "right": constant(1)}, "E-OPERATOR"),
        ({"left": path("$.a"), "op": ">", "right": constant("lots")}, "E-OPERAND"),
        ({"left": path("$.a"), "op": ">", "right": None}, "E-OPERAND"),
        ({"left": path("$.a"), "op": "matches", "right": constant("(")}, "E-OPERAND"),
        ({"left": path("$.a"), "op": "matches", "right": constant("a{1000}" * 99)}, "E-OPERAND"),
        ({"left": path("$.a"), "op": "matches", "right": constant("(a")}, "E-OPERAND"),
        ({"left": path("$.a"), "op": "in_table", "right": constant("nowhere")}, "E-OPERAND"),
        (
            {"left": path("$.a"), "op": "in_last", "right": constant({"count": -1, "unit": "days"})},
            "E-OPERAND",
        ),
        ({"left": path("$.a"), "op": "between", "right": constant([1])}, "E-OPERAND"),
        ({"left": path("a"), "op": "is", "right": constant(1)}, "E-PATH"),
        ({"fact": "vip"}, "E-FACT-PLACE"),
    ],
)
def test_check_names_the_fault(document: dict[str, Any], code: str) -> None:
    problems = check_condition(condition(document), TABLES, "when")
    assert [problem.code for problem in problems] == [code]
    assert problems[0].field is not None
    assert problems[0].field.startswith("when")
    assert problems[0].cure


def test_nesting_has_an_end() -> None:
    document: dict[str, Any] = {"all": []}
    for _ in range(40):
        document = {"all": [document]}
    assert [problem.code for problem in check_condition(condition(document))] == ["E-CONDITION-DEPTH"]
    for _ in range(20_000):
        document = {"any": [document]}
    with pytest.raises(ValidationError):
        condition(document)


def test_says_why_in_words_and_values() -> None:
    term = bind(
        condition(
            {"all": [
                {"left": path("$.Amount"), "op": ">", "right": constant(1000)},
                {"left": path("$.Account.Country"), "op": "one_of", "right": constant(["DE", "AT"])},
            ]}
        )
    )  # fmt: skip
    assert term.words() == "Amount is more than 1,000 and Account.Country is one of “DE”, “AT”"
    scope = Scope(Record("1", {"Amount": 1500, "Account": {"Country": "FR"}}))
    assert term.because(scope) == "Account.Country is “FR” – not as asked: is one of “DE”, “AT”"


def test_the_catalog_lists_every_operator() -> None:
    listed = operators()
    assert {entry["op"] for entry in listed} == set(OPERATORS)
    assert all(entry["title"] and entry["types"] and entry["right"] for entry in listed)
