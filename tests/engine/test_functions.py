"""The library: what each function answers, what it refuses, and that every one is pure and total."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from engine.errors import RecordRejected
from engine.expression import Value, compile_value
from engine.flow import LookupTable, Rates
from engine.functions import FUNCTIONS, library
from engine.record import Record
from engine.scope import Scope

VALUE: TypeAdapter[Any] = TypeAdapter(Value)
TABLES = {
    "t": LookupTable(columns=["Key", "Value"], rows=[["a", "1"], ["b", None]]),
    "r": LookupTable(
        columns=["From", "To", "Since", "Rate"],
        rows=[
            ["USD", "EUR", "2026-01-01", "0.9"],
            ["usd ", "EUR", "2026-07-01", "0.85755"],
            ["USD", "JPY", "", "151.25"],
        ],
        valid_from="Since",
        rates=Rates(digits={"JPY": 0}, inverse=True),
    ),
    "d": LookupTable(
        columns=["Key", "From", "To", "Value"],
        rows=[
            ["x", "2026-03-01", "2026-03-31", "march"],
            ["x", "", "2026-01-31", "before"],
            ["X", "2026-05-01", None, "since may"],
        ],
        valid_from="From",
        valid_to="To",
    ),
}


def run(name: str, value: Any, **args: Any) -> Any:
    call = {"function": name, "args": {key: {"kind": "constant", "value": arg} for key, arg in args.items()}}
    document = VALUE.validate_python({"kind": "path", "path": "$.v", "may_be_empty": True, "then": [call]})
    return compile_value(document, TABLES).get(Scope(Record("1", {"v": value})))


D = Decimal
LINES = [{"n": D("1.10"), "k": "b"}, {"n": 2, "k": "a"}, {"n": "3", "k": "a"}]


@pytest.mark.parametrize(
    ("name", "value", "args", "expected"),
    [
        ("trim", "  a b ", {}, "a b"),
        ("squeeze", " a \n b ", {}, "a b"),
        ("upper", "straße", {}, "STRASSE"),
        ("upper", "i", {}, "I"),
        ("lower", "ACME", {}, "acme"),
        ("title", "ACME trading o'hara", {}, "Acme Trading O'hara"),
        ("concat", "b", {"before": "a", "after": "c"}, "abc"),
        ("concat", None, {"after": "c"}, "c"),
        ("join_with", "a", {"second": "", "third": "c"}, "a c"),
        ("split", "a, b,c", {}, ["a", "b", "c"]),
        ("part", "a-b-c", {"separator": "-", "number": 2}, "b"),
        ("part", "a-b-c", {"separator": "-", "number": -1}, "c"),
        ("replace", "a.b.c", {"find": ".", "by": "-"}, "a-b-c"),
        ("substring", "abcdef", {"start": 2, "length": 3}, "bcd"),
        ("left", "abc", {"length": 2}, "ab"),
        ("right", "abc", {"length": 2}, "bc"),
        ("right", "abc", {"length": 0}, ""),
        ("pad", 42, {"length": 5}, "00042"),
        ("pad", "a", {"length": 3, "fill": " ", "side": "end"}, "a  "),
        ("limit", "abcdef", {"length": 4}, "abc…"),
        ("limit", "abcd", {"length": 4}, "abcd"),
        ("length", "", {}, 0),
        ("starts_with", "Acme", {"text": "ac"}, True),
        ("starts_with", "Acme", {"text": "ac", "ignore_case": False}, False),
        ("ends_with", "Acme", {"text": "ME"}, True),
        ("contains", None, {"text": "x"}, False),
        ("slug", "Müller & Söhne / Straße", {}, "muller-sohne-strasse"),
        ("plain", "Łódź Ærø", {}, "Lodz AEro"),
        ("digits", "a1-٢b3", {}, "13"),
        ("first_name", "Ada King Lovelace", {}, "Ada King"),
        ("last_name", "Lovelace, Ada", {}, "Lovelace"),
        ("first_name", "Lovelace, Ada", {}, "Ada"),
        ("email", " mailto:Ada@EXAMPLE.org ", {}, "Ada@example.org"),
        ("phone", "+49 (0)30 / 1234-567", {}, "+49301234567"),
        ("phone", "030 1234567", {"country_code": "+49"}, "+49301234567"),
        ("phone", "0049 30 1234567", {}, "+49301234567"),
        ("add", "0.1", {"number": 0.2}, D("0.3")),
        ("subtract", D("1.00"), {"number": 1}, D("0.00")),
        ("multiply", D("0.1"), {"by": D("0.1")}, D("0.01")),
        ("divide", 1, {"by": 3}, D("0.3333333333")),
        ("divide", 100, {"by": 4}, D(25)),
        ("percent", D("200.00"), {"percent": 19}, D("38.00")),
        ("round", D("2.5"), {"digits": 0}, D(3)),
        ("round", D("-2.5"), {"digits": 0}, D(-3)),
        ("round", D("2.5"), {"digits": 0, "mode": "half-even"}, D(2)),
        ("round", D("2.1"), {"digits": 0, "mode": "up"}, D(3)),
        ("round", D("2.9"), {"digits": 0, "mode": "down"}, D(2)),
        ("round", 1250, {"digits": -2}, D(1300)),
        ("absolute", -5, {}, D(5)),
        ("negate", D("1.50"), {}, D("-1.50")),
        ("maximum", 1, {"number": 2}, D(2)),
        ("minimum", 1, {"number": 2}, D(1)),
        ("convert_currency", D("100.00"), {"rate": D("1.0875")}, D("108.75")),
        ("convert_currency", D("108.75"), {"rate": D("1.0875"), "direction": "divide"}, D("100.00")),
        ("to_number", "1.234,50 €", {"decimal": ",", "thousands": "."}, D("1234.50")),
        ("to_number", "-$1,234,567.8", {}, D("-1234567.8")),
        ("to_number", ".5", {}, D("0.5")),
        ("to_number", "1\u00a0234,5", {"decimal": ",", "thousands": " "}, D("1234.5")),
        ("format_number", D("1234567.891"), {"decimal": ",", "thousands": "."}, "1.234.567,89"),
        ("format_number", 5, {"digits": 0}, "5"),
        ("to_integer", D("5.00"), {}, 5),
        ("to_text", D("1E+3"), {}, "1000"),
        ("to_text", 12345678901234567890, {}, "12345678901234567890"),
        ("to_text", True, {}, "true"),
        ("greater_than", "10", {"number": 9}, True),
        ("less_than", 10, {"number": 9}, False),
        ("parse_date", "31.12.2026", {"format": "dd.MM.yyyy"}, "2026-12-31"),
        ("parse_date", "5 mar 26", {"format": "d MMM yy"}, "2026-03-05"),
        (
            "parse_time",
            "29.03.2026 02:30",
            {"format": "dd.MM.yyyy HH:mm", "zone": "Europe/Berlin"},
            "2026-03-29T01:30:00Z",
        ),
        ("format_date", "2026-03-05", {"format": "d MMMM yyyy"}, "5 March 2026"),
        (
            "format_date",
            "2026-12-31T23:30:00Z",
            {"format": "yyyy-MM-dd'T'HH:mm", "zone": "Asia/Tokyo"},
            "2027-01-01T08:30",
        ),
        ("add_days", "2026-02-27", {"days": 2}, "2026-03-01"),
        ("add_days", "2026-02-27T23:00:00Z", {"days": 2}, "2026-03-01T23:00:00Z"),
        ("add_months", "2026-01-31", {"months": 1}, "2026-02-28"),
        ("add_months", "2026-01-31", {"months": -2}, "2025-11-30"),
        ("add_years", "2024-02-29", {"years": 1}, "2025-02-28"),
        ("start_of_month", "2026-02-27", {}, "2026-02-01"),
        ("end_of_month", "2024-02-01", {}, "2024-02-29"),
        ("days_until", "2026-01-01", {"date": "2026-03-01"}, 59),
        ("date_in_zone", "2026-06-30T22:30:00Z", {"zone": "Europe/Berlin"}, "2026-07-01"),
        ("to_zone", "2026-03-29T01:30:00Z", {"zone": "Europe/Berlin"}, "2026-03-29T03:30:00+02:00"),
        ("from_zone", "2026-10-25T02:30:00", {"zone": "Europe/Berlin"}, "2026-10-25T00:30:00Z"),
        (
            "from_zone",
            "2026-10-25T02:30:00",
            {"zone": "Europe/Berlin", "overlap": "later"},
            "2026-10-25T01:30:00Z",
        ),
        (
            "from_zone",
            "2026-03-29T02:30:00",
            {"zone": "Europe/Berlin", "overlap": "later"},
            "2026-03-29T01:30:00Z",
        ),
        ("count", LINES, {}, 3),
        ("count", None, {}, 0),
        ("sum_of", LINES, {"path": "n"}, D("6.10")),
        ("sum_of", [], {}, D(0)),
        ("average_of", LINES, {"path": "$.n", "digits": 2}, D("2.03")),
        ("average_of", [], {}, None),
        ("smallest", [3, D("1.5")], {}, D("1.5")),
        ("largest", LINES, {"path": "n"}, D(3)),
        ("first", LINES, {}, LINES[0]),
        ("last", [], {}, None),
        ("any_equals", LINES, {"to": 3, "path": "n"}, True),
        ("any_equals", None, {"to": 3}, False),
        ("join", LINES, {"path": "k", "separator": "+"}, "b+a+a"),
        ("pick", LINES, {"path": "k"}, ["b", "a", "a"]),
        ("sort", LINES, {"path": "k"}, [LINES[1], LINES[2], LINES[0]]),
        ("sort", [2, None, "a", D("1.5")], {"order": "descending"}, ["a", 2, D("1.5"), None]),
        ("unique", [1, D("1.0"), "1", True, {"a": 1}, {"a": 1}], {}, [1, "1", True, {"a": 1}]),
        ("only_where", LINES, {"path": "k", "equals": "a"}, LINES[1:]),
        ("lookup", " A", {"table": "t"}, "1"),
        ("lookup", "x", {"table": "d", "column": "Value", "on": "2025-12-31"}, "before"),
        ("lookup", "x", {"table": "d", "column": "Value", "on": "2026-03-31"}, "march"),
        ("lookup", "x", {"table": "d", "column": "Value", "missing": "empty", "on": "2026-04-01"}, None),
        ("lookup", "X", {"table": "d", "column": "Value", "on": "2026-05-01T22:00:00Z"}, "since may"),
        (
            "convert",
            D("100.00"),
            {"table": "r", "source": "USD", "target": "EUR", "on": "2026-06-30"},
            D("90.00"),
        ),
        (
            "convert",
            D("100.00"),
            {"table": "r", "source": "USD", "target": "EUR", "on": "2026-07-01"},
            D("85.76"),
        ),
        (
            "convert",
            D("10.01"),
            {"table": "r", "source": "usd", "target": "jpy", "on": "2026-07-01"},
            D("1514"),
        ),
        (
            "convert",
            D("90"),
            {"table": "r", "source": "EUR", "target": "USD", "on": "2026-01-01"},
            D("100.00"),
        ),
        (
            "convert",
            D("1.005"),
            {"table": "r", "source": "EUR", "target": "eur", "on": "2020-01-01"},
            D("1.01"),
        ),
        ("if", True, {"then": 1, "otherwise": 2}, 1),
        ("if", None, {"then": 1, "otherwise": 2}, 2),
        ("equals", D("5.00"), {"to": "5"}, True),
        ("equals", True, {"to": 1}, False),
        ("not", False, {}, True),
        ("is_empty", "  ", {}, True),
        ("is_empty", 0, {}, False),
        ("default_if_empty", " ", {"default": "d"}, "d"),
        ("default_if_empty", D(5), {"default": "d"}, D(5)),
        ("coalesce", None, {"second": "", "third": 0}, 0),
        ("choose", " b ", {"choices": {"a": 1, "b": 2}}, 2),
        ("choose", "z", {"choices": {"a": 1}, "otherwise": 9}, 9),
        ("to_boolean", "YES", {}, True),
        ("to_boolean", 0, {}, False),
        ("to_boolean", "oui", {"yes": "oui"}, True),
        ("yes_no", True, {"yes": "T", "no": "F"}, "T"),
    ],
)
def test_what_functions_answer(name: str, value: Any, args: dict[str, Any], expected: Any) -> None:
    answer = run(name, value, **args)
    assert answer == expected
    assert type(answer) is type(expected)


def test_the_table_above_knows_every_function() -> None:
    marks = test_what_functions_answer.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in marks[0].args[1]} == set(FUNCTIONS)


@pytest.mark.parametrize(
    ("name", "value", "args", "words"),
    [
        ("round", "abc", {}, "«abc» is not a number"),
        ("round", True, {}, "yes is not a number"),
        ("round", 1, {"digits": 99}, "digits"),
        ("upper", [1], {}, "a list of 1 is not one text"),
        ("divide", 5, {"by": 0}, "cannot be divided by zero"),
        ("convert_currency", 5, {"rate": 0}, "is not a rate"),
        ("add", D("1E+80"), {"number": 1}, "range"),
        ("to_number", "1,5", {}, "is not a number"),
        ("to_number", "12,34.5", {}, "is not a number"),
        ("to_number", "", {"decimal": "x"}, None),
        ("to_number", "5", {"decimal": ",", "thousands": ","}, "two different"),
        ("to_integer", D("5.5"), {}, "whole number"),
        ("part", "a", {"separator": "-", "number": 2}, "no part 2"),
        ("email", "a@b", {}, "not an e-mail address"),
        ("phone", "12", {}, "not a phone number"),
        ("parse_date", "31.02.2026", {"format": "dd.MM.yyyy"}, "calendar"),
        ("parse_date", "2026", {"format": "dd.MM.yyyy"}, "not written like"),
        ("format_date", "2026-01-01", {"format": "HH:mm"}, "without a time"),
        ("start_of_month", "2026-01-01T00:00:00Z", {}, "has a time"),
        ("start_of_month", "20260101", {}, "is not a date"),
        ("add_days", "9999-12-31", {"days": 1}, "cannot work with"),
        ("add_years", "2026-01-01", {"years": 9000}, "leaves the calendar"),
        ("from_zone", "2026-01-01T00:00:00Z", {"zone": "UTC"}, "without offset"),
        ("sum_of", LINES, {"path": "x"}, "has no x"),
        ("sum_of", ["a"], {}, "is not a number"),
        ("sum_of", {"a": 1}, {}, "is not a list"),
        ("sort", [{"a": 1}], {}, "no place in an order"),
        ("if", "maybe", {"then": 1}, "neither yes nor no"),
        ("choose", "z", {"choices": {"a": 1}}, "none of a"),
        ("to_boolean", "maybe", {}, "neither yes"),
        ("pad", "a", {"length": 99999999}, "padding"),
        ("replace", "a" * 2000, {"find": "a", "by": "b" * 2000}, "longer than"),
    ],
)
def test_what_functions_refuse(name: str, value: Any, args: dict[str, Any], words: str | None) -> None:
    if words is None:
        assert run(name, value, **args) == value
        return
    with pytest.raises(RecordRejected, match="(?i)" + words) as refused:
        run(name, value, **args)
    assert f"({FUNCTIONS[name].title})" in refused.value.message


# the catalog ---------------------------------------------------------------------------------------------


def test_the_catalog_describes_every_function() -> None:
    cards = library()
    assert {card["name"] for card in cards} == set(FUNCTIONS)
    assert json.loads(json.dumps(cards)) == cards
    for card in cards:
        assert card["title"]
        assert card["help"].endswith((".", ")"))
        for argument in card["args"]:
            assert set(argument) >= {"name", "title", "type", "required", "default", "choices"}


def test_titles_are_unique() -> None:
    titles = [card["title"] for card in library()]
    assert len(set(titles)) == len(titles)
