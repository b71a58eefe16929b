"""What happened to each record: the ledger that every count comes from."""

from typing import Any

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from engine.clock import now


class Delivery(SQLModel, table=True):
    """What happened to one record at one node: a write's receipt, a refusal, a hold or a skip.

    root     key of the record as it was read (children of split share it)
    weight   of the outcome: a record's own outcome is its heaviest delivery
    sent, before, answer   exact JSON: what was sent, the target's values before, what the system said
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("delivery_run", "run_id", "id"),
        Index("delivery_key", "key"),
        Index("delivery_remote", "remote_id"),
        Index("delivery_number", "number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    run_id: str
    lane: int
    batch: int
    node: str
    key: str
    root: str
    title: str = ""
    slot: str = ""
    entity: str = ""
    outcome: str
    weight: int
    operation: str = ""
    remote_id: str | None = None
    number: str | None = None
    link: str | None = None
    source_link: str | None = None
    code: str = ""
    message: str = ""
    cure: str = ""
    field: str | None = None
    sent: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    before: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    answer: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    at: float = Field(default_factory=now)

    def row(self) -> dict[str, Any]:
        return self.model_dump(exclude={"id"})
