"""Text that goes into tables which people open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

FORMULA = ("=", "+", "-", "@", "\t", "\r")
NEGATIVE = re.compile(r"-\d+(\.\d+)?")
"""What begins like a formula, and is a number."""

LONGEST = 32_000
"""A spreadsheet takes 32,767 characters in a cell."""


def printable(text: str) -> str:
    """Text as a cell can hold it: cut where it is too long, without control characters."""
    return "".join(sign for sign in text[:LONGEST] if sign >= " " or sign in "\t\n\r")


def harmless(text: str) -> str:
    """Printable text that no spreadsheet takes for a formula, even from a file that knows no text cells."""
    clean = printable(text)
    return f"'{clean}" if clean.startswith(FORMULA) and not NEGATIVE.fullmatch(clean) else clean


def csv_line(cells: Iterable[str]) -> str:
    """A line of CSV, each cell harmless."""
    out = io.StringIO()
    csv.writer(out).writerow(harmless(cell) for cell in cells)
    return out.getvalue()


def plain(text: str) -> str:
    """What ``harmless`` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text
