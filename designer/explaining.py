"""Why a value that was sent is what it is, and who has last changed how it is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from designer import diff
from designer.installation import Installation
from designer.shapes import source as source_of_shapes
from engine import explain, reentry
from engine.clock import iso
from engine.errors import RequestError
from engine.flow import Flow, Node
from engine.functions import FUNCTIONS, show
from engine.record import from_json
from engine.store import flows, records
from engine.store.database import Session
from engine.store.flows import FlowVersion
from engine.store.runs import Run

DECIDED = "Decided between both sides"
MOST = 3
"""So many sentences about one change are told."""


def value(
    installation: Installation, session: Session, run: Run, key: str, node: str, field: str, slot: str = ""
) -> dict[str, Any]:
    """Why a field of a write is so: steps in order, rules that applied, the version, the last change of its making.

    key   of the record as it was read         slot  which side, where a step writes to two
    Raises RequestError: 404 when nothing like that was written, 410 when the record's data has been cleaned up.
    """
    plan = installation.runtime.plan(run.version_id)
    shape_of = source_of_shapes(
        installation.database, installation.seal, from_json(run.bindings), installation.shapes
    )
    places = sorted({(row.lane, row.batch) for row in records.of_record(session, run.id, key)})
    for lane, batch in places:
        story = reentry.repeat(session, plan, run.id, lane, batch, key)
        roots = {one.root for some in story.course.arrivals.values() for one in some}
        for root in sorted(roots):
            steps = explain.steps(story, root, shape_of)
            for step in steps:
                found = _field(step, node, field, slot)
                if found is not None:
                    document = plan.flow
                    return {
                        "field": field,
                        "title": found["title"],
                        "value": found["new"],
                        "old": found["old"],
                        "steps": [_worded(one, document) for one in found["why"]],
                        "lines": list(_lines(steps, step, field, document)),
                        "rules": list(_rules(steps, step)),
                        "made": made_by(session, run, [*_makers(found["why"]), node], field),
                    }
    raise RequestError(
        f"Nothing was written to {field} here.",
        status=404,
        code="E-NOT-FOUND",
        cure="Reload the page; choose a value that was sent.",
    )


def made_by(session: Session, run: Run, makers: Sequence[str], field: str) -> dict[str, Any]:
    """The version that the run followed, and the last change of what makes the field up to it.

    {"version", "change": {"version", "by", "at", "note", "node", "texts"} or None for a draft}
    """
    version = flows.version_by_id(session, run.version_id)
    row = flows.get(session, run.flow_id)
    if version is None or version.number is None or row is None:
        return {"version": None, "change": None}
    newer = version
    for older in flows.versions(session, row):
        assert older.number is not None  # only published ones are listed
        if older.number >= version.number:
            continue
        before, after = older.document(), newer.document()
        changed = next(
            (node for node in makers if making(before, node, field) != making(after, node, field)), None
        )
        if changed is not None:
            plain = field.partition("[")[0]
            texts = [
                change.text
                for change in diff.compare(before, after).changes
                if change.node == changed and (change.kind != "mapping" or plain in _named(change.text))
            ]
            return {"version": version.number, "change": _change(newer, after.node(changed), texts[:MOST])}
        newer = older
    return {"version": version.number, "change": _change(newer, newer.document().node(makers[0]), [])}


def _named(text: str) -> tuple[str, ...]:
    """The fields that a sentence about a mapping begins with: its target, or both of a pair."""
    words = text.split()
    return tuple(word.rstrip(":,") for word in (words[:3:2] if words[1:2] == ["↔"] else words[:1]))


def making(flow: Flow, node_id: str, field: str) -> Any:
    """The part of a step's settings that makes a field: its row of a mapping, its pair of a sync, or all of them."""
    node = flow.node(node_id)
    if node is None:
        return None
    rows = node.settings.get("rows")
    if isinstance(rows, list):
        return [row for row in rows if _makes(str(row.get("target", "")), field)]
    pairs = node.settings.get("fields")
    if isinstance(pairs, list) and "left" in node.settings:
        return [pair for pair in pairs if field in (pair.get("left"), pair.get("right"))]
    shared = node.settings.get("rule_set")
    return [node.settings, flow.rules.get(str(shared)) if shared else None]


