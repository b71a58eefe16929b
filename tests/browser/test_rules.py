"""Rules and decision tables as the analyst draws them: checks, a gap cured, cells pasted, tried on real records."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens import SLOW, bring, publish, sign_in
from tests.tree import Tree

pytestmark = pytest.mark.browser
TREE = "common"


def more_than(amount: int) -> dict[str, Any]:
    return {
        "left": {"kind": "path", "path": "$.Amount", "may_be_empty": True},
        "op": ">",
        "right": {"kind": "constant", "value": amount},
    }


DRAWING: dict[str, Any] = {
    "heddle": 1,
    "name": "Orders by entity",
    "nodes": [
        {"id": "call", "type": "webhook", "title": "An order arrives"},
        {
            "id": "judge",
            "type": "rules",
            "title": "Check the order",
            "settings": {
                "rules": {
                    "rules": [
                        {
                            "id": "big",
                            "title": "Big orders need the CFO",
                            "when": more_than(10_000),
                            "then": [{"do": "hold", "message": "{Amount} needs the CFO."}],
                        }
                    ]
                }
            },
        },
        {"id": "entity", "type": "table", "title": "Which entity books it"},
    ],
    "edges": [{"source": "call", "target": "judge"}, {"source": "judge", "target": "entity"}],
    "layout": {"call": {"x": 0, "y": 0}, "judge": {"x": 300, "y": 0}, "entity": {"x": 600, "y": 0}},
}


JUDGED: dict[str, Any] = {
    **DRAWING,
    "name": "Orders judged",
    "nodes": DRAWING["nodes"][:2],
    "edges": DRAWING["edges"][:1],
    "layout": {name: DRAWING["layout"][name] for name in ("call", "judge")},
}
"""The same without the table, which the other tests fill in."""


def draw(page: Page, tree: Tree, drawing: dict[str, Any] = DRAWING) -> None:
    """A flow from its document, under the slug of its name."""
    session = page.request.get(f"{tree.url}/api/session").json()
    made = page.request.post(
        f"{tree.url}/api/flows", data={"document": drawing}, headers={"X-CSRF-Token": session["csrf"]}
    )
    assert made.status == 201, made.text()


def open_step(page: Page, tree: Tree, node: str, slug: str = "orders-by-entity") -> None:
    page.goto(f"{tree.url}/flows/{slug}?node={node}")
    expect(page.get_by_test_id("node-panel")).to_be_visible(timeout=SLOW)


def condition(page: Page, path: str, kind: str) -> None:
    """Fills in the open head of a condition column."""
    page.get_by_role("button", name=re.compile("^Value of")).click()
    page.get_by_label("Search fields").fill(path)
    page.get_by_role("option", name=f"Use the path {path}").click()
    choose_kind(page, kind)


def choose_kind(page: Page, kind: str) -> None:
    page.get_by_role("combobox", name="Kind of value").last.click()
    page.get_by_role("option", name=kind, exact=True).click()
    page.get_by_role("button", name="Done").last.click()
    expect(page.get_by_role("button", name="Done")).to_have_count(0)


def test_a_table_is_drawn_cured_pasted_and_tried_on_real_records(page: Page, tree: Tree) -> None:
    sign_in(page, tree)
    draw(page, tree)
    open_step(page, tree, "entity")
    page.get_by_role("button", name="Start a table", exact=True).click()
    page.get_by_role("button", name="Condition 1", exact=True).click()
    condition(page, "$.Country", "Text")
    page.get_by_role("button", name="Condition", exact=True).click()
    condition(page, "$.Amount", "Number")
    page.get_by_role("button", name="Answer 1", exact=True).click()
    page.get_by_role("combobox", name="Which field does it set?").fill("Entity")
    choose_kind(page, "Text")

    page.get_by_label("Country, row 1", exact=True).fill("DE, AT")
    page.get_by_label("Country, row 1", exact=True).press("Tab")
    page.keyboard.type("< 1000")
    page.keyboard.press("Tab")
    page.keyboard.type("EU small")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Country, row 1", exact=True)).to_have_value('"DE", "AT"')
    found = page.get_by_label("What the check found")
    expect(found).to_contain_text("No row fits when Country is")
    found.get_by_role("button", name=re.compile("^Add (the row|all)")).last.click()
    expect(page.get_by_text("Every case is decided")).to_be_visible()

    page.get_by_label("Country, row 2", exact=True).fill("DE")
    page.get_by_label("Country, row 2", exact=True).press("Enter")
    expect(found).to_contain_text("both fit when")
    expect(page.get_by_test_id("save-state")).to_have_text("Saved")  # the next test goes on with it

    open_step(page, tree, "judge")
    page.get_by_role("button", name="Try it and see why", exact=True).click()
    page.get_by_label("Amount", exact=True).fill("20000")
    page.get_by_role("button", name="Judge", exact=True).click()
    expect(page.get_by_text(re.compile("20,?000 needs the CFO"))).to_be_visible()
    expect(page.get_by_role("region", name="Try it").get_by_text("Big orders need the CFO")).to_be_visible()


def test_two_hundred_rows_are_pasted(page: Page, tree: Tree) -> None:
    sign_in(page, tree)
    open_step(page, tree, "entity")
    text = "\n".join(f"C{row}\t>= {row}\tE{row}\tnote {row}" for row in range(1, 201))
    page.get_by_label("Country, row 1", exact=True).evaluate(
        """(cell, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            cell.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        text,
    )
    expect(page.get_by_text(re.compile(r"^200 rows"))).to_be_visible()
    expect(page.get_by_label("Country, row 1", exact=True)).to_have_value('"C1"')
    assert page.get_by_role("gridcell").count() < 400, "rows out of view must not be drawn"
    page.get_by_label("Country, row 1", exact=True).press("ArrowDown")
    expect(page.get_by_label("Country, row 2", exact=True)).to_be_focused()


def test_a_change_is_compared_with_what_really_happened(page: Page, tree: Tree) -> None:
    sign_in(page, tree)
    draw(page, tree, JUDGED)
    open_step(page, tree, "judge", "orders-judged")
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_label("Search checks").fill("total is more")
    page.get_by_role("button", name=re.compile("The total is more than nothing")).click()
    page.get_by_role("combobox", name="Total of the document").fill("$.Amount")
    page.get_by_role("option", name="$.Amount").click()
    page.get_by_role("button", name="Add the check", exact=True).click()
    expect(page.get_by_role("region", name="The total is more than nothing")).to_be_visible()
    publish(page, "With a check")
    detail = page.request.get(f"{tree.url}/api/flows/orders-judged").json()
    orders = ({"id": f"O-{amount}", "Amount": amount} for amount in (500, 7_000, 50_000))
    bring(page, tree, detail["hook"]["url"], *orders)

    page.get_by_role("button", name="Try it and see why", exact=True).click()
    panel = page.get_by_role("region", name="Try it")
    panel.get_by_text("Real records", exact=True).click()

    panel.get_by_role("button", name="Judge", exact=True).click()
    expect(panel).to_contain_text("3 records.")
    expect(panel).to_contain_text("Big orders need the CFO: 1")

    page.get_by_role("switch", name="Big orders need the CFO is on").click(force=True)
    panel.get_by_role("button", name="Compare").click()
    expect(panel).to_contain_text("Of the last 3 real records, 1 would be decided otherwise")
