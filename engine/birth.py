"""What an object that is new on one side is created with on the other: pairs, match fields, values of new objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import compare
from engine.agreement import Agreement, SideName, empty, other
from engine.shape import Entity
from engine.translation import Translator


def carried(
    agreement: Agreement, translators: Mapping[str, Translator], source: SideName, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Pair of fields → the value that goes over with it. Raises Held where a table does not translate it."""
    target = other(source)
    return {
        pair.key: value
        for pair in agreement.fields
        if pair.flows_to(target)
        and not empty(value := translators[pair.key].carry(compare.dig(data, pair.path(source)), target))
    }


def values(
    agreement: Agreement, carried: Mapping[str, Any], source: SideName, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Path → value of the new object. What nothing fills takes the preset of its side, if it has one."""
    target = other(source)
    found = {pair.path(target): carried[pair.key] for pair in agreement.fields if pair.key in carried}
    own, theirs = agreement.side(source).match, agreement.side(target).match
    for from_path, to_path in zip(own, theirs, strict=True):
        found.setdefault(to_path, compare.dig(data, from_path))
    for preset in agreement.side(target).presets:
        if empty(found.get(preset.field)):
            found[preset.field] = preset.value
    return found


def nested(shape: Entity, values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted paths as the objects that they mean; a field whose own name has dots stays as it is."""
    data: dict[str, Any] = {}
    for path, value in values.items():
        if shape.field(path) is not None:
            data[path] = value
            continue
        *parents, last = path.split(".")
        inner = data
        for name in parents:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return data
