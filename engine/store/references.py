"""Cross references between systems, and how far incremental reads have come."""

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from engine.clock import now


class CrossReference(SQLModel, table=True):
    """(connection, entity, id) of the source ↔ (connection, entity, id) of the target.

    ``right_id`` is None while a create is on its way: the row is then the claim of one lane on that create,
    and, if that lane died, the mark that the create may have happened. ``fingerprints`` holds, by flow and
    node, the hash of what was last written, so that equal data is not sent again.
    """

    __tablename__ = "cross_reference"
    __table_args__ = (
        UniqueConstraint("left_connection", "left_entity", "left_id", "right_connection", "right_entity"),
        Index("cross_reference_right", "right_connection", "right_entity", "right_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    left_connection: str
    left_entity: str
    left_id: str
    right_connection: str
    right_entity: str
    right_id: str | None = None
    number: str | None = None
    link: str | None = None
    answer: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    fingerprints: str = "{}"
    claim: str = ""
    claim_key: str = ""
    claim_outcome: str = ""
    claim_until: float = 0.0
    updated_at: float = Field(default_factory=now)


class Watermark(SQLModel, table=True):
    """How far an incremental read has come: only ever past settled batches."""

    __tablename__ = "watermark"

    flow_id: str = Field(primary_key=True)
    node: str = Field(primary_key=True)
    value: str
    run_id: str
    updated_at: float = Field(default_factory=now)
