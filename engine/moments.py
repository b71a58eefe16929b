"""Dates and times as conditions compare them, and what a value of the wrong type is called."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

Moment = date | datetime
"""A day, or a time in UTC."""

UNITS = ("minutes", "hours", "days", "weeks", "months", "years")
MAX_COUNT = 100_000


class Mismatch(ValueError):
    """A value that the comparison cannot be made with. The text says what was found, for people."""


def moment(value: Any) -> Moment | None:
    """``2026-11-20`` as a day, ``2026-11-20T13:05:01Z`` as a time in UTC. Raises Mismatch."""
    if isinstance(value, str):
        return _read(value) if value else None
    raise Mismatch("a value that is not a date")


@lru_cache(maxsize=8192)
def _read(value: str) -> Moment:
    try:
        if len(value) == 10:
            return date.fromisoformat(value)
        read = datetime.fromisoformat(value)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        shown = value[:40].encode("utf-8", "replace").decode()
        raise Mismatch(f"“{shown}” is not a date (2026-11-20) or time (2026-11-20T13:05:00Z)") from None


def same_day_or_order(left: Moment, right: Moment) -> int:
    """-1, 0 or 1; by day when one of them is a day, else to the microsecond."""
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left > right) - (left < right)
    one, other = _day(left), _day(right)
    return (one > other) - (one < other)


def _day(value: Moment) -> date:
    return value.date() if isinstance(value, datetime) else value


def duration(value: Any) -> tuple[int, str]:
    """``{"count": 30, "unit": "days"}`` → (30, "days"). Raises Mismatch."""
    if isinstance(value, dict) and set(value) == {"count", "unit"}:
        count, unit = value["count"], value["unit"]
        if type(count) is int and 0 <= count <= MAX_COUNT and unit in UNITS:
            return count, unit
    raise Mismatch(
        'the length of time must look like {"count": 30, "unit": "days"}, with minutes, hours, days, weeks, '
        f"months or years and a count up to {MAX_COUNT:,}"
    )


def shifted(at: Moment, span: tuple[int, str], sign: int) -> Moment:
    """``at`` moved by a length of time; a month's last day stays the last day, the calendar's ends hold."""
    count, unit = span
    try:
        if unit in ("months", "years"):
            return _shift_months(at, sign * count * (12 if unit == "years" else 1))
        moved = at if unit not in ("minutes", "hours") or isinstance(at, datetime) else _midnight(at)
        return moved + sign * timedelta(**{unit: count})
    except (OverflowError, ValueError):
        return date.min if sign < 0 else date.max


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _shift_months(at: Moment, months: int) -> Moment:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return at.replace(year=year, month=month + 1, day=min(at.day, last))
