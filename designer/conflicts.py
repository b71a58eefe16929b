"""Conflicts of two-way flows: what waits, deciding one field, one record or all alike, and remembering the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from designer import drawing, publishing
from designer.installation import here
from designer.things import Names
from engine import forms, plan, verdicts
from engine.clock import iso
from engine.errors import Problem, RequestError
from engine.flow import Flow
from engine.forms import FormField
from engine.launch import Started
from engine.shape import Entity
from engine.store import audit, conflicts, flows
from engine.store.conflicts import Conflict
from engine.store.database import Session
from engine.store.runs import Run
from engine.store.timeline import Thing

Policy = Mapping[str, Any]
"""Who decides a field from now on: {"policy", "state", "rules", "flow"}, as a pair of the matrix has it."""
KINDS: dict[str, Literal["number", "yes_no", "date"]] = {
    "integer": "number", "number": "number", "money": "number", "boolean": "yes_no", "date": "date",
}  # fmt: skip
"""Type of a field → kind of form field that reads what was typed; everything else is text."""
BULK = 1000
"""So many conflicts are decided at once."""


@dataclass(frozen=True)
class Done:
    """``runs`` carry the decisions out; ``version`` is the number that remembers, if one was asked to."""

    decided: int
    runs: list[str]
    version: int | None
    problems: list[dict[str, Any]]


def listed(session: Session, flow_slug: str = "", after: int = 0, limit: int = 50) -> dict[str, Any]:
    """{"conflicts", "count", "next"}: the oldest first, with how many more there are like each field."""
    flow_id = ""
    if flow_slug:
        row = flows.find(session, flow_slug)
        if row is None:
            raise drawing.missing(flow_slug)
        flow_id = row.id
    rows = conflicts.open_conflicts(session, flow_id=flow_id, after=after, limit=limit)
    names = Names(here(), session)
    alike = conflicts.alike(session)
    told = [_shown(session, row, names, alike) for row in rows]
    return {
        "conflicts": told,
        "count": conflicts.count(session),
        "next": rows[-1].id if len(rows) == limit else None,
    }


def decide(
    conflict_id: int, answers: Mapping[str, Mapping[str, Any]], remember: Mapping[str, Policy], by: str
) -> Done:
    """Decides fields of one conflict, and sets the pair going; asked twice, the second is refused.

    answers   field → {"take": "left" | "right"} or {"take": "value", "value": what was typed}
    remember  field → the policy it has from now on
    Raises RequestError: 404, 409 when it was decided or replaced meanwhile, 422 when the answer does not fit.
    """
    installation = here()
    with installation.database.read() as session:
        row = session.get(Conflict, conflict_id)
        if row is None:
            raise conflicts.missing()
        shape = Names(installation, session).shape(row.left_connection, row.left_entity)
    typed = {field: _typed(row, field, answer, shape) for field, answer in answers.items()}
    with installation.database.write() as session:
        flow = _flow(session, row.flow_id)
        version = _remember(session, flow, row.node, remember, by) if remember else None
        decided = conflicts.decide(session, conflict_id, typed, by)
        audit.note(session, by, "conflict.decide", flow.slug, conflict=conflict_id, title=row.title,
                   decision=typed, remember=dict(remember))  # fmt: skip
        started = _look_again(session, flow, [decided], by)
    installation.ring(started.run, started.lanes)
    return Done(1, [started.run], version, [])


def decide_alike(
    slug: str, node: str, field: str, take: str, by: str, remember: Policy | None = None
) -> Done:
    """The same answer for a field in every open conflict of a step. ``take``: left, right, or proposal.

    What somebody else decides meanwhile, and what has no proposal, is told and left alone.
    """
    installation = here()
    problems: list[dict[str, Any]] = []
    done: list[Conflict] = []
    with installation.database.write() as session:
        row = flows.find(session, slug, lock=True)
        if row is None:
            raise drawing.missing(slug)
        open_ones = conflicts.open_about(session, row.id, node, field, BULK)
        if not open_ones:
            raise RequestError(
                "No conflict is open about this field any more.",
                status=404,
                code="E-NOT-FOUND",
                cure="Reload the list.",
            )
        version = _remember(session, row, node, {field: remember}, by) if remember else None
        for one in open_ones:
            side = _proposed(one, field) if take == "proposal" else take
            if not side:
                message = f"{one.title or one.left_id}: nothing is proposed for it."
                problems.append({"id": one.id, "message": message})
                continue
            try:
                done.append(conflicts.decide(session, one.id or 0, {field: {"take": side}}, by))
            except RequestError as error:
                problems.append({"id": one.id, "message": error.message})
        audit.note(session, by, "conflict.decide", slug, node=node, field=field, take=take, remember=remember,
                   conflicts=[one.id for one in done])  # fmt: skip
        started = _look_again(session, row, done, by) if done else None
    if started is not None:
        installation.ring(started.run, started.lanes)
    return Done(len(done), [started.run] if started else [], version, problems)


def with_policy(flow: Flow, node_id: str, policies: Mapping[str, Policy]) -> Flow:
    """The drawing with other policies for pairs of fields of a step; a pair that it does not have is left out."""
    nodes = []
    for node in flow.nodes:
        if node.id == node_id:
            pairs = [_with(pair, policies.get(_key(pair))) for pair in node.settings.get("fields", [])]
            node = node.model_copy(update={"settings": {**node.settings, "fields": pairs}})  # noqa: PLW2901
        nodes.append(node)
    return flow.model_copy(update={"nodes": nodes})


def _with(pair: Mapping[str, Any], policy: Policy | None) -> dict[str, Any]:
    if policy is None:
        return dict(pair)
    kept = {name: value for name, value in pair.items() if name not in ("state", "rules", "flow")}
    return {**kept, **{name: value for name, value in policy.items() if value is not None}}


def _key(pair: Mapping[str, Any]) -> str:
    return f"{pair.get('left')}={pair.get('right')}"


def _remember(
    session: Session, row: flows.FlowRow, node: str, policies: Mapping[str, Policy], by: str
) -> int:
    """Publishes the live version with these policies, and changes the draft alike. Answers the number."""
    live = flows.version_by_id(session, row.live_version_id) if row.live_version_id else None
    if live is None:
        raise verdicts.unpublished(row)
    if publishing.guarded(session, row):
        raise RequestError(
            f"«{row.name}» posts to the ledger, so a second person publishes what changes it.",
            status=409,
            code="E-FOUR-EYES",
            cure="Decide without remembering it, set the policy in the drawing, and ask for its publication.",
        )
    document = live.document()
    drawn = document.node(node)
    known = {_key(pair) for pair in drawn.settings.get("fields", [])} if drawn else set()
    unknown = [field for field in policies if field not in known]
    if unknown:
        raise RequestError(
            f"The flow no longer keeps {unknown[0]} in step.",
            status=409,
            code="E-NODE-GONE",
            cure="Decide without remembering it.",
        )

    def changed(flow: Flow) -> Flow:
        return with_policy(flow, node, policies)

    number = row.live_number or 0
    if changed(document) != document:
        publishing.refuse_alone(session, row)
    if changed(document).canonical() != live.text.encode():
        draft = row.document()
        if changed(draft) != draft:
            flows.save_draft(session, row, changed(draft))
        _must_work(changed(document), document)
        told = (f"{field} {policy['policy']}" for field, policy in policies.items())
        note = f"Remembered: {', '.join(told)}"
        text = flows.canonical(changed(document))
        number = flows.publish(session, row, by, note, text).number or 0
        publishing.carry(session, row, changed)
    return number


def _must_work(changed: Flow, before: Flow) -> None:
    """Raises RequestError (422) when the drawing has become wrong by what is to be remembered."""
    known = {(problem.code, problem.field) for problem in plan.check(before).errors}
    fresh = [problem for problem in plan.check(changed).errors if (problem.code, problem.field) not in known]
    if fresh:
        raise RequestError(
            fresh[0].message, status=422, code=fresh[0].code, cure=fresh[0].cure, problems=fresh
        )


def _look_again(session: Session, row: flows.FlowRow, decided: Sequence[Conflict], by: str) -> Started:
    version = flows.version_by_id(session, row.live_version_id) if row.live_version_id else None
    bound = drawing.bind_missing(session, version.document(), row.bound()) if version else {}
    return verdicts.look_again(session, row, decided, by, bound)


def _typed(row: Conflict, field: str, answer: Mapping[str, Any], shape: Entity | None) -> dict[str, Any]:
    """An answer with what was typed as a value of the left field's type. Raises RequestError (422)."""
    if answer.get("take") != "value":
        return {"take": answer.get("take")}
    known = next((one for one in row.rows() if one["field"] == field), None)
    if known is None:
        return dict(answer)  # refused with the right words where conflicts are decided
    drawn = shape.field(known["left"]) if shape is not None else None
    kind = KINDS.get(drawn.type if drawn else _type_of(known), "text")
    title = str(known.get("title") or field)
    asked = FormField(name="value", title=title, type=kind)
    try:
        value = forms.fill([asked], {"value": answer.get("value")}).get("value")
    except RequestError as error:
        problem = Problem("E-DECISION", error.message, "Correct it, then decide again.", field=field)
        raise RequestError(error.message, status=422, code="E-DECISION", problems=[problem]) from error
    if drawn is not None and drawn.type == "integer" and isinstance(value, Decimal):
        if value != int(value):
            raise RequestError(f"«{title}» is a whole number.", status=422, code="E-DECISION")
        return {"take": "value", "value": int(value)}
    return {"take": "value", "value": value}


