"""Differences of drawings in plain words."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from designer.diff import compare
from designer.wording import describe
from engine.flow import Flow
from tests.designer.conftest import Desk, exact, pipeline


def texts(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    found = compare(Flow.model_validate(old), Flow.model_validate(new))
    return [change.text for change in found.changes]


def read(**settings: Any) -> dict[str, Any]:
    node = {
        "id": "read",
        "type": "read",
        "title": "Opportunities",
        "settings": {"entity": "Opportunity", **settings},
    }
    return {"name": "x", "nodes": [node]}


def test_nothing_changed_is_nothing() -> None:
    assert texts(pipeline(), pipeline()) == []


def test_a_filter_is_said_as_a_person_would() -> None:
    old = read(filters=[{"field": "Stage", "op": "eq", "value": "Closed won"}])
    new = read(filters=[{"field": "Stage", "op": "eq", "value": "Contracting"}])
    assert texts(old, new) == ["Stage is: Closed won → Contracting"]


def test_a_choice_is_said_as_the_form_calls_it() -> None:
    assert texts(read(), read(deletes="sweep")) == [
        "Deleted objects: «Nobody looks for them» → «Heddle asks which are left»"
    ]


def test_a_condition_is_said_by_its_comparisons() -> None:
    def deal(amount: int, *more: dict[str, Any]) -> dict[str, Any]:
        left = {"kind": "path", "path": "$.Amount"}
        atom = {"left": left, "op": "gt", "right": {"kind": "constant", "value": amount}}
        node = {"id": "big", "type": "filter", "settings": {"condition": {"all": [atom, *more]}}}
        return {"name": "x", "nodes": [node]}

    owner = {
        "left": {"kind": "path", "path": "$.Owner"}, "op": "is", "right": {"kind": "constant", "value": "Ann"},
    }  # fmt: skip
    (changed,) = texts(deal(10), deal(20))
    assert changed.startswith("Amount ")
    assert changed.endswith(": 10 → 20")
    assert texts(deal(10), deal(10, owner)) == ["Owner is Ann: added"]


def test_mapping_rows_are_named_by_their_target() -> None:
    new = pipeline()
    rows = new["nodes"][2]["settings"]["rows"]
    rows[0] = {
        "target": "total",
        "value": {"kind": "path", "path": "$.amount", "then": [{"function": "round"}]},
    }
    rows[1] = {"target": "memo", "value": {"kind": "constant", "value": "from the CRM"}}
    assert texts(pipeline(), new) == [
        "account is no longer mapped (was product, then lookup).",
        "total: total → amount, then round",
        "memo is now mapped from the text «from the CRM».",
    ]


def test_rows_within_lines_are_found() -> None:
    def lines(path: str) -> dict[str, Any]:
        inner = {"target": "PRICE", "value": {"kind": "path", "path": path}}
        row = {"target": "LINES", "lines": "$.Lines[*]", "rows": [inner]}
        return {"name": "x", "nodes": [{"id": "map", "type": "map", "settings": {"rows": [row]}}]}

    assert texts(lines("$.price"), lines("$.net")) == ["LINES › PRICE: price → net"]


def test_nodes_come_go_and_get_names() -> None:
    old, new = pipeline(), pipeline()
    new["nodes"][0] = {"id": "split", "type": "split", "settings": {"path": "$.Lines[*]"}}
    new["nodes"][2]["title"] = "To the books"
    new["nodes"][3]["disabled"] = True
    new["edges"] = [
        {"source": "map", "output": "rejected", "target": "write"},
        {"source": "hand", "target": "map"},
    ]
    found = texts(old, new)
    assert found[0] == "«Button or webhook» was removed."
    assert any("«To the books»" in text and "now called" in text for text in found)
    assert "«Write» was switched off." in found
    assert "«To the books» (output «rejected») is now connected to «Write»." in found
    assert not [text for text in found if "webhook" in text and "connected" in text]


def test_tables_rules_slots_and_words() -> None:
    new = pipeline(name="Bills", policy={"lanes": 4})
    new["tables"]["accounts"]["rows"] = [["Widgets", "4010"], ["Hours", "4300"]]
    new["slots"]["crm"] = {"system": "creatio"}
    rule = {"id": "r1", "title": "Big", "when": {"all": []}, "then": []}
    new["rules"] = {"vip": {"title": "Important ones", "rules": [rule]}}
    assert texts(pipeline(), new) == [
        "The flow is called «Bills», no longer «Invoices».",
        "Lanes: 1 → 4",
        "The flow needs a connection to creatio.",
        "Ledger accounts, Widgets: 4000 → 4010",
        "Ledger accounts, Hours: nothing → 4300",
        "The rules «Important ones» were added.",
    ]
    off = {**new, "rules": {"vip": {"title": "Important ones", "rules": [{**rule, "enabled": False}]}}}
    assert texts(new, off) == ["The rule «Big» was switched off."]


def test_moving_things_about_is_one_flag(editor: Desk, live: str) -> None:
    moved = pipeline(layout={"map": {"x": 400, "y": 10}})
    editor.put(f"/api/flows/{live}/draft", {"document": moved, "revision": 1})
    assert exact(editor.get(f"/api/flows/{live}/diff?from=1&to=draft")) == {
        "changes": [],
        "layout_changed": True,
    }
    assert editor.get(f"/api/flows/{live}/diff?from=9").status_code == 404
    assert editor.get(f"/api/flows/{live}/diff?from=-1").status_code == 422


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "path", "value", "target", "left", "op", "all", "lines", "x"]), inner
        )
    ),
    max_leaves=10,
)


@given(old=VALUES, new=VALUES)
def test_any_settings_can_be_compared_and_only_equal_ones_are_silent(old: Any, new: Any) -> None:
    def one(value: Any) -> dict[str, Any]:
        return {"name": "x", "nodes": [{"id": "n", "type": "odd", "settings": {"thing": value}}]}

    assert describe(old) != ""
    found = texts(one(old), one(new))
    assert texts(one(old), one(old)) == []
    if old != new and not isinstance(old, list | dict) and not isinstance(new, list | dict):
        assert len(found) == 1 or describe(old) == describe(new)
