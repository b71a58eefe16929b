"""Change stamps of systems, in the one form in which they compare as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

OVERLAP = timedelta(minutes=5)
"""How far an incremental read reaches back behind its watermark: clocks differ, and rows commit late."""


def stamp(mark: str, until: str | None = None) -> str:
    """A watermark as ``2026-11-20T13:05:01.000000Z``; never behind ``until``, the upper bound of the read."""
    found = _text(_moment(mark))
    return min(found, _text(_moment(until))) if until else found


def earlier(mark: str) -> str:
    """Where the read behind a watermark begins."""
    return _text(_moment(mark) - OVERLAP)


def _moment(mark: str) -> datetime:
    """A stamp as a moment; one without an offset is UTC."""
    moment = datetime.fromisoformat(mark)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
