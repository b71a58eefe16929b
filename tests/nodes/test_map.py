"""The map node: nested targets, lines, conditions of rows, every reason at once, notes, and its properties."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DefinitionError, Held, RecordRejected
from engine.flow import LookupTable
from engine.node import NodeContext, Outbox, Trace
from engine.record import Record, from_json, records_from_json, to_json
from engine.scope import CONDITIONS
from engine.shape import Entity, Field
from nodes.shape.map import MapNode, MapSettings

TABLES = {
    "ledger": LookupTable(
        title="Ledger accounts",
        columns=["Product", "Ledger account"],
        rows=[["Goods", "4000"], ["Services", "4400"]],
    )
}


def path(text: str, *then: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "path", "path": text, "then": list(then), **more}


def constant(value: Any) -> dict[str, Any]:
    return {"kind": "constant", "value": value}


def call(name: str, **args: Any) -> dict[str, Any]:
    return {"function": name, "args": {key: constant(value) for key, value in args.items()}}


def row(target: str, value: dict[str, Any], when: str = "always") -> dict[str, Any]:
    return {"target": target, "value": value, "when": when}


def node(*rows: dict[str, Any], **more: Any) -> MapNode:
    drawn = MapSettings.model_validate({"rows": list(rows), **more})
    return MapNode(drawn, NodeContext(node="map-1", tables=TABLES))


def through(made: MapNode, data: Any, trace: Trace | None = None, **more: Any) -> Any:
    """The record that leaves, or the error."""
    out = Outbox(trace=trace, run={"started": "2026-11-20T08:00:00Z"})
    made.process([Record("7", data, title="Renewal 14", **more)], out)
    if out.failures:
        assert out.ports == {}
        return out.failures[0][1]
    return out.ports["out"][0]


INVOICE = (
    row("CUSTOMERID", path("$.Account.Name", call("trim"), call("upper"))),
    row("DISPLAYCONTACT.PRINTAS", path("$.Account.Name", call("trim"))),
    row("DISPLAYCONTACT.EMAIL1", path("$.Account.Mail", call("email"), may_be_empty=True), "not_empty"),
    row("CURRENCY", constant("EUR"), "create"),
    {
        "target": "ARINVOICEITEMS.ARINVOICEITEM",
        "lines": "$.Lines[*]",
        "where": {"left": path("$.Amount"), "op": ">", "right": constant(0)},
        "rows": [
            row("AMOUNT", path("$.Amount", call("round"))),
            row("MEMO", path("$parent.Number", call("concat", after=": line"))),
            row("GLACCOUNTNO", path("$.Kind", call("lookup", table="ledger"))),
        ],
    },
)

ORDER = {
    "Number": "O-1",
    "Account": {"Name": " Acme ", "Mail": ""},
    "Lines": [
        {"Amount": Decimal("10.005"), "Kind": "Goods"},
        {"Amount": 0, "Kind": "Nonsense"},
        {"Amount": 3, "Kind": "services"},
    ],
}


def test_a_whole_document() -> None:
    made = through(node(*INVOICE), ORDER)
    assert made.data == {
        "CUSTOMERID": "ACME",
        "DISPLAYCONTACT": {"PRINTAS": "Acme"},
        "CURRENCY": "EUR",
        "ARINVOICEITEMS": {
            "ARINVOICEITEM": [
                {"AMOUNT": Decimal("10.01"), "MEMO": "O-1: line", "GLACCOUNTNO": "4000"},
                {"AMOUNT": Decimal("3.00"), "MEMO": "O-1: line", "GLACCOUNTNO": "4400"},
            ]
        },
    }
    assert made.steps[CONDITIONS] == {"CURRENCY": "create"}
    assert (made.key, made.title) == ("7", "Renewal 14")


def test_keep_adds_to_the_record_without_touching_it() -> None:
    before = {"a": {"x": 1, "y": 2}, "b": 3}
    kept = deepcopy(before)
    made = through(node(row("a.x", constant(9)), row("c", path("$.b")), keep=True), before)
    assert made.data == {"a": {"x": 9, "y": 2}, "b": 3, "c": 3}
    assert before == kept


def test_conditions_of_an_earlier_map_last_as_long_as_their_fields() -> None:
    first = through(node(row("A", constant(1), "create"), row("B", constant(2), "update")), {})
    assert first.steps[CONDITIONS] == {"A": "create", "B": "update"}
    again = through(node(row("A", constant(3)), keep=True), first.data, steps=first.steps)
    assert again.steps[CONDITIONS] == {"B": "update"}
    fresh = through(node(row("B", constant(3))), first.data, steps=first.steps)
    assert fresh.steps[CONDITIONS] == {}


def test_not_empty_leaves_out_null_blank_missing_and_no_lines() -> None:
    made = through(
        node(
            row("A", path("$['null']"), "not-empty"),  # as old drawings spell it
            row("B", path("$.blank"), "not_empty"),
            row("C", path("$.nope.deep"), "not_empty"),
            row("D", path("$.zero"), "not_empty"),
            {"target": "E", "lines": "$.none", "rows": [row("x", path("$.x"))], "when": "not_empty"},
        ),
        {"null": None, "blank": "", "zero": 0},
    )
    assert made.data == {"D": 0}


def test_every_reason_comes_at_once() -> None:
    rows = [row(f"T{number}", path(f"$.F{number}")) for number in range(5)]
    refused = through(node(*rows), {"F0": 1})
    assert isinstance(refused, RecordRejected)
    assert refused.message == (
        "T1: Renewal 14 has no F1; tick «may be empty» or set a default. "
        "T2: Renewal 14 has no F2; tick «may be empty» or set a default. "
        "T3: Renewal 14 has no F3; tick «may be empty» or set a default. And 1 more."
    )
    assert refused.field == "T1"


def test_reasons_inside_lines_name_the_line() -> None:
    order = {**ORDER, "Lines": [{"Amount": 1, "Kind": "Goods"}, {"Amount": "x", "Kind": "Goods"}]}
    made = node({**INVOICE[4], "where": None})
    refused = through(made, order)
    assert refused.field == "ARINVOICEITEMS.ARINVOICEITEM[2].AMOUNT"
    assert "Renewal 14, line 2: «x» is not a number" in refused.message


def test_lines_that_are_no_list_are_refused() -> None:
    refused = through(node({"target": "L", "lines": "$.Lines", "rows": []}), {"Lines": {"a": 1}})
    assert "Lines is not a list" in refused.message
    assert "has no Lines" in through(node({"target": "L", "lines": "$.Lines", "rows": []}), {}).message


def test_a_lookup_without_a_row_holds_the_record_with_its_question() -> None:
    order = {**ORDER, "Lines": [{"Amount": 1, "Kind": "Consulting"}]}
    held = through(node(*INVOICE), order)
    assert isinstance(held, Held)
    assert held.message == "No ledger account for Consulting in the table Ledger accounts."
    assert held.question == {
        "kind": "lookup", "table": "ledger", "key": "Consulting", "column": "Ledger account",
    }  # fmt: skip
    both = through(node(*INVOICE), {**order, "Account": {}})
    assert isinstance(both, RecordRejected)


def test_the_start_of_the_run_is_at_hand() -> None:
    made = through(node(row("DATE", path("$run.started", call("date_in_zone", zone="Europe/Berlin")))), {})
    assert made.data == {"DATE": "2026-11-20"}


def test_notes_tell_how_each_field_came_to_be() -> None:
    trace = Trace()
    through(node(*INVOICE), ORDER, trace)
    notes = trace.notes["map-1", "7"]
    assert notes[0] == {
        "field": "CUSTOMERID",
        "row": 0,
        "steps": [
            {"did": "Account.Name", "value": " Acme "},
            {"did": "trim", "value": "Acme"},
            {"did": "upper", "value": "ACME"},
        ],
    }
    lines = [note for note in notes if "line" in note]
    assert [(note["line"], note["sub"]) for note in lines] == [(1, 0), (1, 1), (1, 2), (3, 0), (3, 1), (3, 2)]
    assert lines[2]["field"] == "ARINVOICEITEMS.ARINVOICEITEM[1].GLACCOUNTNO"
    assert lines[2]["steps"][1]["row"] == 1


def test_a_note_tells_why_a_field_could_not_be_filled() -> None:
    trace = Trace()
    rows = (
        row("A", path("$.nope")),
        row("B", constant(1)),
        row("C", path("$.c", call("trim"), call("round"))),
    )
    through(node(*rows), {"c": " x "}, trace)
    refused, filled, midway = trace.notes["map-1", "7"]
    assert "has no nope" in refused["error"]["message"]
    assert midway["steps"] == [{"did": "c", "value": " x "}, {"did": "trim", "value": "x"}]
    assert "«x» is not a number" in midway["error"]["message"]
    assert filled["steps"] == [{"did": "«1»", "value": 1}]


@pytest.mark.parametrize(
    ("rows", "field", "words"),
    [
        ([row("A", constant(1)), row("A", constant(2))], "rows.1.target", "filled twice"),
        ([row("A", constant(1)), row("A.B", constant(2))], "rows.1.target", "as a whole"),
        ([row("A.B", constant(1)), row("A", constant(2))], "rows.1.target", "as a whole"),
        ([row("", constant(1))], "rows.0.target", "no target"),
        ([row("A..B", constant(1))], "rows.0.target", "no target"),
        ([row("A", path("$.x["))], "rows.0.value.path", "not a path"),
        ([row("A", path("$.x", call("nope")))], "rows.0.value.then.0.function", "no function"),
        ([{"target": "L", "lines": "Lines", "rows": []}], "rows.0.lines", "does not start"),
        (
            [{"target": "L", "lines": "$.L", "rows": [row("a", constant(1), "create")]}],
            "rows.0.rows.0.when",
            "inside a line",
        ),
        (
            [{"target": "L", "lines": "$.L", "rows": [row("a", path("$.x["))]}],
            "rows.0.rows.0.value.path",
            "not a path",
        ),
        (
            [
                {
                    "target": "L",
                    "lines": "$.L",
                    "rows": [],
                    "where": {"left": path("$.a"), "op": "nope", "right": None},
                }
            ],
            "rows.0.where.op",
            "no comparison",
        ),
    ],
)
def test_a_drawing_is_told_what_is_wrong(rows: list[dict[str, Any]], field: str, words: str) -> None:
    made = node(*rows)
    (problem,) = made.check()
    assert problem.field == field
    assert words in problem.message
    assert problem.cure
    with pytest.raises(DefinitionError):
        made.process([Record("1", {})], Outbox())


def test_the_card_says_what_it_does_and_which_fields_leave() -> None:
    made = node(*INVOICE, entity="ARINVOICE")
    assert made.summary() == "7 fields → ARINVOICE"
    shape = made.infer({"in": None})["out"]
    assert shape is not None
    assert [field.name for field in shape.fields] == [
        "CUSTOMERID",
        "DISPLAYCONTACT",
        "CURRENCY",
        "ARINVOICEITEMS",
    ]
    lines = shape.fields[3].fields[0]
    assert (lines.type, [(field.name, field.type) for field in lines.fields]) == (
        "lines",
        [("AMOUNT", "number"), ("MEMO", "text"), ("GLACCOUNTNO", "any")],
    )
    before = Entity(name="Order", fields=(Field(name="Number"), Field(name="X", type="date")))
    kept = node(row("X", constant(1)), keep=True).infer({"in": before})["out"]
    assert kept is not None
    assert [(field.name, field.type) for field in kept.fields] == [("Number", "text"), ("X", "integer")]
    assert node(row("X", constant(1)), keep=True).infer({"in": None})["out"] is None


def test_lists_are_multiplied_once_and_not_again() -> None:
    """Lines within lines cost what they are; every list times every list of the record has no end."""

    def lists(*paths: str) -> dict[str, Any]:
        inner = [lists(*paths[1:])] if len(paths) > 1 else [row("n", path("$.n"))]
        return {"target": "L", "lines": paths[0], "rows": inner}

    order = {"Lines": [{"n": 1, "Parts": [{"n": 3}]}, {"n": 2, "Parts": []}]}
    made = through(node(lists("$.Lines", "$parent.Lines", "$.Parts")), order)
    assert made.data == {"L": [{"L": [{"L": [{"n": 3}]}, {"L": []}]}] * 2}
    (problem,) = node(lists("$.Lines", "$parent.Lines", "$parent.$parent.Lines")).check()
    assert (problem.code, problem.field) == ("E-CROSS", "rows.0.rows.0.rows.0.lines")


# properties ----------------------------------------------------------------------------------------------

scalars = (
    st.none() | st.booleans() | st.integers() | st.decimals(-(10**9), 10**9, places=3) | st.text(max_size=6)
)
names = st.sampled_from(["a", "b", "c", "Lines", "Kind"])
data = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
sources = st.sampled_from(
    [
        "$.a",
        "$.b",
        "$.a.b",
        "$.Lines[*].a",
        "$.Lines[0]",
        "$",
        "$parent.a",
        "$key",
        "$title",
        "$..b",
        "$.Kind",
    ]
)
chains = st.lists(
    st.sampled_from(
        [call("trim"), call("round"), call("lookup", table="ledger"), call("add", number="1.10"), call("count"),
         call("default_if_empty", default="x"), call("sum_of"), call("is_empty"), call("to_boolean"),
         call("parse_date"), call("lookup", table="ledger", missing="empty")]
    ),
    max_size=2,
)  # fmt: skip
values = st.one_of(
    st.builds(
        lambda text, then, may, default: {
            "kind": "path", "path": text, "then": then, "may_be_empty": may, "default": default,
        },
        sources, chains, st.booleans(), st.none() | scalars.map(constant),
    ),
    st.builds(lambda value, then: {"kind": "constant", "value": value, "then": then}, scalars, chains),
)  # fmt: skip
whens = st.sampled_from(["always", "create", "update", "not_empty"])


@st.composite
def mappings(draw: st.DrawFn) -> dict[str, Any]:
    targets = draw(st.lists(st.sampled_from(["A", "B", "C.D", "C.E.F", "G"]), unique=True, max_size=4))
    rows: list[dict[str, Any]] = [row(target, draw(values), draw(whens)) for target in targets]
    if draw(st.booleans()):
        inside = st.sampled_from(["always", "not_empty"])
        sub = [row(target, draw(values), draw(inside)) for target in ("x", "y.z")[: draw(st.integers(0, 2))]]
        rows.append(
            {"target": "L", "lines": draw(st.sampled_from(["$.Lines", "$.Lines[*]", "$.a"])), "rows": sub}
        )
    return {"rows": rows, "keep": draw(st.booleans())}


@settings(max_examples=500, deadline=None)
@given(drawn=mappings(), records=st.lists(data, min_size=1, max_size=3))
def test_map_is_pure_and_total_and_survives_reopening(drawn: dict[str, Any], records: list[Any]) -> None:
    document = MapSettings.model_validate(drawn)
    made = MapNode(document, NodeContext(node="m", tables=TABLES))
    if made.check() and made.problems:
        with pytest.raises(DefinitionError):
            made.process([], Outbox())
        return
    arriving = [Record(str(at), one, at) for at, one in enumerate(records)]
    before = deepcopy(arriving)
    first, traced = Outbox(), Outbox(trace=Trace())
    made.process(arriving, first)
    assert arriving == before
    leaving = first.ports.get("out", [])
    assert sorted(
        [record.root for record in leaving] + [record.root for record, _ in first.failures]
    ) == list(range(len(records)))
    assert all(isinstance(error, RecordRejected | Held) for _, error in first.failures)
    made.process(arriving, traced)
    assert repr(traced.ports) == repr(first.ports)

    reopened = MapSettings.model_validate(from_json(to_json(document.model_dump(mode="python"))))
    assert reopened == document
    again = Outbox()
    MapNode(reopened, NodeContext(node="m", tables=TABLES)).process(arriving, again)
    assert repr(again.ports) == repr(first.ports)
    assert records_from_json(to_json(leaving)) == leaving
