"""The audit trail as people read it: who did what, to what, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from designer.sheets import csv_line
from engine import registry
from engine.record import to_json
from engine.store import audit, connections, flows, library, progress
from engine.store.audit import AuditEntry, Wanted
from engine.store.database import Session

KINDS = {
    "flow": "Flows",
    "publication": "Publishing by two",
    "library": "Rules and tables",
    "connection": "Connections",
    "hook": "Webhooks",
    "run": "Runs",
    "first-load": "First loads",
    "schedule": "Schedules",
    "review": "Held documents",
    "failed": "Failed records",
    "record": "Corrected records",
    "conflict": "Conflicts",
    "approval": "Approvals",
    "reference": "Cross references",
    "user": "People",
    "token": "Tokens",
    "session": "Signing in",
    "sandbox": "Sandboxes",
}
"""What the first word of an action stands for, in the order of the filter."""

WORDS = {
    "flow.create": "made the flow",
    "flow.import": "brought the flow from a file",
    "flow.publish": "published the flow",
    "flow.change": "changed the flow",
    "flow.bind": "chose connections for the flow",
    "flow.hook": "made a new address for the button of the flow",
    "flow.rows": "added table rows to the flow",
    "flow.delete": "deleted the flow",
    "flow.drift": "saw that a system had changed under the flow",
    "publication.ask": "asked for a second person to publish the flow",
    "publication.return": "sent the drawing back for the flow",
    "publication.withdraw": "took back the wish to publish the flow",
    "library.create": "made the shared",
    "library.change": "described the shared",
    "library.save": "saved a version of the shared",
    "library.source": "changed where rows come from of the shared",
    "library.refresh": "read anew the rows of the shared",
    "library.delete": "deleted the shared",
    "connection.create": "connected",
    "connection.change": "changed the connection",
    "connection.limits": "changed the limits of the connection",
    "connection.delete": "deleted the connection",
    "hook.refused": "called, and was not let in, the address of",
    "run.pause": "paused a run of",
    "run.resume": "let a run go on of",
    "run.cancel": "stopped a run of",
    "run.allow": "allowed more than the budget to a run of",
    "run.execute": "approved and executed a plan of",
    "first-load.decide": "decided matches in a first load of",
    "schedule.on": "switched on a schedule of",
    "schedule.paused": "paused a schedule of",
    "schedule.catch-up": "decided on missed times of",
    "review.answer": "answered a question of",
    "review.release": "released held documents of",
    "review.owner": "gave a question to somebody, of",
    "review.arrived": "let documents go on whose partner arrived, of",
    "failed.retry": "tried failed records again",
    "failed.care": "took care of failed records",
    "record.correct": "corrected a record",
    "conflict.decide": "decided a conflict of",
    "approval.approve": "approved the request",
    "approval.decline": "declined the request",
    "approval.delegate": "handed on the request",
    "approval.withdraw": "took back the request",
    "reference.add": "linked two objects by hand",
    "reference.repair": "repaired the cross reference",
    "reference.remove": "removed the cross reference",
    "reference.import": "imported cross references",
    "user.create": "invited",
    "user.change": "changed the rights of",
    "user.password": "changed the password of",
    "user.delete": "deleted the user",
    "token.create": "made the token",
    "token.delete": "revoked the token",
    "session.open": "signed in",
    "session.refused": "was refused at sign-in",
    "sandbox.vices": "changed how a system misbehaves:",
    "sandbox.seed": "filled with data the system",
    "sandbox.reset": "emptied the system",
}
"""What each action is called, between who did it and what it was done to."""

COLUMNS = ("when", "who", "what", "to what", "id", "details")
UNNAMED = ("session", "reference", "failed", "record")
"""Kinds whose subject says nothing to people."""


class Reader:
    """Reads entries with the names that people know things by; each is looked up once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[str, str], str] = {}
        by_flow = self._flow
        self._names: dict[str, Callable[[str], str]] = {
            **dict.fromkeys(("flow", "hook", "publication", "schedule", "review", "conflict"), by_flow),
            **dict.fromkeys(("run", "first-load"), self._run),
            "library": self._shared,
            "connection": self._connection,
            "sandbox": _system,
        }

    def read(self, entry: AuditEntry) -> dict[str, Any]:
        """An entry as the screen lists it. ``did`` and ``name`` make a sentence behind the actor."""
        shown = entry.as_json()
        kind = entry.action.partition(".")[0]
        return {
            **shown,
            "kind": kind,
            "did": WORDS.get(entry.action, entry.action),
            "name": self._name(kind, entry.subject, shown["detail"]),
        }

    def _name(self, kind: str, subject: str, detail: dict[str, Any]) -> str:
        if kind in UNNAMED:
            return str(detail.get("title") or "")
        if (kind, subject) not in self._known:
            self._known[kind, subject] = self._names.get(kind, str)(subject)
        gone = self._known[kind, subject] == subject  # or it was never called otherwise
        return (
            str(detail.get("name") or detail.get("title") or subject) if gone else self._known[kind, subject]
        )

    def _flow(self, slug: str) -> str:
        row = flows.find(self._session, slug)
        return row.name if row is not None else slug

    def _run(self, run_id: str) -> str:
        run = progress.get(self._session, run_id)
        row = flows.get(self._session, run.flow_id) if run is not None else None
        return row.name if row is not None else run_id

    def _shared(self, slug: str) -> str:
        row = library.find(self._session, slug)
        return row.title if row is not None else slug

    def _connection(self, connection_id: str) -> str:
        row = connections.find(self._session, connection_id)
        return row.name if row is not None else connection_id


def _system(name: str) -> str:
    known = registry.connectors().get(name)
    return known.title if known is not None else name


def export(session: Session, wanted: Wanted) -> Iterator[str]:
    """All entries that fit, newest first, as lines of CSV."""
    reader = Reader(session)
    yield csv_line(COLUMNS)
    for entry in audit.everything(session, wanted):
        told = reader.read(entry)
        yield csv_line(
            (
                told["at"],
                told["actor"],
                told["did"],
                told["name"],
                told["subject"],
                to_json(told["detail"]).decode(),
            )
        )
