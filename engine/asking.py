"""Opening approvals: what a walk left waiting becomes a question to people, unless it is one already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from engine.approvals import HOUR, Terms, deciders, emails, next_moment
from engine.batch import pack
from engine.clock import now
from engine.record import Record, to_json
from engine.store import accounts, letters
from engine.store import approvals as store
from engine.store.approvals import Approval
from engine.store.database import Session
from engine.store.runs import Run
from engine.transition import judge

BY_PEOPLE = ("manual", "retry", "answer")
"""The causes of runs that name a person; a webhook's names an address, a flow's another flow."""


class Asked(NamedTuple):
    """A record that a walk left at an approval."""

    node: str
    root: str
    record: Record
    request: Mapping[str, Any]


def ask(session: Session, flow_id: str, run_id: str, asked: Sequence[Asked]) -> dict[tuple[str, str], str]:
    """Opens approvals in the worker's transaction. Answers (node, key) → why a record does *not* wait.

    A record with the same values is not asked about twice; one with new values is treated as the node says.
    """
    if not asked:
        return {}
    run = session.get(Run, run_id)
    assert run is not None  # a worker holds one of its lanes
    store.asking_alone(session, flow_id)
    known: dict[tuple[str, str, str], list[Approval]] = {}
    for node in {one.node for one in asked}:
        roots = sorted({one.root for one in asked if one.node == node})
        for row in store.of_records(session, flow_id, node, roots):
            known.setdefault((row.node, row.root, row.key), []).append(row)
    people = accounts.users(session)
    starters = _starters(session, run)
    verdicts: dict[tuple[str, str], str] = {}
    for one in asked:
        terms = Terms.model_validate(dict(one.request))
        earlier = known.get((one.node, one.root, one.record.key), [])
        reason = _settle_earlier(session, terms, earlier)
        if reason is None:
            row = _open(session, run, one, terms, starters)
            letters.queue(session, "asked", row.number, (user.id for user in deciders(row, people)))
        elif reason:
            verdicts[(one.node, one.record.key)] = reason
    return verdicts


def _settle_earlier(session: Session, terms: Terms, earlier: Sequence[Approval]) -> str | None:
    """None: ask. An empty text: it waits already. Else why the record is left out."""
    waiting = next((row for row in earlier if row.state == "open"), None)
    if waiting is not None:
        if waiting.fingerprint == terms.fingerprint or terms.on_change == "keep":
            return ""
        store.close(session, waiting, judge("open", "withdraw"), "", "The record changed while it waited.")
        return (
            None
            if terms.on_change == "ask_again"
            else "It changed while it waited; the question is withdrawn."
        )
    last = earlier[-1] if earlier else None
    if last is None or last.fingerprint != terms.fingerprint or last.state not in ("approved", "declined"):
        return None
    return f"{last.state.capitalize()} by {last.decided_by} already; nothing in it has changed since."


def _open(session: Session, run: Run, one: Asked, terms: Terms, starters: Sequence[str]) -> Approval:
    at = now()
    changer = [terms.changed_by.strip().lower()] if terms.changed_by.strip() else []
    row = Approval(
        flow_id=run.flow_id,
        version_id=run.version_id,
        run_id=run.id,
        node=one.node,
        key=one.record.key,
        root=one.root,
        title=one.record.title or one.root,
        question=terms.question,
        amount=terms.amount,
        quorum=terms.quorum,
        terms=to_json(terms.model_dump()).decode(),
        fingerprint=terms.fingerprint,
        who=to_json({"roles": terms.who.roles, "users": emails(terms.who.users)}).decode(),
        asked_by=to_json(list(dict.fromkeys([*starters, *changer]))).decode(),
        payload=pack({one.node: [one.record]}),
        remind_at=at + terms.remind_hours * HOUR if terms.remind_hours else None,
        escalate_at=at + terms.escalate_hours * HOUR if terms.escalate_hours else None,
        expire_at=at + terms.expire_hours * HOUR if terms.expire_hours else None,
    )
    row.due_at = next_moment(row)
    return store.add(session, row)


def _starters(session: Session, run: Run) -> list[str]:
    """The people whose act led to this run: it, and the runs that it continues.

    An earlier approval is not asking: who gave it may give the next one too.
    """
    found = []
    current: Run | None = run
    while current is not None:
        if current.cause_kind in BY_PEOPLE and current.cause_by:
            found.append(current.cause_by.lower())
        current = session.get(Run, current.parent_id) if current.parent_id else None
    return list(dict.fromkeys(found))
