"""A record that failed is corrected in a form: the wrong field is in focus, lines are rows, and digits are kept."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.tree import Tree

pytestmark = pytest.mark.browser
TREE = "common"


def drawing() -> dict[str, Any]:
    value = {"kind": "path", "path": "$.Order.Sum", "then": [{"function": "round", "args": {}}]}
    return {
        "heddle": 1, "name": "Order sums",
        "nodes": [
            {"id": "call", "type": "webhook"},
            {"id": "sum", "type": "map", "settings": {"rows": [{"target": "total", "value": value}]}},
        ],
        "edges": [{"source": "call", "target": "sum"}],
        "layout": {"call": {"x": 0, "y": 0}, "sum": {"x": 300, "y": 0}},
    }  # fmt: skip


def test_what_is_wrong_is_in_focus_and_the_rest_is_left_alone(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    flow = screens.call(page, tree, "POST", "/api/flows", {"document": drawing()})
    screens.call(page, tree, "POST", f"/api/flows/{flow['slug']}/publish", {"revision": 1})
    given = '{"id": "O-7", "Order": {"Sum": "a lot"}, "Paid": false, "Rate": 1.10, "Lines": [{"Qty": 1}, {"Qty": 2}]}'
    headers = {"Content-Type": "application/json"}
    run = page.request.post(tree.url + flow["hook"]["url"], data=given, headers=headers).json()["run"]
    for _ in range(100):
        if screens.call(page, tree, "GET", f"/api/runs/{run}")["state"] == "done":
            break
        time.sleep(0.1)
    page.goto(f"{tree.url}/inbox?tab=errors")
    page.get_by_role("article").filter(has_text="Order sums").get_by_role("link", name="Correct it").click()
    form = page.get_by_role("dialog")
    wrong = form.get_by_label("Sum", exact=True)
    expect(wrong).to_be_focused()
    expect(form.get_by_text(re.compile("number"))).to_be_visible()
    expect(form.get_by_role("button", name="Nothing is changed yet")).to_be_disabled()
    wrong.fill("12.50")
    form.get_by_label("Lines 2: Qty").fill("20000000000000000.10")
    form.get_by_role("button", name="Take out line 1 of Lines").click()
    form.get_by_text("As JSON").click()
    text = form.get_by_label("The record as JSON").input_value()
    assert '"Qty": 20000000000000000.10' in text
    assert '"Rate": 1.10' in text
    form.get_by_text("As a form").click()
    form.get_by_role("button", name="Send it again").click()
    screens.says(page, "1 record read")
    corrected = screens.call(page, tree, "GET", f"/api/runs/{run}/records/O-7")["corrections"][0]["changes"]
    assert [one["field"] for one in corrected] == ["Order.Sum", "Lines"]
