"""Drawings: one row a flow with its draft, and one immutable row a published version."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
import secrets
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import UniqueConstraint, event, func
from sqlmodel import Field, Session, SQLModel, col, select

from engine.clock import now
from engine.errors import EngineError, RequestError
from engine.flow import Flow, slugify
from engine.record import from_json, to_json
from engine.store import plain
from engine.store.runs import new_id


class FlowRow(SQLModel, table=True):
    """A flow. Its draft is what people draw; its live version is what runs.

    draft       canonical JSON of the drawing     revision  raised by every save: the optimistic lock
    bindings    JSON {slot: connection id}        state     draft (never published), live or paused
    hook_key    the secret part of the hook's address
    problems    errors found at the last save, for the list
    deleted_at  set instead of deleting: the history of its runs stays readable
    """

    __tablename__ = "flow"

    id: str = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    description: str = ""
    draft: str
    revision: int = 1
    bindings: str = "{}"
    state: str = "draft"
    hook_key: str = Field(default_factory=lambda: secrets.token_urlsafe(24))
    owner: str = ""
    live_version_id: int | None = None
    live_number: int | None = None
    problems: int = 0
    created_at: float = Field(default_factory=now)
    updated_at: float = Field(default_factory=now)
    deleted_at: float | None = None

    def document(self) -> Flow:
        return Flow.model_validate(from_json(self.draft))

    def bound(self) -> dict[str, str]:
        """Slot → connection id."""
        found: dict[str, str] = from_json(self.bindings)
        return found


class FlowVersion(SQLModel, table=True):
    """A drawing as it was at one moment; never changed.

    number  1, 2, 3… for what was published; None for a snapshot of a draft that a try-out run used
    """

    __tablename__ = "flow_version"
    __table_args__ = (UniqueConstraint("flow_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    flow_id: str = Field(foreign_key="flow.id", index=True)
    number: int | None = None
    text: str
    published_by: str = ""
    note: str = ""
    at: float = Field(default_factory=now)

    def document(self) -> Flow:
        return Flow.model_validate(from_json(self.text))


@event.listens_for(FlowVersion, "before_update")
@event.listens_for(FlowVersion, "before_delete")
def _refuse(_mapper: Any, _connection: Any, version: FlowVersion) -> None:
    """Runs name their version, and what they did is explained by it."""
    raise EngineError(f"Version {version.id} would change; versions never do.")


class Standing(NamedTuple):
    """What must not have changed under a call that was let in. ``bindings`` as stored: JSON {slot: connection}."""

    state: str
    version: int | None
    hook_key: str
    bindings: str

    def bound(self) -> dict[str, str]:
        """Slot → connection id."""
        found: dict[str, str] = from_json(self.bindings)
        return found


def standing(session: Session, ids: Collection[str]) -> dict[str, Standing]:
    """How these flows stand at the moment; deleted ones are not there."""
    query = (
        "SELECT id, state, live_version_id, hook_key, bindings FROM flow WHERE deleted_at IS NULL AND id IN"
    )
    found = plain.rows(session, f"{query} ({', '.join('?' * len(ids))})", *ids)
    return {row[0]: Standing(*row[1:]) for row in found}


def canonical(document: Flow) -> str:
    return document.canonical().decode()


def add(
    session: Session,
    document: Flow,
    owner: str,
    *,
    bindings: Mapping[str, str] | None = None,
    slug: str | None = None,
) -> FlowRow:
    """A new flow in state draft, under a slug that is free: the wanted one, or one made of its name."""
    row = FlowRow(
        slug=free_slug(session, slug or document.name),
        name=document.name,
        description=document.description,
        draft=canonical(document),
        bindings=to_json(dict(bindings or {})).decode(),
        owner=owner,
    )
    session.add(row)
    session.flush()
    return row


def free_slug(session: Session, name: str) -> str:
    """``invoice-from-order``, or ``invoice-from-order-2`` when that is taken."""
    wanted = slugify(name)
    taken = set(session.exec(select(FlowRow.slug).where(col(FlowRow.slug).startswith(wanted))))
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"


def all_flows(session: Session) -> list[FlowRow]:
    query = select(FlowRow).where(col(FlowRow.deleted_at).is_(None)).order_by(col(FlowRow.updated_at).desc())
    return list(session.exec(query))


def find(session: Session, slug: str, *, lock: bool = False) -> FlowRow | None:
    """The flow with this slug; ``lock`` keeps others from changing it until the transaction ends."""
    query = select(FlowRow).where(FlowRow.slug == slug, col(FlowRow.deleted_at).is_(None))
    return session.exec(query.with_for_update() if lock else query).first()


def get(session: Session, flow_id: str) -> FlowRow | None:
    """By id, deleted ones too: a run's history names its flow."""
    return session.get(FlowRow, flow_id)


