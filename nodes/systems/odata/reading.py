"""Reading pages that neither lose a row nor depend on the server's row cap.

A whole read goes in the order of the key, which no later change disturbs; a read of changes goes by the
stamp of the last change, from stamp to stamp. Either way a page starts a few rows before where the last one ended and looks for the
rows known from there: rows that were deleted or added meanwhile move the others, but hide none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from nodes.systems.odata.values import stamp_key

OVERLAP = 10
"""Rows to go back from where the last page ended."""
FAR = 1000
"""Rows to go back, and to look ahead, when none of the known rows is where it was."""

Row = dict[str, Any]
Fetch = Callable[[str, int, int], tuple[list[Row], int | None]]
"""(stamp to start at or "", skip, top) → rows and how many there are in all, if the server says."""


@dataclass(frozen=True)
class Names:
    """Where a row has its key and its stamp. ``stamp`` is empty where rows have none."""

    key: Callable[[Row], str]
    stamp: str = ""

    def stamp_of(self, row: Row) -> str:
        return str(row.get(self.stamp) or "") if self.stamp else ""


class Position(msgspec.Struct):
    """Where a read stands; goes to and fro as plain JSON.

    at    the stamp from which rows are counted ("" for a read by Id)
    n     rows from there that have been read      tail  the ids of the last of them
    mark  the highest stamp seen                   roof  no mark may be higher: the newest at the start
    """

    at: str = ""
    n: int = 0
    tail: list[str] = []
    mark: str = ""
    roof: str = ""


def position(cursor: Any, since: str | None) -> Position:
    return msgspec.convert(cursor, Position) if cursor else Position(at=since or "")


def advance(
    here: Position, fetch: Fetch, limit: int, names: Names, *, by_stamp: bool
) -> tuple[list[Row], Position | None]:
    """The next rows, at most ``limit``, and the position behind them (None after the last)."""
    skip = max(here.n - OVERLAP, 0)
    rows, count = fetch(here.at, skip, limit + here.n - skip)
    start = _behind(here, rows, names, by_stamp=by_stamp)
    if start is None:
        skip = _search(here, fetch, limit, names, by_stamp=by_stamp)
        rows, count = fetch(here.at, skip, limit)
        start = 0
    while rows and start == len(rows) and (count is None or skip + start < count):
        # Nothing but known rows: the server's cap is smaller than the overlap.
        skip += start
        rows, count = fetch(here.at, skip, limit)
        start = _behind(here, rows, names, by_stamp=by_stamp) or 0
    fresh = rows[start : start + limit]
    reached = skip + start + len(fresh)
    done = not fresh or (count is not None and reached >= count)
    return fresh, None if done else _follow(here, fresh, reached, names, by_stamp=by_stamp)


def _behind(here: Position, rows: list[Row], names: Names, *, by_stamp: bool) -> int | None:
    """The index behind the last known row; None if rows are known but none of them is here."""
    if not here.tail:
        return 0
    # A known row that has been changed since stands further behind: it is no mark any more, and is new.
    known = [
        i
        for i, row in enumerate(rows)
        if names.key(row) in here.tail and (not by_stamp or names.stamp_of(row) == here.at)
    ]
    return known[-1] + 1 if known else None


def _search(here: Position, fetch: Fetch, limit: int, names: Names, *, by_stamp: bool) -> int:
    """Where to go on when many rows have moved: behind a known row if there is one, else so far back that
    rows are rather read twice than not at all."""
    first = max(here.n - FAR, 0)
    skip = first
    while not by_stamp and skip < here.n + FAR:
        rows, _ = fetch(here.at, skip, limit + OVERLAP)
        if not rows:
            break
        found = _behind(here, rows, names, by_stamp=by_stamp)
        if found is not None:
            return skip + found
        skip += len(rows)
    return first


def highest(here: Position, rows: list[Row], names: Names) -> str:
    """The highest change stamp seen up to and with these rows, held under the roof."""
    here.mark = max([here.mark, *(names.stamp_of(row) for row in rows)], key=stamp_key)
    return min(here.mark, here.roof, key=stamp_key) if here.roof else here.mark


def _follow(here: Position, fresh: list[Row], reached: int, names: Names, *, by_stamp: bool) -> Position:
    ids = [names.key(row) for row in fresh]
    last = names.stamp_of(fresh[-1]) if fresh else here.at
    if not by_stamp or last == here.at:
        return Position(here.at, reached, [*here.tail, *ids][-OVERLAP:], here.mark, here.roof)
    same = [names.key(row) for row in fresh if names.stamp_of(row) == last]
    return Position(last, len(same), same[-OVERLAP:], here.mark, here.roof)