def _type_of(known: Mapping[str, Any]) -> str:
    sample = known["left_value"] if known["left_value"] is not None else known["right_value"]
    if isinstance(sample, bool):
        return "boolean"
    return "text" if sample is None or isinstance(sample, str) else "number"


def _proposed(row: Conflict, field: str) -> str:
    return next((str(one["proposal"]) for one in row.rows() if one["field"] == field), "")


def _shown(
    session: Session, row: Conflict, names: Names, alike: Mapping[tuple[str, str, str], int]
) -> dict[str, Any]:
    flow = flows.get(session, row.flow_id)
    drawn = flow.document().node(row.node) if flow else None
    sides = {
        side: names.shown(
            Thing(
                getattr(row, f"{side}_connection"), getattr(row, f"{side}_entity"), getattr(row, f"{side}_id")
            ),
            link=getattr(row, f"{side}_link"),
        )
        for side in ("left", "right")
    }
    pairs = {_key(pair): pair for pair in (drawn.settings.get("fields", []) if drawn else [])}
    return {
        "id": row.id,
        "title": row.title or row.left_id,
        "flow": {"slug": flow.slug, "name": flow.name} if flow else None,
        "node": row.node,
        "step": (drawn.title if drawn else "") or row.node,
        "run": row.run_id,
        "since": iso(row.created_at),
        **sides,
        "rules": [
            {"value": name, "label": str(one.get("title") or name)}
            for name, one in (flow.document().rules.items() if flow else ())
        ],
        "fields": [
            {
                **field,
                "alike": alike.get((row.flow_id, row.node, field["field"]), 1),
                "policy": pairs.get(field["field"], {}).get("policy", "ask"),
                "asked": _asked(session, row, field),
                "translated": bool(pairs.get(field["field"], {}).get("table")),
            }
            for field in row.rows()
        ],
    }


def _asked(session: Session, row: Conflict, field: Mapping[str, Any]) -> dict[str, Any] | None:
    """The flow that is to decide a field: {"flow", "run", "state"}; run None where it could not be asked."""
    slug = str(field.get("flow") or "")
    if not slug:
        return None
    run_id = verdicts.run_of(session, row.id or 0, slug)
    run = session.get(Run, run_id) if run_id else None
    return {"flow": slug, "run": run_id, "state": run.state if run else ""}


def _flow(session: Session, flow_id: str) -> flows.FlowRow:
    row = flows.get(session, flow_id)
    found = flows.find(session, row.slug, lock=True) if row is not None else None
    if found is None:
        raise RequestError("The flow has been deleted.", status=409, code="E-NOT-FOUND")
    return found
