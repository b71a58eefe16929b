"""The XML of every function that changes something, from canonical values.

Empty values: on a create None is left out; on an update None is sent as an empty element, which clears the
field. Source of names and order: the official SDKs and developer.intacct.com, API reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from engine.errors import RecordRejected
from engine.shape import Entity, Field
from nodes.systems.intacct.envelope import Element, child
from nodes.systems.intacct.objects import LINE_ELEMENT, WRITE_ONLY, Legacy, Slot
from nodes.systems.intacct.values import NAME, flatten, leaves, split_date, to_wire

Kinds = Mapping[str, str]


def create(shape: Entity, data: Mapping[str, Any]) -> Element:
    """``<create><OBJECT>…</OBJECT></create>``, children in the order of the shape, then custom fields."""
    root = etree.Element("create")
    body = child(root, shape.name)
    _object(body, shape.fields, _with_print_name(shape, data), keep_none=False)
    return root


def update(shape: Entity, remote_id: str, data: Mapping[str, Any]) -> Element:
    """``<update><OBJECT><KEY/>…</OBJECT></update>``; only the given fields are touched."""
    root = etree.Element("update")
    body = child(root, shape.name)
    child(body, shape.key, to_wire(remote_id, shape.key))
    rest = {name: value for name, value in data.items() if name not in {shape.key, "RECORDNO"}}
    _object(body, shape.fields, rest, keep_none=True)
    return root


def create_legacy(legacy: Legacy, shape: Entity, data: Mapping[str, Any]) -> Element:
    """``<create_invoice>`` and its like. Raises RecordRejected without lines."""
    lines_field, flat, lines = _split(shape, data)
    if not lines:
        raise RecordRejected(
            f"The {legacy.noun} has no lines. Intacct needs at least one.", field=lines_field.name
        )
    root = etree.Element(legacy.create)
    kinds = {path: field.type for path, field in leaves(shape.fields)}
    _slots(root, legacy.header, flat, kinds, legacy.known(), changing=False)
    parent = child(root, legacy.lines[0])
    for line in lines:
        _line(child(parent, legacy.lines[1]), legacy, lines_field, line, changing=False)
    return root


def update_legacy(
    legacy: Legacy, shape: Entity, remote_id: str, data: Mapping[str, Any], present: int
) -> Element:
    """``<update_invoice key="…">``. ``present``: how many lines the document has now.

    Lines are matched by position (or their own LINE_NO): the first ones change, further ones are added.
    Raises RecordRejected when there are fewer than the document has, since Intacct cannot remove lines.
    """
    lines_field, flat, lines = _split(shape, data)
    if lines and len(lines) < present and not all(line.get("LINE_NO") for line in lines):
        raise RecordRejected(
            f"The {legacy.noun} has {present} lines in Intacct and {len(lines)} here. Intacct cannot remove "
            "lines: reverse the document and create it again.",
            code="E-FEWER-LINES",
            field=lines_field.name,
        )
    root = etree.Element(legacy.update, key=remote_id)
    kinds = {path: field.type for path, field in leaves(shape.fields)}
    _slots(root, legacy.changes, flat, kinds, legacy.known(), changing=True)
    if lines:
        parent = child(root, legacy.changed_lines[0])
        for position, line in enumerate(lines, 1):
            number = int(line.get("LINE_NO") or position)
            changing = number <= present
            element = child(parent, legacy.changed_lines[1] if changing else legacy.lines[1])
            if changing:
                element.set("line_num", str(number))
            _line(element, legacy, lines_field, line, changing=changing)
    return root


def check_writable(shape: Entity, data: Mapping[str, Any], *, updating: bool) -> None:
    """Raises RecordRejected for a field that Intacct works out itself, or that is fixed after the start."""
    for name in data:
        field = shape.field(name)
        if field is None or name in {shape.key, "RECORDNO"}:
            continue
        if field.read_only:
            raise RecordRejected(
                f"{field.label()} ({name}) is worked out by Intacct and cannot be written.",
                code="E-READ-ONLY",
                field=name,
                cure="Take the field out of the mapping.",
            )
        if updating and field.create_only and name not in WRITE_ONLY.get(shape.name, ()):
            raise RecordRejected(
                f"{field.label()} ({name}) cannot be changed once the {shape.title.lower()} exists.",
                code="E-CREATE-ONLY",
                field=name,
                cure="Map the field only for new records.",
            )


def _with_print_name(shape: Entity, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Customers and vendors need a name to print; it is their own name unless another one is given."""
    contact = shape.field("DISPLAYCONTACT")
    given = data.get("DISPLAYCONTACT") or {}
    if contact is None or not isinstance(given, Mapping) or given.get("PRINTAS"):
        return data
    rest = {name: value for name, value in given.items() if name != "PRINTAS"}
    return {**data, "DISPLAYCONTACT": {"PRINTAS": data.get("NAME"), **rest}}


