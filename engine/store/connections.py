"""Connections: one system's address and account, with its secrets sealed, and the way to open it."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import ValidationError
from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, Session, SQLModel, select

from engine.clock import iso, now
from engine.complaint import complaints
from engine.connector import Connector, Health
from engine.errors import AccessError, DefinitionError, HeddleError, Problem, RequestError
from engine.http import Http, Journal
from engine.pace import Limits, Pacer, own_limits
from engine.record import from_json, to_json
from engine.registry import connector_type
from engine.secrecy import has_place, leading, put_back, take_out
from engine.store import outages
from engine.store.plain import rows
from engine.store.runs import new_id
from engine.store.seal import Seal


class Connection(SQLModel, table=True):
    """One connection.

    settings  exact JSON without the secrets       sealed  the secrets by path, closed with the installation's seal
    health    JSON of the last check, None before the first one
    limits    JSON of engine.pace.Limits; None: those that the system is known to have
    """

    __tablename__ = "connection"

    id: str = Field(default_factory=new_id, primary_key=True)
    system: str = Field(index=True)
    name: str
    settings: str
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sealed_names: str = "[]"
    health: str | None = None
    limits: str | None = None
    owner: str = ""
    revision: int = 1
    created_at: float = Field(default_factory=now)
    updated_at: float = Field(default_factory=now)

    def plain(self) -> dict[str, Any]:
        """The settings that are no secret."""
        found: dict[str, Any] = from_json(self.settings)
        return found

    def own_pace(self) -> Limits | None:
        """The limits that somebody has set, None where the system's own are in force."""
        return None if self.limits is None else Limits.model_validate(from_json(self.limits))

    def as_json(self) -> dict[str, Any]:
        """What may leave: which secrets are set, never what they are."""
        return {
            "id": self.id,
            "system": self.system,
            "name": self.name,
            "settings": self.plain(),
            "secrets": dict.fromkeys(from_json(self.sealed_names), True),
            "health": from_json(self.health) if self.health else None,
            "limits": None if self.limits is None else from_json(self.limits),
            "revision": self.revision,
        }


@dataclass(frozen=True)
class Draft:
    """Settings of a connection, and its secrets by their dotted paths in them. ``name``: as people call a stored one."""

    system: str
    settings: dict[str, Any]
    secrets: dict[str, str]
    name: str = ""


def draft(
    system: str, settings: Mapping[str, Any], secrets: Mapping[str, str], before: Draft | None = None
) -> Draft:
    """Settings and secrets in their right places, wherever somebody has put them.

    A secret among the settings is moved out of them; an empty one is forgotten. ``before``: the stored ones, used
    where none is given and where the settings still have a place for them.
    Raises EngineError when the system is not installed, RequestError (422) for a secret that the system has no
    place for, or when a stored one would have to be typed again.
    """
    model = connector_type(system).Settings
    plain, typed = take_out(model, settings)
    typed |= secrets
    kept = (
        {path: one for path, one in before.secrets.items() if has_place(model, plain, path)} if before else {}
    )
    unknown = sorted(path for path, one in secrets.items() if one and not has_place(model, plain, path))
    if unknown:
        problems = [
            Problem(
                "E-SECRET", f"«{path}» is no secret of this system.", "Remove it.", field=f"secrets.{path}"
            )
            for path in unknown
        ]
        raise RequestError(problems[0].message, status=422, code="E-SECRET", problems=problems)
    if before and leading(model, before.settings) != leading(model, plain):
        _refuse_stale(sorted(set(kept) - set(typed)))
    return Draft(system, plain, {path: one for path, one in {**kept, **typed}.items() if one})


def _refuse_stale(missing: list[str]) -> None:
    """The address or the account has changed. Were stored secrets simply used again, somebody who may change an
    address could have them sent to a machine of theirs."""
    if missing:
        raise RequestError(
            "Type the secrets again, because the address or the account has changed.",
            status=422,
            code="E-RETYPE",
            cure="Stored secrets only ever go where they were first meant to go.",
            problems=[
                Problem("E-RETYPE", f"«{path}» is needed again.", "Type it again.", field=f"secrets.{path}")
                for path in missing
            ],
        )


def unseal(row: Connection, seal: Seal) -> Draft:
    return Draft(row.system, row.plain(), seal.open(row.sealed), row.name)


def add(session: Session, seal: Seal, name: str, draft: Draft, owner: str) -> Connection:
    row = Connection(system=draft.system, name=name, settings="{}", sealed=b"", owner=owner)
    _fill(row, seal, draft)
    session.add(row)
    session.flush()
    return row


def change(session: Session, seal: Seal, row: Connection, name: str, draft: Draft) -> None:
    _fill(row, seal, draft)
    row.name = name
    row.revision += 1
    row.updated_at = now()
    session.add(row)


