"""The way through docs/tutorial.md, step by step: for the test that holds the page, and for its pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.tree import ADMIN, Tree


def tour(page: Page, tree: Tree) -> Iterator[tuple[int, str]]:
    """Does what the page says. Stops at each screen with the number of the step and the picture to take there, if any."""
    main = page.get_by_role("navigation", name="Main")
    page.goto(tree.url)
    page.get_by_label("E-mail").fill(ADMIN)
    page.get_by_role("textbox", name="Password").fill(tree.password)
    yield 1, ""
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Choose your own password")).to_be_visible()
    yield 2, ""
    screens.own_password(page, tree)
    expect(page.get_by_text("Sage Intacct (demo)")).to_be_visible()
    yield 3, "home"
    main.get_by_role("link", name="Flows").click()
    expect(page.get_by_role("heading", name="Flows", level=1)).to_be_visible()
    yield 4, ""
    screens.open_flow(page)
    yield 4, ""
    page.get_by_role("button", name="Try on a sample").click()
    expect(page.get_by_test_id("sample-bar")).to_be_visible(timeout=screens.SLOW)
    yield 5, "canvas"
    screens.step(page, "invoice").dblclick()
    expect(page.get_by_label("What comes out")).to_contain_text("Would be created")
    yield 5, "preview"
    page.get_by_role("button", name="Close the panel").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_label("What is new?").fill("First version")
    yield 6, ""
    page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Live v1")).to_be_visible()
    yield 6, ""
    main.get_by_role("link", name="Sandboxes").click()
    expect(page.get_by_role("link", name="Open it").first).to_be_visible()
    yield 7, ""
    yield from _press(page, tree, 7, "Warehouse rollout, Northgate Instruments")
    screens.invoice_number(page)
    yield 7, ""
    page.goto(f"{tree.url}/runs")
    expect(page.get_by_text("1 record read: 1 created.")).to_be_visible()
    yield 8, ""
    screens.newest_run(page, tree, "1 record read: 1 created.")
    yield 8, ""
    page.get_by_role("link", name="On the canvas").click()
    expect(page.get_by_role("button", name="1 passed: show these records").first).to_be_visible()
    yield 8, "run"
    yield from _press(page, tree, 9, "Process review, Kestrel Logistics")
    screens.newest_run(page, tree, "1 record read: 1 held.")
    main.get_by_role("link", name=re.compile("^Inbox")).click()
    expect(page.get_by_role("button", name="Release it")).to_be_visible()
    yield 9, "inbox"
    page.get_by_role("combobox", name="Ledger account for Consulting").click()
    expect(page.get_by_role("option", name="4200 · Consulting revenue")).to_be_visible()
    yield 9, ""
    page.get_by_role("option", name="4200 · Consulting revenue").click()
    page.get_by_role("button", name="Release it").click()
    expect(page.get_by_role("link", name="Watch them go out")).to_be_visible()
    yield 9, ""
    with screens.misbehaving(page, tree, "Sage Intacct", "The books of a month are closed"):
        yield 10, "sandboxes"
        yield from _press(page, tree, 10, "Yard management, O'Hara & Sons")
        screens.newest_run(page, tree, "1 record read: 1 held.")
        expect(page.get_by_text("Intacct has closed the period")).to_be_visible()
        yield 10, ""
        run = page.url
    page.goto(run)
    screens.retry(page, "1 held record")
    screens.says(page, "1 record read: 1 created.")
    yield 10, ""


def _press(page: Page, tree: Tree, step: int, title: str) -> Iterator[tuple[int, str]]:
    screens.open_deal(page, tree, title)
    yield step, ""
    screens.raise_invoice(page)
