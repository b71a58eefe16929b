"""The XML answer, taken apart without trusting it.

Source: developer.intacct.com, web services, responses and error handling. Errors may stand under
``response``, ``operation`` or one ``result``; the text for people is description2 (of every error), and
correction says what to do.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from lxml import etree

from nodes.systems.intacct.envelope import Element

_SUPPORT = re.compile(r"\s*\[Support ID:[^\]]*\]")
_DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


class Unreadable(Exception):
    """The answer is not a response document of Intacct; the text says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of Intacct. ``text`` is what it says, ``correction`` its advice."""

    errorno: str
    text: str
    correction: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one function: ``status`` is success, failure or aborted."""

    status: str
    function: str
    controlid: str
    key: str
    data: Element | None
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        return self.status == "success"

    def number(self, attribute: str) -> int:
        """A counter of ``data`` (totalcount, numremaining); 0 when it is absent."""
        text = self.data.get(attribute, "") if self.data is not None else ""
        return int(text) if text.isdigit() else 0

    def rows(self) -> list[Element]:
        return [] if self.data is None else [row for row in self.data if isinstance(row.tag, str)]


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. ``accepted``: the control block passed; ``signed_in``: the authentication passed."""

    accepted: bool
    signed_in: bool
    user: str
    company: str
    location: str
    answers: tuple[Answer, ...]
    faults: tuple[Fault, ...]


def read(raw: bytes) -> Response:
    """Raises Unreadable for anything but a response document (documents that declare types included)."""
    root = parse(raw)
    if root.tag != "response":
        raise Unreadable(f"the answer is a <{root.tag}> document, not a <response>")
    authentication = root.find("operation/authentication")
    operation = root.find("operation")
    faults = [*_faults(root)]
    if operation is not None:
        faults += _faults(operation)
        if authentication is not None:
            faults += _faults(authentication)
    return Response(
        accepted=root.findtext("control/status") == "success",
        signed_in=authentication is not None and authentication.findtext("status") == "success",
        user=root.findtext("operation/authentication/userid") or "",
        company=root.findtext("operation/authentication/companyid") or "",
        location=root.findtext("operation/authentication/locationid") or "",
        answers=tuple(_answer(result) for result in root.iterfind("operation/result")),
        faults=tuple(faults),
    )


def parse(raw: bytes) -> Element:
    """The root element, with no entities expanded, no DTD loaded and no network touched."""
    if _DOCTYPE.search(raw.replace(b"\x00", b"")):
        raise Unreadable("the answer declares a document type, which Intacct never does; it was not read")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        return etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(f"the answer is not XML ({error})") from None


def _answer(result: Element) -> Answer:
    return Answer(
        status=result.findtext("status") or "",
        function=result.findtext("function") or "",
        controlid=result.findtext("controlid") or "",
        key=result.findtext("key") or "",
        data=result.find("data"),
        faults=tuple(_faults(result)),
    )


def _faults(parent: Element) -> list[Fault]:
    found = []
    for error in parent.iterfind("errormessage/error"):
        first, second = _text(error, "description"), _text(error, "description2")
        text = second if not first or first in second else f"{first}. {second}" if second else first
        found.append(Fault(_text(error, "errorno"), text, _text(error, "correction")))
    return found


def _text(error: Element, name: str) -> str:
    # Intacct escapes the text once more inside the XML (&#039; for an apostrophe) and adds a support id.
    return _SUPPORT.sub("", html.unescape(error.findtext(name) or "")).strip()
