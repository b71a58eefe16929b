"""What a run says that it waits for: until something has got through, also while it tries again."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from typing import Any

from sqlalchemy import column, select, table, update
from sqlmodel import Session, col

from engine import tempo
from engine.clock import now
from engine.store import plain
from engine.store.runs import Run
from engine.store.timepiece import shared_now

_lanes = table("lane", column("run_id"), column("state"), column("code"))


def note(session: Session, run_id: str, code: str, message: str, until: float) -> None:
    """Tells people why the run waits and until when, by the time of day."""
    session.execute(
        update(Run)
        .where(col(Run.id) == run_id, col(Run.state).in_(("queued", "running", "waiting")))
        .values(state="waiting", code=code, message=message, retry_at=until)
    )


def any_of(run_id: str) -> Any:
    """The condition that a lane of the run waits, or has got nothing through since it did."""
    here = (_lanes.c.run_id == run_id, _lanes.c.state == "open", _lanes.c.code != "")
    return select(_lanes.c.run_id).where(*here).exists()


def end(session: Session, run_id: str, lane: int, *, long: bool) -> None:
    """A lane has got something through: the run goes on, or tells what another of its lanes waits for. After a ``long``
    wait of all lanes its pace begins anew."""
    others = plain.rows(session, _OTHERS, run_id, lane)
    state, code, message, due_at = ("waiting", *others[0]) if others else ("running", "", "", None)
    until = None if due_at is None else now() + due_at - shared_now(session)
    anew = long and tempo.stood_still(
        (beats for (beats,) in plain.rows(session, _BEATS, run_id, lane)), now()
    )
    plain.change(session, _SAY, state, code, message, until, now() if anew else None, run_id)


_OTHERS = (
    "SELECT code, message, due_at FROM lane WHERE run_id = ? AND number <> ? AND state = 'open' AND code <> ''"
    " ORDER BY due_at LIMIT 1"
)
_BEATS = "SELECT beats FROM lane WHERE run_id = ? AND number <> ?"
_SAY = (
    "UPDATE run SET state = ?, code = ?, message = ?, retry_at = ?, going_since = coalesce(?, going_since)"
    " WHERE id = ? AND state IN ('running', 'waiting')"
)
