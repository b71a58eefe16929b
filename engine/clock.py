"""The one place that tells the time, so that tests can move it.

``HEDDLE_CLOCK_SKEW`` (seconds) shifts the time of day for a whole process: that is how clock skew is tried out.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

_skew = 0.0
"""Seconds that have passed only in tests, on every clock."""

_wrong = float(os.environ.get("HEDDLE_CLOCK_SKEW", "0"))
"""Seconds by which the time of day is wrong. Somebody may set it while we run."""

_PASSING = getattr(time, "CLOCK_BOOTTIME", None)


def now() -> float:
    """Epoch seconds, by the time of day."""
    return time.time() + _skew + _wrong


def passing() -> float:
    """Seconds by a clock that nobody sets and that goes on while the process, or the machine, sleeps; only their
    differences within this process mean anything."""
    return (time.monotonic() if _PASSING is None else time.clock_gettime(_PASSING)) + _skew


def worked() -> float:
    """Seconds that this process has computed."""
    return time.process_time()


def utcnow() -> datetime:
    return datetime.fromtimestamp(now(), UTC)


def iso(moment: float | None = None) -> str:
    """``2026-11-20T13:05:01.123456Z``"""
    at = utcnow() if moment is None else datetime.fromtimestamp(moment, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
