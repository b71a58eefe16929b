"""Judging the two sides of a sync by what the connected systems say of their fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.agreement import SIDES, FieldPair, Side, SideName, other
from engine.errors import Problem
from engine.fitting import field_at
from engine.node import SyncNode
from engine.shape import Entity

ShapeOf = Callable[[str, str], Entity | None]

_ALIKE = ({"text", "id", "choice", "reference"}, {"integer", "number", "money"}, {"date", "datetime"})


def judge_sides(node_id: str, node: SyncNode[Any], shape_of: ShapeOf) -> list[Problem]:
    """Fields that a side does not have, or cannot take; what a create would lack. Unknown shapes are passed over."""
    sides = dict(zip(SIDES, node.sides(), strict=True))
    shapes: dict[SideName, Entity] = {}
    for name, side in sides.items():
        shape = shape_of(side.slot, side.entity) if side.slot and side.entity else None
        if shape is not None:
            shapes[name] = shape
    problems: list[Problem] = []
    for index, pair in enumerate(node.pairs()):
        for name, shape in shapes.items():
            problems += _judge_field(node_id, pair, name, shape, f"fields.{index}.{name}")
        if len(shapes) == 2:
            problems += _judge_kinds(node_id, pair, shapes, f"fields.{index}.table")
    for name, shape in shapes.items():
        problems += [
            Problem("E-FIELD-UNKNOWN", f"{_title(shape)} has no field {path}.", "Choose one of its fields.",
                    node_id, field=f"{name}.match")
            for path in sides[name].match
            if shape.fields and field_at(shape, path) is None
        ]  # fmt: skip
        problems += [
            Problem(
                "E-FIELD-UNKNOWN",
                f"{_title(shape)} has no field {preset.field}.",
                "Choose one of its fields.",
                node_id,
                field=f"{name}.presets.{at}.field",
            )
            for at, preset in enumerate(sides[name].presets)
            if shape.fields and field_at(shape, preset.field) is None
        ]
        problems += _judge_survivor(node_id, sides[name], name, shape)
        if sides[name].create:
            problems += _judge_create(node_id, node, name, shape)
    return problems


def _judge_survivor(node_id: str, side: Side, name: SideName, shape: Entity) -> list[Problem]:
    field = side.survivor_field if side.survivor == "field" else ""
    if not field or not shape.fields or field_at(shape, field) is not None:
        return []
    message, place = f"{_title(shape)} has no field {field}.", f"{name}.survivor_field"
    return [Problem("E-FIELD-UNKNOWN", message, "Choose one of its fields.", node_id, field=place)]


def _judge_field(node_id: str, pair: FieldPair, side: SideName, shape: Entity, place: str) -> list[Problem]:
    path = pair.path(side)
    field = field_at(shape, path)
    if field is None and path and shape.fields:
        message = f"{_title(shape)} has no field {path}."
        return [Problem("E-FIELD-UNKNOWN", message, "Choose one of its fields.", node_id, field=place)]
    if field is not None and field.read_only and pair.flows_to(side):
        message = f"{field.label()} of {_title(shape)} cannot be written."
        cure = f"Let {pair.path(other(side))} only receive it."
        return [Problem("E-SYNC-READ-ONLY", message, cure, node_id, field=place)]
    return []


def _judge_kinds(
    node_id: str, pair: FieldPair, shapes: Mapping[SideName, Entity], place: str
) -> list[Problem]:
    left, right = field_at(shapes["left"], pair.left), field_at(shapes["right"], pair.right)
    if left is None or right is None or pair.table is not None:
        return []
    if "any" in (left.type, right.type) or left.type == right.type:
        return []
    if any({left.type, right.type} <= kinds for kinds in _ALIKE):
        return []
    return [
        Problem(
            "E-SYNC-KIND",
            f"{left.label()} is of the kind {left.type} and {right.label()} of the kind {right.type}, so values may "
            "not fit.",
            "Choose fields of the same kind, or translate by a table.",
            node_id,
            field=place,
            severity="warning",
        )
    ]


def _judge_create(node_id: str, node: SyncNode[Any], side: SideName, shape: Entity) -> list[Problem]:
    """What is created on this side must bring what the system needs."""
    given = {pair.path(side).split(".")[0] for pair in node.pairs() if pair.flows_to(side)}
    own = dict(zip(SIDES, node.sides(), strict=True))[side]
    given |= {path.split(".")[0] for path in [*own.match, *(preset.field for preset in own.presets)]}
    return [
        Problem(
            "E-FIELD-REQUIRED",
            f"{_title(shape)} needs {missing.label()}, and what is created there does not bring it.",
            "Add the field to the pairs or to the values of new objects, or switch off «New objects» on this side.",
            node_id,
            field=f"{side}.create",
        )
        for missing in shape.required()
        if missing.name not in given and missing.name != shape.key
    ]


def _title(shape: Entity) -> str:
    return shape.title or shape.name
