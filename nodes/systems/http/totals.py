"""How many records there are in all, where an answer says so: in its body, or in one of the headers in use for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nodes.systems.http.settings import ReadForm, at

HEADERS = ("X-Total-Count", "X-Total", "Total-Count", "X-Pagination-Total-Count", "X-WP-Total")
"""Nobody has made a standard of it; these are what services and the libraries below them send."""
RANGE = "Content-Range"
_PLACE = re.compile(r"(?:(?P<unit>[^\s/]+)\s+)?(?:\d+\s*-\s*\d+|\*)\s*/\s*(?P<total>\d+)")
"""``items 0-99/1234`` (RFC 9110, 14.4, with a unit of its own), ``0-24/3573`` (PostgREST), ``*/0``; ``/*`` says nothing."""


def told(read: ReadForm, content: Any, headers: Mapping[str, str]) -> int | None:
    """The number told by an answer. What the form names comes first; None where nothing is told."""
    named = [at(read.total, content) if read.total else None]
    named.append(headers.get(read.total_header) if read.total_header else None)
    usual = (headers.get(name) for name in (*HEADERS, RANGE))
    return next((number for one in (*named, *usual) if (number := _number(one)) is not None), None)


def _number(told: Any) -> int | None:
    """A plain number, or what a range ends with. A range of bytes is one of something else."""
    text = str(told).strip()
    if text.isdecimal():
        return int(text)
    found = _PLACE.fullmatch(text)
    return int(found["total"]) if found and (found["unit"] or "").lower() != "bytes" else None