def names(session: Session, ids: set[str]) -> dict[str, tuple[str, str]]:
    """Flow id → (slug, name), deleted ones included."""
    if not ids:
        return {}
    rows = session.exec(select(FlowRow).where(col(FlowRow.id).in_(ids)))
    return {row.id: (row.slug, row.name) for row in rows}


def save_draft(session: Session, row: FlowRow, document: Flow, problems: int | None = None) -> None:
    """Replaces the draft and raises the revision. The caller has locked the row and checked its revision."""
    row.draft = canonical(document)
    row.name = document.name
    row.description = document.description
    row.revision += 1
    row.problems = row.problems if problems is None else problems
    row.updated_at = now()
    session.add(row)


def bind(session: Session, row: FlowRow, bindings: Mapping[str, str]) -> None:
    row.bindings = to_json(dict(sorted(bindings.items()))).decode()
    row.updated_at = now()
    session.add(row)


def publish(session: Session, row: FlowRow, by: str, note: str, text: str = "") -> FlowVersion:
    """Freezes the draft (or the canonical ``text``) as the next version and makes it the live one.

    A paused flow stays paused.
    """
    newest = session.exec(select(func.max(FlowVersion.number)).where(FlowVersion.flow_id == row.id)).one()
    version = FlowVersion(
        flow_id=row.id, number=(newest or 0) + 1, text=text or row.draft, published_by=by, note=note
    )
    session.add(version)
    session.flush()
    row.live_version_id = version.id
    row.live_number = version.number
    row.state = "paused" if row.state == "paused" else "live"
    row.updated_at = now()
    session.add(row)
    return version


def snapshot(session: Session, row: FlowRow) -> FlowVersion:
    """The draft, frozen for a try-out run; the same draft gives the same snapshot."""
    query = select(FlowVersion).where(
        FlowVersion.flow_id == row.id, col(FlowVersion.number).is_(None), FlowVersion.text == row.draft
    )
    found = session.exec(query).first()
    if found is not None:
        return found
    version = FlowVersion(flow_id=row.id, number=None, text=row.draft)
    session.add(version)
    session.flush()
    return version


def versions(session: Session, row: FlowRow) -> list[FlowVersion]:
    """The published ones, newest first."""
    query = select(FlowVersion).where(FlowVersion.flow_id == row.id, col(FlowVersion.number).is_not(None))
    return list(session.exec(query.order_by(col(FlowVersion.number).desc())))


def version(session: Session, row: FlowRow, number: int) -> FlowVersion | None:
    query = select(FlowVersion).where(FlowVersion.flow_id == row.id, FlowVersion.number == number)
    return session.exec(query).first()


def version_by_id(session: Session, version_id: int) -> FlowVersion | None:
    return session.get(FlowVersion, version_id)


def live_texts(session: Session) -> dict[str, str]:
    """Flow id → canonical JSON of its live version."""
    query = select(FlowRow.id, FlowVersion.text).where(FlowRow.live_version_id == FlowVersion.id)
    return dict(session.exec(query).all())


def new_hook_key(session: Session, row: FlowRow) -> str:
    row.hook_key = secrets.token_urlsafe(24)
    session.add(row)
    return row.hook_key


def delete(session: Session, row: FlowRow) -> None:
    """Takes the flow out of sight and frees its slug. Raises RequestError (409) while it is live."""
    if row.state == "live":
        raise RequestError(
            f"«{row.name}» is live.",
            status=409,
            code="E-LIVE",
            cure="Pause it first; then it can be deleted.",
        )
    row.deleted_at = now()
    row.slug = f"{row.slug[:60]}~{row.id}"
    row.state = "paused" if row.live_number else "draft"
    session.add(row)


def used_by(session: Session) -> dict[str, list[FlowRow]]:
    """Connection id → the flows that are bound to it."""
    users: dict[str, list[FlowRow]] = {}
    for row in all_flows(session):
        for connection in set(row.bound().values()):
            users.setdefault(connection, []).append(row)
    return users
