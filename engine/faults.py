"""Named crash points: nothing in production, ``kill -9`` where a durability test asks for it.

``HEDDLE_CRASH=after-stage:3`` kills the process the third time it passes ``after-stage``.
``HEDDLE_CRASH_FILE`` names a file that is created first, so that the restarted process lives.
``HEDDLE_CRASH_SIGNAL=SIGSTOP`` freezes it instead, until somebody sends SIGCONT.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

IN_WEB = ("before-cause", "after-cause", "after-ring")
"""Passed where a call is answered, and by the scheduler."""

IN_A_WORKER = (
    "after-claim",
    "before-stage",
    "after-stage",
    "before-send",
    "during-send",
    "after-send",
    "before-settle",
    "after-settle",
    "before-release",
    "after-release",
    "before-close",
)
"""Passed by the work on a lane."""

IN_A_DECISION = (
    "after-due",
    "after-decision",
    "after-release-of-approval",
    "after-answer",
    "amid-release",
    "between-releases",
)
"""Passed where somebody, or the clock, decides what goes on."""

POINTS = (*IN_WEB, *IN_A_WORKER, *IN_A_DECISION)

_armed, _, _times = os.environ.get("HEDDLE_CRASH", "").partition(":")
_left = int(_times or 1)
_signal = signal.Signals[os.environ.get("HEDDLE_CRASH_SIGNAL", "SIGKILL")]
_once = os.environ.get("HEDDLE_CRASH_FILE", "")


def point(name: str) -> None:
    """Dies here, without a word, or is frozen, if this point is armed."""
    global _left  # noqa: PLW0603 - a counter of this process, armed from outside
    if not _armed or name != _armed:
        return
    _left -= 1
    if _left > 0 or (_left < 0 and _signal == signal.SIGSTOP):
        return
    if _once:
        try:
            Path(_once).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), _signal)
