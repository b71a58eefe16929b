"""What an answer changes, by kind of question, and what it sets free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import msgspec

from designer import drawing, filling, gaps, losses, pairing, publishing, shelf
from designer.installation import here
from engine import releases
from engine.couple import Said
from engine.errors import HeddleError, Problem, RequestError
from engine.flow import SHARED, Flow
from engine.record import Remote, fingerprint, from_json
from engine.releases import promise
from engine.scope import ANSWERS
from engine.store import audit, flows, library, matches, references, reviews
from engine.store import releases as store
from engine.store.database import Session
from engine.store.pairing import is_being_created
from engine.store.references import Pair, Reference
from engine.store.releases import Release

SECONDS = 5.0
"""For so long an answer waits for its documents to go on; the scheduler sees to the rest."""


@dataclass(frozen=True)
class Released:
    """``version`` is the number that carries the answer; ``left`` have yet to go on, ``problems`` tell why some cannot."""

    version: int
    runs: list[str]
    released: int
    left: int
    problems: list[Problem]


def answer(question: Mapping[str, Any], given: Mapping[str, str], by: str) -> Released:
    """Keeps the answer and releases what waits for it. The same answer again answers the same.

    Raises RequestError: 404 when nothing waits for it, 422 when it cannot be answered like this.
    """
    asked = {name: value for name, value in question.items() if name != "flow"}
    match asked.get("kind"):
        case _ if filling.is_row(asked):
            return _answer_row(question, asked, given, by)
        case "ask":
            return _answer_rule(question, asked, given, by)
        case "ambiguous" if "source" in asked:
            return _answer_choice(question, asked, given, by)
        case "in-doubt" if isinstance(asked.get("source"), dict):
            return _answer_doubt(question, asked, given, by)
        case "closed-period" if asked.get("field"):
            return _answer_period(question, asked, given, by)
        case "gone" if "partner" in asked:
            return _answer_loss(question, asked, given, by)
    raise RequestError(
        "This question has no answer to type.",
        status=422,
        code="E-QUESTION",
        cure="Change the drawing or the record it names, then release what waits for it.",
    )


def release(question: Mapping[str, Any], do: Literal["again", "read"], by: str) -> Released:
    """Lets everything that waits for an answer try again: from where it stood, or read anew. Raises RequestError."""
    asked = {name: value for name, value in question.items() if name != "flow"}
    with here().database.write() as session:
        row = _asked_by(session, question, asked)
        made = promise(session, row.id, fingerprint(asked), by, do=do)
        audit.note(session, by, "review.release", row.slug, question=asked, do=do, documents=made.waited)
    return set_free(made.number)


def with_answer(
    session: Session, flow: Flow, question: Mapping[str, Any], given: Mapping[str, str], by: str
) -> Flow:
    """The drawing with the row that was missing; a table of the library gets a version with it, which the
    drawing takes. Raises RequestError (409, 422) when it does not fit."""
    table_id = str(question.get("table"))
    table = flow.tables.get(table_id)
    if table is None:
        raise RequestError(
            "The table of this question is no longer in the flow.",
            status=409,
            code="E-TABLE-GONE",
            cure="Release what is held by the current version.",
        )
    if not table_id.startswith(SHARED):
        changed = filling.with_row(table, question, given)
        return flow.model_copy(update={"tables": {**flow.tables, table_id: changed}})
    slug = table_id.removeprefix(SHARED)
    row = shelf.entry(session, slug, lock=True)
    pin = flow.shared[slug]
    if row.number != pin.version:
        raise RequestError(
            f"«{row.title}» has a version {row.number}, and this flow uses version {pin.version}.",
            status=409,
            code="E-SHARED-NEWER",
            cure="Take the newest version in the flow and publish it; then answer, or release what is held.",
        )
    version = library.version(session, row, row.number)
    rows = library.rows_of(session, version) if version is not None else []
    whole = filling.with_row(table.model_copy(update={"rows": rows}), question, given)
    library.save(session, row, whole, by, f"Answered: {filling.subject(question)}")
    return shelf.taken(session, flow, slug, None)


# kinds of question -------------------------------------------------------------------------------------


def _answer_row(
    question: Mapping[str, Any], asked: Mapping[str, Any], given: Mapping[str, str], by: str
) -> Released:
    """The answer is a row of the table, in a new published version."""

    def act(session: Session, row: flows.FlowRow) -> dict[str, Any]:
        rows = {filling.subject(asked): given}
        return {"version": add_rows(session, row, str(asked["table"]), rows, asked, by)}

    return _carry_out(question, asked, given, by, act)


def add_rows(
    session: Session,
    row: flows.FlowRow,
    table: str,
    given: Mapping[str, Mapping[str, str]],
    asked: Mapping[str, Any],
    by: str,
) -> int:
    """Adds rows (key → column → value) to a table of the live version, the draft and a request that waits.

    Answers the number of the version that has them. Raises RequestError (409, 422).
    """
    live = flows.version_by_id(session, row.live_version_id) if row.live_version_id else None
    if live is None:
        raise RequestError(
            f"«{row.name}» has no published version.",
            status=409,
            code="E-NOT-PUBLISHED",
            cure="Publish it; then the answer has a place.",
        )

    before, draft = live.document(), row.document()

    def answered(flow: Flow) -> Flow:
        for key, cells in given.items():
            flow = with_answer(
                session, flow, {"kind": "lookup", **asked, "table": table, "key": key}, cells, by
            )
        return flow

    document = answered(before)
    if document == before:
        return row.live_number or 0

    def following(flow: Flow) -> Flow:
        """Another drawing of this flow with the same rows, where it has a place for them."""
        if table not in flow.tables:
            return flow
        slug = table.removeprefix(SHARED)
        if not table.startswith(SHARED):
            return answered(flow)
        same = flow.shared.get(slug) == before.shared.get(slug)
        return shelf.taken(session, flow, slug, document.shared[slug].version) if same else flow

    if following(draft) != draft:
        flows.save_draft(session, row, following(draft))
    note = f"Answered: {', '.join(given)}"[:2000]
    number = flows.publish(session, row, by, note, flows.canonical(document)).number or 0
    publishing.carry(session, row, following)
    gaps.close(session, row.id, table, given)
    return number


def _answer_rule(
    question: Mapping[str, Any], asked: Mapping[str, Any], given: Mapping[str, str], by: str
) -> Released:
    """The answer is what a rule asked for: it goes with the records, and the rules are judged again."""
    target = str(asked["target"])
    text = (given.get(target) or "").strip()
    choices = [str(one) for one in asked.get("choices", [])]
    if not text or (choices and text not in choices) or set(given) - {target}:
        message = f"«{text}» is none of {', '.join(choices)}." if text else f"«{target}» is missing."
        raise _unfit(target, message, f"Choose «{target}».")
    change = {ANSWERS: {f"{asked['node']}/{asked['rule']}/{target}": text}}
    return _carry_out(question, asked, given, by, lambda *_: {"change": change})


def _answer_choice(
    question: Mapping[str, Any], asked: Mapping[str, Any], given: Mapping[str, str], by: str
) -> Released:
    """The answer is which object a record is. The system is asked before the transaction begins."""
    choice, remote = pairing.chosen(asked, given)

    def act(session: Session, _: flows.FlowRow) -> dict[str, Any]:
        pairing.choose(session, asked, choice, remote)
        return {}

    return _carry_out(question, asked, given, by, act)


def _answer_loss(
    question: Mapping[str, Any], asked: Mapping[str, Any], given: Mapping[str, str], by: str
) -> Released:
    """The answer is what became of an object: deleted, or merged into one that is looked up before it is believed."""
    said = losses.said(asked, given)

    def act(session: Session, row: flows.FlowRow) -> dict[str, Any]:
        losses.must_be_offered(session, row, asked, said)
        return {"change": {ANSWERS: {Said.key(str(asked["node"]), str(asked["id"])): said.text()}}}

    return _carry_out(question, asked, given, by, act)


def _answer_doubt(
    question: Mapping[str, Any], asked: Mapping[str, Any], given: Mapping[str, str], by: str
) -> Released:
    """The answer is what a person saw in the system: the object is there, under this id, or it is not."""
    source = dict(asked["source"])
    pair, left_id = Pair(**{name: source[name] for name in Pair.__struct_fields__}), str(source["left_id"])
    outcome, remote_id = given.get("outcome"), (given.get("id") or "").strip()
    if outcome not in ("there", "not-there"):
        raise _unfit("outcome", "Say whether it is there.", "Look in the system, then choose one.")
    if outcome == "there" and not remote_id:
        raise _unfit("id", "The id is missing.", f"Copy the id of the {asked.get('entity')} from the system.")
    remote = _look_up(pair, remote_id) if outcome == "there" else None

    def act(session: Session, _: flows.FlowRow) -> dict[str, Any]:
        known = references.load(session, pair, [left_id]).get(left_id)
        settled = {
            f"{hold.run_id}/{hold.lane}/{hold.batch}/{hold.node}"
            for hold in reviews.open_holds(session, fingerprint(asked))
        }
        flying = known is not None and known.right_id is None and known.claim not in settled
        if known is not None and flying and is_being_created(session, known.claim, known.claim_until):
            raise RequestError(
                "It is being sent this very moment.", status=409, code="E-BUSY", cure="Try again in a minute."
            )
        claim = known.claim if known is not None else ""
        if remote is not None:
            known = known or Reference(pair, left_id)
            found = msgspec.structs.replace(
                known, right_id=remote.id, number=remote.number, link=remote.link, claim="", claim_until=0.0
            )
            references.save(session, [found])
            matches.found(session, msgspec.structs.astuple(pair), left_id, claim, remote.id)
        elif known is not None and known.right_id is None:
            references.release(session, pair, [left_id], known.claim)
        return {}

    return _carry_out(question, asked, given, by, act)


def _look_up(pair: Pair, remote_id: str) -> Remote:
    """The object with this id, from the system itself. Raises RequestError (422) when there is none."""
    installation = here()
    connector = installation.runtime.open(pair.right_connection, read_only=True)
    key = connector.entity(pair.right_entity).key
    try:
        (found,) = connector.find(pair.right_entity, [{key: remote_id}])
    except HeddleError as error:
        raise _unfit("id", error.message, error.cure or "Try again when the system answers.") from error
    if not found:
        raise _unfit("id", f"There is no {pair.right_entity} with the id {remote_id}.", "Copy it once more.")
    remote = found[0]
    return msgspec.structs.replace(remote, link=remote.link or connector.link(pair.right_entity, remote.id))


def _answer_period(
    question: Mapping[str, Any], asked: Mapping[str, Any], given: Mapping[str, str], by: str
) -> Released:
    """The answer is another posting date, for every document of the period."""
    text = (given.get("date") or "").strip()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _unfit(
            "date", f"«{text}» is no date." if text else "The date is missing.", "Choose a day."
        ) from None
    if day.isoformat()[:7] == str(asked.get("date", ""))[:7]:
        raise _unfit("date", "This day is in the closed period itself.", "Choose a day in an open one.")
    change = {str(asked["field"]): day.isoformat()}
    return _carry_out(question, asked, given, by, lambda *_: {"change": change})


# what all have in common -------------------------------------------------------------------------------


Act = Callable[[Session, flows.FlowRow], dict[str, Any]]
"""What an answer of one kind does in its transaction; answers what is to be promised besides (releases.promise)."""


def _carry_out(
    question: Mapping[str, Any], asked: Mapping[str, Any], given: Mapping[str, str], by: str, act: Act
) -> Released:
    """In one transaction: what the answer does, the promise that what waits for it goes on, and who said so. The same
    answer for a second time does nothing."""
    with here().database.write() as session:
        earlier = _answered_before(session, question, asked, given)
        if earlier is not None:
            return _told(earlier)
        row = _asked_by(session, question, asked)
        made = promise(session, row.id, fingerprint(asked), by, answer=given, **act(session, row))
        audit.note(session, by, "review.answer", row.slug, question=asked, answer=dict(given))
    return set_free(made.number)


def _unfit(field: str, message: str, cure: str) -> RequestError:
    problem = Problem("E-MISSING", message, cure, field=f"answer.{field}")
    return RequestError(message, status=422, code="E-MISSING", cure=cure, problems=[problem])


def set_free(number: int) -> Released:
    """Lets documents go on, as many as there is time for."""
    installation = here()
    for one in releases.advance(installation.database, installation.runtime.plan, number, SECONDS):
        installation.ring(one.run, one.lanes)
    with installation.database.read() as session:
        return _told(store.get(session, number))


def _told(row: Release) -> Released:
    stuck = sum(trouble["count"] for trouble in row.troubles())
    return Released(
        version=row.version,
        runs=row.run_ids(),
        released=row.released,
        left=max(0, row.waited - row.released - stuck) if row.state == "open" else 0,
        problems=[Problem(one["code"], one["message"], one["cure"]) for one in row.troubles()],
    )


def _answered_before(
    session: Session, question: Mapping[str, Any], asked: Mapping[str, Any], given: Mapping[str, str]
) -> Release | None:
    """The same answer, given already: nothing waits for it any more."""
    mark = fingerprint(asked)
    row = flows.find(session, str(question.get("flow") or ""))
    if row is None or reviews.newest(session, row.id, mark)[1]:
        return None
    last = store.last_of(session, row.id, mark)
    return last if last is not None and from_json(last.answer) == dict(given) else None


def _asked_by(session: Session, question: Mapping[str, Any], asked: Mapping[str, Any]) -> flows.FlowRow:
    """The flow whose documents wait for this answer, locked."""
    asking = reviews.flows_asking(session, fingerprint(asked))
    slugs = {row.slug for row in (flows.get(session, flow_id) for flow_id in asking) if row is not None}
    wanted = str(question.get("flow") or "") or next(iter(sorted(slugs)), "")
    if wanted not in slugs:
        raise RequestError(
            "Nothing waits for this answer any more.",
            status=404,
            code="E-NOT-FOUND",
            cure="Somebody may have answered it; reload the list.",
        )
    if len(slugs) > 1 and not question.get("flow"):
        raise RequestError(
            "Several flows wait for an answer like this.",
            status=422,
            code="E-QUESTION",
            cure="Send the question as it was listed, with its flow.",
        )
    row = flows.find(session, wanted, lock=True)
    if row is None:
        raise drawing.missing(wanted)
    return row
