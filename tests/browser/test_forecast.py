"""Before anything is held: the forecast names the category without an account, and one click gives it one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.tree import Tree

pytestmark = pytest.mark.browser


def test_a_missing_account_is_seen_ahead_and_added(page: Page, tree: Tree) -> None:
    creatio, intacct = tree.sandbox("creatio"), tree.sandbox("intacct")
    before = creatio.writes(), intacct.objects("ARINVOICE"), intacct.objects("CUSTOMER")
    screens.sign_in(page, tree)
    screens.open_flow(page)
    page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Rehearse", exact=True).click()
    expect(dialog.get_by_text("without Ledger account")).to_be_visible(timeout=screens.SLOW)
    dialog.get_by_role("link", name=re.compile("^(Look closer|All .* findings)$")).click()

    section = page.get_by_role("region", name="Ledger accounts")
    expect(section.get_by_text("Consulting", exact=True)).to_be_visible()
    page.get_by_text("Also what its filters leave out").click()
    page.get_by_role("button", name="Rehearse on the last 1,000 records").click()
    expect(section.get_by_text("They stand for")).to_be_visible(timeout=screens.SLOW)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Inbox").click()
    gap = page.get_by_role("article", name="Coverage of Ledger accounts")
    expect(gap).to_contain_text("Consulting")
    gap.get_by_role("link", name="Complete them").click()
    expect(section.get_by_text("Proposed: It is called Consulting revenue there.")).to_be_visible()
    screens.choose(page, "Ledger account for Training", re.compile("^4100"))
    section.get_by_role("button", name="Add 2 rows").click()
    expect(section.get_by_text(re.compile(r"^All \d+ covered$"))).to_be_visible()
    assert (creatio.writes(), intacct.objects("ARINVOICE"), intacct.objects("CUSTOMER")) == before


def test_a_flow_is_switched_off_and_on_with_what_it_needs(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    screens.make_live(page)
    for act, said in (("Switch off", "Paused v1"), ("Switch on", "Live v1")):
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("menuitem", name=act).click()
        page.get_by_role("dialog").get_by_role("button", name=act).click()
        expect(page.get_by_text(said, exact=True)).to_be_visible()
