"""Which Chromium the browser tests drive. ``python -m tests.chromium`` prints it, or nothing when there is none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CURE = (
    "There is no Chromium for the browser tests. Get one with\n"
    "    .venv/bin/playwright install --with-deps chromium\n"
    "or, where that is out of reach, with\n"
    "    apt-get install -y chromium fonts-liberation\n"
    "or name one that is there: HEDDLE_CHROMIUM=/path/to/chromium"
)


def find() -> str:
    """The path of a Chromium: the one named in HEDDLE_CHROMIUM, Playwright's own, or the system's; "" if none.

    Headless, Playwright starts a smaller build of its own beside the full one; both must be there to count.
    """
    named = os.environ.get("HEDDLE_CHROMIUM")
    if named:
        return named if os.access(named, os.X_OK) else ""
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    if own.exists() and any(own.parents[2].glob("chromium_headless_shell-*/*/*shell*")):
        return str(own)
    return next((found for found in map(shutil.which, NAMES) if found), "")


if __name__ == "__main__":
    print(find())