def _makes(target: str, field: str) -> bool:
    plain = field.partition("[")[0]
    return target == plain or plain.startswith(f"{target}.") or target.startswith(f"{plain}.")


def _field(step: Mapping[str, Any], node: str, field: str, slot: str) -> dict[str, Any] | None:
    """The field of a write step, if this is the one; a step that writes to two sides has several writes."""
    for write in step.get("writes") or [step["write"]]:
        if step["node"] != node or write is None or (slot and write["slot"] != slot):
            continue
        for one in write["fields"]:
            if one["field"] == field:
                found: dict[str, Any] = one
                return found
    return None


def _makers(why: Sequence[Mapping[str, Any]]) -> list[str]:
    """The steps that had a hand in it, the last one first."""
    return list(dict.fromkeys(str(one["node"]) for one in reversed(why) if "node" in one))


def _change(version: FlowVersion, node: Node | None, texts: Sequence[str]) -> dict[str, Any]:
    return {
        "version": version.number,
        "by": version.published_by,
        "at": iso(version.at),
        "note": version.note,
        "node": (node.title or node.id) if node is not None else "",
        "texts": list(texts),
    }


def _worded(step: Mapping[str, Any], flow: Flow) -> dict[str, Any]:
    """A step for people: «Add days (days: 30)», «Look up (Ledger accounts, row 2)»."""
    did = DECIDED if step["did"] == "precedence" else _from_step(str(step["did"]), flow)
    function = FUNCTIONS.get(did)
    given = [
        f"{name.replace('_', ' ')}: {told if isinstance(told, str) else show(told).strip('«»')}"
        for name, told in (step.get("with") or {}).items()
    ]
    if step.get("table"):
        table = flow.tables.get(str(step["table"]))
        given = [
            f"{(table.title if table else '') or step['table']}, row {step['row']}"
            if step.get("row")
            else given[0]
        ]
    text = (function.title if function else did) + (f" ({', '.join(given)})" if given else "")
    node = flow.node(str(step.get("node", "")))
    return {
        "did": text,
        "value": step.get("value"),
        "reason": str(step.get("reason", "")),
        "step": (node.title or node.id) if node is not None else "",
    }  # fmt: skip


def _from_step(did: str, flow: Flow) -> str:
    """«Title (Won opportunities)» for what was taken from an earlier step's result."""
    word, _, rest = did.partition(".")
    node_id, _, path = rest.partition(".")
    node = flow.node(node_id) if word == "steps" and path else None
    return did if node is None else f"{path} ({node.title or node.id})"


def _lines(
    steps: Sequence[Mapping[str, Any]], written: Mapping[str, Any], field: str, flow: Flow
) -> Iterator[dict[str, Any]]:
    """How the values within a list of lines came to be: [{"field", "steps"}], of the last step that made them."""
    made: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        if step is written:
            break
        for note in step["notes"]:
            name = str(note.get("field", ""))
            if name.startswith(f"{field}["):
                made[name] = [{**one, "node": step["node"]} for one in note.get("steps", [])]
    for name, taken in made.items():
        yield {"field": name.removeprefix(field), "steps": [_worded(one, flow) for one in taken]}


def _rules(steps: Sequence[Mapping[str, Any]], written: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The rules that applied to the record before it was written."""
    for step in steps:
        if step is written:
            return
        for note in step["notes"]:
            if note.get("fired"):
                title = str(note.get("title") or note.get("rule"))
                yield {"title": title, "because": str(note.get("because", "")), "step": step["title"]}
