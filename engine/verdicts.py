"""A flow decides what two systems disagree about.

It is asked in the transaction that opens the conflict, by a run under the cause ``conflict:<id>:<flow>``, and its
answer is kept in the one that settles its batch: once asked, once answered, whoever is killed in between. Until
then, and if it fails or says nothing, the conflict waits for a person as any other does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import RequestError
from engine.flow import Flow
from engine.launch import Cause, Started, start_inside
from engine.record import Record, from_json, idempotency_key
from engine.store import conflicts, flows, runs
from engine.store.conflicts import Conflict
from engine.store.database import Session

TRIGGER = "conflict"
"""The type of the node with which a deciding flow begins."""


def ask(session: Session, row: Conflict) -> None:
    """Starts the flows that decide fields of a new conflict; one that is not live is not asked."""
    wanted: dict[str, list[dict[str, Any]]] = {}
    for field in row.rows():
        if field.get("flow"):
            wanted.setdefault(field["flow"], []).append(field)
    for slug, fields in wanted.items():
        flow = flows.find(session, slug)
        live = flows.version_by_id(session, flow.live_version_id) if flow and flow.live_version_id else None
        entry = _entry(live.document()) if live is not None else ""
        if flow is None or live is None or live.id is None or not entry:
            continue
        start_inside(
            session,
            flow_id=flow.id,
            version_id=live.id,
            bindings=flow.bound(),
            mode="live",
            cause=Cause("conflict", "", _cause(row.id, slug)),
            entries={entry: [_question(row, fields)]},
            parent=row.run_id,
        )


def can_decide(text: str | None) -> bool:
    """Whether a live drawing, as canonical JSON, begins with a conflict."""
    if text is None or f'"{TRIGGER}"' not in text:
        return False
    return any(node["type"] == TRIGGER and not node.get("disabled") for node in from_json(text)["nodes"])


def run_of(session: Session, conflict_id: int, slug: str) -> str | None:
    """The run in which a flow was asked."""
    return runs.of_cause(session, _cause(conflict_id, slug))


def give(session: Session, flow_id: str, version_id: int, verdict: Mapping[str, Any]) -> str:
    """Keeps what a flow has decided, and sets the pair going. Answers in plain words what came of it.

    verdict  {"conflict": id, "fields": {field: {"take": "left" | "right" | "value", "value": …}}}
    """
    own, version = flows.get(session, flow_id), flows.version_by_id(session, version_id)
    row = session.get(Conflict, verdict["conflict"])
    if own is None or version is None or row is None:
        return "There is no such conflict any more."
    asked = {field["field"] for field in row.rows() if field.get("flow") == own.slug}
    decision = {field: answer for field, answer in verdict["fields"].items() if field in asked}
    asking = flows.get(session, row.flow_id)
    if not decision or asking is None:
        return "This flow is not asked about it."
    try:
        by = f"the flow “{own.name}”, version {version.number}"
        decided = conflicts.decide(session, row.id or 0, decision, by)
        look_again(session, asking, [decided], by, asking.bound())
    except RequestError as error:
        return error.message
    return f"Decided: {', '.join(_told(row, field, answer) for field, answer in decision.items())}."


def look_again(
    session: Session, flow: flows.FlowRow, decided: Sequence[Conflict], by: str, bindings: Mapping[str, str]
) -> Started:
    """One run in which the step looks at the pairs again and carries out what was decided. Raises RequestError (409)."""
    version = flows.version_by_id(session, flow.live_version_id) if flow.live_version_id else None
    if version is None or version.id is None:
        raise unpublished(flow)
    document = version.document()
    entries: dict[str, list[Record]] = {}
    for one in decided:
        if document.node(one.node) is None:
            raise RequestError(
                "The step that found this conflict is no longer in the flow.",
                status=409,
                code="E-NODE-GONE",
                cure="Correct the objects in their systems.",
            )
        entries.setdefault(one.node, []).append(one.signal())
    return start_inside(
        session,
        flow_id=flow.id,
        version_id=version.id,
        bindings=bindings,
        mode="live",
        cause=Cause("conflict", by, idempotency_key("conflict", *sorted(str(one.id) for one in decided))),
        entries=entries,
        parent=decided[0].run_id,
        batch_size=document.policy.batch_size,
    )


def unpublished(flow: flows.FlowRow) -> RequestError:
    return RequestError(
        f"«{flow.name}» has no published version.",
        status=409,
        code="E-NOT-PUBLISHED",
        cure="Publish it; then decide.",
    )


def _entry(document: Flow) -> str:
    found = (node.id for node in document.nodes if node.type == TRIGGER and not node.disabled)
    return next(found, "")


def _cause(conflict_id: int | None, slug: str) -> str:
    return f"conflict:{conflict_id}:{slug}"


def _question(row: Conflict, fields: Sequence[Mapping[str, Any]]) -> Record:
    """The record that tells a flow of a conflict; see nodes.trigger.conflict."""
    data = {
        "conflict": row.id,
        "title": row.title,
        **{
            side: {"entity": getattr(row, f"{side}_entity"), "id": getattr(row, f"{side}_id")}
            for side in ("left", "right")
        },
        "fields": [
            {
                "field": field["field"],
                "title": field["title"],
                "agreed": field["agreed"]["left"] if field["agreed"] else None,
                **{
                    name: {
                        "value": field[f"{name}_value"],
                        "at": field[f"{name}_at"],
                        "by": field[f"{name}_by"],
                    }
                    for name in ("left", "right")
                },
            }
            for field in fields
        ],
    }
    return Record(str(row.id), data, title=row.title)


def _told(row: Conflict, field: str, answer: Mapping[str, Any]) -> str:
    title = next((str(one["title"]) for one in row.rows() if one["field"] == field), field)
    return f"{title} as the {answer['take']} side has it" if answer["take"] != "value" else f"{title} anew"
