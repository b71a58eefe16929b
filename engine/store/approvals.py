"""Records that wait until people let them through, and what each person said."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint, update
from sqlalchemy.orm import defer
from sqlmodel import Field, Session, SQLModel, col, select

from engine import electorate
from engine.clock import now
from engine.errors import RequestError
from engine.record import from_json
from engine.store import accounts
from engine.store.flows import FlowRow

STATES = ("open", "approved", "declined", "expired", "withdrawn")


class Approval(SQLModel, table=True):
    """One record that waits at one node. ``payload`` holds it, so that waiting outlives any clean-up of runs.

    terms        JSON: what was asked of whom, as the node said it (``engine.approvals.Terms``)
    fingerprint  of the record's values: the same values are not asked about twice
    who          JSON {"roles", "users"}: who may decide now; grows by escalation and delegation
    handed       JSON {person: to whom}: those who have passed on their say
    asked_by     JSON list of e-mails: who started it, or changed the record last
    form         JSON: what has been filled in so far
    due_at       the next moment at which something happens by itself; None if never
    released_by  the run that the decision set free
    """

    __tablename__ = "approval"
    __table_args__ = (
        Index("approval_due", "state", "due_at"),
        Index("approval_record", "flow_id", "node", "root"),
        Index("approval_root", "root"),
    )

    id: int | None = Field(default=None, primary_key=True)
    flow_id: str
    version_id: int
    run_id: str = Field(index=True)
    node: str
    key: str
    root: str
    title: str = ""
    question: str
    amount: str = ""
    state: str = "open"
    quorum: int = 1
    terms: str
    fingerprint: str
    who: str
    handed: str = "{}"
    asked_by: str = "[]"
    form: str = "{}"
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    remind_at: float | None = None
    escalate_at: float | None = None
    expire_at: float | None = None
    due_at: float | None = None
    decided_by: str = ""
    decided_at: float | None = None
    reason: str = ""
    released_by: str | None = None
    created_at: float = Field(default_factory=now)

    @property
    def number(self) -> int:
        assert self.id is not None  # it has been stored
        return self.id

    def roles(self) -> list[str]:
        return list(from_json(self.who)["roles"])

    def users(self) -> list[str]:
        return list(from_json(self.who)["users"])

    def handed_to(self) -> dict[str, str]:
        return dict(from_json(self.handed))

    def askers(self) -> list[str]:
        return list(from_json(self.asked_by))

    def asked_of(self, names: Mapping[str, str]) -> str:
        """``an editor or Ann Lee``; ``names``: e-mail → what people are called."""
        handed = self.handed_to()
        people = [names.get(user, user) for user in self.users() if user not in handed]
        return electorate.named(self.roles(), people, self.quorum)

    def filled(self) -> dict[str, Any]:
        return dict(from_json(self.form))


class ApprovalVote(SQLModel, table=True):
    """What one person said; ``form`` is the fingerprint of what was filled in when they said it."""

    __tablename__ = "approval_vote"
    __table_args__ = (UniqueConstraint("approval_id", "person"),)

    id: int | None = Field(default=None, primary_key=True)
    approval_id: int = Field(foreign_key="approval.id", index=True)
    person: str
    name: str = ""
    decision: str
    comment: str = ""
    form: str = ""
    via: str = "page"
    at: float = Field(default_factory=now)


def add(session: Session, row: Approval) -> Approval:
    session.add(row)
    session.flush()
    return row


def locked(session: Session, approval_id: int) -> Approval:
    """The approval, kept from others until the transaction ends. Raises RequestError (404)."""
    query = select(Approval).where(Approval.id == approval_id).with_for_update()
    row = session.exec(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise missing(approval_id)
    return row


def get(session: Session, approval_id: int) -> Approval:
    """Raises RequestError (404)."""
    row = session.get(Approval, approval_id)
    if row is None:
        raise missing(approval_id)
    return row


def missing(approval_id: int) -> RequestError:
    return RequestError(f"There is no approval {approval_id}.", status=404, code="E-NOT-FOUND")


def asking_alone(session: Session, flow_id: str) -> None:
    """Until the transaction ends, no other worker opens approvals of this flow: each record has one at most."""
    session.exec(select(FlowRow.id).where(FlowRow.id == flow_id).with_for_update()).first()


def of_records(session: Session, flow_id: str, node: str, roots: Sequence[str]) -> list[Approval]:
    """Every approval that these records have had at this node, oldest first, without their payloads."""
    found: list[Approval] = []
    for start in range(0, len(roots), 500):
        query = (
            select(Approval)
            .where(Approval.flow_id == flow_id, Approval.node == node)
            .where(col(Approval.root).in_(roots[start : start + 500]))
            .options(defer(Approval.payload))  # type: ignore[arg-type]
            .order_by(col(Approval.id))
        )
        found.extend(session.exec(query))
    return found


def listed(session: Session, *, state: str = "open", before: int = 0, limit: int = 500) -> list[Approval]:
    """Approvals without their payloads: open ones oldest first, others newest first."""
    query = select(Approval).options(defer(Approval.payload)).limit(limit)  # type: ignore[arg-type]
    if state == "open":
        query = query.where(Approval.state == "open", col(Approval.id) > before).order_by(col(Approval.id))
    else:
        query = query.where(Approval.state != "open").order_by(col(Approval.decided_at).desc())
    return list(session.exec(query))


def votes(session: Session, approval_id: int) -> list[ApprovalVote]:
    """In the order in which they were given."""
    query = select(ApprovalVote).where(ApprovalVote.approval_id == approval_id)
    return list(session.exec(query.order_by(col(ApprovalVote.at), col(ApprovalVote.id))))


def votes_of(session: Session, approval_ids: Sequence[int]) -> dict[int, list[ApprovalVote]]:
    """Approval → what people said, for many at once."""
    found: dict[int, list[ApprovalVote]] = {}
    for start in range(0, len(approval_ids), 500):
        query = select(ApprovalVote).where(
            col(ApprovalVote.approval_id).in_(approval_ids[start : start + 500])
        )
        for vote in session.exec(query.order_by(col(ApprovalVote.at))):
            found.setdefault(vote.approval_id, []).append(vote)
    return found


def cast(session: Session, vote: ApprovalVote) -> None:
    """One vote a person: a second one takes the place of the first. The approval is locked."""
    query = select(ApprovalVote).where(
        ApprovalVote.approval_id == vote.approval_id, ApprovalVote.person == vote.person
    )
    known = session.exec(query).first()
    if known is None:
        session.add(vote)
    else:
        known.decision, known.comment, known.form = vote.decision, vote.comment, vote.form
        known.via, known.at = vote.via, vote.at
        session.add(known)
    session.flush()


def close(session: Session, row: Approval, state: str, by: str, reason: str = "") -> bool:
    """Ends an open approval; False if somebody was faster. This statement decides who was first."""
    changed = session.connection().execute(
        update(Approval)
        .where(col(Approval.id) == row.id, col(Approval.state) == "open")
        .values(state=state, decided_by=by, decided_at=now(), reason=reason, due_at=None)
    )
    if changed.rowcount != 1:
        return False
    session.refresh(row)
    return True


def due(session: Session, moment: float, limit: int = 100) -> list[int]:
    """Open approvals with which something happens by itself now."""
    query = select(Approval.id).where(Approval.state == "open", col(Approval.due_at) <= moment)
    return [found for found in session.exec(query.order_by(col(Approval.due_at)).limit(limit)) if found]


def waiting_of_run(session: Session, run_id: str) -> list[dict[str, Any]]:
    """What a run left waiting for people: [{"count", "by"}]."""
    query = select(Approval).where(Approval.run_id == run_id, Approval.state == "open")
    rows = list(session.exec(query.options(defer(Approval.payload))))  # type: ignore[arg-type]
    names = {user.email: user.name for user in accounts.users(session)} if rows else {}
    counted: dict[str, int] = {}
    for row in rows:
        by = row.asked_of(names)
        counted[by] = counted.get(by, 0) + 1
    return [{"count": count, "by": by} for by, count in counted.items()]
