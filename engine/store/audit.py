"""Who changed what, and when: one row for every change of configuration, and for every sign-in."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from engine.clock import iso, now
from engine.record import from_json, to_json


class AuditEntry(SQLModel, table=True):
    """One act. ``actor`` is a user's e-mail or ``token NAME``; ``action`` a verb (``flow.publish``);
    ``subject`` what it was done to; ``detail`` JSON, never a secret."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_subject", "subject"),)

    id: int | None = Field(default=None, primary_key=True)
    at: float = Field(default_factory=now)
    actor: str
    action: str
    subject: str
    detail: str = "{}"

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "at": iso(self.at),
            "actor": self.actor,
            "action": self.action,
            "subject": self.subject,
            "detail": from_json(self.detail),
        }


def note(session: Session, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Adds an entry to the transaction at hand, so that an act and its entry are kept or lost together."""
    session.add(AuditEntry(actor=actor, action=action, subject=subject, detail=to_json(detail).decode()))


def entries(
    session: Session, *, subject: str = "", before: int | None = None, limit: int = 100
) -> list[AuditEntry]:
    """The newest first; ``before`` is the id of the last one seen."""
    query = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)
    if subject:
        query = query.where(AuditEntry.subject == subject)
    if before is not None:
        query = query.where(col(AuditEntry.id) < before)
    return list(session.exec(query))
