"""The product for the browser tests: one process tree for each module, and the ways through its screens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.tree import Tree, running


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """A fresh installation with its demo systems, started as its user starts it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEDDLE_SIGN_IN_LIMIT", "1000 per minute")  # every test signs in anew
        with running(tmp_path_factory.mktemp("heddle") / "data") as started:
            yield started


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}, "locale": "en-GB"}


PATIENCE = 15_000
"""ms; a label that is not there is known after seconds, and a busy machine is not taken for a broken product."""

expect.set_options(timeout=PATIENCE)


@pytest.fixture(autouse=True)
def impatience(page: Page) -> None:
    page.set_default_timeout(PATIENCE)
