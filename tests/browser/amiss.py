"""A record that fails, to be corrected: for the test of the form, and for its picture in the docs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.tree import Tree

KEY = "SO-1047"
ORDER = """{
  "Number": "SO-1047", "Customer": {"Name": "Northgate Instruments", "City": "Leeds"}, "Placed on": "2026-11-20",
  "Paid": false, "Rate": 1.10, "Total": {"Net": "12,50", "Currency": "GBP"},
  "Lines": [{"Product": "Label printer", "Quantity": 2}, {"Product": "Barcode scanner", "Quantity": 4}]
}"""


def drawing() -> dict[str, Any]:
    value = {"kind": "path", "path": "$.Total.Net", "then": [{"function": "round", "args": {}}]}
    return {
        "heddle": 1, "name": "Orders of the shop",
        "nodes": [
            {"id": "call", "type": "webhook", "settings": {"key_path": "$.Number"}},
            {"id": "sum", "type": "map", "settings": {"rows": [{"target": "total", "value": value}]}},
        ],
        "edges": [{"source": "call", "target": "sum"}],
        "layout": {"call": {"x": 0, "y": 0}, "sum": {"x": 300, "y": 0}},
    }  # fmt: skip


def fail(page: Page, tree: Tree) -> str:
    """A run in which the order has failed, because its total is no number. Somebody is signed in."""
    flow = screens.call(page, tree, "POST", "/api/flows", {"document": drawing()})
    screens.call(page, tree, "POST", f"/api/flows/{flow['slug']}/publish", {"revision": 1})
    (run,) = screens.bring(page, tree, flow["hook"]["url"], ORDER)
    return run


def pictures(page: Page, tree: Tree) -> Iterator[str]:
    """The name of each picture, when its screen is there."""
    run = fail(page, tree)
    page.goto(f"{tree.url}/runs/{run}/records/{KEY}?correct")
    expect(page.get_by_role("dialog").get_by_label("Net", exact=True)).to_be_focused()
    yield "correct"
