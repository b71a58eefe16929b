"""Reading requests and writing answers, as the imitated gateway does it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lxml import etree

Element = etree._Element
CORRECTION = "Use a unique value instead."


class Invalid(Exception):
    """The request is not valid XML for this gateway; the text is the parser's."""


@dataclass(slots=True)
class Fault(Exception):
    """One refusal. ``description2`` is the text, ``also`` a second, general one."""

    errorno: str
    description2: str
    correction: str = ""
    also: str = ""
    status: int = 200


def parse(raw: bytes) -> Element:
    """The root of a request. Document types are not allowed in."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Invalid(str(error)) from None
    if b"<!DOCTYPE" in raw.replace(b"\x00", b""):
        raise Invalid("Document type declarations are not allowed.")
    return root


def text(parent: Element | None, path: str) -> str:
    found = parent.findtext(path) if parent is not None else None
    return (found or "").strip()


def add(parent: Element, name: str, value: str = "") -> Element:
    element = etree.SubElement(parent, name)
    if value:
        element.text = value
    return element


def add_errors(parent: Element, faults: Iterable[Fault]) -> None:
    block = add(parent, "errormessage")
    for fault in faults:
        support = f" [Support ID: {secrets.token_urlsafe(12)}]" if fault.errorno.startswith("BL") else ""
        _error(block, fault.errorno, fault.description2 + support, fault.correction)
        if fault.also:
            _error(block, "BL01001973", fault.also, "")


def _error(block: Element, errorno: str, description2: str, correction: str) -> None:
    error = add(block, "error")
    add(error, "errorno", errorno)
    add(error, "description")
    # Intacct escapes apostrophes in its texts once more.
    add(error, "description2", description2.replace("'", "&#039;"))
    add(error, "correction", correction)


def envelope(root: Element, status: str, control: Element | None) -> None:
    """The control block of an answer, echoing the request's."""
    block = add(root, "control")
    add(block, "status", status)
    add(block, "senderid", text(control, "senderid"))
    add(block, "controlid", text(control, "controlid"))
    add(block, "uniqueid", text(control, "uniqueid") or "true")
    add(block, "dtdversion", text(control, "dtdversion") or "3.0")


def refusal(faults: Iterable[Fault], control: Element | None = None) -> Element:
    """A whole answer for a request that got no further than the gateway."""
    root = etree.Element("response")
    envelope(root, "failure", control)
    add_errors(root, faults)
    return root


def dump(root: Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def flat(element: Element, parts: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """The values of a generic object, dotted; child collections in ``parts`` are left out."""
    values: dict[str, str] = {}
    for part in element:
        path = f"{prefix}{part.tag}"
        if path in parts:
            continue
        if len(part):
            values.update(flat(part, {}, f"{path}."))
        else:
            values[path] = part.text or ""
    return values


def grow(parent: Element, values: Iterable[tuple[str, str]]) -> None:
    """Writes dotted values as elements in elements, as ``read`` answers them."""
    made: dict[str, Element] = {}
    for path, value in values:
        *above, leaf = path.split(".")
        level, so_far = parent, ""
        for name in above:
            so_far = f"{so_far}.{name}"
            if so_far not in made:
                made[so_far] = add(level, name)
            level = made[so_far]
        add(level, leaf, value)


def date_of(element: Element | None) -> str:
    """``MM/DD/YYYY`` of a legacy date with year, month and day; "" for none."""
    if element is None:
        return ""
    year, month, day = (text(element, name) for name in ("year", "month", "day"))
    if not re.fullmatch(r"\d{4}", year) or not (month.isdigit() and day.isdigit()):
        return ""
    return f"{int(month):02d}/{int(day):02d}/{year}"


def mark(element: Element, **attributes: str) -> Element:
    """Sets attributes, in the order given."""
    for name, value in attributes.items():
        element.set(name, value)
    return element
