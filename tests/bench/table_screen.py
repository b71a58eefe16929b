"""A decision table of 1,000 rows in the browser: how long it takes to open, to edit and to be checked.

Run it by hand: ``python -m tests.bench.table_screen``. Wall clock, so whatever else the machine does counts.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from tests.bench.rules_speed import table_rows
from tests.browser.screens import SLOW, sign_in
from tests.browser.test_rules import draw
from tests.chromium import find
from tests.tree import Tree, running

ROWS = 1_000


def drawing() -> dict[str, Any]:
    table = {
        "title": "Entities",
        "hit_policy": "first",
        "inputs": [
            {"id": "c", "title": "Country", "type": "text", "value": {"kind": "path", "path": "$.Country"}},
            {"id": "n", "title": "Amount", "type": "number", "value": {"kind": "path", "path": "$.Amount"}},
        ],
        "outputs": [{"id": "o", "title": "Entity", "type": "text", "target": "Entity"}],
        "rows": [
            {"id": f"r{at}", "when": [f'"{country}"', f"[{low}..{high}]"], "then": [f'"E{at}"']}
            for at, (country, low, high) in enumerate(table_rows()[:ROWS])
        ],
    }
    return {
        "heddle": 1,
        "name": "Large table",
        "nodes": [
            {"id": "call", "type": "webhook"},
            {"id": "entity", "type": "table", "settings": {"table": table}},
        ],
        "edges": [{"source": "call", "target": "entity"}],
        "layout": {"call": {"x": 0, "y": 0}, "entity": {"x": 300, "y": 0}},
    }


def figures(page: Page, tree: Tree) -> list[tuple[str, float]]:
    """(what, seconds) for opening the step, typing into a cell, and the check that follows."""
    sign_in(page, tree)
    draw(page, tree, drawing())
    began = time.perf_counter()
    page.goto(f"{tree.url}/flows/large-table?node=entity")
    cell = page.get_by_label("Country, row 1", exact=True)
    expect(cell).to_be_visible(timeout=SLOW)
    opened = time.perf_counter() - began
    report = page.get_by_label("What the check found")
    expect(report).to_be_visible(timeout=SLOW)
    page.wait_for_load_state("networkidle")
    cell.click()
    began = time.perf_counter()
    before = cell.input_value()
    page.keyboard.press("End")
    page.keyboard.type(" ")
    expect(cell).to_have_value(f"{before} ")
    edited = time.perf_counter() - began
    with page.expect_response("**/api/tables/check", timeout=SLOW) as checked:
        cell.fill('"C0", "C39"')
        began = time.perf_counter()
        cell.press("Enter")
    assert checked.value.ok
    return [("opened", opened), ("a key typed", edited), ("checked", time.perf_counter() - began)]


def main() -> None:
    chromium = find()  # before a Playwright is open
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as tree, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium or None)
        for name, seconds in figures(browser.new_page(), tree):
            print(f"{name:>14}  {seconds:.2f} s")
        browser.close()


if __name__ == "__main__":
    main()
