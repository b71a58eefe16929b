"""One truth in two systems: a record's timeline, why a value is so, conflicts and their policies."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.browser.screens import call
from tests.browser.test_accessibility import violations
from tests.browser.two_sides import (
    Clerks,
    disagree,
    find,
    in_conflict,
    keep_in_step,
    merge,
    sync,
    sync_until,
)
from tests.tree import Tree

pytestmark = pytest.mark.browser

WAREHOUSE, REVIEW = "Warehouse rollout, Northgate Instruments", "Process review, Kestrel Logistics"


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
    assert violations(page, "timeline") == []

    created = told.filter(has_text=f"Invoice {number} was created")
    created.get_by_role("button", name=re.compile(r"^\d+ fields$")).click()
    created.get_by_role("button", name=re.compile("why is Description so")).click()
    why = page.get_by_role("dialog", name=re.compile("why is Description so"))
    expect(why).to_contain_text("Title (Won opportunities)")
    expect(why).to_contain_text(re.compile(r"Version \d+ by admin@heddle.local"))

    page.keyboard.press("Escape")
    created.get_by_role("link", name=screens.FLOW).click()
    expect(page).to_have_url(re.compile(r"/runs/"))  # the timeline has such buttons too
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


def test_a_conflict_is_resolved_and_remembered(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    clerks = Clerks(tree)
    for name in ("Harbour Foods", "Oak Tools"):
        clerks.edit("creatio", None, {"Name": name, "Web": "old.example"})
    slug = keep_in_step(page, tree)
    sync_until(
        page, tree, slug, lambda: bool(clerks.partners("Harbour Foods") and clerks.partners("Oak Tools"))
    )
    disagree(clerks, "Harbour Foods", "crm.example", "books.example")
    disagree(clerks, "Oak Tools", "crm-oak.example", "books-oak.example")
    sync_until(page, tree, slug, lambda: in_conflict(page, tree, "Harbour Foods", "Oak Tools"))

    page.goto(f"{tree.url}/inbox")
    page.get_by_role("tab", name=re.compile("^Conflicts")).click()
    card = page.get_by_role("article", name="Conflict about Harbour Foods")
    for value in ("old.example", "crm.example", "books.example"):
        expect(card).to_contain_text(value)
    expect(card.get_by_role("button", name="Choose what stays")).to_be_disabled()
    assert violations(page, "conflicts") == []
    card.get_by_role("radio", name=re.compile(r"another value$")).check()
    card.get_by_role("textbox").fill("both.example")
    card.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("status").filter(has_text="Harbour Foods")).to_be_visible()
    page.get_by_role("link", name="Watch them go out").click()
    screens.says(page, "1 record read: 1 updated.")
    assert clerks.account("Harbour Foods")["Web"] == "both.example"
    assert clerks.partner("Harbour Foods")["DISPLAYCONTACT"]["URL1"] == "both.example"

    page.goto(f"{tree.url}/inbox?tab=conflicts")
    card = page.get_by_role("article", name="Conflict about Oak Tools")
    card.get_by_role("radio", name=re.compile("Creatio")).check()
    card.get_by_role("combobox", name=re.compile("^Next time")).click()
    page.get_by_role("option", name="Next time: Creatio (demo) decides").click()
    card.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Version 2 remembers it.")).to_be_visible()
    expect(card).to_have_count(0)
    page.get_by_role("link", name="Watch them go out").click()
    screens.says(page, "1 record read: 1 updated.")
    disagree(clerks, "Oak Tools", "new.example", "ledger.example")
    sync_until(
        page, tree, slug, lambda: clerks.partner("Oak Tools")["DISPLAYCONTACT"]["URL1"] == "new.example"
    )

    find(page, "Oak Tools")
    told = page.get_by_role("listitem")
    expect(
        told.filter(has_text=re.compile("Conflict about .* decided by admin@heddle.local"))
    ).to_be_visible()
    updated = told.filter(has_text="was updated in Sage Intacct (demo)").first
    updated.get_by_role("button", name=re.compile("field")).click()
    updated.get_by_role("button", name=re.compile("why is")).click()
    expect(page.get_by_role("dialog")).to_contain_text("Creatio decides.")


def test_a_merge_is_told_by_a_person_and_reaches_the_ledger(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    clerks = Clerks(tree)
    for name in ("Pine Print", "Pine Print & Co"):
        clerks.edit("creatio", None, {"Name": name, "Web": f"{name[-2:].lower().strip()}.example"})
        page.wait_for_timeout(50)  # the older one stays
    slug = keep_in_step(page, tree)
    sync_until(
        page, tree, slug, lambda: bool(clerks.partners("Pine Print") and clerks.partners("Pine Print & Co"))
    )
    merge(page, tree, "Pine Print & Co", "Pine Print")
    sync(page, tree, slug)

    page.goto(f"{tree.url}/inbox?tab=held")
    card = page.get_by_role("article", name=re.compile("Pine Print & Co was deleted in Creatio"))
    card.get_by_role("radio", name=re.compile("It was merged into another one")).check()
    survivor = card.get_by_role("combobox", name=re.compile("Which one is left"))
    survivor.fill("Pine Print")
    page.get_by_role("option", name="Pine Print", exact=True).click()
    assert violations(page, "where it went") == []
    card.get_by_role("button", name="Release it").click()
    page.get_by_role("link", name="Watch them go out").click()
    screens.says(page, "1 record read: 1 held.")

    page.goto(f"{tree.url}/inbox?tab=held")
    card = page.get_by_role("article", name=re.compile("which is kept in step with"))
    card.get_by_role("radio", name=re.compile("no longer kept in step")).check()
    card.get_by_role("button", name="Release it").click()
    page.get_by_role("link", name="Watch them go out").click()
    screens.says(page, "1 record read: 1 unchanged.")
    assert clerks.partners("Pine Print & Co"), "it was to be left as it is"


def test_a_flow_decides_what_both_sides_changed(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    clerks = Clerks(tree)
    clerks.edit("creatio", None, {"Name": "Cedar Clinic", "Fax": "1"})
    slug = keep_in_step(page, tree)
    sync_until(page, tree, slug, lambda: bool(clerks.partners("Cedar Clinic")))
    nodes = [
        {"id": "asked", "type": "conflict"},
        {"id": "answer", "type": "resolve", "settings": {"take": "right"}},
    ]
    edges = [{"source": "asked", "target": "answer"}]
    drawn = {"heddle": 1, "name": "The ledger is right", "nodes": nodes, "edges": edges}
    made = call(page, tree, "POST", "/api/flows", {"document": drawn})
    call(page, tree, "POST", f"/api/flows/{made['slug']}/publish", {"revision": made["revision"], "note": ""})
    page.goto(f"{tree.url}/flows/{slug}?node=in-step")
    matrix = page.get_by_role("table", name="Pairs of fields")
    policy = page.get_by_role("combobox", name=re.compile("^When both changed .*[Ff]ax"))
    row = matrix.get_by_role("row").filter(has=policy)
    policy.click()
    page.get_by_role("option", name="A flow decides").click()
    row.get_by_role("combobox", name=re.compile("^Flow that decides")).click()
    page.get_by_role("option", name="The ledger is right").click()
    expect(row).to_contain_text("the flow the-ledger-is-right decides")
    screens.publish(page, "A flow decides on fax numbers")

    clerks.edit("creatio", clerks.account("Cedar Clinic")["id"], {"Fax": "2"})
    clerks.edit("intacct", clerks.partner("Cedar Clinic")["id"], {"DISPLAYCONTACT": {"FAX": "3"}})
    sync_until(page, tree, slug, lambda: clerks.account("Cedar Clinic")["Fax"] == "3")
    page.goto(tree.url)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    find(page, "Cedar Clinic")
    told = page.get_by_role("listitem")
    expect(told.filter(has_text="decided by the flow “The ledger is right”, version 1")).to_be_visible()


def test_the_matrix_is_edited_and_a_dry_run_shows_the_effect(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    clerks = Clerks(tree)
    clerks.edit("creatio", None, {"Name": "Mill Paper", "Web": "old.example"})
    slug = keep_in_step(page, tree)
    sync_until(page, tree, slug, lambda: bool(clerks.partners("Mill Paper")))
    disagree(clerks, "Mill Paper", "crm.example", "books.example")

    page.goto(f"{tree.url}/flows/{slug}?node=in-step")
    matrix = page.get_by_role("table", name="Pairs of fields")
    row = matrix.get_by_role("row").filter(has_text=re.compile("Web.* goes both ways"))
    expect(row).to_contain_text("If both changed it", timeout=screens.SLOW)
    assert violations(page, "matrix") == []
    row.get_by_role("combobox", name=re.compile("^When both changed")).click()
    page.get_by_role("option", name="Sage Intacct decides").click()
    expect(row).to_contain_text("If both changed it, Sage Intacct wins.")
    direction = matrix.get_by_role("button", name=re.compile("^Direction of .*[Pp]hone"))
    direction.press("ArrowRight")
    expect(direction).to_have_accessible_name(re.compile("From Creatio to Sage Intacct only"))
    direction.press("Alt+ArrowDown")
    expect(matrix.get_by_role("button", name=re.compile("^Direction of .*[Ff]ax"))).to_be_focused()
    page.get_by_role("group", name="Suggested pairs").get_by_role(
        "button", name=re.compile("^Take")
    ).first.click()
    screens.publish(page, "The ledger decides on web sites")

    page.wait_for_timeout(1500)  # a run reads what was changed before its own second
    run = sync(page, tree, slug, mode="dry-run")
    page.goto(f"{tree.url}/runs/{run}")
    line = page.get_by_role("row").filter(has_text="books.example")
    expect(line).to_contain_text("crm.example", timeout=screens.SLOW)
    expect(line).to_contain_text("Sage Intacct decides.")
    assert clerks.account("Mill Paper")["Web"] == "crm.example", "a dry run writes nothing"
