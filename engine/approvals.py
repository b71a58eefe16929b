"""Approvals: who may decide what, when a decision is reached, and what it sets free.

Waiting holds no worker: an approval is a row. A decision and the run that it releases are written in one
transaction, under the cause key ``approval:<id>``, so a record is released exactly once however many
browsers, links and programs decide at the same time, and whoever is killed in between.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pydantic import Field

from engine import faults, forms
from engine.batch import unpack
from engine.clock import iso
from engine.errors import RequestError, Unavailable
from engine.flow import Document
from engine.launch import Cause, Started, start_inside
from engine.record import Record, fingerprint, from_json, to_json
from engine.store import accounts, letters
from engine.store import approvals as store
from engine.store import flows as drawings
from engine.store.approvals import Approval, ApprovalVote
from engine.store.database import Database, Session
from engine.store.runs import Run
from engine.transition import judge
from engine.walk import behind

HOUR = 3600.0
log = logging.getLogger("heddle.approvals")
Decision = Literal["approve", "decline"]


class Who(Document):
    """People by role (and every role above it) and by e-mail."""

    roles: list[str] = []
    users: list[str] = []


class Terms(Document):
    """What one record's approval asks for, complete and frozen with it."""

    question: str
    amount: str = ""
    who: Who = Who()
    quorum: int = 1
    forbid_self: bool = True
    changed_by: str = ""
    form: list[forms.FormField] = []
    remind_hours: float = 0
    escalate_hours: float = 0
    escalate_to: Who = Who()
    expire_hours: float = 0
    on_change: Literal["ask_again", "withdraw", "keep"] = "ask_again"
    fingerprint: str = Field(default="")


class Person(NamedTuple):
    """Somebody who may decide; ``role`` as in engine.store.accounts."""

    email: str
    name: str
    role: str


@dataclass(frozen=True)
class Decided:
    """``state`` after the vote; ``started`` is the run it released; ``fresh`` False when it was so already."""

    approval: Approval
    state: str
    started: Started | None
    fresh: bool = True


def terms_of(row: Approval) -> Terms:
    return Terms.model_validate(from_json(row.terms))


# who ---------------------------------------------------------------------------------------------------


def refusal(row: Approval, person: Person) -> str:
    """Why this person may not decide; empty when they may."""
    email = person.email.lower()
    if terms_of(row).forbid_self and {email, person.name.lower()} & set(row.askers()):
        return "You asked for this yourself; somebody else has to decide it."
    if email in row.handed_to():
        return f"You have handed this to {row.handed_to()[email]}."
    if email in row.users() or any(_reaches(person.role, role) for role in row.roles()):
        return ""
    return "This is not for you to decide."


def deciders(row: Approval, people: Sequence[accounts.User]) -> list[accounts.User]:
    """Those of these people who may decide."""
    return [
        user for user in people if user.active and not refusal(row, Person(user.email, user.name, user.role))
    ]


def _reaches(role: str, needed: str) -> bool:
    known = accounts.ROLES
    return role in known and needed in known and known.index(role) >= known.index(needed)


def emails(users: Sequence[str]) -> list[str]:
    """As they are compared: lower case, each once."""
    return list(dict.fromkeys(user.strip().lower() for user in users if user.strip()))


# deciding ----------------------------------------------------------------------------------------------


def decide(
    session: Session,
    approval_id: int,
    person: Person,
    decision: Decision,
    *,
    comment: str = "",
    form: Mapping[str, Any] | None = None,
    via: str = "page",
) -> Decided:
    """Takes a person's vote; the one that completes the quorum releases the record, in this transaction.

    An approval counts for what was filled in when it was given: who changes the form starts the count anew.
    Raises RequestError: 404, 403 for somebody who may not, 409 when it is over, 422 for a bad form.
    """
    row = store.locked(session, approval_id)
    given = store.votes(session, row.number)
    own = next((vote for vote in given if vote.person == person.email.lower()), None)
    if row.state != "open":
        if own is not None and own.decision == decision:
            return Decided(row, row.state, None, fresh=False)
        raise _over(row)
    why_not = refusal(row, person)
    if why_not:
        raise RequestError(
            why_not, status=403, code="E-NOT-YOURS", cure="Ask one of those whom the approval names."
        )
    terms = terms_of(row)
    wanted = {**forms.current(terms.form, record_of(row).data), **row.filled(), **(form or {})}
    values = forms.fill(terms.form, wanted, complete=decision == "approve")
    mark = fingerprint(values)
    vote = ApprovalVote(
        approval_id=row.number, person=person.email.lower(), name=person.name, decision=decision,
        comment=comment.strip()[:4000], form=mark, via=via,
    )  # fmt: skip
    store.cast(session, vote)
    row.form = to_json(values).decode()
    session.add(row)
    session.flush()
    agreed = [
        one for one in store.votes(session, row.number) if one.decision == "approve" and one.form == mark
    ]
    state = judge(row.state, decision, enough=len(agreed) >= row.quorum)
    if state == "open":
        return Decided(row, state, None)
    return Decided(row, state, _close(session, row, state, person.email.lower(), comment.strip()))


