"""Questions that documents wait for, and what an answer sets free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from designer import drawing, pairing, publishing, starts
from designer.installation import here
from engine.errors import Problem, RequestError
from engine.flow import Flow, LookupTable
from engine.functions import Table
from engine.record import fingerprint, from_json
from engine.store import audit, flows, reviews


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
    """Adds the answer to the table as a new published version and releases what waits for it.

    Raises RequestError: 404 when nothing waits for it, 422 when it cannot be answered like this.
    """
    asked = {name: value for name, value in question.items() if name != "flow"}
    if _is_choice(asked):
        return _chosen(question, asked, given, by)
    if asked.get("kind") != "lookup":
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
        document = with_answer(live.document(), asked, given)
        number = row.live_number or 0
        if document.canonical() != live.text.encode():

            def answered(flow: Flow) -> Flow:
                return with_answer(flow, asked, given) if str(asked["table"]) in flow.tables else flow

            draft = row.document()
            if answered(draft) != draft:
                flows.save_draft(session, row, answered(draft))
            note = f"Answered: {asked['key']}"
            number = flows.publish(session, row, by, note, flows.canonical(document)).number or 0
            publishing.carry(session, row, answered)
        audit.note(session, by, "review.answer", row.slug, question=asked, answer=dict(given))
    return _release(holds, number, by)


def _chosen(
    question: Mapping[str, Any], asked: Mapping[str, Any], given: Mapping[str, str], by: str
) -> Released:
    """Keeps which object a record is, and releases it. The system is asked before the transaction begins."""
    choice, remote = pairing.chosen(asked, given)
    with here().database.write() as session:
        row = _asked_by(session, question, asked)
        holds = [hold for hold in reviews.open_holds(session, fingerprint(asked)) if hold.flow_id == row.id]
        pairing.choose(session, asked, choice, remote)
        number = row.live_number or 0
        audit.note(session, by, "review.answer", row.slug, question=asked, answer=dict(given))
    return _release(holds, number, by)


def _is_choice(question: Mapping[str, Any]) -> bool:
    return question.get("kind") == "ambiguous" and "source" in question


def with_answer(flow: Flow, question: Mapping[str, Any], given: Mapping[str, str]) -> Flow:
    """The drawing with the row that was missing. Raises RequestError (409, 422) when it does not fit."""
    table_id, key = str(question.get("table")), str(question.get("key"))
    table = flow.tables.get(table_id)
    if table is None:
        raise RequestError(
            "The table of this question is no longer in the flow.",
            status=409,
            code="E-TABLE-GONE",
            cure="Retry what is held with the current version.",
        )
    _fits(table, question, given)
    at = Table(table_id, table).row(key)
    rows = [list(row) for row in table.rows]
    if at is None:
        rows.append([key, *(given.get(column) for column in table.columns[1:])])
    else:
        width = len(table.columns)
        old = [*rows[at], *[None] * (width - len(rows[at]))]
        rows[at] = [given.get(column, cell) for column, cell in zip(table.columns, old, strict=True)]
    changed = table.model_copy(update={"rows": rows})
    return flow.model_copy(update={"tables": {**flow.tables, table_id: changed}})


def _fits(table: LookupTable, question: Mapping[str, Any], given: Mapping[str, str]) -> None:
    problems = [
        Problem("E-COLUMN", f"The table has no column «{name}».", "Remove it.", field=f"answer.{name}")
        for name in given
        if name not in table.columns[1:]
    ]
    needed = question.get("column")
    needed_names = [str(needed)] if needed else table.columns[1:]
    problems += [
        Problem("E-MISSING", f"«{name}» is missing.", f"Choose «{name}».", field=f"answer.{name}")
        for name in needed_names
        if not (given.get(name) or "").strip()
    ]
    if problems:
        raise RequestError(problems[0].message, status=422, code=problems[0].code, problems=problems)


def _release(holds: list[reviews.Hold], number: int, by: str) -> Released:
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
            run, count = starts.again(run_id, what, by, "answer")
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
    """What to fill in: the columns of the missing row, with the choices that the system has for them; where
    it cannot say, with the values that other rows have there."""
    if _is_choice(question):
        return pairing.form(question)
    if row is None or row.live_version_id is None or question.get("kind") != "lookup":
        return None
    version = flows.version_by_id(session, row.live_version_id)
    table = version.document().tables.get(str(question.get("table"))) if version else None
    if table is None:
        return None
    columns = []
    for place, name in enumerate(table.columns[1:], 1):
        choices = _choices(row, table, name)
        if choices is None:
            values = sorted({cell for cells in table.rows for cell in cells[place : place + 1] if cell})
            choices = [{"value": value, "title": value} for value in values]
        columns.append({"name": name, "options": choices})
    return {
        "kind": "lookup",
        "table": str(question["table"]),
        "title": table.title,
        "key": str(question["key"]),
        "columns": columns,
    }


def _choices(row: flows.FlowRow, table: LookupTable, column: str) -> list[dict[str, str]] | None:
    options = table.options.get(column)
    if options is None:
        return None
    installation = here()
    return installation.choices.of(
        installation.database, installation.seal, row.bound(), options, installation.runtime.pacer
    )
