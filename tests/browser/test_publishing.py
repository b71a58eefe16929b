"""A flow that posts to the ledger goes live with a second person: asked for, sent back, asked again, published."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import screens
from tests.tree import Tree

pytestmark = pytest.mark.browser
MARK = "It posts to the ledger: a second person publishes it"


def test_two_people_put_a_flow_live(page: Page, browser: Browser, tree: Tree) -> None:
    screens.sign_in(page, tree)
    screens.make_live(page)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="How it runs").click()
    page.get_by_role("switch", name=MARK).click()
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_test_id("save-state")).to_have_text("Saved")
    body = {"email": "eve@heddle.local", "name": "Eve", "role": "editor"}
    password = screens.call(page, tree, "POST", "/api/users", body)["password"]
    colleague = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB").new_page()
    screens.sign_in_by_form(colleague, tree, body["email"], password)

    ask(page, "Invoices need two people")
    colleague.goto(f"{tree.url}/inbox?tab=publications")
    card = colleague.get_by_role("article", name=re.compile("^Publish"))
    card.get_by_role("button", name="Look and decide").click()
    expect(card).to_contain_text("A second person publishes it from now on.")
    card.get_by_role("button", name="Send back").click()
    expect(card.get_by_text("Say what must change first.")).to_be_visible()
    wide = colleague.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page is wider than the phone"
    card.get_by_label("Comment").fill("Say who agreed")
    card.get_by_role("button", name="Send back").click()
    expect(colleague.get_by_role("status").filter(has_text="is back with Administrator")).to_be_visible()

    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Say who agreed")
    page.keyboard.press("Escape")
    ask(page, "Invoices need two people, agreed with the accountant")
    page.goto(f"{tree.url}/inbox?tab=publications")
    own = page.get_by_role("article", name=re.compile("^Publish"))
    expect(own).to_contain_text("You asked for this yourself")
    colleague.reload()
    card.get_by_role("button", name="Look and decide").click()
    expect(card).to_contain_text("agreed with the accountant")
    card.get_by_role("button", name="Publish", exact=True).click()
    expect(colleague.get_by_role("status").filter(has_text=re.compile(r"Version \d+ of"))).to_be_visible()

    # taking the mark off needs two people as well
    screens.open_flow(page)
    expect(page.get_by_text(re.compile(r"^Live v\d+$"))).to_be_visible()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Ask for publication")).to_be_visible()


def ask(page: Page, note: str) -> None:
    page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is new?").fill(note)
    dialog.get_by_role("button", name="Ask for publication").click()
    expect(page.get_by_text("Asked for", exact=True).last).to_be_visible()
    expect(dialog).to_have_count(0)
