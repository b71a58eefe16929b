"""Values: where they come from, what empty means, how they explain themselves, what a drawing gets told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from engine.errors import DefinitionError, Held, RecordRejected
from engine.expression import Value, check_value, compile_value
from engine.flow import LookupTable
from engine.record import Record
from engine.scope import PARENTS, Scope

VALUE: TypeAdapter[Any] = TypeAdapter(Value)
TABLES = {
    "ledger": LookupTable(
        title="Ledger accounts",
        columns=["Product", "Ledger account", "GLDEPT"],
        rows=[["Goods", "4000", "10"], ["goods", "4001", None], [" Hosting ", "4400", ""]],
    )
}
RECORD = Record(
    "7",
    {
        "Account": {"Name": " Acme "},
        "Nothing": None,
        "Blank": "",
        "Zero": 0,
        "No": False,
        "Empty": [],
        "Kind": "Consulting",
        "Lines": [{"Amount": Decimal("1.10")}, {"Amount": 2}],
    },
    title="Renewal 14",
    steps={"read-1": {"Id": "x"}, PARENTS: [{"Number": "P"}, {"Number": "G"}]},
)
SCOPE = Scope(RECORD, run={"started": "2026-11-20T00:00:00Z"})


def path(text: str, *then: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "path", "path": text, "then": list(then), **more}


def call(name: str, **args: Any) -> dict[str, Any]:
    made = {
        key: arg if isinstance(arg, dict) and "kind" in arg else constant(arg) for key, arg in args.items()
    }
    return {"function": name, "args": made}


def constant(value: Any, *then: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "constant", "value": value, "then": list(then)}


def evaluate(document: dict[str, Any], scope: Scope = SCOPE) -> Any:
    return compile_value(VALUE.validate_python(document), TABLES)(scope)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$.Account.Name", " Acme "),
        ("$['Account']['Name']", " Acme "),
        ("$.Lines[*].Amount", [Decimal("1.10"), 2]),
        ("$.Lines[1].Amount", 2),
        ("$.Zero", 0),
        ("$.No", False),
        ("$.Empty", []),
        ("$.Empty[*].Amount", []),
        ("$steps.read-1.Id", "x"),
        ("$key", "7"),
        ("$title", "Renewal 14"),
        ("$run.started", "2026-11-20T00:00:00Z"),
        ("$parent.Number", "P"),
        ("$parent.$parent.Number", "G"),
    ],
)
def test_a_path_leads_to_its_value(text: str, expected: Any) -> None:
    assert evaluate(path(text)) == expected


def test_inside_a_line_parent_is_what_is_around_it() -> None:
    line = SCOPE.inside(RECORD.data["Lines"][0], 1)
    assert evaluate(path("$.Amount"), line) == Decimal("1.10")
    assert evaluate(path("$parent.Kind"), line) == "Consulting"
    assert evaluate(path("$parent.$parent.Number"), line) == "P"
    with pytest.raises(RecordRejected, match=r"Renewal 14, line 1 has no Price"):
        evaluate(path("$.Price"), line)


@pytest.mark.parametrize(
    "text", ["$.Nope", "$.Account.Nope", "$.Nothing", "$.Blank", "$.Nope[*].x", "$.Nothing[*].x"]
)
def test_empty_rejects_unless_it_may_be_empty(text: str) -> None:
    with pytest.raises(RecordRejected, match="tick «may be empty» or set a default") as refused:
        evaluate(path(text))
    assert "Renewal 14" in refused.value.message
    assert refused.value.cure
    assert evaluate(path(text, default=constant("x"))) == "x"
    assert evaluate(path(text, may_be_empty=True)) in (None, "")


def test_may_be_empty_keeps_blank_blank_and_makes_the_rest_null() -> None:
    assert evaluate(path("$.Blank", may_be_empty=True)) == ""
    assert evaluate(path("$.Nothing", may_be_empty=True)) is None
    assert evaluate(path("$.Nope", may_be_empty=True)) is None


def test_empty_passes_functions_unchanged_except_those_made_for_it() -> None:
    assert evaluate(path("$.Nope", call("upper"), call("round"), may_be_empty=True)) is None
    assert evaluate(path("$.Nope", call("count"), may_be_empty=True)) == 0
    assert evaluate(path("$.Nope", call("default_if_empty", default="d"), may_be_empty=True)) == "d"


def test_constants_are_exact() -> None:
    assert evaluate(constant(0.1)) == Decimal("0.1")
    assert evaluate(constant({"a": [1.5]})) == {"a": [Decimal("1.5")]}
    assert evaluate(constant("0.1", call("add", number=0.2))) == Decimal("0.3")


def test_an_argument_can_come_from_the_record() -> None:
    assert evaluate(path("$.Kind", call("concat", after=path("$key")))) == "Consulting7"
    assert evaluate(path("$.Kind", call("concat", after=path("$.Nope", may_be_empty=True)))) == "Consulting"


def test_a_branch_not_taken_cannot_fail() -> None:
    chosen = call("if", then=constant("yes"), otherwise=path("$.Nope"))
    assert evaluate(path("$.Kind", call("equals", to="Consulting"), chosen)) == "yes"
    with pytest.raises(RecordRejected, match="Nope"):
        evaluate(path("$.Kind", call("equals", to="Goods"), chosen))


def test_a_bad_value_names_record_value_and_function() -> None:
    with pytest.raises(RecordRejected) as refused:
        evaluate(path("$.Kind", call("round")))
    assert refused.value.message.startswith("Renewal 14: «Consulting» is not a number")
    assert "(Round)" in refused.value.message


def ledger(column: str = "Ledger account", **more: Any) -> dict[str, Any]:
    return call("lookup", table="ledger", column=column, **more)


@pytest.mark.parametrize(
    ("key", "found"), [("Goods", "4000"), ("goods", "4001"), ("GOODS ", "4000"), ("hosting", "4400")]
)
def test_lookup_finds_the_exact_key_before_a_loose_one(key: str, found: str) -> None:
    assert evaluate(constant(key, ledger())) == found


def test_a_lookup_without_a_row_asks_as_an_accountant_reads() -> None:
    with pytest.raises(Held) as held:
        evaluate(path("$.Kind", ledger()))
    assert held.value.message == "No ledger account for Consulting in the table Ledger accounts."
    assert held.value.question == {
        "kind": "lookup",
        "table": "ledger",
        "key": "Consulting",
        "column": "Ledger account",
    }


@pytest.mark.parametrize("key", ["goods", "Hosting"])
def test_an_empty_cell_is_no_row(key: str) -> None:
    with pytest.raises(Held, match="No GLDEPT for"):
        evaluate(constant(key, ledger("GLDEPT")))


def test_a_lookup_can_reject_leave_empty_or_fall_back() -> None:
    with pytest.raises(RecordRejected, match="No ledger account for Consulting"):
        evaluate(path("$.Kind", ledger(missing="error")))
    assert evaluate(path("$.Kind", ledger(missing="empty"))) is None
    assert evaluate(path("$.Kind", ledger(default="9999"))) == "9999"


def test_a_value_explains_itself() -> None:
    document = path("$.Account.Name", call("trim"), call("upper"), call("concat", after="!"))
    value, steps = compile_value(VALUE.validate_python(document)).explain(SCOPE)
    assert value == "ACME!"
    assert steps == [
        {"did": "Account.Name", "value": " Acme "},
        {"did": "trim", "value": "Acme"},
        {"did": "upper", "value": "ACME"},
        {"did": "concat", "value": "ACME!", "with": {"after": "!", "before": ""}},
    ]


def test_an_explanation_shows_the_default_and_the_row() -> None:
    document = path("$.Nope", ledger(), default=constant("Goods"))
    value, steps = compile_value(VALUE.validate_python(document), TABLES).explain(SCOPE)
    assert value == "4000"
    assert steps[:2] == [{"did": "Nope", "value": None}, {"did": "default", "value": "Goods"}]
    assert (steps[2]["table"], steps[2]["row"]) == ("Ledger accounts", 1)


@pytest.mark.parametrize(
    ("document", "code", "field", "words"),
    [
        (path("$.a["), "E-PATH", "path", "not a path"),
        (path("Account"), "E-PATH", "path", "does not start with"),
        (path("$step.x"), "E-PATH", "path", "unknown"),
        (path("$key.x"), "E-PATH", "path", "one text"),
        (path("$.a", call("uper")), "E-FUNCTION", "then.0.function", "no function uper"),
        (path("$.a", call("upper", x=1)), "E-ARGUMENT", "then.0.args.x", "no argument x"),
        (path("$.a", call("replace")), "E-ARGUMENT", "then.0.args.find", "lacks find"),
        (path("$.a", call("round", digits="two")), "E-ARGUMENT", "then.0.args.digits", "not a number"),
        (path("$.a", call("round", mode="odd")), "E-ARGUMENT", "then.0.args.mode", "none of"),
        (path("$.a", call("lookup", table="nope")), "E-ARGUMENT", "then.0.args.table", "no lookup table"),
        (path("$.a", call("lookup", table=path("$.t"))), "E-ARGUMENT", "then.0.args.table", "must be fixed"),
        (
            path("$.a", call("lookup", table="ledger", column="Nope")),
            "E-ARGUMENT",
            "then.0",
            "no column Nope",
        ),
        (path("$.a", call("pick", path="$.x[")), "E-ARGUMENT", "then.0.args.path", "not a path"),
        (path("$.a", call("split"), call("upper")), "E-ARGUMENT", "then.1", "cannot take"),
        (path("$.a", call("format_date", format="YYYY-mm")), "E-ARGUMENT", "then.0", "date pattern"),
        (path("$.a", call("to_zone", zone="Mars/Base")), "E-ARGUMENT", "then.0.args.zone", "time zone"),
        (path("$.a", default=path("$.b[")), "E-PATH", "default.path", "not a path"),
    ],
)
def test_a_drawing_is_told_what_is_wrong_and_where(
    document: dict[str, Any], code: str, field: str, words: str
) -> None:
    value = VALUE.validate_python(document)
    problems = check_value(value, TABLES, "rows.0.value")
    assert [(problem.code, problem.field) for problem in problems] == [(code, f"rows.0.value.{field}")]
    assert words in problems[0].message
    assert problems[0].cure
    with pytest.raises(DefinitionError):
        compile_value(value, TABLES)


def test_all_problems_of_a_value_come_together() -> None:
    document = path("$.a[", call("uper"), call("replace", nope=1))
    assert len(check_value(VALUE.validate_python(document))) == 4
