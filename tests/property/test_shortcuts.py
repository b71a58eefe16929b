"""What is done for many records at once, or by a shorter way, comes to the same."""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import DecodeError

from engine.batch import pack, pack_answers, unpack, unpack_answers
from engine.errors import HeddleError
from engine.node import Outbox, Trace
from engine.record import Record, from_json, idempotency_key, idempotency_keys, to_json
from engine.rules import RuleSet
from nodes.decide.acts import Applied
from nodes.systems.odata.metadata import bare
from nodes.systems.odata.rows import annotated
from nodes.systems.odata.skimming import skim

texts = st.text(max_size=8)
names = st.sampled_from(["id", "Name", "@odata.etag", "Name@odata.type", "@x", 'a"b', "é@é", "m@il"])
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.sampled_from(["a@b.com", '"@x":', '@"', "x\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=3), st.lists(texts, max_size=5))
def test_keys_made_together_are_the_keys_made_one_by_one(
    before: list[str], behind: list[str], parts: list[str]
) -> None:
    if not before or not behind:
        before, behind = [*before, "flow"], [*behind, "entity"]
    key = idempotency_keys(before, behind)
    assert [key(part) for part in parts] == [idempotency_key(*before, part, *behind) for part in parts]


@given(st.lists(st.dictionaries(names, values, max_size=4), max_size=3), st.booleans())
def test_a_page_that_is_called_bare_has_no_annotation_at_any_depth(rows: list[Any], escaped: bool) -> None:
    page = {"@odata.context": "…", "value": rows, "@odata.nextLink": "…/Things?$skiptoken=a@b"}
    text = json.dumps(page, ensure_ascii=escaped).encode()
    if not annotated(text, page):
        assert [bare(row) for row in rows] == rows


rows = st.lists(st.dictionaries(st.sampled_from(["id", "Name", "m@il", "é"]), values, max_size=4), max_size=3)
damages = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from(list(b'\x00\x80\xc3\xff"\\{}[],:1eE.-'))), max_size=2
)


@given(rows, st.booleans(), damages)
def test_a_page_that_is_skimmed_holds_what_it_would_hold_read_whole(
    rows: list[Any], escaped: bool, damages: list[tuple[int, int]]
) -> None:
    text = bytearray(json.dumps({"value": rows, "@odata.count": 3.50}, ensure_ascii=escaped).encode())
    for at, byte in damages:
        text[at % len(text)] = byte
    page = skim(bytes(text), ("id", "Name"))
    if page is None:
        assert damages or annotated(text, {"@odata.count": 3})
        with suppress(DecodeError):  # and nothing else
            from_json(bytes(text))
        return
    whole = from_json(bytes(text))
    assert page.rows == [
        {name: row[name] for name in ("id", "Name") if name in row} for row in whole.pop("value")
    ]
    assert page.body == whole
    staged = unpack(pack({"read": [Record("1", raw) for raw in page.raws]}))
    assert [record.data for record in staged["read"]] == from_json(bytes(text))["value"]


@given(st.dictionaries(texts, st.integers() | texts, max_size=4))
def test_batches_that_were_staged_by_earlier_versions_are_read(data: dict[str, Any]) -> None:
    entries = {"read": [Record("1", data, title="One"), Record("2", {}, 1)]}
    assert unpack(pack(entries)) == entries == unpack(zlib.compress(to_json(entries), 1))
    answers = {"find": {"x": data}}
    assert unpack_answers(pack_answers(answers)) == answers == unpack_answers(zlib.compress(to_json(answers)))


RULES = RuleSet.model_validate(
    {
        "title": "All kinds of actions",
        "policy": "all",
        "rules": [
            {
                "id": f"r{place}",
                "when": {
                    "left": {"kind": "path", "path": f"$.{field}"},
                    "op": "is",
                    "right": {"kind": "constant", "value": "x"},
                },
                "then": then,
            }
            for place, (field, then) in enumerate(
                [
                    ("a", [{"do": "set", "target": "a", "value": {"kind": "constant", "value": "y"}}]),
                    ("b", [{"do": "set", "target": "a", "value": {"kind": "constant", "value": "z"}}]),
                    ("c", [{"do": "route", "port": "left"}, {"do": "route", "port": "right"}]),
                    ("d", [{"do": "set", "target": "e.f", "value": {"kind": "constant", "value": 1}}]),
                    ("e", [{"do": "set", "target": "b", "value": {"kind": "path", "path": "$.a"}}]),
                    ("f", [{"do": "hold", "message": "Wait."}]),
                ]
            )
        ],
    }
)


@given(
    st.lists(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["x", ""]), max_size=6), max_size=4)
)
def test_rules_do_the_same_whether_or_not_somebody_asks_why(rows: list[dict[str, Any]]) -> None:
    asked, quick = Outbox(trace=Trace()), Outbox()
    applied = Applied(RULES, {}, "all kinds", "rules")
    records = [Record(str(place), row) for place, row in enumerate(rows)]
    for out in (asked, quick):
        applied.apply(records, out)
    assert quick.ports == asked.ports
    assert [_said(one) for one in quick.failures] == [_said(one) for one in asked.failures]


def _said(failure: tuple[Record, HeddleError]) -> tuple[str, str]:
    record, error = failure
    return record.key, error.message
