"""A mapping run quickly is the mapping read plainly: same values to the last digit, same types, same refusals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.errors import DefinitionError
from engine.flow import LookupTable
from engine.functions import FUNCTIONS, Argument
from engine.node import NodeContext, Outbox
from engine.record import Record, to_json
from nodes.shape.map import MapNode, MapSettings

TABLES = {
    "ledger": LookupTable(
        columns=["Product", "Account", "Rate"],
        rows=[["A", "4000", "0.19"], ["b ", "4100", None], ["C", "", "7"], ["A", "9", "9"], ["D"]],
    )
}
TEXTS = st.sampled_from(
    ["", " ", "A", "a", "b", "B", "C", "D", "x y", "12", "12.50", "-3", "1,5", "1.234,50", "0019", "yes", "Ä ß",
     "2026-11-20", "2026-11-20T23:05:01Z", "2026-11-20T23:05:01+02:00", "2026-W01-1T00:00:00Z", "2026-02-30T00:00:00Z",
     "20.11.2026", "1e5", "9" * 70]
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.integers(-(10**20), 10**20),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=9),
    st.sampled_from([Decimal("1E+59"), Decimal("1E+61"), Decimal("0E-70"), Decimal("2.5"), Decimal("-0.005"), Decimal("1.10")]),
)  # fmt: skip
PLAIN = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none())
ANY = st.one_of(
    PLAIN, st.lists(PLAIN, max_size=3), st.dictionaries(st.sampled_from(["a", "b"]), PLAIN, max_size=2)
)
NAMES = st.sampled_from(["a", "b", "c", "odd name"])
LINES = st.lists(st.one_of(st.dictionaries(NAMES, PLAIN, max_size=4), PLAIN), max_size=3)
DATA = st.one_of(
    st.fixed_dictionaries(
        {}, optional={"a": ANY, "b": PLAIN, "c": st.dictionaries(NAMES, PLAIN, max_size=3), "l": st.one_of(LINES, PLAIN)}
    ),
    ANY,
)  # fmt: skip
PATHS = st.sampled_from(
    ["$.a", "$.b", "$.c.a", "$.c['odd name']", "$", "$.l", "$.l[*].a", "$.l[0].a", "$.a.a", "$parent.a", "$parent.c.a",
     "$parent.$parent.b", "$steps.read.a", "$steps.x", "$key", "$title", "$run.started", "$.l[*]"]
)  # fmt: skip


def constant(value: Any) -> dict[str, Any]:
    return {"kind": "constant", "value": value}


def argument(one: Argument, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    kind = one.kind
    if one.choices:
        return st.sampled_from(one.choices).map(constant)
    if kind.widget == "table":
        return st.just(constant("ledger"))
    if kind.widget == "column":
        return st.sampled_from(["", "Account", "Rate"]).map(constant)
    if kind.widget == "zone":
        return st.sampled_from(["UTC", "Europe/Berlin"]).map(constant)
    if kind.widget == "path":
        return st.sampled_from(["$", "$.a"]).map(constant)
    if kind.widget == "pairs":
        return st.dictionaries(TEXTS, PLAIN, min_size=1, max_size=3).map(constant)
    if one.name == "format":
        return st.sampled_from(["dd.MM.yyyy", "yyyy", "d.M.yy HH:mm", "MMM yyyy", "'%'dd%MM", "q"]).map(
            constant
        )
    fixed = {
        "integer": st.integers(-3, 12),
        "number": NUMBERS,
        "money": NUMBERS,
        "boolean": st.booleans(),
        "lines": st.lists(PLAIN, max_size=2),
        "date": st.just("2026-03-01"),
    }.get(kind.type, TEXTS)
    return st.one_of(fixed.map(constant), values) if not kind.constant else fixed.map(constant)


def call(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def with_arguments(name: str) -> st.SearchStrategy[Any]:
        required = {one.name: argument(one, values) for one in FUNCTIONS[name].arguments if one.required}
        optional = {one.name: argument(one, values) for one in FUNCTIONS[name].arguments if not one.required}
        args = st.fixed_dictionaries(required, optional=optional)
        return args.map(lambda args: {"function": name, "args": args})

    hot = [
        "round",
        "multiply",
        "add",
        "subtract",
        "lookup",
        "choose",
        "join_with",
        "format_date",
        "to_number",
        "lower",
    ]
    return st.one_of(st.sampled_from(hot), st.sampled_from(sorted(FUNCTIONS))).flatmap(with_arguments)


def extended(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    then = st.lists(call(values), max_size=3)
    path = st.fixed_dictionaries(
        {"kind": st.just("path"), "path": PATHS, "then": then},
        optional={"may_be_empty": st.booleans(), "default": values},
    )
    fixed = st.fixed_dictionaries({"kind": st.just("constant"), "value": ANY, "then": then})
    return st.one_of(path, fixed)


VALUES = st.recursive(
    st.one_of(PATHS.map(lambda path: {"kind": "path", "path": path}), PLAIN.map(constant)),
    extended,
    max_leaves=5,
)
WHEN = st.sampled_from(["always", "always", "not_empty"])
FIELD = st.fixed_dictionaries({"value": VALUES, "when": WHEN})
WHERE = st.fixed_dictionaries(
    {"left": st.just({"kind": "path", "path": "$.a"}), "op": st.sampled_from(["is", "not_empty", ">"]), "right": st.just(constant(1))}
)  # fmt: skip


def lines(rows: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {
            "lines": st.sampled_from(["$.l", "$.l[*]", "$.a", "$.l[0:1]", "$parent.l"]),
            "when": WHEN,
            "rows": rows,
        },
        optional={"where": WHERE},
    )


def named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Targets that do not meet, some of them nested."""
    return [{**row, "target": f"t{at}" if at % 3 else f"n.t{at}"} for at, row in enumerate(rows)]


