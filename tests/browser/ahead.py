"""What is seen before a flow is switched on, for the pictures of the docs."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.tree import Tree


def pictures(page: Page, tree: Tree) -> Iterator[str]:
    """The name of each picture, when its screen is there."""
    page.goto(f"{tree.url}/flows")
    screens.open_flow(page)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Forecast and coverage").click()
    page.get_by_text("Also what its filters leave out").click()
    page.get_by_role("button", name="Rehearse on the last 1,000 records").click()
    expect(page.get_by_role("region", name="Ledger accounts")).to_be_visible(timeout=screens.SLOW)
    yield "forecast"
