"""Letters to people that wait to be sent: written with what they tell of, sent at least once."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Iterable, Sequence

from sqlalchemy import Index, update
from sqlmodel import Field, Session, SQLModel, col, select

from engine.clock import now

TRIES = 12
"""After so many refusals (about two days) a letter is given up; the inbox still has what it told of."""


class Letter(SQLModel, table=True):
    """One thing to tell one person. Its words, and the links in it, are made when it is sent.

    kind   asked, reminder, escalation or delegated        about  the approval
           failed, held, outage or answers                        the alert
           publish, published or returned                         the publication that was asked for
    state  queued, sent, dropped (no longer true when its turn came) or failed (given up)
    due_at when it may be tried (again); while a sender has it, the end of its claim
    """

    __tablename__ = "letter"
    __table_args__ = (Index("letter_due", "state", "due_at"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    about: int
    user_id: str
    note: str = ""
    state: str = "queued"
    tries: int = 0
    due_at: float = Field(default_factory=now)
    error: str = ""
    created_at: float = Field(default_factory=now)
    sent_at: float | None = None


def queue(session: Session, kind: str, about: int, user_ids: Iterable[str], note: str = "") -> None:
    """Adds letters to the transaction at hand, so that they are kept or lost with what they tell of."""
    session.add_all(
        Letter(kind=kind, about=about, user_id=user_id, note=note) for user_id in dict.fromkeys(user_ids)
    )


def readers(session: Session, kind: str, about: int) -> list[str]:
    """Who was told of it, by user id."""
    query = select(Letter.user_id).where(Letter.kind == kind, Letter.about == about).order_by(col(Letter.id))
    return list(session.exec(query))


def claim(session: Session, lease: float, limit: int = 200) -> list[Letter]:
    """Letters whose turn has come, oldest first; others leave them alone for ``lease`` seconds."""
    query = (
        select(Letter)
        .where(Letter.state == "queued", Letter.due_at <= now())
        .order_by(col(Letter.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = list(session.exec(query))
    for letter in found:
        letter.due_at = now() + lease
        session.add(letter)
    return found


def settle(session: Session, letters: Sequence[Letter], state: str) -> None:
    """The letters were sent, or dropped."""
    session.connection().execute(
        update(Letter)
        .where(col(Letter.id).in_([letter.id for letter in letters]))
        .values(state=state, sent_at=now() if state == "sent" else None, error="")
    )


def postpone(session: Session, letters: Sequence[Letter], error: str) -> None:
    """They could not be sent: once more after a while that doubles, up to six hours."""
    for letter in letters:
        tries = letter.tries + 1
        state = "failed" if tries >= TRIES else "queued"
        wait = min(30.0 * 2**tries, 6 * 3600.0)
        session.connection().execute(
            update(Letter)
            .where(col(Letter.id) == letter.id)
            .values(tries=tries, state=state, due_at=now() + wait, error=error[:500])
        )
