"""Decision tables: the index equals the plain reading, and the static check tells the truth."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decisions import DecisionTable, Table
from engine.errors import RecordRejected
from engine.feel import parse_tests
from engine.grid import check_table
from engine.meaning import fulfils

TYPES = ["text", "number", "integer", "money", "boolean", "date"]
TEXTS = ["DE", "AT", "", "other", 'a"b', "ü"]
DAYS = [date(2026, 1, 1) + timedelta(days=days) for days in (0, 1, 2, 30)]


def literal(rng: Random, kind: str) -> str:
    if kind == "text":
        return '"' + rng.choice(TEXTS).replace('"', '\\"') + '"'
    if kind == "boolean":
        return rng.choice(["true", "false"])
    if kind == "date":
        return f'date("{rng.choice(DAYS)}")'
    return str(
        rng.choice([0, 1, 2, 3, 10, -1] if kind == "integer" else ["0", "1", "1.5", "2", "-3", "100.01"])
    )


def cell(rng: Random, kind: str) -> str:
    chance = rng.random()
    if chance < 0.35:
        return "-"
    if chance < 0.4:
        return rng.choice(["null", "not(null)"])
    if kind in ("text", "boolean") or chance < 0.6:
        listed = ", ".join(literal(rng, kind) for _ in range(rng.randrange(1, 4)))
        return f"not({listed})" if rng.random() < 0.3 else listed
    if chance < 0.8:
        return f"{rng.choice(['<', '<=', '>', '>=', '!=', '='])} {literal(rng, kind)}"
    opening, closing = rng.choice("[(]"), rng.choice("])[")
    interval = f"{opening}{literal(rng, kind)}..{literal(rng, kind)}{closing}"
    return f"not({interval})" if rng.random() < 0.2 else interval


def value(rng: Random, kind: str) -> Any:
    if kind == "text":
        return rng.choice([*TEXTS, "zz", "D", "DE2"])
    if kind == "boolean":
        return rng.choice([True, False])
    if kind == "date":
        return (DAYS[0] + timedelta(days=rng.randrange(-3, 40))).isoformat()
    if kind == "integer":
        return rng.randrange(-5, 15)
    return rng.choice([Decimal(rng.randrange(-500, 12_000)) / 100, rng.randrange(-5, 120)])


def generated(rng: Random, policy: str = "collect", rows: int | None = None) -> DecisionTable:
    kinds = [rng.choice(TYPES) for _ in range(rng.randrange(1, 4))]
    allowed = {"text": '"DE", "AT", "other", ""', "integer": "[0..10]"}
    inputs = [
        {"id": f"i{n}", "type": kind, "values": allowed.get(kind, "") if rng.random() < 0.2 else ""}
        for n, kind in enumerate(kinds)
    ]
    count = rng.randrange(0, 8) if rows is None else rows
    drawn = [
        {"id": f"r{n}", "when": [cell(rng, kind) for kind in kinds], "then": [str(n)]} for n in range(count)
    ]
    document = {"title": "t", "hit_policy": policy, "inputs": inputs, "outputs": [{"id": "o"}], "rows": drawn}
    return DecisionTable.model_validate(document)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_the_index_finds_the_rows_that_the_cells_describe(seed: int) -> None:
    rng = Random(seed)
    table = Table(generated(rng))
    for _ in range(20):
        given_values = [value(rng, one.type) if rng.random() < 0.9 else None for one in table.document.inputs]
        try:
            values = table.values(given_values)
        except RecordRejected:
            continue
        assert table.matching(values, {}) == table.matching_plainly(values, {}), (seed, given_values)


def test_a_table_of_a_thousand_rows_is_judged_the_same() -> None:
    rng = Random(5)
    table = Table(generated(rng, rows=1000))
    for _ in range(40):
        values = table.values([value(rng, one.type) for one in table.document.inputs])
        assert table.matching(values, {}) == table.matching_plainly(values, {})


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9))
def test_every_reported_gap_is_one_and_its_row_closes_it(seed: int) -> None:
    rng = Random(seed)
    table = Table(generated(rng))
    report = check_table(table)
    assert report.complete
    for gap in report.gaps:
        values = table.values([_sent(gap.example[one.id]) for one in table.document.inputs])
        assert table.matching_plainly(values, {}) == [], (seed, gap)
        for text, one in zip(gap.row, values, strict=True):
            assert fulfils(one, parse_tests(text), {}) is True, (seed, gap)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9))
def test_what_lies_in_no_reported_gap_matches_a_row(seed: int) -> None:
    rng = Random(seed)
    table = Table(generated(rng))
    report = check_table(table)
    rows = [[parse_tests(text) for text in gap.row] for gap in report.gaps]
    for _ in range(25):
        try:
            values = table.values([value(rng, one.type) for one in table.document.inputs])
        except RecordRejected:
            continue
        covered = any(
            all(fulfils(v, tests, {}) is True for v, tests in zip(values, row, strict=True)) for row in rows
        )
        assert bool(table.matching_plainly(values, {})) is not covered, (seed, values)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9))
def test_overlaps_and_dead_rows_are_what_the_report_says(seed: int) -> None:
    rng = Random(seed)
    table = Table(generated(rng, rng.choice(["unique", "first"])))
    report = check_table(table)
    ids = [row.id for row in table.document.rows]
    pairs = set()
    for overlap in report.overlaps:
        values = table.values([_sent(overlap.example[one.id]) for one in table.document.inputs])
        found = {ids[index] for index in table.matching_plainly(values, {})}
        assert set(overlap.rows) <= found, (seed, overlap)
        pairs.add(overlap.rows)
    for _ in range(25):
        try:
            values = table.values([value(rng, one.type) for one in table.document.inputs])
        except RecordRejected:
            continue
        found = [ids[index] for index in table.matching_plainly(values, {})]
        assert (
            not (found[:1] if table.document.hit_policy == "first" else found) or found[0] not in report.never
        )
        assert all((a, b) in pairs for at, a in enumerate(found) for b in found[at + 1 :]), (seed, values)


def _sent(example: Any) -> Any:
    """An example as a record would bring it."""
    return example.isoformat() if isinstance(example, date) else example


@pytest.mark.long
def test_a_million_cells_agree() -> None:
    judged = 0
    for seed in range(4_000):
        rng = Random(seed)
        table = Table(generated(rng, rows=20))
        for _ in range(15):
            values = [None if rng.random() < 0.1 else value(rng, one.type) for one in table.document.inputs]
            try:
                read = table.values(values)
            except RecordRejected:
                continue
            assert table.matching(read, {}) == table.matching_plainly(read, {})
            judged += 20
    assert judged > 1_000_000