ROWS = st.lists(
    st.one_of(FIELD, FIELD, lines(st.lists(st.one_of(FIELD, lines(st.lists(FIELD, max_size=2).map(named))), max_size=3).map(named))),
    min_size=1, max_size=4,
).map(named)  # fmt: skip


def plainly(node: MapNode, records: list[Record], out: Outbox) -> None:
    for record in records:
        if (made := node._plainly(record, out)) is not None:
            out.send(made)


def told(out: Outbox) -> Any:
    """Everything that a mapping leaves behind, types and digits included."""
    return (
        [(record.key, repr(record.data), record.steps) for record in out.ports.get("out", [])],
        [(record.key, error.as_json()) for record, error in out.failures],
    )


@settings(max_examples=400)
@given(rows=ROWS, datas=st.lists(DATA, min_size=1, max_size=4), keep=st.booleans())
def test_quick_is_plain(rows: list[dict[str, Any]], datas: list[Any], keep: bool) -> None:
    node = MapNode(
        MapSettings.model_validate({"rows": rows, "keep": keep}), NodeContext(node="map", tables=TABLES)
    )
    records = [
        Record(
            f"K{at}", data, at, title="" if at % 2 else f"Title {at}", steps={"read": {"a": at, "b": None}}
        )
        for at, data in enumerate(datas)
    ]
    before = to_json([record.data for record in records])
    run = {"started": "2026-11-20T10:00:00Z"}
    quick, plain = Outbox(run=run), Outbox(run=run)
    try:
        node.process(records, quick)
    except DefinitionError:
        assume(False)
    plainly(node, records, plain)
    assert told(quick) == told(plain)
    assert to_json([record.data for record in records]) == before, "a record was changed in place"


def test_what_nearly_every_record_needs_is_done_quickly() -> None:
    rows = [
        {"target": "net", "value": {"kind": "path", "path": "$.amount", "then": [
            {"function": "multiply", "args": {"by": {"kind": "path", "path": "$.c.rate"}}}, {"function": "round"}]}},
        {"target": "account", "value": {"kind": "path", "path": "$.product", "then": [
            {"function": "lookup", "args": {"table": constant("ledger")}}]}},
        {"target": "items", "lines": "$.l[*]", "rows": [
            {"target": "n", "value": {"kind": "path", "path": "$.n", "may_be_empty": True}},
            {"target": "of", "value": {"kind": "path", "path": "$parent.product"}}]},
    ]  # fmt: skip
    node = MapNode(MapSettings.model_validate({"rows": rows}), NodeContext(node="map", tables=TABLES))
    data = {"amount": Decimal("10.005"), "c": {"rate": 3}, "product": "A", "l": [{"n": 1}, {}]}
    assert node._make(Record("k", data), None) == {
        "net": Decimal("30.02"),
        "account": "4000",
        "items": [{"n": 1, "of": "A"}, {"n": None, "of": "A"}],
    }
