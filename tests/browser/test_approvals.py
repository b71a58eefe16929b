"""An approval by two people in two browsers, one of them on a phone; the invoice goes out once, as corrected."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import screens
from tests.tree import Tree

pytestmark = pytest.mark.browser

DEAL = "Warehouse rollout, Northgate Instruments"
QUESTION = f"Send the invoice for {DEAL}?"
ASK = {
    "question": "Send the invoice for {DESCRIPTION}?",
    "amount": "{$steps.opportunity.Amount} USD",
    "deciders": {"roles": ["operator"], "users": []},
    "quorum": 2,
    "form": [
        {"name": "description", "title": "Text on the invoice", "required": True, "target": "DESCRIPTION"}
    ],
}

FLOW = "closed-won-to-intacct-invoice"


def test_two_people_approve_in_two_browsers(page: Page, browser: Browser, tree: Tree) -> None:
    intacct = tree.sandbox("intacct")
    screens.sign_in(page, tree)
    with_approval(page, tree)
    before = intacct.objects("ARINVOICE")
    colleague = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB").new_page()
    screens.sign_in_by_form(colleague, tree, *new_colleague(page, tree))

    screens.open_deal(page, tree, DEAL)
    screens.raise_invoice(page)
    screens.newest_run(page, tree, "1 record read: 1 held.")
    expect(page.get_by_text("1 waits for approval by 2 of the operators")).to_be_visible()
    assert intacct.objects("ARINVOICE") == before

    # the first: sees what would be written, corrects the text
    page.get_by_role("link", name="Open the inbox").click()
    card = page.get_by_role("article", name=QUESTION)
    expect(card).to_contain_text("0 of 2 approved")
    card.get_by_role("button", name="Look and decide").click()
    expect(card.get_by_role("heading", name="What would be written")).to_be_visible()
    expect(card.get_by_text(re.compile("^A new"))).to_be_visible(timeout=screens.SLOW)
    corrected = f"{DEAL}, as agreed"
    card.get_by_label("Text on the invoice").fill("")
    card.get_by_role("button", name="Approve").click()
    expect(card.get_by_text("«Text on the invoice» is missing.").first).to_be_visible()
    card.get_by_label("Text on the invoice").fill(corrected)
    card.get_by_label("Comment").fill("with the new text")
    card.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status").filter(has_text="2 people must approve")).to_be_visible()
    expect(page.get_by_text("Nothing waits for your approval")).to_be_visible()
    assert intacct.objects("ARINVOICE") == before

    # the second, on a phone: reads what the first said, and completes it
    colleague.goto(f"{tree.url}/inbox?tab=approvals")
    card = colleague.get_by_role("article", name=QUESTION)
    expect(card).to_contain_text("1 of 2 approved: Administrator")
    card.get_by_role("button", name="Look and decide").click()
    expect(card.get_by_text("with the new text")).to_be_visible()
    expect(card.get_by_label("Text on the invoice")).to_have_value(corrected)
    wide = colleague.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page is wider than the phone"
    card.get_by_role("button", name="Approve").click()
    expect(colleague.get_by_role("status").filter(has_text="is approved")).to_be_visible()
    colleague.get_by_role("link", name="Watch them go out").click()
    screens.says(colleague, "1 record read: 1 created.")

    made = [row for row in intacct.objects("ARINVOICE") if row not in before]
    assert [row["DESCRIPTION"] for row in made] == [corrected]
    page.goto(f"{tree.url}/inbox?tab=approvals")
    page.get_by_text("Decided", exact=True).click()
    expect(page.get_by_role("article").filter(has_text=QUESTION)).to_contain_text(
        "Approved by Administrator and Bob"
    )


def with_approval(page: Page, tree: Tree) -> None:
    """Puts an approval before the invoice of the ready flow, and the flow live."""
    screens.open_flow(page)
    opened = screens.call(page, tree, "GET", f"/api/flows/{FLOW}")
    drawn = opened["document"]
    drawn["nodes"].append({"id": "ask", "type": "approve", "settings": ASK})
    drawn["edges"] = [edge for edge in drawn["edges"] if edge["target"] != "invoice"]
    drawn["edges"] += [
        {"source": "checks", "target": "ask"},
        {"source": "ask", "output": "approved", "target": "invoice"},
    ]
    body = {"document": drawn, "revision": opened["revision"]}
    saved = screens.call(page, tree, "PUT", f"/api/flows/{FLOW}/draft", body)
    screens.call(page, tree, "POST", f"/api/flows/{FLOW}/publish", {"revision": saved["revision"]})


def new_colleague(page: Page, tree: Tree) -> tuple[str, str]:
    """E-mail and one-time password of Bob, an operator."""
    body = {"email": "bob@heddle.local", "name": "Bob", "role": "operator"}
    return body["email"], screens.call(page, tree, "POST", "/api/users", body)["password"]
