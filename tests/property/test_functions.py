"""Every function of every value: pure and total, exact, and by the stated rule when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Held, RecordRejected
from engine.expression import compile_value
from engine.functions import FUNCTIONS
from engine.functions.signature import Argument
from engine.record import Record, from_json, to_json
from engine.scope import Scope
from tests.engine.test_functions import TABLES, VALUE, run

D = Decimal

# any value at all ----------------------------------------------------------------------------------------

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["2026-11-20", "2026-03-29T01:00:00Z", "9999-12-31", "0001-01-01T00:00:00+14:00", "1.5", "-0"]
    )
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def arguments_of(argument: Argument) -> st.SearchStrategy[Any]:
    if argument.choices:
        return st.sampled_from(argument.choices).map(lambda value: {"kind": "constant", "value": value})
    fixed = {
        "table": st.just("t"),
        "column": st.just("Value"),
        "path": st.sampled_from(["$", "a", "$.a"]),
        "pairs": st.just({"a": 1, "b": ""}),
        "zone": st.sampled_from(["Europe/Berlin", "America/St_Johns", "UTC"]),
    }.get(argument.kind.widget or "")
    if argument.name == "format":
        fixed = st.sampled_from(["yyyy-MM-dd", "dd.MM.yy HH:mm", "MMMM d"])
    if fixed is not None:
        return fixed.map(lambda value: {"kind": "constant", "value": value})
    return anything.map(
        lambda value: {
            "kind": "path",
            "path": "$.arg",
            "may_be_empty": True,
            "default": {"kind": "constant", "value": value},
        }
    )


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    function = FUNCTIONS[draw(st.sampled_from(sorted(FUNCTIONS)))]
    args = {
        argument.name: draw(arguments_of(argument))
        for argument in function.arguments
        if argument.required or draw(st.booleans())
    }
    if function.name == "convert":
        args["table"] = {"kind": "constant", "value": "r"}
    return {"function": function.name, "args": args}


@settings(max_examples=1500, deadline=None)
@given(call=calls(), value=anything)
def test_every_function_is_pure_and_total(call: dict[str, Any], value: Any) -> None:
    document = VALUE.validate_python({"kind": "path", "path": "$.v", "may_be_empty": True, "then": [call]})
    compiled = compile_value(document, TABLES)
    scope = Scope(Record("1", {"v": value}))
    before = repr(value)
    try:
        first = compiled.get(scope)
    except (RecordRejected, Held):
        first = None
    else:
        assert repr(compiled.get(scope)) == repr(first)
        assert repr(compiled.explain(scope)[0]) == repr(first)
    assert repr(value) == before


numbers = st.decimals(min_value=-(10**15), max_value=10**15, places=4)


@settings(max_examples=200, deadline=None)
@given(values=st.lists(numbers, max_size=20))
def test_sums_are_exact(values: list[Decimal]) -> None:
    assert Fraction(run("sum_of", values)) == sum(map(Fraction, values))


@settings(max_examples=200, deadline=None)
@given(left=numbers, right=numbers)
def test_adding_and_subtracting_are_inverse(left: Decimal, right: Decimal) -> None:
    assert run("subtract", run("add", left, number=right), number=right) == left
    product = run("multiply", left, by=right)
    assert Fraction(product) == Fraction(left) * Fraction(right)
    assert from_json(to_json(product)) == product


@settings(max_examples=200, deadline=None)
@given(value=numbers, decimal=st.sampled_from(".,"), thousands=st.sampled_from(["", " ", "'"]))
def test_a_formatted_number_reads_back(value: Decimal, decimal: str, thousands: str) -> None:
    text = run("format_number", value, digits=4, decimal=decimal, thousands=thousands)
    assert run("to_number", text, decimal=decimal, thousands=thousands) == value


# clock changes -------------------------------------------------------------------------------------------

zones = st.sampled_from(
    ["Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "Australia/Lord_Howe",
     "Africa/Casablanca", "Asia/Kolkata", "Pacific/Apia", "UTC"]
)  # fmt: skip
moments = (
    st.integers(0, 1_577_836_800)
    .map(lambda seconds: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
    .map(lambda at: at.replace(tzinfo=None))
)


@st.composite
def near_a_change(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and a wall-clock time, mostly within hours of a change of its clocks."""
    name = draw(zones)
    zone = ZoneInfo(name)
    at = draw(moments).replace(tzinfo=UTC)
    offset = at.astimezone(zone).utcoffset()
    for days in range(200):
        later = at + timedelta(days=days)
        if later.astimezone(zone).utcoffset() != offset:
            at = later - timedelta(minutes=draw(st.integers(0, 2 * 24 * 60)))
            break
    return name, at.astimezone(zone).replace(tzinfo=None, fold=0)


@settings(max_examples=400, deadline=None)
@given(case=near_a_change(), overlap=st.sampled_from(["earlier", "later"]))
def test_wall_clock_times_follow_the_stated_rule(case: tuple[str, datetime], overlap: str) -> None:
    name, local = case
    zone = ZoneInfo(name)
    answer = datetime.fromisoformat(run("from_zone", local.isoformat(), zone=name, overlap=overlap))
    candidates = {
        at
        for at in (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if at.astimezone(zone).replace(tzinfo=None, fold=0) == local
    }
    if candidates:
        assert answer == (min(candidates) if overlap == "earlier" else max(candidates))
        assert run(
            "format_date",
            run("from_zone", local.isoformat(), zone=name),
            format="yyyy-MM-dd HH:mm:ss",
            zone=name,
        ) == str(local)
    else:
        before, after = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
        assert before is not None
        assert after is not None
        assert answer.astimezone(zone).replace(tzinfo=None, fold=0) == local + (after - before)


@settings(max_examples=200, deadline=None)
@given(at=moments, name=zones)
def test_the_date_in_a_zone_is_that_of_its_wall_clock(at: datetime, name: str) -> None:
    stamp = f"{at.isoformat()}Z"
    wall = at.replace(tzinfo=UTC).astimezone(ZoneInfo(name))
    assert run("date_in_zone", stamp, zone=name) == wall.date().isoformat()
    assert datetime.fromisoformat(run("to_zone", stamp, zone=name)) == wall
