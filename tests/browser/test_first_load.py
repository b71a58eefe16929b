"""A first load in the browser: the report, a decision, the load, and the cross references that it leaves."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.tree import Tree

pytestmark = pytest.mark.browser
NOBODY = "00000000-0000-4000-8000-00000000dead"


def test_report_decide_load_and_repair(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    screens.make_live(page)
    page.get_by_role("button", name="Run", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Certain records").click()
    expect(dialog.get_by_role("button", name="Run now")).to_be_disabled()
    dialog.get_by_role("button", name="First load…").click()
    page.wait_for_url(re.compile(r"/runs/\w+$"), timeout=screens.SLOW)
    report = page.url
    expect(page.get_by_role("tab", name="Match report")).to_be_visible(timeout=screens.SLOW)
    expect(page.get_by_text("Nothing has been written yet.")).to_be_visible()

    with page.expect_response(re.compile("band=new")):  # until then it shows another band
        page.get_by_role("group", name="Bands").get_by_role("button", name="new").click()
    screens.drawn(page)
    decide = page.get_by_role("button", name=re.compile("^Decide on "))
    expect(decide.first).to_be_visible()
    before = decide.count()
    decide.first.click()
    page.get_by_role("menuitem", name="Leave it out").click()
    expect(page.get_by_text("Left out", exact=True)).to_have_count(1)
    assert before > 1

    page.get_by_role("button", name="Load exactly this").click()
    page.wait_for_url(lambda url: url != report and "/runs/" in url)
    expect(page.get_by_text("executes an approved plan")).to_be_visible()
    expect(page.get_by_text(re.compile("^Done")).first).to_be_visible(timeout=screens.SLOW)

    page.get_by_role("navigation", name="Main").get_by_role("link", name="References").click()
    expect(page.get_by_text("Linked").first).to_be_visible()
    expect(page.get_by_text("Left out", exact=True).first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Repair ")).first.click()
    page.get_by_role("menuitem", name="Point to another object…").click()
    page.get_by_label(re.compile("^Id in ")).fill(NOBODY)
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.get_by_text(re.compile(f"has no .* with the id {NOBODY}"))).to_be_visible(
        timeout=screens.SLOW
    )
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    for address in (f"{tree.url}/references", report):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{address} is wider than the phone"
