"""Who changed what, and when: one row for every change of configuration, and for every sign-in."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Index, or_
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from engine.clock import iso, now
from engine.record import from_json, to_json

_PAGE = 500
"""Entries that are read at a time, when all are wanted."""


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


class Wanted(NamedTuple):
    """Which entries; what is empty does not matter. ``kind``: the first word of the action. ``q``: a part of the subject
    or of the details. ``since`` and ``until``: epoch seconds, from the one up to before the other."""

    subject: str = ""
    actor: str = ""
    kind: str = ""
    q: str = ""
    since: float | None = None
    until: float | None = None


def entries(
    session: Session, wanted: Wanted | None = None, *, before: int | None = None, limit: int = 100
) -> list[AuditEntry]:
    """The newest first; ``before`` is the id of the last one seen."""
    query = _query(wanted or Wanted()).limit(limit)
    if before is not None:
        query = query.where(col(AuditEntry.id) < before)
    return list(session.exec(query))


def everything(session: Session, wanted: Wanted) -> Iterator[AuditEntry]:
    """All that fit, the newest first, a few at a time."""
    page = entries(session, wanted, limit=_PAGE)
    while page:
        last = page[-1].id
        yield from page
        session.expunge_all()
        page = entries(session, wanted, before=last, limit=_PAGE)


def actors(session: Session) -> list[str]:
    """Everybody who has done anything."""
    return list(session.exec(select(AuditEntry.actor).distinct().order_by(AuditEntry.actor)))


def _query(wanted: Wanted) -> SelectOfScalar[AuditEntry]:
    query = select(AuditEntry).order_by(col(AuditEntry.id).desc())
    if wanted.subject:
        query = query.where(AuditEntry.subject == wanted.subject)
    if wanted.actor:
        query = query.where(AuditEntry.actor == wanted.actor)
    if wanted.kind:
        query = query.where(col(AuditEntry.action).startswith(f"{wanted.kind}.", autoescape=True))
    if wanted.q:
        parts = (col(AuditEntry.subject), col(AuditEntry.detail))
        query = query.where(or_(*(part.icontains(wanted.q, autoescape=True) for part in parts)))
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    return query
