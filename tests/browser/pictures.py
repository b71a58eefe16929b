"""Takes the pictures of the docs from the real product: ``python -m tests.browser.pictures [deciding]``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from engine.guard import VARIABLE
from tests import chromium
from tests.browser import ahead, amiss, two_sides
from tests.browser.screens import sign_in
from tests.browser.tour import deciding, tour
from tests.tree import Tree, running

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
SIZE = {"width": 1440, "height": 900}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    os.environ[VARIABLE] = "127.0.0.1"  # where those who edit in the imitated systems meanwhile find them
    path = chromium.find()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "data") as tree,
        sync_playwright() as playwright,
    ):
        given = {} if "ms-playwright" in path else {"executable_path": path}
        browser = playwright.chromium.launch(**given)
        page = browser.new_page(viewport=SIZE, locale="en-GB", reduced_motion="reduce", color_scheme="light")
        for picture in _screens(page, tree):
            take(page, picture)
        browser.close()


def _screens(page: Page, tree: Tree) -> Iterator[str]:
    """The tutorial's, those of two sides, then a record that failed, rules and tables; only these when they are asked for."""
    if "deciding" in sys.argv[1:]:
        sign_in(page, tree)
    else:
        yield from (picture for _, picture in tour(page, tree))
        yield from ahead.pictures(page, tree)
        yield from two_sides.pictures(page, tree)
    yield from amiss.pictures(page, tree)
    yield from deciding(page, tree)


def take(page: Page, picture: str) -> None:
    """A picture under this name; none without."""
    if picture:
        page.wait_for_timeout(1000)  # until what moves stands still
        page.screenshot(path=FOLDER / f"{picture}.png", animations="disabled")
        print(f"{picture}.png: {(FOLDER / f'{picture}.png').stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
