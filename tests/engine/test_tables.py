"""Decision tables: every hit policy with its errors, types, defaults, and the check of the drawing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.decisions import DecisionTable, Table
from engine.dmn import read_model
from engine.dmnfile import write_table
from engine.errors import DefinitionError, RecordRejected
from engine.grid import check_table
from engine.sheet import read_sheet, write_sheet


def table(policy: str, rows: list[tuple[str, ...]], **more: Any) -> DecisionTable:
    """A table with one number input ``n`` and outputs ``o`` (and ``p``)."""
    outputs = [
        {"id": name, "values": more.pop(f"values_{name}", ""), "default": more.pop(f"default_{name}", "")}
        for name in "op"
    ]
    width = len(rows[0]) - 1 if rows else 1
    document = {
        "title": "Discount", "hit_policy": policy, "inputs": [{"id": "n", "title": "Amount", "type": "number"}],
        "outputs": outputs[:width],
        "rows": more.pop("drawn", None)
        or [{"id": f"row-{at}", "when": [row[0]], "then": list(row[1:])} for at, row in enumerate(rows, 1)],
        **more,
    }  # fmt: skip
    return DecisionTable.model_validate(document)


ROWS = [("> 1", "10"), ("> 2", "30"), ("> 3", "20")]


@pytest.mark.parametrize(
    ("policy", "more", "value", "expected"),
    [
        ("unique", {}, 2, {"o": 10}), ("unique", {}, 1, None), ("unique", {"default_o": "5"}, 1, {"o": 5}),
        ("first", {}, 9, {"o": 10}), ("any", {}, 2, {"o": 10}),
        ("priority", {"values_o": "30, 20, 10"}, 9, {"o": 30}), ("priority", {"values_o": "20, 30, 10"}, 9, {"o": 20}),
        ("rule-order", {}, 9, [{"o": 10}, {"o": 30}, {"o": 20}]), ("rule-order", {}, 0, []),
        ("output-order", {"values_o": "30, 20, 10"}, 9, [{"o": 30}, {"o": 20}, {"o": 10}]),
        ("collect", {}, 3, [{"o": 10}, {"o": 30}]), ("collect", {"aggregate": "list"}, 3, [{"o": 10}, {"o": 30}]),
        ("collect", {"aggregate": "sum"}, 9, {"o": 60}), ("collect", {"aggregate": "min"}, 9, {"o": 10}),
        ("collect", {"aggregate": "max"}, 9, {"o": 30}), ("collect", {"aggregate": "count"}, 9, {"o": 3}),
    ],
)  # fmt: skip
def test_hit_policies(policy: str, more: dict[str, Any], value: int, expected: Any) -> None:
    assert Table(table(policy, ROWS, **more)).decide([value])[0] == expected


def test_unique_and_any_reject_and_name_the_rows() -> None:
    for policy, why in (("unique", "only one may"), ("any", "they say different things")):
        with pytest.raises(RecordRejected, match=why) as refused:
            Table(table(policy, ROWS)).decide([3])
        assert "row-1, row-2" in refused.value.message
        assert refused.value.code == "E-TABLE-HIT"
    same = [("> 1", "10"), ("> 2", "5 * 2")]
    assert Table(table("any", same)).decide([3])[0] == {"o": 10}


def test_priority_looks_at_outputs_from_left_to_right() -> None:
    rows = [("-", '"b"', '"x"'), ("-", '"a"', '"y"'), ("-", '"a"', '"x"')]
    made = Table(table("priority", rows, values_o='"a", "b"', values_p='"x", "y"'))
    assert made.decide([1])[0] == {"o": "a", "p": "x"}


@pytest.mark.parametrize(
    ("cell", "yes", "no"),
    [
        ("-", [0, None], []), ("5", [5, Decimal("5.0")], [4, None]), ("< 5", [4], [5, None]), ("[1..5]", [1, 5], [0, 6]),
        ("(1..5)", [2], [1, 5]), ("]1..5[", [2], [1, 5]), ("1, 3", [1, 3], [2]), ("not(1, 3)", [2], [1, 3]),
        ("null", [None], [0]), ("not(null)", [0], [None]), ("!= 1", [2], [1]), ("-1", [-1], [1]), ("n", [5], []),
    ],
)  # fmt: skip
def test_cells(cell: str, yes: list[Any], no: list[Any]) -> None:
    made = Table(table("unique", [(cell, "true")]))
    assert [made.decide([value])[0] for value in yes] == [{"o": True}] * len(yes)
    assert [made.decide([value])[0] for value in no] == [None] * len(no)


def test_values_of_another_type_or_not_allowed_are_rejected() -> None:
    made = table("unique", [("-", "1")])
    for value in ("5", True, Decimal("NaN"), [1]):
        with pytest.raises(RecordRejected, match="which is no number"):
            Table(made).decide([value])
    narrow = made.model_copy(update={"inputs": [made.inputs[0].model_copy(update={"values": "[0..10]"})]})
    assert Table(narrow).decide([10])[0] == {"o": 1}
    with pytest.raises(RecordRejected, match="does not allow"):
        Table(narrow).decide([11])
    with pytest.raises(RecordRejected, match="not one of its values"):
        Table(table("unique", [("-", "3")], values_o="1, 2")).decide([0])
    with pytest.raises(RecordRejected, match="cannot take the sum"):
        Table(table("collect", [("-", '"a"'), ("-", "1")], aggregate="sum")).decide([0])


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (table("unique", [("DE", "1")]), "E-FEEL-NAME"), (table("unique", [("> ", "1")]), "E-FEEL"),
        (table("unique", [("-", "1 +")]), "E-FEEL"), (table("priority", [("-", "1")]), "E-TABLE-VALUES"),
        (table("unique", [("-", "1")], aggregate="sum"), "E-TABLE-POLICY"),
        (table("unique", [("-", "1")], drawn=[{"id": "r", "when": [], "then": ["1"]}]), "E-TABLE-CELLS"),
        (table("unique", [("-", "1")], drawn=[{"id": "r", "when": ["-"], "then": ["1"]}] * 2), "E-TABLE-TWICE"),
    ],
)  # fmt: skip
def test_check_names_the_fault(document: DecisionTable, code: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        Table(document, "table")
    assert [problem.code for problem in refused.value.problems] == [code]
    assert (refused.value.problems[0].field or "").startswith("table.")


def test_the_static_check_finds_gap_overlap_and_dead_row() -> None:
    report = check_table(
        Table(table("unique", [("< 10", "1"), ("[5..20)", "2"), ("[30..25]", "3"), ("> 20", "4")]))
    )
    assert [(gap.example, gap.row) for gap in report.gaps] == [({"n": 20}, ["20"])]
    assert [overlap.rows for overlap in report.overlaps] == [("row-1", "row-2")]
    assert report.overlaps[0].conflict
    assert report.never == ["row-3"]
    hidden = check_table(Table(table("first", [("<= 10", "1"), ("> 5", "2"), ("7", "3")])))
    assert (hidden.gaps, hidden.never) == ([], ["row-3"])


def test_dmn_and_excel_keep_a_table() -> None:
    before = table(
        "collect", [("< 10", '"a < b & c"'), ('= 10, [20..30]', '"=1+1"')], aggregate=None, values_o='"a < b & c", "=1+1"', default_o='"none"'
    )  # fmt: skip
    assert read_sheet(write_sheet(before), before) == before
    assert read_sheet(write_sheet(before)) == before, "where values come from and go to travels along"
    [read] = read_model(write_table(before)).tables().values()
    assert [(row.when, row.then) for row in read.rows] == [(row.when, row.then) for row in before.rows]
    assert (read.hit_policy, read.aggregate, read.title) == (
        before.hit_policy,
        before.aggregate,
        before.title,
    )
    assert (read.outputs[0].values, read.outputs[0].default) == (
        before.outputs[0].values,
        before.outputs[0].default,
    )
    model = read_model(write_table(before))
    assert model.decide("Discount", {"Amount": Decimal(25)}) == ["=1+1"]


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"not a workbook"])
def test_what_is_no_workbook_is_refused(raw: bytes) -> None:
    with pytest.raises(DefinitionError, match="no Excel workbook"):
        read_sheet(raw)
