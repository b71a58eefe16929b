"""Noticing that the pages of a system go in a circle: it ignores which page is asked for, or its links lead back.

A page is known by its first and its last record, since a key is on one page alone, and an empty one by what leads on
from it. One page is remembered, and another one in its place after twice as many as the last time (Brent), so that a
circle of any length is found with no more than that one. Rows move between pages while they are read, so a page must
come again a few times.
"""

from __future__ import annotations

from typing import Any

from engine.errors import DefinitionError, Problem
from engine.record import Page, digest, to_json

TIMES = 3
"""So often a page comes again before it is believed."""

Walked = list[Any]
"""[the page that is remembered, pages since then, pages until another one is, how often it came again], as JSON."""


def step(walked: Walked | None, page: Page) -> Walked:
    """How far it has gone behind this page. Raises DefinitionError (E-PAGING) where it goes in a circle."""
    return go_on(walked, _mark(page))


def go_on(walked: Walked | None, here: str) -> Walked:
    """The same behind a page that is known by other means: ``here`` is what no other page has."""
    known, since, until, again = walked or ["", 0, 1, 0]
    again += here == known
    if again >= TIMES:
        raise found()
    since += 1
    return [here, 0, 2 * until, 0] if since >= until else [known, since, until, again]


def found() -> DefinitionError:
    """The error for a circle."""
    problem = Problem(
        "E-PAGING",
        "The system answers the same pages again and again.",
        "Correct how the connection asks for the next page; if that is right, ask the maker of the system.",
    )
    return DefinitionError([problem])


def _mark(page: Page) -> str:
    if not page.records:
        return digest(to_json(page.cursor))
    ends = [(one.key, one.version) for one in (page.records[0], page.records[-1])]
    return digest(f"{len(page.records)} {ends}".encode("utf-8", "surrogatepass"))
