"""Questions that documents wait for, and what an answer sets free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from designer import drawing, filling, shelf, starts
from designer.installation import here
from engine.errors import Problem, RequestError
from engine.flow import SHARED, Flow
from engine.record import Record, fingerprint, from_json
from engine.scope import ANSWERS
from engine.store import audit, flows, library, reviews


@dataclass(frozen=True)
class Released:
    """``version`` is the number that carries the answer; ``problems`` tell of runs that could not go on."""

    version: int
    runs: list[str]
    released: int
    problems: list[Problem]


def waiting(session: Any) -> list[dict[str, Any]]:
    """Everything that is held, one group a question; ``flow`` in the question says whose it is."""
    groups: dict[tuple[str, str], list[reviews.Hold]] = {}
    for hold in reviews.open_holds(session):
        groups.setdefault((hold.flow_id, hold.question_hash), []).append(hold)
    return [_group(session, flow_id, holds) for (flow_id, _), holds in groups.items()]


def answer(question: Mapping[str, Any], given: Mapping[str, str], by: str) -> Released:
    """Puts the answer where it belongs and releases what waits for it: a row of a table, as a new published
    version, or the field that a rule asked for.

    Raises RequestError: 404 when nothing waits for it, 422 when it cannot be answered like this.
    """
    asked = {name: value for name, value in question.items() if name != "flow"}
    if asked.get("kind") == "ask":
        return _told(question, asked, given, by)
    if asked.get("kind") not in filling.ROWS:
        raise RequestError(
            "This question has no answer to type.",
            status=422,
            code="E-QUESTION",
            cure="Change the drawing or the record it names, then retry what is held.",
        )
    with here().database.write() as session:
        row = _asked_by(session, question, asked)
        holds = [hold for hold in reviews.open_holds(session, fingerprint(asked)) if hold.flow_id == row.id]
        live = flows.version_by_id(session, row.live_version_id) if row.live_version_id else None
        if live is None:
            raise RequestError(
                f"«{row.name}» has no published version.",
                status=409,
                code="E-NOT-PUBLISHED",
                cure="Publish it; then the answer has a place.",
            )
        old = live.document()
        document = with_answer(session, old, asked, given, by)
        number = row.live_number or 0
        if document.canonical() != live.text.encode():
            draft = row.document()
            changed = _draft_with(session, draft, old, document, asked, given, by)
            if changed is not None:
                flows.save_draft(session, row, changed)
            subject = asked.get("key") or f"{asked.get('from')} to {asked.get('to')}"
            number = (
                flows.publish(session, row, by, f"Answered: {subject}", flows.canonical(document)).number or 0
            )
        audit.note(session, by, "review.answer", row.slug, question=asked, answer=dict(given))
    return _release(holds, number, by)


def with_answer(
    session: Any, flow: Flow, question: Mapping[str, Any], given: Mapping[str, str], by: str
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
            cure="Retry what is held with the current version.",
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
            cure="Take the newest version in the flow and publish it; then answer, or retry what is held.",
        )
    version = library.version(session, row, row.number)
    rows = library.rows_of(session, version) if version is not None else []
    whole = filling.with_row(table.model_copy(update={"rows": rows}), question, given)
    subject = question.get("key") or f"{question.get('from')} to {question.get('to')}"
    library.save(session, row, whole, by, f"Answered: {subject}")
    return shelf.taken(session, flow, slug, None)


def _draft_with(
    session: Any,
    draft: Flow,
    old: Flow,
    new: Flow,
    question: Mapping[str, Any],
    given: Mapping[str, str],
    by: str,
) -> Flow | None:
    """The draft with the same row, None where it has no place for it."""
    table_id = str(question["table"])
    if table_id not in draft.tables:
        return None
    slug = table_id.removeprefix(SHARED)
    if not table_id.startswith(SHARED):
        return with_answer(session, draft, question, given, by)
    same = draft.shared.get(slug) == old.shared.get(slug)
    return shelf.taken(session, draft, slug, new.shared[slug].version) if same else None


def _told(
    question: Mapping[str, Any], asked: Mapping[str, Any], given: Mapping[str, str], by: str
) -> Released:
    """A rule's question: the answer goes with the records, and the rules are judged again."""
    target = str(asked["target"])
    text = (given.get(target) or "").strip()
    choices = [str(one) for one in asked.get("choices", [])]
    if not text or (choices and text not in choices) or set(given) - {target}:
        raise RequestError(
            f"«{target}» is missing." if not text else f"«{text}» is none of {', '.join(choices)}.",
            status=422,
            code="E-MISSING",
            cure=f"Choose «{target}».",
        )
    with here().database.write() as session:
        row = _asked_by(session, question, asked)
        holds = [hold for hold in reviews.open_holds(session, fingerprint(asked)) if hold.flow_id == row.id]
        number = row.live_number or 0
        audit.note(session, by, "review.answer", row.slug, question=dict(asked), answer=dict(given))
    mark = f"{asked['node']}/{asked['rule']}/{target}"

    def answered(record: Record) -> Record:
        return record.with_step(ANSWERS, {**record.steps.get(ANSWERS, {}), mark: text})

    return _release(holds, number, by, answered)


def _release(
    holds: list[reviews.Hold],
    number: int,
    by: str,
    answered: Callable[[Record], Record] | None = None,
) -> Released:
    """One run for each run that was held, entering where the records stood."""
    by_run: dict[str, set[str]] = {}
    for hold in holds:
        by_run.setdefault(hold.run_id, set()).add(hold.root)
    runs: list[str] = []
    problems: list[Problem] = []
    released = 0
    for run_id, roots in sorted(by_run.items()):
        what = starts.Retry("keys", tuple(sorted(roots)), "failed-node", "current")
        try:
            run, count = starts.again(run_id, what, by, "answer", answered)
        except RequestError as error:
            problems.append(Problem(error.code, error.message, error.cure))
            continue
        runs.append(run)
        released += count
    return Released(number, runs, released, problems)


def _asked_by(session: Any, question: Mapping[str, Any], asked: Mapping[str, Any]) -> flows.FlowRow:
    """The flow whose documents wait for this answer, locked."""
    holds = reviews.open_holds(session, fingerprint(asked))
    slugs = {row.slug for row in (flows.get(session, hold.flow_id) for hold in holds) if row is not None}
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


def _group(session: Any, flow_id: str, holds: list[reviews.Hold]) -> dict[str, Any]:
    row = flows.get(session, flow_id)
    question = from_json(holds[0].question)
    return {
        "question": {**question, "flow": row.slug if row else ""},
        "flow": {"slug": row.slug, "name": row.name} if row else None,
        "message": holds[0].message,
        "cure": holds[0].cure,
        "count": len(holds),
        "keys": [hold.root for hold in holds],
        "titles": [hold.title for hold in holds],
        "runs": sorted({hold.run_id for hold in holds}),
        "since": min(hold.created_at for hold in holds),
        "form": _form(session, row, question),
    }


def _form(session: Any, row: flows.FlowRow | None, question: Mapping[str, Any]) -> dict[str, Any] | None:
    if question.get("kind") == "ask":
        return filling.asked_form(question)
    if row is None or row.live_version_id is None or question.get("kind") not in filling.ROWS:
        return None
    version = flows.version_by_id(session, row.live_version_id)
    table = version.document().tables.get(str(question.get("table"))) if version else None
    return filling.form(row, table, question) if table is not None else None
