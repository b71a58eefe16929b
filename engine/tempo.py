"""How fast a run gets on of late: the beats of its lanes, and what they come to.

Each lane notes when it has settled how many records. The pace is that of the last minute of work, or of the last few
batches where one takes longer; a long wait, for a system that is down or for somebody who resumes the run, begins
it anew. Short waits for our turn are part of the pace: they will come again.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import msgspec

Beats = list[tuple[float, int]]
"""(epoch seconds, records settled since the one before) of a lane, the oldest first. It is kept as JSON."""

MOST = 30
"""Beats that a lane keeps."""
APART = 2.0
"""Seconds between two beats at least, so that a lane's beats reach back for a minute."""
MINUTE = 60.0
"""Seconds that the pace is taken from; also the longest wait that is part of it."""
SOON = 3.0
"""Seconds after which the first beats say something."""


_beats = msgspec.json.Decoder(Beats)


def note(known: str, at: float, count: int) -> str:
    """A lane's beats with one more; one that comes soon after the one before the last is made one with the last."""
    beats, at = _beats.decode(known), int(100 * at) / 100  # never later than it was
    if len(beats) > 1 and at - beats[-2][0] < APART:
        beats[-1] = max(at, beats[-1][0]), beats[-1][1] + count
    else:
        beats.append((at, count))
    return msgspec.json.encode(beats[-MOST:]).decode()


def stood_still(known: Iterable[str], now: float) -> bool:
    """Whether lanes of such beats have settled nothing within the last minute."""
    return all(not beats or beats[-1][0] < now - MINUTE for beats in map(_beats.decode, known))


def of_late(known: Iterable[str], since: float, now: float) -> float | None:
    """Records a second of a run with lanes of such beats, which has gone on without a long wait ``since`` then.
    None as long as it is not known: before each lane at work has settled two batches, on average."""
    lanes = [_beats.decode(one) for one in known]
    since = max(
        [since, *(lane[0][0] for lane in lanes if len(lane) == MOST)]
    )  # it may have forgotten what was before
    lanes = [[beat for beat in lane if beat[0] > since] for lane in lanes]
    beats, few = sorted(beat for lane in lanes for beat in lane), max(3, 2 * sum(map(bool, lanes)))
    if len(beats) < few or beats[-1][0] - since < SOON:
        return None
    first = _first(beats, few)
    times = [beats[first - 1][0] if first else since, *(at for at, _ in beats[first:])]
    pause = max(later - earlier for earlier, later in pairwise(times))
    silence = max(0.0, now - times[-1] - pause)  # longer than any before: it gets slower
    return sum(count for _, count in beats[first:]) / (times[-1] - times[0] + silence)


def _first(beats: Beats, few: int) -> int:
    """Where the last minute begins, or the last few beats where they take longer; 0 if all belong to it."""
    last = beats[-1][0]
    return next((at + 1 for at in range(len(beats) - few - 1, -1, -1) if beats[at][0] <= last - MINUTE), 0)
