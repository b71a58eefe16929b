"""Deciding what waits for people: one by one, many at once, or handed on."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify
from pydantic import Field

from designer import consents
from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.installation import here
from designer.secrecy import struck_out
from engine import approvals
from engine.approvals import Decided, Person
from engine.connector import Connector
from engine.errors import Problem, RequestError
from engine.preview import Preview
from engine.record import Record, from_json
from engine.store import accounts, audit, flows, library, progress
from engine.store import approvals as store
from engine.walk import behind

room = new_room("approvals", "reviews")


class Number(Body):
    id: int


class Decision(Body):
    """``form``: what was filled in, by the name of each field."""

    decision: Literal["approve", "decline"]
    comment: str = Field(default="", max_length=4000)
    form: dict[str, Any] = {}


class Bulk(Body):
    ids: list[int] = Field(min_length=1, max_length=500)
    decision: Literal["approve", "decline"]
    comment: str = Field(default="", max_length=4000)


class Reason(Body):
    reason: str = Field(default="", max_length=4000)


class Handing(Body):
    """``user``: the id or e-mail of whom to hand it to."""

    user: str


@room.get("/api/approvals/<int:id>")
@allow("viewer")
def detail(path: Number) -> Response:
    """One approval: the record, the form, who has said what."""
    with here().database.read() as session:
        return jsonify(consents.detail(session, path.id, me()))


@room.get("/api/approvals/<int:id>/preview")
@allow("viewer")
def preview(path: Number) -> Response:
    """What would be written if it were approved, step by step. Reads from the systems, writes nothing."""
    installation = here()
    with installation.database.read() as session:
        row = store.get(session, path.id)
        run = progress.get(session, row.run_id)
        flow = flows.get(session, row.flow_id)
        version = flows.version_by_id(session, row.version_id)
        document = library.filled(session, version.document()) if version is not None else None
    if run is None or document is None:
        raise store.missing(path.id)
    bindings = {**from_json(run.bindings), **(flow.bound() if flow else {})}
    opened: list[Connector[Any]] = []

    def connect(slot: str) -> Connector[Any]:
        opened.append(installation.runtime.open(bindings.get(slot, ""), read_only=True))
        return opened[-1]

    record = approvals.record_of(row)
    alone = Record(
        record.key, record.data, 0, record.origin, record.version, record.deleted, record.title, record.steps
    )
    with struck_out(opened):
        found = Preview(installation.database, document, row.flow_id, bindings, connect).go_on(
            {behind(row.node, "approved"): [alone]}
        )
    steps = found["trace"].get(alone.key, [])
    return jsonify({"steps": [step for step in steps if step["node"] != row.node]})


@room.post("/api/approvals/<int:id>/decision")
@allow("viewer")
def decision(path: Number, body: Decision) -> Response:
    """Approve or decline; the decision that completes the quorum lets the record go on."""
    done = decide(
        path.id, consents.person(me()), body.decision, comment=body.comment, form=body.form, via="page"
    )
    return jsonify(_told(done))


@room.post("/api/approvals/decide")
@allow("viewer")
def decide_many(body: Bulk) -> Response:
    """The same decision on many; each that cannot be taken is told with its reason."""
    who = consents.person(me())
    done: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    for number in dict.fromkeys(body.ids):
        try:
            done.append(_told(decide(number, who, body.decision, comment=body.comment, via="bulk")))
        except RequestError as error:
            problems.append({"id": number, **Problem(error.code, error.message, error.cure).as_json()})
    return jsonify({"done": done, "problems": problems})


@room.post("/api/approvals/<int:id>/delegate")
@allow("viewer")
def delegate(path: Number, body: Handing) -> Response:
    """Hand one's say to somebody else, who is told by mail."""
    who = consents.person(me())
    with here().database.write() as session:
        user = accounts.user(session, body.user) or accounts.by_email(session, body.user)
        if user is None:
            raise RequestError(
                f"There is no user {body.user!r}.",
                status=422,
                code="E-NOBODY",
                cure="Choose one from the list.",
            )
        row = approvals.delegate(session, path.id, who, user)
        audit.note(session, who.email, "approval.delegate", str(row.id), to=user.email)
        told = consents.detail(session, path.id, me())
    return jsonify(told)


@room.post("/api/approvals/<int:id>/withdraw")
@allow("viewer")
def withdraw(path: Number, body: Reason) -> Response:
    """Take the question back: nobody is asked any more, and the record goes no further. For whoever asked, and for
    operators."""
    who = consents.person(me())
    with here().database.write() as session:
        if not consents.may_withdraw(store.get(session, path.id), me()):
            raise RequestError(
                "Only who asked, or an operator, can take it back.",
                status=403,
                code="E-NOT-YOURS",
                cure="Decline it, or ask one of them.",
            )
        done = approvals.withdraw(session, path.id, who.email, body.reason)
        audit.note(session, who.email, "approval.withdraw", str(path.id), reason=body.reason)
    return jsonify(_told(done))


def decide(
    number: int,
    who: Person,
    what: Literal["approve", "decline"],
    *,
    comment: str = "",
    form: dict[str, Any] | None = None,
    via: str,
) -> Decided:
    """Takes the vote, notes it in the audit trail, and rings for the run it released."""
    installation = here()
    with installation.database.write() as session:
        done = approvals.decide(session, number, who, what, comment=comment, form=form, via=via)
        if done.fresh:
            audit.note(session, who.email, f"approval.{what}", str(number), via=via, state=done.state)
    if done.started is not None:
        installation.ring(done.started.run, done.started.lanes)
    return done


def _told(done: Decided) -> dict[str, Any]:
    return {
        "id": done.approval.number,
        "state": done.state,
        "run": done.approval.released_by,
        "decided_by": done.approval.decided_by,
    }
