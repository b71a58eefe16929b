"""The product for the browser tests, in a process tree of its own, and how patient they are with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.durability.processes import free_ports
from tests.tree import SYSTEMS, Prepared, Tree, prepare, running

OFTEN = {"HEDDLE_SIGN_IN_LIMIT": "1000 per minute"}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A fresh installation with its demo systems, to be copied."""
    return prepare(tmp_path_factory.mktemp("prepared") / "data")


@pytest.fixture(scope="module")
def tree(request: pytest.FixtureRequest) -> Tree:
    """What the module names as its TREE: ``own`` where it says nothing, ``common`` or ``untouched``."""
    started: Tree = request.getfixturevalue(getattr(request.module, "TREE", "own"))
    return started


@pytest.fixture(scope="module")
def own(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """One for this module alone: its tests count what is there, or leave it otherwise than they found it."""
    with prepared.running(tmp_path_factory.mktemp("heddle") / "data", **OFTEN) as started:
        yield started


@pytest.fixture(scope="session")
def common(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """One for all modules whose tests make what they need, and mind nothing else that is there."""
    folder = tmp_path_factory.mktemp("common")
    with prepared.running(folder / "data", free_ports(1 + len(SYSTEMS)), **OFTEN) as started:
        yield started


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """One that was started for the very first time, as its user starts it."""
    with running(tmp_path_factory.mktemp("heddle") / "data") as started:
        yield started


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Nothing moves: what slides in would only be waited for, and drawn again and again."""
    given = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce"}
    return {**browser_context_args, **given}


PATIENCE = 45_000
"""ms; a busy machine is not taken for a broken product."""

expect.set_options(timeout=PATIENCE)


@pytest.fixture(autouse=True)
def impatience(page: Page) -> None:
    page.set_default_timeout(PATIENCE)