def withdraw(session: Session, approval_id: int, by: str, reason: str) -> Decided:
    """Takes the question back: the record ends here. Raises RequestError (404, 409)."""
    row = store.locked(session, approval_id)
    if row.state != "open":
        raise _over(row)
    _close(session, row, judge(row.state, "withdraw"), by, reason)
    return Decided(row, row.state, None)


def delegate(session: Session, approval_id: int, person: Person, to: accounts.User) -> Approval:
    """Hands a person's say to somebody else, who gets a letter. Raises RequestError (403, 404, 409, 422)."""
    row = store.locked(session, approval_id)
    if row.state != "open":
        raise _over(row)
    why_not = refusal(row, person)
    if why_not:
        raise RequestError(
            why_not, status=403, code="E-NOT-YOURS", cure="Only who may decide can hand it on."
        )
    giver, taker = person.email.lower(), to.email.lower()
    barred = terms_of(row).forbid_self and {taker, to.name.lower()} & set(row.askers())
    if giver == taker or not to.active or barred or taker in row.handed_to():
        raise RequestError(
            f"{to.name} cannot decide this for you.",
            status=422,
            code="E-DELEGATE",
            cure="Choose somebody who is active, has not asked for it, and has not handed it on.",
        )
    row.who = to_json({"roles": row.roles(), "users": emails([*row.users(), taker])}).decode()
    row.handed = to_json({**row.handed_to(), giver: taker}).decode()
    session.add(row)
    letters.queue(session, "delegated", row.number, [to.id], note=person.name)
    return row


def record_of(row: Approval) -> Record:
    """The record that waits."""
    (records,) = unpack(row.payload).values()
    return records[0]


def _close(session: Session, row: Approval, state: str, by: str, reason: str) -> Started | None:
    if not store.close(session, row, state, by, reason):
        raise _over(store.locked(session, row.number))
    faults.point("after-decision")
    if state == "withdrawn":
        return None
    terms, record, values = terms_of(row), record_of(row), row.filled()
    said = {"decision": state, "by": by, "comment": reason, "form": values, "at": iso(row.decided_at)}
    data = forms.apply(terms.form, values, record.data) if state == "approved" else record.data
    run = session.get(Run, row.run_id)
    assert run is not None  # runs are never deleted
    flow = drawings.get(session, row.flow_id)
    started = start_inside(
        session,
        flow_id=row.flow_id,
        version_id=row.version_id,
        bindings={**from_json(run.bindings), **(flow.bound() if flow else {})},
        mode="live",
        cause=Cause("approval", by, f"approval:{row.id}"),
        entries={behind(row.node, state): [record.with_data(data).with_step(row.node, said)]},
        parent=row.run_id,
    )
    row.released_by = started.run
    session.add(row)
    session.flush()
    faults.point("after-release-of-approval")
    return started


def _over(row: Approval) -> RequestError:
    by = f" by {row.decided_by}" if row.decided_by else ""
    return RequestError(
        f"It was {row.state}{by} already.",
        status=409,
        code="E-DECIDED",
        cure="There is nothing left to decide.",
    )


# time --------------------------------------------------------------------------------------------------


def tick(database: Database, moment: float) -> list[Started]:
    """Deadlines, escalations and reminders that are due; answers the runs to ring for."""
    with database.read() as session:
        waiting = store.due(session, moment)
    started: list[Started] = []
    for approval_id in waiting:
        try:
            with database.write() as session:
                done = _pass_time(session, approval_id, moment)
        except Unavailable:
            raise
        except Exception:
            log.exception("approval %s could not be moved on; the others go on", approval_id)
            continue
        if done is not None:
            started.append(done)
    return started


def _pass_time(session: Session, approval_id: int, moment: float) -> Started | None:
    row = store.locked(session, approval_id)
    if row.state != "open" or row.due_at is None or row.due_at > moment:
        return None
    if row.expire_at is not None and row.expire_at <= moment:
        return _close(session, row, judge(row.state, "expire"), "", "Nobody decided in time.")
    terms = terms_of(row)
    people = accounts.users(session)
    known = {user.id for user in deciders(row, people)}
    if row.escalate_at is not None and row.escalate_at <= moment:
        users = emails([*row.users(), *terms.escalate_to.users])
        roles = list(dict.fromkeys([*row.roles(), *terms.escalate_to.roles]))
        row.who = to_json({"roles": roles, "users": users}).decode()
        row.escalate_at = None
        added = (user.id for user in deciders(row, people) if user.id not in known)
        letters.queue(session, "escalation", row.number, added)
    if row.remind_at is not None and row.remind_at <= moment:
        voted = {vote.person for vote in store.votes(session, row.number)}
        silent = (user.id for user in deciders(row, people) if user.email not in voted)
        letters.queue(session, "reminder", row.number, silent)
        row.remind_at = moment + terms.remind_hours * HOUR
    row.due_at = next_moment(row)
    session.add(row)
    return None


def next_moment(row: Approval) -> float | None:
    """When something happens by itself next; None if never."""
    moments = [at for at in (row.remind_at, row.escalate_at, row.expire_at) if at is not None]
    return min(moments, default=None)