def _object(parent: Element, fields: Sequence[Field], data: Mapping[str, Any], *, keep_none: bool) -> None:
    known = [field for field in fields if field.name in data]
    names = {field.name for field in known}
    extra = [Field(name=name, type=_guess(value)) for name, value in data.items() if name not in names]
    for field in [*known, *extra]:
        value = data[field.name]
        if not NAME.match(field.name) or "." in field.name:
            raise RecordRejected(f"{field.name!r} is not a field name of Intacct.", field=field.name)
        if value is None:
            if keep_none:
                child(parent, field.name)
        elif isinstance(value, Mapping):
            inner = {name: part for name, part in value.items() if keep_none or part is not None}
            if inner:
                _object(child(parent, field.name), field.fields, inner, keep_none=keep_none)
        elif field.type == "lines":
            _lines(child(parent, field.name), field, value, keep_none=keep_none)
        else:
            child(parent, field.name, to_wire(value, field.name, field.type))


def _lines(parent: Element, field: Field, lines: Any, *, keep_none: bool) -> None:
    element = LINE_ELEMENT.get(field.name, field.name.removesuffix("S"))
    for line in _checked_lines(field.name, lines):
        _object(child(parent, element), field.fields, line, keep_none=keep_none)


def _guess(value: Any) -> Any:
    if isinstance(value, Mapping):
        return "object"
    return "lines" if isinstance(value, list) and value and isinstance(value[0], Mapping) else "any"


def _checked_lines(name: str, lines: Any) -> list[Mapping[str, Any]]:
    if not isinstance(lines, list) or not all(isinstance(line, Mapping) for line in lines):
        raise RecordRejected(f"{name} must be a list of lines.", code="E-LINES", field=name)
    return lines


def _split(shape: Entity, data: Mapping[str, Any]) -> tuple[Field, dict[str, Any], list[Mapping[str, Any]]]:
    """The lines field, the header flat, the lines."""
    field = next(field for field in shape.fields if field.type == "lines")
    header = {name: value for name, value in data.items() if name != field.name}
    lines = data.get(field.name)
    return field, dict(flatten(header)), [] if lines is None else _checked_lines(field.name, lines)


def _line(element: Element, legacy: Legacy, field: Field, line: Mapping[str, Any], *, changing: bool) -> None:
    flat = {name: value for name, value in flatten(line) if name not in {"LINE_NO", "RECORDNO"}}
    kinds = {path: part.type for path, part in leaves(field.fields)}
    known = {name for slot in legacy.line for name in slot.names}
    _slots(element, legacy.line, flat, kinds, known, changing=changing)


def _slots(
    root: Element,
    slots: Sequence[Slot],
    flat: Mapping[str, Any],
    kinds: Kinds,
    known: set[str],
    *,
    changing: bool,
) -> None:
    """Writes every slot that has something to say, in order. ``changing``: None clears, nothing defaults."""
    for slot in slots:
        if slot.kind == "custom":
            _custom(root, {name: value for name, value in flat.items() if name not in known}, kinds)
            continue
        if slot.unless and flat.get(slot.unless) is not None:
            if slot.kind == "rate" and flat.get(slot.names[0]) is not None:
                raise RecordRejected(
                    f"{slot.names[0]} and {slot.unless} are both set. Intacct takes either the rate or its type.",
                    code="E-RATE-TWICE",
                    field=slot.names[0],
                )
            continue
        name = next((name for name in slot.names if flat.get(name) is not None), None)
        if name is not None:
            _filled(root, slot, name, flat[name], kinds.get(name, "text"))
        elif changing:
            if any(empty in flat for empty in slot.names) and slot.kind in {"text", "term", "rate-type"}:
                child(root, slot.element)
        elif slot.always or _default_empty(slot, slots, flat):
            child(root, slot.element)


def _filled(root: Element, slot: Slot, name: str, value: Any, kind: str) -> None:
    if slot.kind == "date":
        parent = child(root, slot.element)
        for part, text in zip(("year", "month", "day"), split_date(value, name), strict=True):
            child(parent, part, text)
    elif slot.kind == "contact":
        child(child(root, slot.element), "contactname", to_wire(value, name, "text"))
    else:
        child(root, slot.element, to_wire(value, name, kind))


def _default_empty(slot: Slot, slots: Sequence[Slot], flat: Mapping[str, Any]) -> bool:
    """An empty term asks for the customer's own; an empty rate type for Intacct's daily rate."""
    if slot.kind == "term":
        return flat.get("WHENDUE") is None
    if slot.kind == "rate-type":
        rate = next(other.names[0] for other in slots if other.kind == "rate")
        return flat.get(rate) is None and any(flat.get(name) is not None for name in ("BASECURR", "CURRENCY"))
    return False


def _custom(root: Element, rest: Mapping[str, Any], kinds: Kinds) -> None:
    filled = {name: value for name, value in rest.items() if value is not None}
    if not filled:
        return
    parent = child(root, "customfields")
    for name, value in filled.items():
        if not NAME.match(name):
            raise RecordRejected(f"{name!r} is not a field name of Intacct.", field=name)
        field = child(parent, "customfield")
        child(field, "customfieldname", name)
        child(field, "customfieldvalue", to_wire(value, name, kinds.get(name, "any")))
