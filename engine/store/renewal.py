"""Signs of life of a claimed lane: it stays ours, and tells how far the batch at hand has come."""

from engine import tempo
from engine.clock import now, passing
from engine.store import plain
from engine.store.database import Session
from engine.store.lanes import get_on, guard
from engine.store.tenure import Claim
from engine.store.timepiece import shared_now


def renew(session: Session, held: Claim, lease: float) -> None:
    """The claim stands for another ``lease`` seconds. Raises LeaseLost."""
    ends = passing() + lease
    guard(session, held, until=shared_now(session, fresh=True) + lease)
    held.prolong(ends)
    headway = held.headway  # of no batch that is settled: it is laid aside before that begins
    so_far = headway.so_far() if headway is not None else 0
    if so_far > held.told:
        _tell(session, held, so_far)
        held.told = so_far


def _tell(session: Session, held: Claim, so_far: int) -> None:
    """Whoever begins a batch once more tells nothing until it is further than before: nothing counts twice."""
    query = "SELECT answered, beats FROM lane WHERE run_id = ? AND number = ?"
    ((known, beats),) = plain.rows(session, query, held.run_id, held.lane)
    if so_far > known:
        get_on(session, held, answered=so_far, beats=tempo.note(beats, now(), so_far - known))


def take_back(session: Session, held: Claim) -> None:
    """A claim that was lost does not count as an attempt, unless the batch has got on without it."""
    plain.change(
        session, "UPDATE lane SET attempts = attempts - 1 WHERE run_id = ? AND number = ? AND next = ?"
        " AND attempts > 0 AND attempts >= ?", held.run_id, held.lane, held.next, held.attempts,
    )  # fmt: skip
