"""From a draft to what runs: alone, or, for a flow that posts to the ledger, with a second person.

Whoever asks may not publish; whoever publishes sees what changes. What goes live is the drawing that was asked
for, not what became of the draft since. The mark itself is part of the drawing: it can be taken off only by a
publication that two people have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from designer import drawing
from designer.auth import Identity
from designer.installation import here
from designer.shapes import source
from engine import drift, firing, plan, watch
from engine.errors import DefinitionError, Problem, RequestError
from engine.flow import Flow
from engine.store import accounts, audit, findings, flows, letters, publications
from engine.store.database import Session
from engine.store.publications import Publication


@dataclass(frozen=True)
class Draft:
    """What would go live, and what keeps it from that."""

    flow: Flow
    bindings: dict[str, str]
    errors: list[Problem]


def guarded(session: Session, row: flows.FlowRow, flow: Flow | None = None) -> bool:
    """Whether publishing this drawing (else the draft) needs a second person: it, or what is live now, says so."""
    return (flow or row.document()).policy.four_eyes or _live_is_guarded(session, row)


def look(slug: str, given: Mapping[str, str] | None = None) -> Draft:
    """The draft, judged with its connections (or the ``given`` ones). Raises RequestError (404, 422)."""
    with here().database.read() as session:
        row = _row(session, slug)
        flow = row.document()
        if given is not None:
            drawing.check_bindings(session, flow, given)
        bindings = drawing.bind_missing(session, flow, row.bound() if given is None else given)
    return Draft(flow, bindings, _errors(flow, bindings))


def publish(slug: str, revision: int, note: str, who: Identity) -> int:
    """Puts the draft live and answers its number. Raises RequestError (404, 409) and DefinitionError."""
    draft = look(slug)
    world = seen(draft.flow, draft.bindings)
    with here().database.write() as session:
        row = drawing.current(session, slug, revision)
        if guarded(session, row):
            raise RequestError(
                f"«{row.name}» posts to the ledger, so a second person publishes it.",
                status=409,
                code="E-FOUR-EYES",
                cure="Ask for it; somebody else sees what changes and publishes it, or sends it back.",
            )
        _refuse(draft.errors)
        return _go_live(session, row, draft.flow, draft.bindings, who.actor, note, world)


def ask(slug: str, revision: int, note: str, who: Identity, given: Mapping[str, str] | None) -> Publication:
    """Asks a second person to publish the draft. Raises RequestError (403, 404, 409) and DefinitionError."""
    _person(who)
    draft = look(slug, given)
    with here().database.write() as session:
        row = drawing.current(session, slug, revision)
        if not guarded(session, row):
            raise RequestError(
                f"«{row.name}» does not need a second person.",
                status=409,
                code="E-NOT-GUARDED",
                cure="Publish it.",
            )
        _refuse(draft.errors)
        if not reviewers(session, who.id):
            raise RequestError(
                f"«{row.name}» posts to the ledger, and nobody but you may publish here.",
                status=409,
                code="E-ALONE",
                cure="Ask an administrator for a second user with the role editor.",
            )
        made = publications.ask(
            session, row, draft.flow, draft.bindings, note=note, user_id=who.id, email=who.email
        )
        letters.queue(session, "publish", made.id or 0, (user.id for user in reviewers(session, who.id)))
        audit.note(session, who.actor, "publication.ask", row.slug, request=made.id, note=note)
        return made


def accept(number: int, comment: str, who: Identity) -> int:
    """Publishes what somebody else asked for; answers its number. Raises RequestError (403, 404, 409)."""
    _person(who)
    with here().database.read() as session:
        asked = publications.get(session, number)
    errors = _errors(asked.document(), asked.bound())
    world = seen(asked.document(), asked.bound())
    with here().database.write() as session:
        asked, row = _open(session, number, who)
        if row.live_number != asked.base:
            raise RequestError(
                f"Version {row.live_number} of «{row.name}» went live after this was asked for.",
                status=409,
                code="E-MOVED",
                cure="Send it back; who asked looks at the newer version and asks again.",
            )
        drawing.check_bindings(session, asked.document(), asked.bound())
        _refuse(errors)
        by = f"{asked.asked_email}, {who.email}"
        version = _go_live(
            session,
            row,
            asked.document(),
            asked.bound(),
            by,
            asked.note,
            world,
            request=number,
            comment=comment,
        )
        publications.close(session, asked, "published", who.email, comment)
        asked.number = version
        letters.queue(session, "published", number, [asked.asked_by])
        return version


def send_back(number: int, comment: str, who: Identity) -> None:
    """Says what must change first. Raises RequestError (403, 404, 409)."""
    _person(who)
    with here().database.write() as session:
        asked, row = _open(session, number, who)
        publications.close(session, asked, "returned", who.email, comment)
        letters.queue(session, "returned", number, [asked.asked_by])
        audit.note(session, who.actor, "publication.return", row.slug, request=number, comment=comment)


def withdraw(number: int, who: Identity) -> None:
    """Takes a request back: whoever asked, or an administrator. Raises RequestError (403, 404, 409)."""
    _person(who)
    with here().database.write() as session:
        asked = _still_open(publications.get(session, number, lock=True))
        if who.id != asked.asked_by and not who.may("admin"):
            raise RequestError(
                "Only who asked can take it back.",
                status=403,
                code="E-NOT-YOURS",
                cure="Send it back with a comment instead.",
            )
        publications.close(session, asked, "withdrawn", who.email)
        row = flows.get(session, asked.flow_id)
        audit.note(session, who.actor, "publication.withdraw", row.slug if row else "", request=number)


def refusal(asked: Publication, who: Identity) -> str:
    """Why this person may not decide it; empty when they may."""
    if who.via != "session":
        return "Only people publish what posts to the ledger; a token is a machine."
    if who.id == asked.asked_by:
        return "You asked for this yourself; somebody else has to look at it."
    return "" if who.may(publications.REVIEWERS) else f"This needs the role {publications.REVIEWERS}."


def reviewers(session: Session, but: str) -> list[accounts.User]:
    """Who may decide what the user with this id asks for."""
    return [user for user in accounts.users(session) if publications.may_decide(user, but)]


def refuse_rebinding(session: Session, row: flows.FlowRow, given: Mapping[str, str]) -> None:
    """Where a live flow posts to is published with it. Raises RequestError (409)."""
    bound = row.bound()
    if _live_is_guarded(session, row) and any(given.get(slot, at) != at for slot, at in bound.items()):
        raise RequestError(
            f"«{row.name}» is live and posts to the ledger: where it posts is changed by two people.",
            status=409,
            code="E-FOUR-EYES",
            cure="Choose the connection, then ask for publication: it goes live with the drawing.",
        )


def refuse_alone(session: Session, row: flows.FlowRow) -> None:
    """What changes the drawing of a live flow on the way must not pass the second person by. Raises RequestError (409)."""
    if _live_is_guarded(session, row):
        raise RequestError(
            f"«{row.name}» posts to the ledger, so its drawing is changed by two people.",
            status=409,
            code="E-FOUR-EYES",
            cure="Decide without remembering it, or change the drawing and ask for publication.",
        )


def seen(flow: Flow, bindings: Mapping[str, str]) -> dict[str, Any]:
    """The systems as the drawing is published for them: what later changes are compared with."""
    installation = here()
    shape_of = source(
        installation.database, installation.seal, bindings, installation.shapes, installation.runtime.pacer
    )
    offered: dict[str, list[str]] = {}
    for name, table in flow.tables.items():
        for column, options in table.options.items():
            found = installation.choices.of(
                installation.database, installation.seal, bindings, options, installation.runtime.pacer
            )
            if found is not None:
                offered[f"{name}/{column}"] = [choice["value"] for choice in found]
    return watch.snapshot({place: shape_of(*place) for place in drift.places(flow)}, bindings, offered)


def carry(session: Session, row: flows.FlowRow, answered: Callable[[Flow], Flow]) -> None:
    """An answer has become a version meanwhile: an open request takes it in, so that it is not lost with it."""
    asked = publications.open_of(session, row.id)
    if asked is not None:
        asked.text = flows.canonical(answered(asked.document()))
        asked.base = row.live_number
        session.add(asked)


def _go_live(
    session: Session,
    row: flows.FlowRow,
    flow: Flow,
    bindings: Mapping[str, str],
    by: str,
    note: str,
    world: dict[str, Any],
    **more: Any,
) -> int:
    flows.bind(session, row, bindings)
    version = flows.publish(session, row, by, note, flows.canonical(flow))
    firing.arm(session, row, plan.build(flow))
    findings.keep(session, row.id, "snapshot", world, version.number or 0)
    findings.forget(session, row.id, "drift")
    audit.note(session, by, "flow.publish", row.slug, version=version.number, note=note, **more)
    assert version.number is not None  # only snapshots have none
    return version.number


def _open(session: Session, number: int, who: Identity) -> tuple[Publication, flows.FlowRow]:
    """The request and its flow, both locked, if this person may decide it."""
    asked = publications.get(session, number)
    known = flows.get(session, asked.flow_id)
    row = flows.find(session, known.slug, lock=True) if known and known.deleted_at is None else None
    if row is None:
        raise drawing.missing(known.name if known else asked.flow_id)
    asked = _still_open(publications.get(session, number, lock=True))
    why_not = refusal(asked, who)
    if why_not:
        raise RequestError(
            why_not, status=403, code="E-NOT-YOURS", cure="Ask somebody else with the role editor."
        )
    return asked, row


def _still_open(asked: Publication) -> Publication:
    if asked.state != "open":
        by = f" by {asked.decided_by}" if asked.decided_by else ""
        raise RequestError(
            f"It was {asked.state}{by} already.", status=409, code="E-DECIDED", cure="Reload the inbox."
        )
    return asked


def _person(who: Identity) -> None:
    if who.via != "session":
        raise RequestError(
            "Only people publish what posts to the ledger; a token is a machine.",
            status=403,
            code="E-PERSON",
            cure="Sign in.",
        )


def _live_is_guarded(session: Session, row: flows.FlowRow) -> bool:
    live = flows.version_by_id(session, row.live_version_id) if row.live_version_id else None
    return live is not None and live.document().policy.four_eyes


def _errors(flow: Flow, bindings: Mapping[str, str]) -> list[Problem]:
    return [*drawing.judge(flow, bindings).errors, *drawing.must_be_bound(flow, bindings)]


def _refuse(errors: list[Problem]) -> None:
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise DefinitionError(errors, f"It cannot be published: {errors[0].message}{more}")


def _row(session: Session, slug: str) -> flows.FlowRow:
    row = flows.find(session, slug)
    if row is None:
        raise drawing.missing(slug)
    return row
