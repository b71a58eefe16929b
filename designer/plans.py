"""A dry run as a plan: shown as tables of old → new, exported, and executed exactly as it was shown."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell

from designer.installation import Installation, here
from designer.sheets import csv_line, printable
from engine import allowance, compare, explain, launch
from engine.errors import RequestError
from engine.explain import EntityOf
from engine.flow import Budget, Flow, Node
from engine.foreseen import Foreseen, worded
from engine.launch import Cause
from engine.readings import show
from engine.record import COUNTS_AS, Outcome, from_json, idempotency_key
from engine.shape import Entity, plural
from engine.store import audit, flows, plans, progress, records
from engine.store.database import Session
from engine.store.deliveries import Delivery
from engine.store.runs import Run

COLUMNS = (
    "key", "title", "step", "entity", "outcome", "operation", "object", "field", "title of field", "old", "new",
    "message", "why",
)  # fmt: skip
PAGE = 500
EXACT_DIGITS = 15
"""A spreadsheet computes with so many."""

Value = str | int | Decimal


def summary(session: Session, run: Run, flow: Flow, shape_of: EntityOf) -> dict[str, Any]:
    """What the plan comes to: counts by outcome and by step, what the budget says, whether it can be executed."""
    counted: dict[str, int] = {}
    steps: list[dict[str, Any]] = []
    for node, slot, entity, outcome, count in plans.sums(session, run.id):
        counted[COUNTS_AS[Outcome(outcome)]] = counted.get(COUNTS_AS[Outcome(outcome)], 0) + count
        if entity:
            drawn, shape = flow.node(node), shape_of(slot, entity)
            steps.append(
                {
                    "node": node,
                    "title": (drawn.title if drawn else "") or node,
                    "entity": entity,
                    "entity_title": (shape.title if shape else "") or entity,
                    "outcome": "deleted" if _deletes(drawn) and outcome == "updated" else outcome,
                    "count": count,
                }
            )
    child = _execution(session, run)
    why_not = _refusal(session, run)
    return {
        "run": run.id,
        "counts": counted,
        "steps": steps,
        "sentence": _sentence(steps),
        "budget": _budget(session, run, flow, counted, steps),
        "executable": not why_not,
        "why_not": why_not,
        "executed_by": child.id if child else None,
        "not_met": [
            {"key": key, "title": title}
            for key, title in (plans.not_met(session, run.id, child.id) if child else [])
        ]
        if child and child.ended_at is not None
        else [],
    }


def lines(
    session: Session, run_id: str, rows: Sequence[Delivery], flow: Flow, shape_of: EntityOf
) -> list[dict[str, Any]]:
    """Rows of the plan, each with its field table."""
    ahead = foreseen(session, run_id, [row.root for row in rows], shape_of)
    return [line(row, flow, shape_of, ahead.get(row.root, Foreseen())) for row in rows]


def foreseen(session: Session, run_id: str, roots: Sequence[str], shape_of: EntityOf) -> dict[str, Foreseen]:
    """What a dry run would create for each of these source records."""
    found: dict[str, Foreseen] = {}
    for row in plans.imagined(session, run_id, roots):
        sent = from_json(row.sent) if row.sent else {}
        things = found.setdefault(row.root, Foreseen())
        things.add(row.entity, shape_of(row.slot, row.entity), sent, row.title or row.key)
    return found


def line(row: Delivery, flow: Flow, shape_of: EntityOf, ahead: Foreseen) -> dict[str, Any]:
    """One row of the plan with its field table. What would be set is in it; what stays as it is, is not.

    ahead  what its record would create
    """
    drawn = flow.node(row.node)
    sent = from_json(row.sent) if row.sent and row.operation in ("create", "update") else {}
    sent = worded(sent, ahead)
    before = from_json(row.before) if row.before else {}
    shape = shape_of(row.slot, row.entity) if row.entity else None
    slot = flow.slots.get(row.slot)
    reasons = {one["field"]: one["reason"] for one in (from_json(row.why) if row.why else [])}
    made = row.operation == "create"
    return {
        **records.shown(row),
        "place": (slot.title if slot else "") or row.slot,
        "root": row.root,
        "step": (drawn.title if drawn else "") or row.node,
        "entity_title": (shape.title if shape else "") or row.entity,
        "fields": [
            {
                "field": name,
                "title": title,
                "old": old,
                "new": new,
                "changed": made or not compare.same(new, old),
                "why": str(reasons.get(name, "")),
            }
            for name, title, old, new in _values(sent, before, shape)
        ],
    }


def _values(
    sent: Mapping[str, Any], before: Mapping[str, Any], shape: Entity | None
) -> Iterator[tuple[str, str, Any, Any]]:
    """(name, title, old, new) of each value; those of lines one by one, by the number of the line from 1 on."""
    for name, new in explain.leaves(sent):
        old, title = compare.dig(before, name), explain.field_title(shape, name)
        if not _are_lines(new) or not (old is None or _are_lines(old)):
            yield name, title, old, new
            continue
        empty: Mapping[str, Any] = {}
        for number, (now, then) in enumerate(zip_longest(old or [], new, fillvalue=empty), 1):
            for inner in dict.fromkeys(field for field, _ in explain.leaves(then or now)):
                below = explain.field_title(shape, f"{name}.{inner}").removeprefix(title)
                values = compare.dig(now, inner), compare.dig(then, inner)
                yield f"{name}.{number}.{inner}", f"{title} {number}{below}", *values


def _are_lines(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def execute(run_id: str, by: str) -> str:
    """Starts the live run that writes what the plan shows, and nothing else; asked twice it is one run.

    Raises RequestError (404, 409) when the run is no plan that can be executed.
    """
    installation = here()
    with installation.database.read() as session:
        run = progress.get(session, run_id)
        if run is None:
            raise RequestError(f"There is no run {run_id!r}.", status=404, code="E-NOT-FOUND")
        why_not = _refusal(session, run)
        if why_not:
            raise RequestError(
                why_not, status=409, code="E-PLAN", cure="Make a dry run of a published version."
            )
        brought = from_json(run.input) if run.input is not None else None
    plan = installation.runtime.plan(run.version_id)
    with installation.database.write() as session:
        started = launch.start(
            session,
            plan,
            flow_id=run.flow_id,
            version_id=run.version_id,
            bindings=from_json(run.bindings),
            mode="live",
            cause=Cause("plan", by, idempotency_key("execute", run.id)),
            brought=brought,
            trigger=run.trigger,
            window=plans.window(session, run),
            plan_id=run.id,
        )
        if started.new:
            audit.note(session, by, "run.execute", run.id, run=started.run, approved_by=by)
    installation.ring(started.run, started.lanes)
    return started.run


def sheet_rows(
    installation: Installation, run: Run, flow: Flow, shape_of: EntityOf
) -> Iterator[Sequence[Value]]:
    """The plan as a table, one row a field, heading first. Numbers are numbers."""
    yield COLUMNS
    after = 0
    while True:
        with installation.database.read() as session:
            page = plans.lines(session, run.id, after=after, limit=PAGE)
            shown = lines(session, run.id, page, flow, shape_of)
        for one in shown:
            yield from _cells(one)
        if len(page) < PAGE:
            return
        after = page[-1].id or 0


def as_csv(rows: Iterator[Sequence[Value]]) -> Iterator[str]:
    return (csv_line(_plainly(cell) for cell in row) for row in rows)


def as_xlsx(rows: Iterator[Sequence[Value]]) -> bytes:
    """A workbook with one sheet. Numbers can be summed, but for those that a spreadsheet would round; all else is text, so
    that nothing is a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Plan")
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: Any, value: Value) -> Cell:
    cell: Cell = WriteOnlyCell(sheet)
    if isinstance(value, str) or len(Decimal(value).normalize().as_tuple().digits) > EXACT_DIGITS:
        cell.value = printable(_plainly(value))
        cell.data_type = "s"
    else:
        cell.value = value
    return cell


