"""What documents wait for: one group a question, with who looks after it, the form that answers it, and what else helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designer import filling, losses, pairing, proposals
from designer.auth import Identity
from designer.installation import here
from engine.clock import iso
from engine.errors import RequestError
from engine.record import from_json
from engine.store import accounts, audit, connections, flows, owners, reviews
from engine.store.database import Session
from engine.store.reviews import Waiting

AGAIN = {
    "do": "again",
    "title": "Check again and release",
    "help": "They go on from where they stood, by the version that is live now.",
}
READ = {
    "do": "read",
    "title": "Read again and release",
    "help": "For what was corrected at the source: they are read anew.",
}
HELPS: Mapping[str, tuple[dict[str, str], ...]] = {
    "lookup": (AGAIN,),
    "rate": (AGAIN,),
    "ask": (AGAIN,),
    "in-doubt": (AGAIN,),
    "closed-period": (AGAIN,),
    "changed": ({**AGAIN, "title": "Write as they are now"},),
    "no-key": (READ,),
    "gone": (AGAIN,),
    "translate": (AGAIN,),
    "ambiguous": (AGAIN, READ),
    "missing": (AGAIN, READ),
    "rule": (READ, AGAIN),
}
"""What sets documents free beside an answer, by kind of question, the likeliest first."""

ROLE = "role:"

Known = dict[str, proposals.Others]
"""Flow id → the drawings that may know what a key of it stands for; read once for a listing."""


def waiting(session: Session, who: Identity) -> list[dict[str, Any]]:
    """Everything that is held, one group a question; ``flow`` in the question says whose it is."""
    given = owners.all_owners(session)
    people = {user.email: user.name for user in accounts.users(session)}
    drawn: dict[str, flows.FlowRow | None] = {}
    known: Known = {}
    shown = []
    for group in reviews.groups(session):
        flow_id = group.first.flow_id
        if flow_id not in drawn:
            drawn[flow_id] = flows.get(session, flow_id)
        shown.append(_group(session, drawn[flow_id], group, given, people, who, known))
    return shown


def topic_of(question: Mapping[str, Any]) -> str:
    """What questions of one owner have in common: the table, the rule, or the kind of question and object."""
    match question.get("kind"):
        case "lookup" | "rate" as kind:
            return f"{kind}/{question.get('table')}"
        case "rule" | "ask":
            return f"rule/{question.get('rule_set', '')}/{question.get('rule', '')}"
        case kind:
            return f"{kind}/{question.get('entity', '')}"


def give(question: Mapping[str, Any], owner: str, by: str) -> None:
    """Says who looks after all questions like this one. Raises RequestError (404, 422)."""
    slug = str(question.get("flow") or "")
    with here().database.write() as session:
        row = flows.find(session, slug)
        if row is None:
            raise RequestError(
                f"There is no flow «{slug}».", status=404, code="E-NOT-FOUND", cure="Reload the inbox."
            )
        _must_be_somebody(session, owner)
        owners.give(session, row.id, topic_of(question), owner, by)
        audit.note(session, by, "review.owner", slug, topic=topic_of(question), owner=owner)


def _must_be_somebody(session: Session, owner: str) -> None:
    if not owner:
        return
    if owner.startswith(ROLE):
        if owner.removeprefix(ROLE) not in accounts.ROLES[1:]:
            raise RequestError(
                f"There is no role «{owner.removeprefix(ROLE)}» that answers questions.",
                status=422,
                code="E-NO-ROLE",
                cure=f"Choose one of {', '.join(accounts.ROLES[1:])}.",
            )
        return
    person = accounts.by_email(session, owner)
    if person is None or not person.active:
        raise RequestError(
            f"There is no user «{owner}».", status=422, code="E-USER", cure="Choose somebody who can sign in."
        )


def _group(
    session: Session,
    row: flows.FlowRow | None,
    group: Waiting,
    given: Mapping[tuple[str, str], str],
    people: Mapping[str, str],
    who: Identity,
    known: Known,
) -> dict[str, Any]:
    hold = group.first
    question = from_json(hold.question)
    owner = given.get((hold.flow_id, topic_of(question)))
    if owner is None:
        owner = _named(str(question.get("owner") or ""), people)
    return {
        "question": {**question, "flow": row.slug if row else ""},
        "flow": {"slug": row.slug, "name": row.name} if row else None,
        "message": hold.message,
        "cure": hold.cure,
        "count": group.count,
        "keys": [root for root, _ in group.shown],
        "titles": [title for _, title in group.shown],
        "runs": group.runs,
        "since": group.since,
        "form": _form(session, row, question, known),
        "acts": list(HELPS.get(str(question.get("kind")), (AGAIN, READ))),
        "owner": {"value": owner, "name": _called(owner, people)} if owner else None,
        "mine": _is_mine(owner, who),
    }


def _named(text: str, people: Mapping[str, str]) -> str:
    """Whom a rule names as its owner: a role, an e-mail, or a person's name."""
    if text.lower() in accounts.ROLES:
        return ROLE + text.lower()
    if text.lower() in people:
        return text.lower()
    return next((email for email, name in people.items() if name.lower() == text.lower()), text)


def _called(owner: str, people: Mapping[str, str]) -> str:
    if owner.startswith(ROLE):
        return f"any {owner.removeprefix(ROLE)}"
    return people.get(owner, owner)


def _is_mine(owner: str, who: Identity) -> bool:
    """What nobody looks after is everybody's."""
    if not owner:
        return who.may("operator")
    if owner.startswith(ROLE):
        return who.may(owner.removeprefix(ROLE))
    return who.email.lower() == owner.lower()


def _form(
    session: Session, row: flows.FlowRow | None, question: Mapping[str, Any], known: Known
) -> dict[str, Any] | None:
    if row is None:
        return None
    match question.get("kind"):
        case _ if filling.is_row(question):
            return _row_form(session, row, question, known)
        case "ask":
            return filling.asked_form(question)
        case "ambiguous" if "source" in question:
            return pairing.form(question)
        case "in-doubt" if isinstance(question.get("source"), dict):
            at = connections.find(session, question["source"]["right_connection"])
            return {
                "kind": "in-doubt",
                "entity": str(question.get("entity", "")),
                "system": at.name if at else "",
            }
        case "gone" if "partner" in question:
            return losses.form(session, row, question)
        case "closed-period" if question.get("field"):
            return {"kind": "closed-period", "field": str(question["field"]), "date": iso()[:10]}
    return None


def _row_form(
    session: Session, row: flows.FlowRow, question: Mapping[str, Any], known: Known
) -> dict[str, Any] | None:
    """The columns of the missing row, with what they probably stand for where there is a hint."""
    version = flows.version_by_id(session, row.live_version_id) if row.live_version_id else None
    table = version.document().tables.get(str(question.get("table"))) if version else None
    if version is None or table is None:
        return None
    form = filling.form(row, table, question)
    if question.get("kind") != "lookup":
        return form
    if row.id not in known:
        known[row.id] = proposals.others(session, row)
    found = {}
    for column in form["columns"]:
        offered = proposals.choices(table, column["name"], row.bound())
        near = proposals.propose(
            known[row.id], version.document(), str(question["table"]), column["name"], form["key"], offered
        )
        if near is not None:
            found[column["name"]] = near
    return {**form, "proposals": found} if found else form
