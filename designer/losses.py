"""An object of a two-way flow is gone: the form that asks where it went, and what may be answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designer import pairing
from engine.couple import Said
from engine.errors import Problem, RequestError
from engine.store import connections, flows
from engine.store.database import Session

CHOICES = ("merged", "delete", "mark", "keep")
"""merged: into another one, which takes over the counterpart · delete, mark: the counterpart as well · keep: it stays,
and is no longer kept in step"""


def form(session: Session, row: flows.FlowRow, question: Mapping[str, Any]) -> dict[str, Any]:
    """What the inbox shows: where it was, what is left, and what may become of that."""
    partner = question["partner"]
    names = {
        side: one.name if (one := connections.find(session, str(connection))) else ""
        for side, connection in (("lost", question["connection"]), ("left", partner["connection"]))
    }
    return {
        "kind": "gone",
        "title": str(question["title"]),
        "entity": str(question["entity"]),
        "connection": str(question["connection"]),
        "lost_in": names["lost"],
        "left_in": names["left"],
        "left": str(partner["id"]),
        "choices": offered(session, row, question),
    }


def offered(session: Session, row: flows.FlowRow, question: Mapping[str, Any]) -> list[str]:
    """Of CHOICES those that the drawing allows: marking needs a field that is set."""
    version = flows.version_by_id(session, row.live_version_id) if row.live_version_id else None
    node = (version.document() if version else row.document()).node(str(question["node"]))
    settings = node.settings if node is not None else {}
    entity = question["partner"]["entity"]
    marked = any(
        settings.get(side, {}).get("entity") == entity and (settings[side].get("mark") or {}).get("field")
        for side in ("left", "right")
    )
    return [one for one in CHOICES if one != "mark" or marked]


def must_be_offered(session: Session, row: flows.FlowRow, question: Mapping[str, Any], said: Said) -> None:
    """Raises RequestError (422) for what the drawing does not allow."""
    choices = offered(session, row, question)
    if said.choice not in choices:
        raise _unfit("choice", "Say what has become of it.", f"Choose one of {', '.join(choices)}.")


def said(question: Mapping[str, Any], given: Mapping[str, str]) -> Said:
    """The answer, its survivor looked up now. Raises RequestError (422)."""
    choice, survivor = given.get("choice", "").strip(), given.get("id", "").strip()
    if choice != "merged":
        return Said(choice)
    if not survivor:
        raise _unfit("id", "It is not said into which one it was merged.", "Choose it.")
    if survivor == question["id"]:
        raise _unfit("id", "This is the one that is gone.", "Choose the one that is left.")
    found = pairing.existing(str(question["connection"]), str(question["entity"]), survivor)
    return Said(choice, found.id)


def _unfit(field: str, message: str, cure: str) -> RequestError:
    problem = Problem("E-MISSING", message, cure, field=f"answer.{field}")
    return RequestError(message, status=422, code="E-MISSING", cure=cure, problems=[problem])
