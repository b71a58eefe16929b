"""Drawings that wait for a second person before they go live."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Mapping

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from engine.clock import now
from engine.errors import RequestError
from engine.flow import Flow
from engine.record import from_json, to_json
from engine.store.accounts import ROLES, User
from engine.store.flows import FlowRow

REVIEWERS = "editor"
"""The role that may publish, and so decide on others' requests."""


class Publication(SQLModel, table=True):
    """A drawing as somebody asked to have it published; what goes live is exactly this.

    text      canonical JSON of the drawing      bindings  JSON {slot: connection id} that go live with it
    base      the number that was live when it was asked for; None if none was
    state     open, published, returned, withdrawn or replaced (by a newer question)
    asked_by  the id of the user, who may not decide it
    number    the version that it became
    """

    __tablename__ = "publication"
    __table_args__ = (Index("publication_open", "state", "flow_id"),)

    id: int | None = Field(default=None, primary_key=True)
    flow_id: str = Field(foreign_key="flow.id")
    text: str
    bindings: str = "{}"
    base: int | None = None
    note: str = ""
    state: str = "open"
    asked_by: str
    asked_email: str
    decided_by: str = ""
    decided_at: float | None = None
    comment: str = ""
    number: int | None = None
    created_at: float = Field(default_factory=now)

    def document(self) -> Flow:
        return Flow.model_validate(from_json(self.text))

    def bound(self) -> dict[str, str]:
        """Slot → connection id."""
        found: dict[str, str] = from_json(self.bindings)
        return found


def ask(
    session: Session,
    row: FlowRow,
    document: Flow,
    bindings: Mapping[str, str],
    *,
    note: str,
    user_id: str,
    email: str,
) -> Publication:
    """Opens a question; the caller has locked the flow. An older one of the flow is replaced."""
    older = open_of(session, row.id)
    if older is not None:
        close(session, older, "replaced", email)
    made = Publication(
        flow_id=row.id,
        text=document.canonical().decode(),
        bindings=to_json(dict(sorted(bindings.items()))).decode(),
        base=row.live_number,
        note=note,
        asked_by=user_id,
        asked_email=email,
    )
    session.add(made)
    session.flush()
    return made


def may_decide(user: User, asker: str) -> bool:
    """Whether somebody may decide what the user with the id ``asker`` asks for."""
    able = ROLES[ROLES.index(REVIEWERS) :]
    return user.active and user.role in able and user.id != asker


def close(session: Session, row: Publication, state: str, by: str, comment: str = "") -> None:
    row.state, row.decided_by, row.decided_at, row.comment = state, by, now(), comment
    session.add(row)
    session.flush()


def open_of(session: Session, flow_id: str) -> Publication | None:
    """The question that waits for this flow."""
    query = select(Publication).where(Publication.flow_id == flow_id, Publication.state == "open")
    return session.exec(query).first()


def last_of(session: Session, flow_id: str) -> Publication | None:
    """The newest question of this flow, whatever became of it."""
    query = select(Publication).where(Publication.flow_id == flow_id).order_by(col(Publication.id).desc())
    return session.exec(query.limit(1)).first()


def get(session: Session, number: int, *, lock: bool = False) -> Publication:
    """Raises RequestError (404)."""
    query = select(Publication).where(Publication.id == number)
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise RequestError(
            f"There is no request {number} to publish.",
            status=404,
            code="E-NOT-FOUND",
            cure="Reload the inbox.",
        )
    return found


def listed(session: Session, *, waiting: bool, limit: int = 200) -> list[Publication]:
    """Open ones oldest first, or the last decided ones newest first."""
    query = select(Publication).limit(limit)
    if waiting:
        query = query.where(Publication.state == "open").order_by(col(Publication.id))
    else:
        query = query.where(Publication.state != "open").order_by(col(Publication.decided_at).desc())
    return list(session.exec(query))
