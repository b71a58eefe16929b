"""Conflicts between two systems: what waits for a decision, and deciding it."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify
from pydantic import Field

from designer import conflicts
from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.conflicts import Done
from designer.installation import here
from engine.agreement import ByState, Policy
from engine.errors import RequestError

room = new_room("conflicts", "reviews")


class ListQuery(Body):
    """``after`` is the ``next`` of the last answer."""

    flow: str = ""
    after: int = 0
    limit: int = Field(default=50, ge=1, le=200)


class Number(Body):
    id: int


class Choice(Body):
    """``value`` as it was typed, in the form in which the left side holds it; empty text empties the field."""

    take: Literal["left", "right", "value"]
    value: Any = None


class Remembered(Body):
    """The policy that a field has from now on, with what it needs: ``state``, ``rules`` or ``flow``."""

    policy: Policy
    state: ByState | None = None
    rules: str | None = None
    flow: str | None = None

    def document(self) -> dict[str, Any]:
        """As a pair of the matrix has it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Decision(Body):
    """``fields`` by their keys as listed; ``remember``: field → who decides it from now on (needs an editor)."""

    fields: dict[str, Choice] = Field(min_length=1)
    remember: dict[str, Remembered] = {}


class Bulk(Body):
    """All open conflicts of a step about one field."""

    flow: str
    node: str
    field: str
    take: Literal["left", "right", "proposal"]
    remember: Remembered | None = None


@room.get("/api/conflicts")
@allow("viewer")
def index(query: ListQuery) -> Response:
    """What both sides changed and nobody has decided, oldest first."""
    with here().database.read() as session:
        return jsonify(conflicts.listed(session, query.flow, query.after, query.limit))


@room.post("/api/conflicts/<int:id>/decide")
@allow("operator")
def decide(path: Number, body: Decision) -> Response:
    """Decide fields of one conflict; the pair is looked at again at once. 409 when it was decided already or has moved."""
    _may_remember(bool(body.remember))
    answers = {
        name: {"take": choice.take, **({"value": choice.value} if choice.take == "value" else {})}
        for name, choice in body.fields.items()
    }
    return _told(
        conflicts.decide(
            path.id, answers, {field: one.document() for field, one in body.remember.items()}, me().actor
        )
    )


@room.post("/api/conflicts/decide")
@allow("operator")
def decide_many(body: Bulk) -> Response:
    """The same answer for all open conflicts of a step about one field."""
    _may_remember(body.remember is not None)
    remember = body.remember.document() if body.remember else None
    done = conflicts.decide_alike(body.flow, body.node, body.field, body.take, me().actor, remember)
    return _told(done)


def _may_remember(wanted: bool) -> None:
    """Remembering changes the drawing, so it takes who may draw."""
    if wanted and not me().may("editor"):
        raise RequestError(
            "Remembering an answer changes the flow, which takes an editor.",
            status=403,
            code="E-ROLE",
            cure="Decide without remembering, or ask an editor.",
        )


def _told(done: Done) -> Response:
    return jsonify(
        {
            "decided": done.decided,
            "runs": done.runs,
            "version": done.version,
            "problems": done.problems,
        }
    )
