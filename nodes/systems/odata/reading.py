"""Reading pages that neither lose a row nor depend on the server's row cap.

A whole read goes in the order of the key, which no later change disturbs; a read of changes goes by the stamp of
the last change, from stamp to stamp. Either way a page starts a few rows before where the last one ended and looks for the
rows known from there: rows that were deleted or added meanwhile move the others, but hide none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from nodes.systems.odata.values import stamp_key

OVERLAPS = (10, 1000, 0)
"""Rows to go back: a little, further if none of the known rows is there, not at all if the cap is tiny."""

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
    fresh: list[Row] = []
    skip = start = 0
    count: int | None = None
    for overlap in OVERLAPS:
        skip = max(here.n - overlap, 0)
        rows, count = fetch(here.at, skip, limit + here.n - skip)
        known = [index for index, row in enumerate(rows) if names.key(row) in here.tail]
        start = known[-1] + 1 if known else 0
        fresh = rows[start : start + limit]
        if not rows or (fresh and (known or not here.tail or not skip)):
            break
        if not fresh and count is not None and skip + len(rows) >= count:
            break
        if overlap and not here.n:
            break
    reached = skip + start + len(fresh)
    done = not fresh or (count is not None and reached >= count)
    following = _follow(here, fresh, reached, names, by_stamp=by_stamp)
    return fresh, None if done else following


def highest(here: Position, rows: list[Row], names: Names) -> str:
    """The highest change stamp seen up to and with these rows, held under the roof."""
    here.mark = max([here.mark, *(names.stamp_of(row) for row in rows)], key=stamp_key)
    return min(here.mark, here.roof, key=stamp_key) if here.roof else here.mark


def _follow(here: Position, fresh: list[Row], reached: int, names: Names, *, by_stamp: bool) -> Position:
    ids = [names.key(row) for row in fresh]
    last = names.stamp_of(fresh[-1]) if fresh else here.at
    if not by_stamp or last == here.at:
        return Position(here.at, reached, [*here.tail, *ids][-OVERLAPS[0] :], here.mark, here.roof)
    same = [names.key(row) for row in fresh if names.stamp_of(row) == last]
    return Position(last, len(same), same[-OVERLAPS[0] :], here.mark, here.roof)
