"""What was last found out about a flow: its forecast, the shapes it was published with, where they have drifted."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Sequence
from typing import Any, Literal

from sqlmodel import Field, Session, SQLModel, col, select

from engine.clock import now
from engine.record import from_json, to_json

Kind = Literal["forecast", "snapshot", "drift"]


class Finding(SQLModel, table=True):
    """The newest of its kind for a flow. ``text`` is exact JSON; ``version`` the live number at the time, or 0."""

    __tablename__ = "finding"

    flow_id: str = Field(primary_key=True, foreign_key="flow.id")
    kind: str = Field(primary_key=True)
    at: float
    version: int = 0
    text: str

    def content(self) -> dict[str, Any]:
        return dict(from_json(self.text))


def keep(session: Session, flow_id: str, kind: Kind, content: Any, version: int = 0) -> Finding:
    """Replaces what was found before."""
    row = session.get(Finding, (flow_id, kind)) or Finding(flow_id=flow_id, kind=kind, at=0.0, text="")
    row.at, row.version, row.text = now(), version, text(content)
    session.add(row)
    session.flush()
    return row


def text(content: Any) -> str:
    """What was found, as it is kept."""
    return to_json(content).decode()


def get(session: Session, flow_id: str, kind: Kind) -> Finding | None:
    return session.get(Finding, (flow_id, kind))


def forget(session: Session, flow_id: str, kind: Kind) -> None:
    row = get(session, flow_id, kind)
    if row is not None:
        session.delete(row)


def all_of(session: Session, kind: Kind, flow_ids: Sequence[str] | None = None) -> list[Finding]:
    """The newest first; of these flows only, if they are given."""
    query = select(Finding).where(Finding.kind == kind).order_by(col(Finding.at).desc())
    if flow_ids is not None:
        query = query.where(col(Finding.flow_id).in_(flow_ids))
    return list(session.exec(query))
