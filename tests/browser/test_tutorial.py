"""docs/tutorial.md is so: its steps can be done, and every label in bold is on the screen at its step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.tour import tour
from tests.tree import Tree

pytestmark = pytest.mark.browser
TREE = "untouched"

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"


def labels() -> dict[int, set[str]]:
    """Step → what stands there in bold."""
    _, *steps = re.split(r"^## (?=\d)", TUTORIAL.read_text(), flags=re.MULTILINE)
    return {
        int(step.partition(".")[0]): {
            " ".join(label.split()) for label in re.findall(r"\*\*(.+?)\*\*", step, re.DOTALL)
        }
        for step in steps
    }


def test_every_step_is_as_the_tutorial_says(page: Page, tree: Tree) -> None:
    seen: dict[int, str] = {}
    for step, _ in tour(page, tree):
        seen[step] = f"{seen.get(step, '')} {' '.join(page.locator('body').inner_text().split())}"
    wanted = labels()
    assert wanted.keys() == seen.keys()
    assert {step: {label for label in some if label not in seen[step]} for step, some in wanted.items()} == {
        step: set() for step in wanted
    }