def _plainly(value: Value) -> str:
    """As text: a number without grouping and exponent."""
    return value if isinstance(value, str) else f"{Decimal(value):f}"


def _cells(shown: Mapping[str, Any]) -> Iterator[Sequence[Value]]:
    object_id = shown["number"] or shown["remote_id"] or ""
    head = (
        shown["key"],
        shown["title"],
        shown["step"],
        shown["entity"],
        shown["outcome"],
        shown["operation"],
        object_id,
    )
    fields = shown["fields"] or [{"field": "", "title": "", "old": None, "new": None, "why": ""}]
    for one in fields:
        values = (
            one["field"],
            one["title"],
            _value(one["old"]),
            _value(one["new"]),
            shown["message"],
            one["why"],
        )
        yield tuple("" if cell is None else cell for cell in (*head, *values))


def _value(value: Any) -> Value:
    if value is None:
        return ""
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        return value
    return show(value, 2000)


def _refusal(session: Session, run: Run) -> str:
    """Why a run cannot be executed as a plan; empty when it can."""
    if run.mode != "dry-run":
        return "Only a dry run can be executed as a plan."
    if run.state != "done":
        return (
            "The dry run has not ended well, so it shows only a part."
            if run.ended_at
            else "The dry run is not over yet."
        )
    version = flows.version_by_id(session, run.version_id)
    if version is None or version.number is None:
        return "This dry run followed a draft; publish it and make a dry run of the version."
    row = flows.get(session, run.flow_id)
    if row is None or row.deleted_at is not None:
        return "The flow has been deleted."
    if row.state == "paused":
        return f"«{row.name}» is paused; resume it first."
    return ""


def _execution(session: Session, run: Run) -> Run | None:
    return progress.by_cause(session, idempotency_key("execute", run.id))


def _deletes(drawn: Node | None) -> bool:
    return drawn is not None and drawn.settings.get("operation") == "delete"


def _budget(
    session: Session,
    run: Run,
    flow: Flow,
    counted: Mapping[str, int],
    steps: Sequence[Mapping[str, Any]],
) -> list[str]:
    budget = flow.policy.budget or Budget()
    deletes = sum(int(step["count"]) for step in steps if step["outcome"] == "deleted")
    amounts: list[Any] = []
    after = 0
    while budget.amount is not None:
        page = plans.lines(session, run.id, outcome="changes", after=after, limit=PAGE)
        amounts += [compare.dig(from_json(row.sent) if row.sent else {}, budget.amount.field) for row in page]
        if len(page) < PAGE:
            break
        after = page[-1].id or 0
    updates = counted.get("updated", 0) - deletes
    totals = {"create": counted.get("created", 0), "update": updates, "delete": deletes}
    return allowance.exceeded(budget, totals, amounts)


def _sentence(steps: Sequence[Mapping[str, Any]]) -> str:
    """«37 invoices to create, 2 contacts to update»"""
    ahead = {"created": "to create", "updated": "to update", "deleted": "to delete"}
    parts: dict[tuple[str, str], int] = {}
    for step in steps:
        if step["outcome"] in ahead:
            key = (str(step["entity_title"]), ahead[step["outcome"]])
            parts[key] = parts.get(key, 0) + int(step["count"])
    return ", ".join(f"{count} {plural(thing, count)} {what}" for (thing, what), count in parts.items())
