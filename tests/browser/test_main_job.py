"""The main job, from sign-in to the posted invoice, through the product's own screens; then everything goes wrong."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.tree import Tree

pytestmark = pytest.mark.browser

IN_DOUBT = (
    90_000  # ms; a system may still be at work for as long as a call may take, so only then is it asked
)
WAREHOUSE, REVIEW = "Warehouse rollout, Northgate Instruments", "Process review, Kestrel Logistics"


def test_the_main_job(page: Page, tree: Tree) -> None:
    creatio, intacct = tree.sandbox("creatio"), tree.sandbox("intacct")
    screens.sign_in(page, tree)

    # the ready flow, on a sample: nothing is written
    screens.open_flow(page)
    for node in ("button", "opportunity", "customer-fields", "checks", "invoice", "back"):
        expect(screens.step(page, node)).to_be_visible()
    expect(page.get_by_role("button", name="Everything in order")).to_be_visible()
    creatio.forget()
    intacct.forget()
    customers, before = intacct.objects("CUSTOMER"), intacct.objects("ARINVOICE")
    page.get_by_role("button", name="Try on a sample").click()
    expect(page.get_by_test_id("sample-bar")).to_be_visible(timeout=screens.SLOW)
    expect(page.get_by_role("status").filter(has_text="Nothing was written.")).to_be_attached()
    assert intacct.journal()
    assert creatio.journal()
    assert (creatio.writes(), intacct.writes()) == ([], [])

    # field by field, what would be written
    screens.choose(page, "Sample record", WAREHOUSE)
    screens.step(page, "invoice").dblclick()
    outcome = page.get_by_label("What comes out")
    expect(outcome).to_contain_text("Would be created")
    expect(outcome.get_by_role("row", name=re.compile(f"Description {WAREHOUSE}"))).to_be_visible()
    expect(outcome.get_by_role("row", name=re.compile(r"Due date \d{4}-\d\d-\d\d"))).to_be_visible()
    expect(outcome.get_by_role("row", name=re.compile("Lines 3 lines"))).to_be_visible()
    page.get_by_role("button", name="Close the panel").click()
    screens.publish(page, "First version")

    # the button, pressed twice at once, in two windows of two people: one run, one invoice
    screens.open_deal(page, tree, WAREHOUSE)
    colleague = page.context.new_page()
    screens.open_deal(colleague, tree, WAREHOUSE)
    pressed: list[str] = []
    for window in (page, colleague):
        window.on(
            "request", lambda request: pressed.append(request.url) if request.method == "POST" else None
        )
        window.get_by_role("button", name="Raise invoice").click(no_wait_after=True)
    for window in (page, colleague):
        expect(window.get_by_role("status").filter(has_text="Sent to Heddle: run")).to_be_visible()
    assert len(pressed) == 2
    colleague.close()
    number = screens.invoice_number(page)
    expect(page.locator("#status")).to_have_text("Invoiced")
    page.goto(f"{tree.url}/runs")
    expect(page.get_by_text("1 record read: 1 created.")).to_have_count(1)
    expect(page.locator("main a[href^='/runs/']")).to_have_count(1)

    # counts on the edges
    screens.newest_run(page, tree, "1 record read: 1 created.")
    page.get_by_role("link", name="On the canvas").click()
    passed = page.get_by_role("button", name="1 passed: show these records")
    expect(passed).to_have_count(8)  # of the two starts only the button fired

    # in the books: one invoice with its lines, a customer who was not there before
    made = one_invoice(intacct.objects("ARINVOICE"), before, WAREHOUSE)
    assert made["RECORDID"] == number
    added = [row for row in intacct.objects("CUSTOMER") if row not in customers]
    assert [row["NAME"] for row in added] == ["Northgate Instruments"]
    assert added[0]["CUSTOMERID"] == made["CUSTOMERID"]

    # and its page, one click from Creatio
    screens.open_deal(page, tree, WAREHOUSE)
    expect(page.locator("#number")).to_have_text(number)
    page.get_by_role("link", name="Open the invoice").click()
    expect(page.get_by_role("heading", name=f"Invoice {number}")).to_be_visible()
    for line in (
        "4000 Product sales Handheld scanner × 12 5040.00",
        "4300 Subscription revenue Warehouse suite, 10 users, year × 1 1800.00",
        "4100 Service revenue On-site installation, day × 2 1560.00",
        "Total 8400.00 USD",
    ):
        expect(page.get_by_role("row", name=line)).to_be_visible()


def test_what_goes_wrong_is_said_and_cured(page: Page, tree: Tree) -> None:
    intacct = tree.sandbox("intacct")
    screens.sign_in(page, tree)
    screens.make_live(page)
    before = intacct.objects("ARINVOICE")

    # «too many requests»: nothing fails; it waits as long as it is told to, and goes on by itself
    busy = "Scanner refresh, Granby Foods"
    with screens.misbehaving(page, tree, "Sage Intacct", "Says «too many requests» (429)"):
        press(page, tree, busy)
        told = re.compile("Waiting.*Intacct.*(pause|requests).*(tries again in|is trying again now)")
        screens.newest_run(page, tree, told)
        for _ in range(4):  # several refusals, and each time it says the same
            page.wait_for_timeout(1000)
            screens.says(page, told)
        expect(page.get_by_role("button", name="0 failed")).to_be_visible()
        run = page.url
    page.goto(run)
    screens.says(page, "1 record read: 1 created.")
    assert (
        number_in_creatio(page, tree, busy)
        == one_invoice(intacct.objects("ARINVOICE"), before, busy)["RECORDID"]
    )

    # the answer is lost after the invoice was posted: it is looked for, found and not written again
    lost = "Spare devices, Granby Foods"  # the customer is known by now, so the first write is the invoice
    intacct.forget()
    with screens.misbehaving(page, tree, "Sage Intacct", "Does the work, then loses the answer"):
        press(page, tree, lost)
        screens.newest_run(page, tree, "whether it carried out the request is not known yet")
        screens.says(page, "1 record read: 1 created.", IN_DOUBT)
    dropped = [call for call in intacct.journal() if call["dropped"]]
    assert len(dropped) == 1
    assert "<create_invoice>" in dropped[0]["body"]
    assert (
        number_in_creatio(page, tree, lost)
        == one_invoice(intacct.objects("ARINVOICE"), before, lost)["RECORDID"]
    )

    # an unmapped product category: one answer in the inbox releases the invoice
    press(page, tree, REVIEW)
    screens.newest_run(page, tree, "1 record read: 1 held.")
    expect(page.get_by_text("No ledger account for Consulting", exact=False).first).to_be_visible()
    page.get_by_role("link", name=re.compile("^Inbox")).click()
    expect(page.get_by_role("heading", name=re.compile("No ledger account for Consulting"))).to_be_visible()
    screens.choose(page, "Ledger account for Consulting", "4200 · Consulting revenue")
    page.get_by_role("button", name="Release it").click()
    page.get_by_role("link", name="Watch them go out").click()
    screens.says(page, "1 record read: 1 created.")
    made = one_invoice(intacct.objects("ARINVOICE"), before, REVIEW)
    assert number_in_creatio(page, tree, REVIEW) == made["RECORDID"]
    page.get_by_role("link", name="Open the invoice").click()
    expect(page.get_by_role("row", name=re.compile("4200 Consulting revenue"))).to_be_visible()
    same = [row for row in intacct.objects("CUSTOMER") if row["NAME"] == "Kestrel Logistics"]
    assert [row["CUSTOMERID"] for row in same] == [made["CUSTOMERID"]], "matched, not made a second time"

    # a closed period: held, and retried when the books are open again
    late = "Yard management, O'Hara & Sons"
    with screens.misbehaving(page, tree, "Sage Intacct", "The books of a month are closed"):
        press(page, tree, late)
        screens.newest_run(page, tree, "1 record read: 1 held.")
        expect(page.get_by_text(re.compile("Intacct has closed the period")).first).to_be_visible()
        run = page.url
    page.goto(run)
    screens.retry(page, "1 held record")
    screens.says(page, "1 record read: 1 created.")
    assert (
        number_in_creatio(page, tree, late)
        == one_invoice(intacct.objects("ARINVOICE"), before, late)["RECORDID"]
    )

    # exactly one for each, and nothing waits any more
    posted = sorted(row["DESCRIPTION"] for row in intacct.objects("ARINVOICE")[len(before) :])
    assert posted == sorted([busy, lost, REVIEW, late])
    page.goto(f"{tree.url}/inbox?tab=held")
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()


def press(page: Page, tree: Tree, title: str) -> None:
    screens.open_deal(page, tree, title)
    screens.raise_invoice(page)


def number_in_creatio(page: Page, tree: Tree, title: str) -> str:
    screens.open_deal(page, tree, title)
    return screens.invoice_number(page)


def one_invoice(now: list[dict[str, Any]], before: list[dict[str, Any]], title: str) -> dict[str, Any]:
    """The only invoice with this description that was not there before."""
    known = {row["RECORDNO"] for row in before}
    found = [row for row in now if row["RECORDNO"] not in known and row["DESCRIPTION"] == title]
    assert len(found) == 1, [row["DESCRIPTION"] for row in now if row["RECORDNO"] not in known]
    assert Decimal(found[0]["TRX_TOTALENTERED"]) > 0
    return found[0]
