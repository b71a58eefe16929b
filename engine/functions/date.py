"""Dates and times: ISO text in and out, zones by their IANA names, no clock and no locale.

A date is ``2026-11-20``. A time is UTC: ``2026-11-20T13:05:01Z``; other offsets are understood and turned
into it. Patterns are made of yyyy yy MMMM MMM MM M dd d HH H mm ss; month names are English, other letters
stand between apostrophes ('T').
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from engine.functions.signature import BadInput, Integer, Kind, Text, as_text, function, show
from engine.path import MISSING

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})", re.ASCII
)


def as_date(value: Any) -> date:
    text = as_text(value).strip()
    if _TIME.fullmatch(text):
        raise BadInput(f"{show(value)} has a time; take its date in a zone first («Date in zone»)")
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise BadInput(f"{show(value)} is not a date like 2026-11-20; «Read date» reads other forms")


def as_time(value: Any) -> datetime:
    text = as_text(value).strip()
    if _TIME.fullmatch(text):
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise BadInput(f"{show(value)} is not a time like 2026-11-20T13:05:00Z")


def as_moment(value: Any) -> date | datetime:
    if type(value) is str and len(value) == 20 and value[4::3] == "--T::Z":  # 2026-11-20T13:05:01Z
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    return as_time(value) if _TIME.fullmatch(as_text(value).strip()) else as_date(value)


def as_zone(value: Any) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(as_text(value))
    except (KeyError, ValueError, OSError) as error:
        raise BadInput(f"{show(value)} is not a time zone; write it like Europe/Berlin") from error


Day = Annotated[date, Kind("date", as_date)]
Time = Annotated[datetime, Kind("datetime", as_time)]
Moment = Annotated[date | datetime, Kind("date", as_moment)]
DayText = Annotated[str, Kind("date", as_text)]
TimeText = Annotated[str, Kind("datetime", as_text)]
Zone = Annotated[ZoneInfo, Kind("text", as_zone, widget="zone")]
IN_UTC: Any = "UTC"
Overlap = Literal["earlier", "later"]


def _known(args: Mapping[str, Any]) -> None:
    if isinstance(args.get("format"), str):
        _tokens(args["format"])


def written(moment: date | datetime) -> str:
    """Canonical text: a date as it is, a time in UTC with ``Z``."""
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def to_utc(local: datetime, zone: ZoneInfo, overlap: str) -> datetime:
    """A wall-clock time in UTC.

    In the hour that does not exist (clocks go forward) the time moves on by the length of the gap; in the
    hour that comes twice (clocks go back) ``overlap`` says which one is meant.
    """
    chosen = local.replace(tzinfo=zone, fold=1 if overlap == "later" else 0)
    if chosen.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) != local:
        chosen = chosen.replace(fold=0)
    return chosen.astimezone(UTC)


@function(
    "date",
    "Read date",
    "Reads a date from text by its pattern, like dd.MM.yyyy.",
    check=_known,
)
def parse_date(value: Text, format: Text = "yyyy-MM-dd") -> DayText:
    return _read(value, format).date().isoformat()


@function(
    "date",
    "Read time",
    "Reads a wall-clock time of a zone from text by its pattern, like dd.MM.yyyy HH:mm. A time in the gap of "
    "the spring change moves on by the gap; one that comes twice in autumn is the earlier or the later.",
    check=_known,
)
def parse_time(
    value: Text, zone: Zone, format: Text = "yyyy-MM-dd HH:mm:ss", overlap: Overlap = "earlier"
) -> TimeText:
    return written(to_utc(_read(value, format), zone, overlap))


def _in_figures(format: Any, zone: Any) -> Callable[[date | datetime], str] | None:
    """A pattern of figures alone, in UTC: one template."""
    if MISSING in (format, zone) or zone.key != "UTC":
        return None
    tokens = _tokens(format)
    if not all(token in _FIGURES for token, _ in tokens if token):
        return None
    names = [_FIGURES[token] for token, _ in tokens if token]
    take = attrgetter(*(name for name, _ in names)) if len(names) > 1 else None
    if take is None:
        return None
    shapes = iter(names)
    template = "".join(next(shapes)[1] if token else literal.replace("%", "%%") for token, literal in tokens)

    def write(value: date | datetime) -> str:
        return template % take(value)  # a date has no hour, and says so

    return write


@function(
    "date",
    "Format date",
    "Text by a pattern, like dd.MM.yyyy; a time is shown as the clock of the zone shows it.",
    check=_known,
    quick=_in_figures,
)
def format_date(value: Moment, format: Text = "yyyy-MM-dd", zone: Zone = IN_UTC) -> Text:
    if isinstance(value, datetime):
        value = value.astimezone(zone)
    elif any(token[0] in "Hms" for token, _ in _tokens(format) if token):
        raise BadInput(f"{show(value.isoformat())} is a date without a time, and the pattern asks for one")
    return "".join(_WRITE[token](value) if token else literal for token, literal in _tokens(format))


@function("date", "Add days", "So many days later, or earlier with a minus.")
def add_days(value: Moment, days: Integer) -> DayText:
    return written(value + timedelta(days=days))


@function("date", "Add months", "So many months later; the 31st becomes the last day of a shorter month.")
def add_months(value: Moment, months: Integer) -> DayText:
    return written(_shift(value, months))


@function("date", "Add years", "So many years later; 29 February becomes the 28th in other years.")
def add_years(value: Moment, years: Integer) -> DayText:
    return written(_shift(value, 12 * years))


@function("date", "Start of month", "The first day of the date's month.")
def start_of_month(value: Day) -> DayText:
    return value.replace(day=1).isoformat()


@function("date", "End of month", "The last day of the date's month.")
def end_of_month(value: Day) -> DayText:
    return value.replace(day=calendar.monthrange(value.year, value.month)[1]).isoformat()


@function(
    "date", "Days until", "Number of days from the value to another date; negative when that is earlier."
)
def days_until(value: Day, date: Day) -> Integer:
    return (date - value).days


@function("date", "Date in zone", "The calendar date that a time falls on in a zone.")
def date_in_zone(value: Time, zone: Zone) -> DayText:
    return value.astimezone(zone).date().isoformat()


@function("date", "To zone", "The wall-clock time of a zone, with its offset: 2026-03-29T03:30:00+02:00.")
def to_zone(value: Time, zone: Zone) -> Text:
    return value.astimezone(zone).isoformat()


@function(
    "date",
    "From zone",
    "Takes a date or a time without an offset as the wall clock of a zone, and answers UTC. A time in the gap "
    "of the spring change moves on by the gap; one that comes twice in autumn is the earlier or the later.",
)
def from_zone(value: Text, zone: Zone, overlap: Overlap = "earlier") -> TimeText:
    text = value.strip()
    if not _LOCAL.fullmatch(text):
        raise BadInput(f"{show(value)} is not a time without offset, like 2026-11-20T13:05:00")
    try:
        return written(to_utc(datetime.fromisoformat(text), zone, overlap))
    except ValueError as error:
        raise BadInput(f"{show(value)} is not in the calendar") from error


def _shift(moment: date | datetime, months: int) -> date | datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise BadInput(f"{show(written(moment))} moved by {months} months leaves the calendar")
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_WRITE: dict[str, Callable[[Any], str]] = {
    "yyyy": lambda at: f"{at.year:04}",
    "yy": lambda at: f"{at.year % 100:02}",
    "MMMM": lambda at: MONTHS[at.month - 1],
    "MMM": lambda at: MONTHS[at.month - 1][:3],
    "MM": lambda at: f"{at.month:02}",
    "M": lambda at: str(at.month),
    "dd": lambda at: f"{at.day:02}",
    "d": lambda at: str(at.day),
    "HH": lambda at: f"{at.hour:02}",
    "H": lambda at: str(at.hour),
    "mm": lambda at: f"{at.minute:02}",
    "ss": lambda at: f"{at.second:02}",
}

_FIGURES = {
    "yyyy": ("year", "%04d"), "MM": ("month", "%02d"), "M": ("month", "%d"), "dd": ("day", "%02d"), "d": ("day", "%d"),
    "HH": ("hour", "%02d"), "H": ("hour", "%d"), "mm": ("minute", "%02d"), "ss": ("second", "%02d"),
}  # fmt: skip

_READ = {
    "yyyy": r"\d{4}", "yy": r"\d{2}", "MM": r"\d{2}", "M": r"\d{1,2}", "dd": r"\d{2}", "d": r"\d{1,2}",
    "HH": r"\d{2}", "H": r"\d{1,2}", "mm": r"\d{2}", "ss": r"\d{2}",
    "MMMM": "|".join(MONTHS), "MMM": "|".join(month[:3] for month in MONTHS),
}  # fmt: skip

_PART = {"y": "year", "M": "month", "d": "day", "H": "hour", "m": "minute", "s": "second"}

_TOKEN = re.compile(r"(y+|M+|d+|H+|m+|s+)|'([^']*)'|([^A-Za-z']+)", re.ASCII)


@lru_cache(maxsize=512)
def _tokens(pattern: str) -> list[tuple[str, str]]:
    """(token, "") and ("", literal) in order. Raises BadInput for letters that mean nothing."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(pattern):
        match = _TOKEN.match(pattern, at)
        if match is None or (match[1] and match[1] not in _WRITE):
            raise BadInput(
                f"{show(pattern)} is not a date pattern; use yyyy yy MMMM MMM MM M dd d HH H mm ss, and other "
                "letters between apostrophes"
            )
        found.append((match[1], "") if match[1] else ("", match[2] if match[3] is None else match[3]))
        at = match.end()
    return found


def _read(text: str, pattern: str) -> datetime:
    """Wall-clock time by pattern; two-digit years are 1970 to 2069. Month and day default to 1."""
    parts = {"year": 0, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
    at = 0
    text = text.strip()
    for token, literal in _tokens(pattern):
        match = re.compile(_READ[token] if token else re.escape(literal), re.ASCII | re.IGNORECASE).match(
            text, at
        )
        if match is None:
            raise BadInput(f"{show(text)} is not written like {pattern}")
        at = match.end()
        if token in ("MMM", "MMMM"):
            parts["month"] = next(
                n for n, month in enumerate(MONTHS, 1) if month[:3].lower() == match[0][:3].lower()
            )
        elif token:
            number = int(match[0])
            short = len(token) == 2 and token[0] == "y"
            parts[_PART[token[0]]] = number + (2000 if number < 70 else 1900) * short
    if at != len(text):
        raise BadInput(f"{show(text)} is not written like {pattern}")
    try:
        year, month, day, hour, minute, second = parts.values()
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the wall clock of a zone the caller knows
    except ValueError as error:
        raise BadInput(f"{show(text)} is not in the calendar") from error
