"""One truth in two systems: a record's timeline, why a value is so, conflicts and their policies."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.tree import Tree

pytestmark = pytest.mark.browser

WAREHOUSE, REVIEW = "Warehouse rollout, Northgate Instruments", "Process review, Kestrel Logistics"


def find(page: Page, text: str) -> None:
    """Opens the first record that the search finds for ``text``, by keyboard alone."""
    page.keyboard.press("Control+K")
    dialog = page.get_by_role("dialog", name="Find a record")
    dialog.get_by_label("Number, id or name").fill(text)
    expect(dialog.get_by_role("link").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)


def test_an_order_is_found_by_its_invoice_number_and_each_value_says_why(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    screens.make_live(page)
    screens.open_deal(page, tree, WAREHOUSE)
    screens.raise_invoice(page)
    number = screens.invoice_number(page)

    page.goto(tree.url)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    find(page, number)
    expect(page.get_by_role("heading", name=WAREHOUSE, level=1)).to_be_visible()
    for side in ("Invoice in Sage Intacct (demo)", "Opportunity in Creatio (demo)"):
        expect(page.get_by_role("region", name=side)).to_be_visible()
    told = page.get_by_role("listitem")
    expect(told.filter(has_text=f"Invoice {number} was created in Sage Intacct (demo)")).to_be_visible()
    expect(told.filter(has_text="was updated in Creatio (demo)")).to_be_visible()
    expect(told.filter(has_text="Read from Creatio (demo)")).to_be_visible()

    created = told.filter(has_text=f"Invoice {number} was created")
    created.get_by_role("button", name=re.compile(r"^\d+ fields$")).click()
    created.get_by_role("button", name=re.compile("why is Description so")).click()
    why = page.get_by_role("dialog", name=re.compile("why is Description so"))
    expect(why).to_contain_text("Title (Won opportunities)")
    expect(why).to_contain_text(re.compile(r"Version \d+ by admin@heddle.local"))

    page.keyboard.press("Escape")
    created.get_by_role("link", name=screens.FLOW).click()
    page.get_by_role("button", name=re.compile("why is Due date so")).click()
    expect(page.get_by_role("dialog", name=re.compile("why is Due date so"))).to_contain_text(
        "Opportunity → invoice"
    )
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Its timeline").click()
    expect(page.get_by_role("heading", name=WAREHOUSE, level=1)).to_be_visible()


def test_an_answer_is_told_with_who_gave_it(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    screens.make_live(page)
    screens.open_deal(page, tree, REVIEW)
    screens.raise_invoice(page)
    screens.newest_run(page, tree, "1 record read: 1 held.")
    page.goto(f"{tree.url}/inbox?tab=held")
    screens.choose(page, "Ledger account for Consulting", "4200 · Consulting revenue")
    page.get_by_role("button", name="Release it").click()
    page.get_by_role("link", name="Watch them go out").click()
    screens.says(page, "1 record read: 1 created.")

    page.goto(f"{tree.url}/runs?q=Process review")
    page.get_by_role("region", name="Records found").get_by_role("link", name=re.compile(REVIEW)).click()
    told = page.get_by_role("listitem")
    answered = told.filter(has_text="Answered by admin@heddle.local")
    expect(answered).to_contain_text("Consulting: Ledger account 4200")
    expect(told.filter(has_text=re.compile("Held: .*Consulting"))).to_be_visible()
    texts = told.all_inner_texts()
    order = [
        next(at for at, text in enumerate(texts) if word in text)
        for word in ("was created", "Answered by", "Held:", "Read from")
    ]
    assert order == sorted(order), texts
