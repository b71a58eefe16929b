"""What happened to a record, step by step, and why each value is what it is.

Everything here is told from a walk: of a sample that nobody wrote, or of a batch that is long over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import compare
from engine.foreseen import Foreseen, is_placeholder, real, worded
from engine.node import SyncNode, Trace, WriteNode
from engine.plan import Plan
from engine.record import Record
from engine.shape import Entity, titled
from engine.walk import Course, Receipt

EntityOf = Callable[[str, str], Entity | None]
"""(slot, entity name) → its shape, for the titles of fields; None when it cannot be had."""


@dataclass
class Story:
    """A walk with everything kept that explaining needs."""

    plan: Plan
    course: Course = field(default_factory=lambda: Course(trail=[]))
    trace: Trace = field(default_factory=Trace)
    receipts: dict[str, list[tuple[Record, Receipt]]] = field(default_factory=dict)

    def file(self, node: str, records: Sequence[Record], receipts: Sequence[Receipt]) -> None:
        self.receipts.setdefault(node, []).extend(zip(records, receipts, strict=True))


def place_of(plan: Plan, node: str, receipt: Receipt) -> tuple[str, str]:
    """(slot, entity): where something was written at a node."""
    made = plan.nodes[node]
    if receipt.slot or not isinstance(made, WriteNode) or isinstance(made, SyncNode):
        return receipt.slot, receipt.entity
    return made.target().slot, made.target().entity


def passages(story: Story) -> dict[str, dict[str, Any]]:
    """Per node what passed it: {"in", "ports", "failed", "held", "ms"}."""
    return {
        node: {
            "in": passage.arrived,
            "ports": passage.ports,
            "failed": passage.failed,
            "held": passage.held,
            "ms": round(passage.ms, 1),
        }
        for node, passage in story.course.passages.items()
    }


def steps(story: Story, root: int, entity_of: EntityOf) -> list[dict[str, Any]]:
    """The way of one root record, in order: what left each node, with notes, errors and writes.

    Each step is {"node", "title", "key", "port", "data", "notes", "error", "write"}.
    """
    position = {node: at for at, node in enumerate(story.plan.order)}
    told: list[dict[str, Any]] = []
    for node, port, record in story.course.trail or []:
        if record.root == root:
            told.append(_step(story, node, record, port=port, entity_of=entity_of))
    for ending in story.course.endings:
        left = any(
            node == ending.node and record.key == ending.record.key
            for node, _, record in story.course.trail or []
        )
        if ending.record.root == root and not left:
            error = ending.error.as_json() if ending.error else None
            step = _step(story, ending.node, ending.record, port=str(ending.outcome), entity_of=entity_of)
            told.append({**step, "error": error, "reason": ending.reason})
    told.sort(key=lambda step: position[step["node"]])
    foreseen = _foreseen(story, root, entity_of)
    return [worded(step, foreseen) for step in told] if foreseen else told


def _foreseen(story: Story, root: int, entity_of: EntityOf) -> Foreseen:
    """What this record would create, where nothing was written."""
    foreseen = Foreseen()
    for node, filed in story.receipts.items():
        for record, paper in filed:
            for receipt in (paper, *paper.others):
                if record.root == root and is_placeholder(receipt.result.remote_id):
                    slot, entity = place_of(story.plan, node, receipt)
                    foreseen.add(entity, entity_of(slot, entity), receipt.sent, record.title or record.key)
    return foreseen


def _step(story: Story, node: str, record: Record, *, port: str, entity_of: EntityOf) -> dict[str, Any]:
    receipt = next((paper for filed, paper in story.receipts.get(node, ()) if filed.key == record.key), None)
    error = None
    if receipt is not None and receipt.result.message and receipt.result.code:
        result = receipt.result
        error = {"code": result.code, "message": result.message, "cure": result.detail, "detail": ""}
    return {
        "node": node,
        "title": story.plan.title(node),
        "key": record.key,
        "port": port,
        "data": record.data,
        "notes": story.trace.notes.get((node, record.key), []),
        "error": error,
        "reason": "",
        **_writes(story, node, record, receipt, entity_of),
    }


def _writes(
    story: Story, node: str, record: Record, receipt: Receipt | None, entity_of: EntityOf
) -> dict[str, Any]:
    """{"write", "writes"}: what a write node did; ``writes`` has an entry for each side of a two-way sync."""
    if receipt is None:
        return {"write": None, "writes": []}
    if not isinstance(story.plan.nodes[node], SyncNode):
        told = _write(story, node, record, receipt, entity_of)
        return {"write": told, "writes": [told]}
    sides = [_side(node, paper, entity_of) for paper in (receipt, *receipt.others)]
    written = [side for side in sides if side["slot"]]
    return {"write": (written or sides)[0], "writes": sides}


def _side(node: str, receipt: Receipt, entity_of: EntityOf) -> dict[str, Any]:
    """The field table of what a two-way sync wrote to one side, each value with the decision behind it."""
    entity = entity_of(receipt.slot, receipt.entity) if receipt.slot else None
    reasons: dict[str, list[dict[str, Any]]] = {}
    for reason in receipt.why:
        reasons.setdefault(str(reason["field"]), []).append({**reason, "node": node})
    before = receipt.before or {}
    fields = [
        {
            "field": name,
            "title": field_title(entity, name),
            "old": compare.dig(before, name),
            "new": new,
            "changed": receipt.operation == "create" or not compare.same(new, compare.dig(before, name)),
            "why": reasons.get(name, []),
        }
        for name, new in leaves(receipt.sent)
    ]
    return {**_head(receipt, receipt.slot, receipt.entity, entity), "fields": fields, "why": receipt.why}


def _write(story: Story, node: str, record: Record, receipt: Receipt, entity_of: EntityOf) -> dict[str, Any]:
    """The field table of a write: old, new, whether it changes, and why it is so."""
    made = story.plan.nodes[node]
    assert isinstance(made, WriteNode)
    target = made.target()
    entity = entity_of(target.slot, target.entity)
    why = _why(story, node, record)
    data = record.data if isinstance(record.data, dict) else {}
    before = receipt.before or {}
    fields = []
    for name, new in leaves(data):
        old = compare.dig(before, name)
        sent = compare.dig(receipt.sent, name) is not None or name.split(".")[0] in receipt.sent
        changed = receipt.operation == "create" or (
            receipt.operation == "update" and sent and not compare.same(new, old)
        )
        fields.append(
            {
                "field": name,
                "title": field_title(entity, name),
                "old": old,
                "new": new,
                "changed": changed,
                "why": why.get(name) or why.get(name.split(".")[0], []),
            }
        )
    return {**_head(receipt, target.slot, target.entity, entity), "fields": fields}


def _head(receipt: Receipt, slot: str, name: str, entity: Entity | None) -> dict[str, Any]:
    return {
        "operation": receipt.operation,
        "outcome": str(receipt.result.outcome),
        "slot": slot,
        "entity": name,
        "entity_title": entity.title if entity else name,
        "remote_id": real(receipt.result.remote_id),
        "number": real(receipt.result.number),
        "link": real(receipt.result.link),
        "message": receipt.result.message,
    }


def _why(story: Story, node: str, record: Record) -> dict[str, list[dict[str, Any]]]:
    """Field → the steps that made its value, over all nodes before the write.

    A mapping starts a field anew, behind what made the value that it took; rules and tables go on from there.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for earlier in story.plan.order[: story.plan.order.index(node)]:
        made: dict[str, list[dict[str, Any]]] = {}
        for note in story.trace.notes.get((earlier, record.key), ()):
            if "field" in note:
                field = str(note["field"])
                steps_taken = [{**step, "node": earlier} for step in note.get("steps", [])]
                source = field if note.get("on") else str(steps_taken[0]["did"]) if steps_taken else ""
                made[field] = [*(made.get(source) or found.get(source, [])), *steps_taken]
        found.update(made)
    return found


def leaves(data: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """(dotted name, value) of nested objects; lists stay whole."""
    found: list[tuple[str, Any]] = []
    for name, value in data.items():
        if isinstance(value, Mapping):
            found.extend(leaves(value, f"{prefix}{name}."))
        else:
            found.append((f"{prefix}{name}", value))
    return found


def field_title(entity: Entity | None, name: str) -> str:
    """What people call a field of an entity; its dotted name where the shape does not say."""
    return titled(entity.fields if entity else (), name)[0]
