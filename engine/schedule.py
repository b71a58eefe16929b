"""When a flow starts by itself: a pure function from a timing to moments.

Three rules say what happens when clocks change:

- A wall-clock time that does not exist (02:30 in the night in which 02:00 becomes 03:00) fires at the next
  moment that exists, once, however many such times fall into the gap.
- A wall-clock time that exists twice fires once, the first time.
- An interval is elapsed time: «every 15 minutes» is not disturbed by any change of clocks.

Moments are epoch seconds. Cron has five fields: minute, hour, day of the month, month, day of the week.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count, takewhile
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from croniter import croniter
from croniter.croniter import CroniterBadDateError, CroniterError

from engine.errors import Problem
from engine.flow import Document

SHORTEST = 10
"""Seconds: no interval may be shorter."""

Missed = Literal["skip", "last", "all", "ask"]
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


class Timing(Document):
    """Either ``cron`` with its IANA ``zone``, or ``every`` so many seconds."""

    cron: str = ""
    zone: str = "UTC"
    every: int | None = None


class Timer(Document):
    """What a trigger wants of the clock.

    missed  what becomes of firings for which nobody was there: left out, the last one made up for, all, or ask
    alone   a poll: it is left out while a run of the flow is at work, because the next one catches up anyway
    """

    timing: Timing
    missed: Missed = "last"
    alone: bool = False


def problems(timing: Timing) -> list[Problem]:
    """What keeps a timing from firing, for the form: ``field`` is cron, zone or every."""
    if timing.every is not None:
        if timing.every < SHORTEST:
            return [
                Problem(
                    "E-INTERVAL",
                    f"Every {timing.every} seconds is too often for the systems that are asked.",
                    f"Choose {SHORTEST} seconds or more.",
                    field="every",
                )
            ]
        return []
    found = _cron_problem(timing.cron)
    if timing.zone not in _zones():
        found.append(
            Problem(
                "E-ZONE",
                f"There is no time zone «{timing.zone}».",
                "Choose one like Europe/Berlin or UTC.",
                field="zone",
            )
        )
    return found


def firings(timing: Timing, after: float, anchor: float = 0.0) -> Iterator[float]:
    """Every moment strictly after ``after``, in order, without end. Intervals are counted from ``anchor``.

    Raises ValueError for a timing with problems.
    """
    if timing.every is not None:
        if timing.every < 1:
            raise ValueError("an interval must be at least a second")
        first = int((after - anchor) // timing.every) + 1
        return (anchor + number * timing.every for number in count(max(first, 1)))
    return _by_wall_clock(timing.cron, ZoneInfo(timing.zone), after)


def following(timing: Timing, after: float, anchor: float = 0.0) -> float | None:
    """The next moment strictly after ``after``; None when there is none for decades."""
    return next(firings(timing, after, anchor), None)


def latest(timing: Timing, first: float, until: float, anchor: float = 0.0) -> float:
    """The last firing not after ``until``; ``first`` is one that is known. Looks back no further than it must."""
    reach = 64.0
    while until - reach > first:
        found = list(_up_to(timing, until - reach, until, anchor))
        if found:
            return found[-1]
        reach *= 2
    return max(_up_to(timing, first, until, anchor), default=first)


def between(timing: Timing, first: float, until: float, anchor: float = 0.0) -> Iterator[float]:
    """``first``, which is a firing, and those behind it up to and including ``until``."""
    yield first
    yield from _up_to(timing, first, until, anchor)


def words(timing: Timing) -> str:
    """«Every weekday at 06:00, Europe/Berlin»; a cron that no short sentence says is quoted."""
    if timing.every is not None:
        size, unit = next((one for one in _UNITS if timing.every % one[0] == 0), _UNITS[-1])
        number = timing.every // size
        return f"Every {unit}" if number == 1 else f"Every {number} {unit}s"
    if _cron_problem(timing.cron):
        return "Never"
    return f"{_cron_words(timing.cron.split())}, {timing.zone}"


def told(timing: Timing, moment: float) -> str:
    """A firing as the clock of its zone shows it: ``2026-11-20T06:00:00+01:00``; intervals in UTC."""
    zone = ZoneInfo(timing.zone) if timing.every is None else UTC
    return datetime.fromtimestamp(moment, zone).isoformat(timespec="seconds")


def zones() -> list[str]:
    """The names of all time zones, as people look for them."""
    return sorted(zone for zone in _zones() if zone == "UTC" or ("/" in zone and not zone.startswith("Etc/")))


def _up_to(timing: Timing, after: float, until: float, anchor: float) -> Iterator[float]:
    return takewhile(lambda moment: moment <= until, firings(timing, after, anchor))


def _by_wall_clock(cron: str, zone: ZoneInfo, after: float) -> Iterator[float]:
    """Walks wall-clock times in order; the moments they stand for never go back, and each is told once."""
    # whole seconds: a cron never fires in between, and the walk must not start behind the moment itself
    wall = datetime.fromtimestamp(after // 1, zone).replace(tzinfo=None, fold=0) - timedelta(seconds=1)
    times = croniter(cron, wall)
    last = after
    while True:
        try:
            moment = _moment(times.get_next(datetime), zone)
        except CroniterBadDateError:
            return
        if moment > last:
            last = moment
            yield moment


def _moment(wall: datetime, zone: ZoneInfo) -> float:
    """The first moment that shows this wall-clock time, or the next that exists."""
    wall = wall.replace(tzinfo=None)
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment.timestamp()
    # In a gap the offset before it gives a moment behind it, and the offset after it one before it.
    behind, before = moment, wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    early, late = int(before.timestamp()), int(behind.timestamp())
    while late - early > 1:
        middle = (early + late) // 2
        shown = datetime.fromtimestamp(middle, zone).replace(tzinfo=None)
        early, late = (middle, late) if shown < wall else (early, middle)
    return float(late)


def _cron_problem(cron: str) -> list[Problem]:
    cure = "Write minute, hour, day, month and weekday, such as 0 6 * * 1-5."
    fields = cron.split()
    if len(fields) != 5:
        message = f"«{cron}» has {len(fields)} parts instead of five." if fields else "The time is missing."
        return [Problem("E-CRON", message, cure, field="cron")]
    try:
        next(_by_wall_clock(cron, ZoneInfo("UTC"), 0.0))
    except StopIteration:
        return [Problem("E-CRON", f"«{cron}» never comes: there is no such day.", cure, field="cron")]
    except (CroniterError, ValueError, KeyError) as error:
        return [Problem("E-CRON", f"«{cron}» is no time: {_reason(error)}.", cure, field="cron")]
    return []


def _reason(error: Exception) -> str:
    return str(error).strip("'\" ").rstrip(".").replace("[", "«").replace("]", "»") or "it cannot be read"


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _cron_words(fields: list[str]) -> str:
    minute, hour, day, month, weekday = fields
    if month != "*":
        return f"At the times of «{' '.join(fields)}»"
    days = _days(day, weekday)
    if minute.isdigit() and hour.isdigit() and days:
        return f"{days} at {int(hour):02}:{int(minute):02}"
    if days == "Every day" and hour == "*":
        if minute == "*":
            return "Every minute"
        if minute.startswith("*/") and minute[2:].isdigit():
            return f"Every {int(minute[2:])} minutes of the hour"
        if minute.isdigit():
            return f"Every hour at {int(minute)} minutes past"
    return f"At the times of «{' '.join(fields)}»"


def _days(day: str, weekday: str) -> str:
    if day == "*" and weekday == "*":
        return "Every day"
    if day == "*" and weekday.upper() in ("1-5", "MON-FRI"):
        return "Every weekday"
    if day == "*" and weekday.isdigit() and int(weekday) <= 7:
        return f"Every {_DAYS[int(weekday)]}"
    if weekday == "*" and day.isdigit():
        return f"On day {int(day)} of every month"
    return ""