def limit(session: Session, row: Connection, limits: Limits | None) -> None:
    """Sets the limits, or goes back to the system's own; open connections are opened anew."""
    row.limits = None if limits is None else to_json(limits.model_dump(mode="json")).decode()
    row.revision += 1
    row.updated_at = now()
    session.add(row)


def _fill(row: Connection, seal: Seal, draft: Draft) -> None:
    row.settings = to_json(draft.settings).decode()
    row.sealed = seal.close(draft.secrets)
    row.sealed_names = to_json(sorted(draft.secrets)).decode()


def find(session: Session, connection_id: str) -> Connection | None:
    return session.get(Connection, connection_id)


def revision(session: Session, connection_id: str) -> int:
    """Grows with each change; 0 if the connection is gone."""
    found = rows(session, "SELECT revision FROM connection WHERE id = ?", connection_id)
    return int(found[0][0]) if found else 0


def all_connections(session: Session) -> list[Connection]:
    return list(session.exec(select(Connection).order_by(Connection.name)))


def note_health(session: Session, row: Connection, health: Health) -> dict[str, Any]:
    """Keeps the answer of a check; returns it as it is shown. A good one is the end of an outage."""
    shown = {"ok": health.ok, "message": health.message, "identity": health.identity, "at": iso()}
    row.health = to_json(shown).decode()
    session.add(row)
    if health.ok:
        outages.open_again(session, row.id)
    return shown


def note_shut(session: Session, connection_id: str, error: HeddleError, next_try: float) -> None:
    """A run has found a connection shut: its health says so, and all who use it wait for one that tries."""
    outages.shut(session, connection_id, error.code, error.message, error.cure, next_try)
    row = find(session, connection_id)
    if row is not None:  # a deleted one has no health
        before = from_json(row.health) if row.health else {}
        shown = {"ok": False, "message": error.message, "identity": before.get("identity"), "at": iso()}
        row.health = to_json(shown).decode()
        session.add(row)


def note_open(session: Session, connection_id: str) -> None:
    """A run got an answer again."""
    outages.open_again(session, connection_id)
    row = find(session, connection_id)
    if row is not None:
        before = from_json(row.health) if row.health else {}
        shown = {"ok": True, "message": "It answers again.", "identity": before.get("identity"), "at": iso()}
        row.health = to_json(shown).decode()
        session.add(row)


def connect(
    draft: Draft,
    *,
    read_only: bool,
    timeout: float = 30.0,
    journal: Journal | None = None,
) -> Connector[Any]:
    """A connector with these settings; its HTTP client knows the secrets, to strike them out everywhere.

    Raises EngineError when the system is not installed, DefinitionError when the settings do not fit it.
    """
    cls = connector_type(draft.system)
    try:
        settings = cls.Settings.model_validate(put_back(draft.settings, draft.secrets))
    except ValidationError as error:
        wrong = complaints(cls.Settings, error)
        problems = [
            Problem(
                "E-SETTINGS", f"«{one.place or 'The settings'}» {one.reason}.", "Correct it.", field=one.path
            )
            for one in wrong
        ]
        more = f" ({len(problems) - 1} more to correct.)" if len(problems) > 1 else ""
        raise DefinitionError(
            problems, f"{problems[0].message}{more}"
        ) from None  # the cause would carry the secrets
    http = Http(
        timeout=timeout,
        read_only=read_only,
        journal=journal,
        secrets=tuple(form for secret in draft.secrets.values() for form in forms(secret)),
        name=draft.name if cls.one_of_many else cls.title,
    )
    return cls(settings, http)


def forms(secret: str) -> list[str]:
    """A secret as it may stand in a call or an error: plain, in a URL, in XML, in JSON; longest first."""
    found = {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        escape(secret),
        to_json(secret).decode()[1:-1],
    }
    return sorted(found, key=len, reverse=True)


def open(
    session: Session,
    seal: Seal,
    connection_id: str,
    *,
    read_only: bool,
    timeout: float = 30.0,
    journal: Journal | None = None,
    pacer: Pacer | None = None,
) -> Connector[Any]:
    """A stored connection, ready to be used after the session has closed; its calls wait at the pacer's door.

    Raises AccessError when it is gone or its secrets cannot be opened; else as ``connect``.
    """
    row = find(session, connection_id)
    if row is None:
        raise AccessError(
            "The connection that this flow uses has been deleted.",
            code="E-NO-CONNECTION",
            cure="Bind the flow to another connection.",
        )
    opened = connect(unseal(row, seal), read_only=read_only, timeout=timeout, journal=journal)
    return at_the_door(row, opened, pacer)


def at_the_door(row: Connection, opened: Connector[Any], pacer: Pacer | None) -> Connector[Any]:
    """Lets the calls of an open connection wait for their turn, as the stored limits say."""
    if pacer is not None:
        opened.http.door = pacer.door(row.id, row.own_pace() or own_limits(opened.capability))
    return opened
