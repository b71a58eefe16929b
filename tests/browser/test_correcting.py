"""A record that failed is corrected in a form: the wrong field is in focus, lines are rows, and digits are kept."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import amiss, screens
from tests.tree import Tree

pytestmark = pytest.mark.browser
TREE = "common"


def test_what_is_wrong_is_in_focus_and_the_rest_is_left_alone(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    run = amiss.fail(page, tree)
    page.goto(f"{tree.url}/inbox?tab=errors")
    card = page.get_by_role("article").filter(has_text="Orders of the shop")
    card.get_by_role("link", name="Correct it").click()
    form = page.get_by_role("dialog")
    wrong = form.get_by_label("Net", exact=True)
    expect(wrong).to_be_focused()
    expect(form.get_by_text(re.compile("number"))).to_be_visible()
    expect(form.get_by_role("button", name="Nothing is changed yet")).to_be_disabled()
    wrong.fill("12.50")
    form.get_by_label("Lines 2: Quantity").fill("20000000000000000.10")
    form.get_by_role("button", name="Take out line 1 of Lines").click()
    form.get_by_text("As JSON").click()
    text = form.get_by_label("The record as JSON").input_value()
    assert '"Quantity": 20000000000000000.10' in text
    assert '"Rate": 1.10' in text
    form.get_by_text("As a form").click()
    form.get_by_role("button", name="Send it again").click()
    screens.says(page, "1 record read")
    told = screens.call(page, tree, "GET", f"/api/runs/{run}/records/{amiss.KEY}")["corrections"]
    assert [one["field"] for one in told[0]["changes"]] == ["Total.Net", "Lines"]
