"""Shared rules as the analyst keeps them: a chain built in the library, used by a flow, changed with its impact seen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.screens import SLOW, bring, publish, sign_in
from tests.browser.test_accessibility import overflow, violations
from tests.browser.test_rules import draw, open_step
from tests.browser.tour import deciding
from tests.tree import Tree

pytestmark = pytest.mark.browser
TREE = "common"

DRAWING: dict[str, Any] = {
    "heddle": 1,
    "name": "Orders by risk",
    "nodes": [
        {"id": "call", "type": "webhook", "title": "An order arrives"},
        {"id": "judge", "type": "rules", "title": "Judge the risk"},
    ],
    "edges": [{"source": "call", "target": "judge"}],
    "layout": {"call": {"x": 0, "y": 0}, "judge": {"x": 300, "y": 0}},
}


def compare(page: Page, within: Locator, path: str, operator: str, value: str) -> None:
    """Adds a comparison to the open rule."""
    within.get_by_role("button", name="Comparison", exact=True).click()
    within.get_by_role("button", name=re.compile("^Compared value")).last.click()
    page.get_by_label("Search fields").fill(path)
    page.get_by_role("option", name=f"Use the path {path}").click()
    page.keyboard.press("Escape")
    within.get_by_role("combobox", name="Comparison").last.click()
    page.get_by_role("option", name=operator, exact=True).click()
    within.get_by_role("button", name=re.compile("^Compared with")).last.click()
    page.get_by_role("textbox", name="Compared with").fill(value)
    page.keyboard.press("Escape")


def conclude(within: Locator, page: Page, fact: str, word: str) -> None:
    within.get_by_role("button", name="more", exact=True).click()
    page.get_by_role("menuitem", name="conclude").click()
    within.get_by_label("What is concluded").fill(fact)
    within.get_by_role("combobox", name="Its value", exact=True).click()
    page.get_by_role("option", name="word", exact=True).click()
    within.get_by_label("Its value as a word").fill(word)


def test_a_chain_is_built_used_changed_and_taken(page: Page, tree: Tree) -> None:
    sign_in(page, tree)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Rules").click()
    page.get_by_role("button", name="New", exact=True).click()
    page.get_by_label("Name").fill("Delivery risk")
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("button", name="Write the first rule").click()
    first = page.get_by_role("region", name="Rule 1")
    compare(page, first, "$.Amount", "is more than", "1000")
    conclude(first, page, "risk", "high")
    page.get_by_role("button", name="Rule", exact=True).click()
    second = page.get_by_role("region", name="Rule 2")
    second.get_by_role("button", name="What a rule concluded").click()
    second.get_by_role("combobox", name="Concluded value", exact=True).click()
    page.get_by_role("option", name="word", exact=True).click()
    second.get_by_label("Concluded value as a word").fill("high")
    second.get_by_role("button", name="hold it", exact=True).click()
    second.get_by_label("Why it waits").fill("{Amount} is a high risk.")
    page.get_by_role("button", name="Try it and see why").click()
    page.get_by_label("Amount", exact=True).fill("5000")
    page.get_by_role("button", name="Judge", exact=True).click()
    tried = page.get_by_role("region", name="Try it")
    expect(tried.get_by_text("5,000 is a high risk.")).to_be_visible()
    page.get_by_role("button", name="Save as version 2 …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is new?").fill("High amounts wait")
    dialog.get_by_role("button", name="What would it change?").click()
    expect(dialog.get_by_role("status")).to_contain_text("No flow uses it yet")
    dialog.get_by_role("button", name="Save version 2").click()
    expect(page.get_by_text("Rule set, version 2")).to_be_visible()

    draw(page, tree, DRAWING)
    open_step(page, tree, "judge", "orders-by-risk")
    page.get_by_role("button", name="Use a shared rule set").click()
    page.get_by_role("menuitem", name="Delivery risk").click()
    panel = page.get_by_test_id("node-panel")
    expect(panel.get_by_text("version 2 of the library")).to_be_visible()
    publish(page, "Judged by the library")
    hook = page.request.get(f"{tree.url}/api/flows/orders-by-risk").json()["hook"]["url"]
    bring(page, tree, hook, *({"id": f"O-{amount}", "Amount": amount} for amount in (500, 700, 7_000)))

    page.goto(f"{tree.url}/rules/delivery-risk")
    page.get_by_role("button", name=re.compile("^1 Rule 1|^Rule 1")).first.click()
    first.get_by_role("button", name=re.compile("^Compared with")).click()
    page.get_by_role("textbox", name="Compared with").fill("600")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save as version 3 …").click()

    dialog.get_by_role("button", name="What would it change?").click()
    expect(dialog.get_by_role("status")).to_contain_text("Of the 3 records")
    expect(dialog.get_by_role("status")).to_contain_text("1 would be decided otherwise")
    expect(dialog.get_by_text("O-700")).to_be_visible()
    dialog.get_by_role("button", name="Save version 3").click()
    expect(page.get_by_text("Rule set, version 3")).to_be_visible()

    open_step(page, tree, "judge", "orders-by-risk")
    expect(panel.get_by_text("Version 3 is there.")).to_be_visible(timeout=SLOW)
    panel.get_by_role("button", name="What changed").click()
    expect(panel.get_by_text(re.compile("1000 → .*600"))).to_be_visible()
    panel.get_by_role("button", name="Take version 3").click()
    expect(panel.get_by_text("version 3 of the library")).to_be_visible()


def test_its_screens_have_no_barriers_and_fit_a_phone(page: Page, tree: Tree) -> None:
    sign_in(page, tree)
    found: list[str] = []
    for picture in deciding(page, tree):
        found += violations(page, picture)
    for path in ("/rules", "/rules/order-risk", "/rules/which-entity-books-it", "/rules/currency-rates"):
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(tree.url + path)
        expect(page.locator("main h1")).to_be_visible()
        page.wait_for_load_state("networkidle")
        found += violations(page, f"{path}, phone")
        assert overflow(page) <= 0, f"{path} is wider than the window"
    assert found == []


def keep(page: Page, tree: Tree, kind: str, title: str, document: Any) -> str:
    """Puts something into the library; answers its address."""
    csrf = page.request.get(f"{tree.url}/api/session").json()["csrf"]
    body = {"kind": kind, "title": title, "document": document}
    made = page.request.post(f"{tree.url}/api/library", data=body, headers={"X-CSRF-Token": csrf})
    assert made.ok, made.text()
    return f"{tree.url}/rules/{made.json()['slug']}"


def test_a_rule_chooses_from_a_list_that_a_system_has(page: Page, tree: Tree) -> None:
    sign_in(page, tree)
    choose = {"do": "choose", "what": "legal_entity", "target": "Entity", "value": "US"}
    always = {"left": {"kind": "constant", "value": 1}, "op": "is", "right": {"kind": "constant", "value": 1}}
    rules = {"rules": [{"id": "one", "title": "Europe books it", "when": always, "then": [choose]}]}
    page.goto(keep(page, tree, "rules", "Who books", rules))
    rule = page.get_by_role("region", name=re.compile("Europe books it"))
    expect(rule.get_by_role("textbox", name="The choice")).to_have_value("US")
    rule.get_by_role("button", name="From a system …").click()
    for label, option in (
        ("System with the list", "Sage Intacct (demo)"), ("List", "Location"),
        ("Field that is stored", "Location ID"), ("Field that is shown", "Name"),
    ):  # fmt: skip
        rule.get_by_role("combobox", name=label, exact=True).click()
        page.get_by_role("option", name=option, exact=True).click()
    choice = rule.get_by_role("combobox", name="The choice", exact=True)
    expect(choice).to_have_value("US · United States", timeout=SLOW)
    choice.click()
    page.get_by_role("option", name="EU-BER · Berlin").click()
    page.get_by_role("button", name="Save as version 2 …").click()
    page.get_by_role("dialog").get_by_label("What is new?").fill("Berlin")
    page.get_by_role("dialog").get_by_role("button", name="Save version 2").click()
    expect(page.get_by_text("Rule set, version 2")).to_be_visible()
    kept = page.request.get(f"{tree.url}/api/library/who-books").json()["document"]["rules"][0]["then"]
    source = {"system": "intacct", "entity": "LOCATION", "value": "LOCATIONID", "title": "NAME"}
    assert kept == [{**choose, "value": "EU-BER", "title": "Berlin", "source": source}]


def test_a_table_is_read_live_from_a_system(page: Page, tree: Tree) -> None:
    sign_in(page, tree)
    table = {"columns": ["Location", "Name"], "rows": [["US", "by hand"]]}
    page.goto(keep(page, tree, "lookup", "Locations", table))
    page.get_by_role("button", name="Read them from a system …").click()
    for label, option in (
        ("Connection", "Sage Intacct (demo)"), ("List", "Location"),
        ("Location is", "Location ID"), ("Name is", "Name"),
    ):  # fmt: skip
        page.get_by_role("combobox", name=label, exact=True).click()
        page.get_by_role("option", name=option, exact=True).click()
    page.get_by_role("button", name="Keep this").click()
    page.get_by_role("button", name="Read it now").click()
    expect(page.get_by_text("Version 2 has 5 rows.")).to_be_visible(timeout=SLOW)
    rows = page.request.get(f"{tree.url}/api/library/locations").json()["document"]["rows"]
    assert ["EU-BER", "Berlin"] in rows
    assert ["US", "by hand"] not in rows
    expect(page.get_by_role("textbox", name=re.compile("Location, row 1$"))).to_have_value("EU")
    page.get_by_role("button", name="Read it now").click()
    expect(page.get_by_text("Nothing has changed there.")).to_be_visible(timeout=SLOW)
