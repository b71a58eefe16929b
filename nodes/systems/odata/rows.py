"""What one call brings: rows, where they go on, and whether anything is noted beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from nodes.systems.odata import reading

Raws = list[msgspec.Raw]

ANNOTATION = re.compile(rb'@[^"\\]*"\s*:')
"""A name of JSON with an annotation in it (``"@odata.etag":``); it may find one more, in a text, but overlooks none."""
CUT = b"nextLink"
"""Stands in a page of which a list within a row may be cut off; at least of each that is not the last."""


class Rows(NamedTuple):
    """One call's rows.

    following  the address of the next page      bare  no row has an annotation, at any depth
    total      how many rows there are in all, where that is told; ``at_least``: or more
    raws       the rows as they came, where ``rows`` have only what reading goes by
    """

    rows: list[reading.Row]
    following: str | None
    bare: bool
    total: int | None
    at_least: bool
    raws: Raws | None = None


def annotated(text: bytes, body: Mapping[str, Any]) -> bool:
    """Whether a page may have annotations in its rows: more of them than stand beside the rows."""
    return len(ANNOTATION.findall(text)) > sum("@" in name for name in body) or b"\\u0040" in text
