"""The inbox: documents that wait for an answer, and records that failed."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify
from pydantic import Field

from designer import answers, consents, failures, questions
from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.installation import here
from engine.clock import iso

room = new_room("reviews")


class InboxQuery(Body):
    """``of`` and ``state`` are for approvals: mine or everybody's, open or decided. ``assignee`` and ``snoozed`` are for
    what failed: whose causes, and those that rest instead of the others."""

    kind: Literal["held", "approval", "failed"] = "held"
    of: Literal["mine", "all"] = "mine"
    state: Literal["open", "decided"] = "open"
    assignee: str = ""
    snoozed: bool = False


class Answer(Body):
    """``question`` as it was listed; ``answer``: column → value for a missing row; ``{"outcome": "there" |
    "not-there", "id"}`` for a doubt; ``{"date"}`` for a closed period."""

    question: dict[str, Any]
    answer: dict[str, str]


class Release(Body):
    """``do``: again, from where each stood; or read, anew from the source."""

    question: dict[str, Any]
    do: Literal["again", "read"] = "again"


class Owner(Body):
    """``owner``: an e-mail, ``role:`` and a role, or "" for nobody."""

    question: dict[str, Any]
    owner: str = Field(default="", max_length=200)


@room.get("/api/reviews")
@allow("viewer")
def inbox(query: InboxQuery) -> Response:
    """What waits: held documents, one group a question; approvals, one by one; or what failed, one group a cause."""
    if query.kind == "failed":
        with here().database.read() as store:
            failed = failures.groups(store, assignee=query.assignee, snoozed=query.snoozed)
        return jsonify(
            {"kind": "failed", "groups": failed, "records": sum(group["count"] for group in failed)}
        )
    if query.kind == "approval":
        with here().database.read() as store:
            found = consents.listed(store, me(), mine=query.of == "mine", state=query.state)
        return jsonify({"kind": query.kind, "approvals": found})
    with here().database.read() as store:
        groups = questions.waiting(store, me())
    return jsonify(
        {"kind": query.kind, "groups": [{**group, "since": iso(group["since"])} for group in groups]}
    )


@room.post("/api/reviews/answer")
@allow("operator")
def answer(body: Answer) -> Response:
    """Answer a question: the answer is kept, and everything that waits for it goes on."""
    return _told(answers.answer(body.question, body.answer, me().actor))


@room.post("/api/reviews/release")
@allow("operator")
def release(body: Release) -> Response:
    """Let everything that waits for an answer try again, without one: the cause was removed elsewhere."""
    return _told(answers.release(body.question, body.do, me().actor))


@room.post("/api/reviews/owner")
@allow("operator")
def owner(body: Owner) -> tuple[str, int]:
    """Say who looks after all questions like this one."""
    questions.give(body.question, body.owner.strip().lower(), me().actor)
    return "", 204


def _told(done: answers.Released) -> Response:
    return jsonify(
        {
            "version": done.version,
            "runs": done.runs,
            "released": done.released,
            "left": done.left,
            "problems": [problem.as_json() for problem in done.problems],
        }
    )
