"""The inbox: documents that wait for an answer, and records that failed."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify

from designer import answers, consents, failures
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
    """``question`` as it was listed; ``answer``: column → value."""

    question: dict[str, Any]
    answer: dict[str, str]


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
        groups = answers.waiting(store)
    return jsonify(
        {"kind": query.kind, "groups": [{**group, "since": iso(group["since"])} for group in groups]}
    )


@room.post("/api/reviews/answer")
@allow("operator")
def answer(body: Answer) -> Response:
    """Answer a question: the table gets the row as a new version, and everything that waits for it goes on."""
    done = answers.answer(body.question, body.answer, me().actor)
    return jsonify(
        {
            "version": done.version,
            "runs": done.runs,
            "released": done.released,
            "problems": [problem.as_json() for problem in done.problems],
        }
    )
