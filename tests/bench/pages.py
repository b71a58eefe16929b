"""Writes measured figures into a page of the documentation, between its markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

MEASURED = "<!-- measured: begin -->", "<!-- measured: end -->"
COMPARED = "<!-- compared: begin -->", "<!-- compared: end -->"
MANY = "<!-- many: begin -->", "<!-- many: end -->"
SPENT = "<!-- spent: begin -->", "<!-- spent: end -->"
SMALL = "<!-- small: begin -->", "<!-- small: end -->"


def write(page: Path, machine: str, rows: Sequence[tuple[str, str]]) -> None:
    """Replaces the table of what was measured."""
    _put(page, *MEASURED, machine, [("what", "measured"), *rows])


def compare(page: Path, machine: str, rows: Sequence[Sequence[str]]) -> None:
    """Replaces the table of the comparison; its first row is the head."""
    _put(page, *COMPARED, machine, rows)


def compare_many(page: Path, machine: str, rows: Sequence[Sequence[str]]) -> None:
    """The same with many records."""
    _put(page, *MANY, machine, rows)


def compare_small(page: Path, machine: str, rows: Sequence[Sequence[str]]) -> None:
    """The same for small work."""
    _put(page, *SMALL, machine, rows)


def spend(page: Path, machine: str, rows: Sequence[tuple[str, str]]) -> None:
    """Replaces the table of where the time goes."""
    _put(page, *SPENT, machine, [("what", "share"), *rows])


def _put(page: Path, begin: str, end: str, machine: str, rows: Sequence[Sequence[str]]) -> None:
    text = page.read_text()
    before, found, rest = text.partition(begin)
    assert found, f"{page} has lost its place for {begin}"
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    page.write_text(f"{before}{begin}\n\n{machine}\n\n{table}\n\n{end}{rest.partition(end)[2]}")
