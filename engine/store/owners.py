"""Who looks after which questions of a flow."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from sqlmodel import Field, Session, SQLModel, select

from engine.clock import now


class QuestionOwner(SQLModel, table=True):
    """``topic`` as in designer.questions; ``owner`` is an e-mail, or ``role:`` and a role."""

    __tablename__ = "question_owner"

    flow_id: str = Field(primary_key=True, foreign_key="flow.id")
    topic: str = Field(primary_key=True)
    owner: str
    changed_by: str
    changed_at: float = Field(default_factory=now)


def all_owners(session: Session) -> dict[tuple[str, str], str]:
    """(flow id, topic) → owner."""
    return {(row.flow_id, row.topic): row.owner for row in session.exec(select(QuestionOwner))}


def give(session: Session, flow_id: str, topic: str, owner: str, by: str) -> None:
    """An empty owner is nobody."""
    row = session.get(QuestionOwner, (flow_id, topic))
    if row is None:
        row = QuestionOwner(flow_id=flow_id, topic=topic, owner="", changed_by=by)
    row.owner, row.changed_by, row.changed_at = owner, by, now()
    session.add(row)
