"""What waits for a person."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from engine.clock import now


class Hold(SQLModel, table=True):
    """A document that waits for an answer. ``question`` is alike for all that wait for the same one."""

    __tablename__ = "hold"
    __table_args__ = (Index("hold_open", "state", "question_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    flow_id: str = Field(index=True)
    run_id: str
    lane: int
    batch: int
    node: str
    key: str
    root: str
    title: str = ""
    question: str
    question_hash: str
    message: str
    cure: str = ""
    state: str = "open"
    released_by: str | None = None
    created_at: float = Field(default_factory=now)
