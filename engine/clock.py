"""The one place that tells the time, so that tests can move it.

``HEDDLE_CLOCK_SKEW`` (seconds) shifts it for a whole process: that is how clock skew is tried out.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

_skew = float(os.environ.get("HEDDLE_CLOCK_SKEW", "0"))


def now() -> float:
    """Epoch seconds."""
    return time.time() + _skew


def utcnow() -> datetime:
    return datetime.fromtimestamp(now(), UTC)


def iso(moment: float | None = None) -> str:
    """``2026-11-20T13:05:01.123456Z``"""
    at = utcnow() if moment is None else datetime.fromtimestamp(moment, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
