"""Approvals as people see them: what is asked, on what grounds, who has said what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from designer.auth import Identity
from engine import approvals, forms
from engine.approvals import Person
from engine.clock import iso
from engine.errors import RequestError
from engine.store import accounts, flows
from engine.store import approvals as store
from engine.store.approvals import Approval, ApprovalVote
from engine.store.database import Session


def person(who: Identity) -> Person:
    """The person who asks. Raises RequestError (403) for a machine: its owner would have two voices."""
    if who.via != "session":
        raise RequestError(
            "Only people decide approvals; a token is a machine.",
            status=403,
            code="E-PERSON",
            cure="Sign in, or use the link in your letter.",
        )
    return Person(who.email, who.name, who.role)


def listed(session: Session, who: Identity, *, mine: bool, state: str) -> list[dict[str, Any]]:
    """Open ones oldest first, decided ones newest first; ``mine``: those that wait for this person."""
    rows = store.listed(session, state=state)
    given = store.votes_of(session, [row.number for row in rows])
    names = flows.names(session, {row.flow_id for row in rows})
    people = {user.email: user.name for user in accounts.users(session)}
    told = [_row(row, given.get(row.number, []), who, names, people) for row in rows]
    return [one for one in told if one["mine"] or not mine] if state == "open" else told


def detail(session: Session, approval_id: int, who: Identity) -> dict[str, Any]:
    """One approval with its record, its form and everybody's words. Raises RequestError (404)."""
    row = store.get(session, approval_id)
    people = accounts.users(session)
    given = store.votes(session, row.number)
    names = {user.email: user.name for user in people}
    terms, record = approvals.terms_of(row), approvals.record_of(row)
    barred = (
        {*row.askers(), *row.handed_to(), who.email.lower()} if terms.forbid_self else set(row.handed_to())
    )
    return {
        **_row(row, given, who, flows.names(session, {row.flow_id}), names),
        "data": record.data,
        "form": [field.model_dump() for field in terms.form],
        "values": {**forms.current(terms.form, record.data), **row.filled()},
        "why_not": refusal(row, who) if row.state == "open" else "",
        "may_withdraw": row.state == "open" and may_withdraw(row, who),
        "delegates": [
            {"id": user.id, "name": user.name, "email": user.email}
            for user in people
            if user.active and user.email not in barred and user.id != who.id
        ],
    }


def circumstances(session: Session, row: Approval) -> str:
    """Where it was asked, by whom, what has been said and until when, for those who read it outside of Heddle."""
    names = {user.email: user.name for user in accounts.users(session)}
    flow = flows.names(session, {row.flow_id}).get(row.flow_id, ("", row.flow_id))[1]
    by = " and ".join(names.get(email, email) for email in row.askers())
    told = [f"In «{flow}»{f', asked by {by}' if by else ''}."]
    if row.quorum > 1:
        agreed = [
            vote.name or vote.person
            for vote in store.votes(session, row.number)
            if vote.decision == "approve"
        ]
        so_far = f": {', '.join(agreed)}" if agreed else ""
        told.append(f"{len(agreed)} of {row.quorum} approved{so_far}.")
    if row.expire_at:
        told.append(f"Expires {datetime.fromtimestamp(row.expire_at, UTC):%a %d %b %Y, %H:%M} UTC.")
    return " ".join(told)


def refusal(row: Approval, who: Identity) -> str:
    """Why this caller may not decide; empty when they may."""
    if who.via != "session":
        return "Only people decide approvals."
    return approvals.refusal(row, Person(who.email, who.name, who.role))


def may_withdraw(row: Approval, who: Identity) -> bool:
    """Whether this caller may take the question back: whoever asked, and operators."""
    asked = {who.email.lower(), who.name.lower()} & set(row.askers())
    return who.via == "session" and (who.may("operator") or bool(asked))


def _row(
    row: Approval,
    given: Sequence[ApprovalVote],
    who: Identity,
    flow_names: dict[str, tuple[str, str]],
    people: dict[str, str],
) -> dict[str, Any]:
    slug, name = flow_names.get(row.flow_id, ("", row.flow_id))
    voted = any(vote.person == who.email.lower() for vote in given)
    return {
        "id": row.number,
        "question": row.question,
        "amount": row.amount,
        "title": row.title,
        "key": row.root,
        "state": row.state,
        "flow": {"slug": slug, "name": name},
        "run": row.run_id,
        "asked_by": [people.get(email, email) for email in row.askers()],
        "by": row.asked_of(people),
        "since": iso(row.created_at),
        "deadline": iso(row.expire_at) if row.expire_at else None,
        "quorum": row.quorum,
        "has_form": approvals.terms_of(row).form != [],
        "mine": row.state == "open" and not voted and not refusal(row, who),
        "votes": [
            {
                "name": vote.name or vote.person,
                "decision": vote.decision,
                "comment": vote.comment,
                "at": iso(vote.at),
            }
            for vote in given
        ],
        "decided_by": people.get(row.decided_by, row.decided_by),
        "decided_at": iso(row.decided_at) if row.decided_at else None,
        "reason": row.reason,
        "released": row.released_by,
    }
