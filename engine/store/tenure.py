"""For how long a claimed lane is ours, and by which clocks that is judged.

Whoever holds a lane goes by the seconds that have passed since it was claimed or renewed: no setting of a clock
prolongs or shortens them, and sleep counts. Everybody else goes by what is stored, on a clock that all share
(engine.store.timepiece).
"""

from collections.abc import Sequence
from typing import Any

from engine import clock
from engine.headway import Headway

_OFF = 1.0
"""Seconds by which the time of day may stray within a lease without having been set."""


class Claim:
    """A lane in our hands: what the claim answered, and the fence that guards every commit.

    inherited  its former owner has not given it back: what that one sent last may still be under way
    taken_at   when that was so last, now or in the hands of somebody else, by the shared clock; 0 if never
    stem       the number under whose name the batch at hand claims: its own, or that of the batch it is a half of
    cut        whether it is such a half: an earlier attempt at the whole may have sent some of it
    ends       when it is over unless it is renewed, by ``clock.passing``
    headway    the way of the batch at hand, None between batches     told  how much of it was told
    """

    __slots__ = (
        "_computed",
        "_off",
        "attempts",
        "cursor",
        "cut",
        "ends",
        "failures",
        "fence",
        "headway",
        "inherited",
        "lane",
        "next",
        "owner",
        "run_id",
        "staged",
        "stem",
        "taken_at",
        "told",
        "told_since",
    )

    def __init__(
        self,
        run_id: str,
        lane: int,
        owner: str,
        ends: float,
        row: Sequence[Any],
        *,
        inherited: bool = False,
        taken_at: float = 0.0,
    ) -> None:
        self.run_id, self.lane, self.owner = run_id, lane, owner
        self.inherited, self.taken_at = inherited, taken_at
        self.fence, self.next, self.staged, self.attempts, self.failures, self.told_since, self.cursor = row
        self.take_up(None)
        self.headway: Headway | None = None
        self.told = 0
        self.prolong(ends)

    def take_up(self, stem: int | None) -> None:
        """The batch at hand is this half of another, or a whole."""
        self.stem, self.cut = self.next if stem is None else stem, stem is not None

    def begin(self, headway: Headway | None) -> None:
        """The batch at hand is another one, or none."""
        self.headway, self.told = headway, 0

    @property
    def has_news(self) -> bool:
        """Whether the batch at hand has got on since that was told."""
        headway = self.headway
        return headway is not None and headway.so_far() > self.told

    def prolong(self, ends: float) -> None:
        """It has been claimed or renewed."""
        self.ends, self._off, self._computed = ends, clock.now() - clock.passing(), clock.worked()

    def lose(self) -> None:
        """Somebody else has it."""
        self.ends = 0.0

    @property
    def shaken(self) -> bool:
        """Whether the time of day was set since, and with it perhaps the clock of a server: others may take the lease
        for over, or for a longer one."""
        return abs(clock.now() - clock.passing() - self._off) > _OFF

    @property
    def computed(self) -> float:
        """Seconds that our process has computed since it was claimed or renewed."""
        return clock.worked() - self._computed
