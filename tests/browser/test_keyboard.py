"""The main job without a mouse: open the flow, walk to a step, change it, take that back, publish."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.tree import Tree

pytestmark = pytest.mark.browser
TREE = "common"


def test_the_main_job_by_keyboard(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    tab_to(page, "Flows")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Flows", exact=True)).to_be_visible()
    tab_to(page, screens.FLOW)
    page.keyboard.press("Enter")
    expect(screens.step(page, "invoice")).to_be_visible()

    # walk along the wires to the step that makes customer fields, and open it
    tab_to(page, "", kind=".react-flow__node")
    for _ in range(12):
        if page.locator(".react-flow__node.selected [data-testid=node-customer-fields]").count():
            break
        page.keyboard.press("ArrowRight")
        screens.drawn(page)
    expect(page.locator(".react-flow__node.selected [data-testid=node-customer-fields]")).to_be_visible()
    page.keyboard.press("Enter")
    panel = page.locator("[data-panel]")
    expect(panel).to_be_visible()

    # write a note there, and take it back
    note = panel.get_by_role("textbox", name="Note")
    for _ in range(200):
        page.keyboard.press("Tab")
        if note.evaluate("field => field === document.activeElement"):
            break
    expect(note).to_be_focused()
    page.keyboard.type("Ask the accountant first")
    expect(screens.step(page, "customer-fields")).to_contain_text("Ask the accountant first")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(screens.step(page, "customer-fields")).not_to_contain_text("Ask the accountant first")
    page.keyboard.press("Control+y")
    expect(screens.step(page, "customer-fields")).to_contain_text("Ask the accountant first")
    expect(page.get_by_test_id("save-state")).to_have_text("Saved")

    page.keyboard.press("Control+Shift+Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    note = dialog.get_by_label("What is new?")
    for _ in range(10):
        if note.evaluate("field => field === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.type("Written without a mouse")
    for _ in range(10):
        if page.evaluate("document.activeElement.textContent") == "Publish":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"Version \d+ is live"))).to_be_visible()


def tab_to(page: Page, text: str, kind: str = "a, button") -> None:
    """Presses Tab until something of this kind, whose words begin with the text, has the focus."""
    for _ in range(200):
        page.keyboard.press("Tab")
        there = page.evaluate(
            "([kind, text]) => document.activeElement.matches(kind)"
            " && document.activeElement.textContent.trim().startsWith(text)",
            [kind, text],
        )
        if there:
            return
    pytest.fail(f"Tab never came to {text or kind!r}")
