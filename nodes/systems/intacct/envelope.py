"""The XML request: who is calling, as whom, and which functions.

Source: developer.intacct.com, web services, requests. The order of elements is the one that the official
SDKs write: control (senderid, password, controlid, uniqueid, dtdversion, includewhitespace), then operation
with authentication and content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

Element = etree._Element
DTD_VERSION = "3.0"


@dataclass(frozen=True, slots=True)
class Function:
    """One call inside a request. ``controlid`` (1 to 256 characters) comes back with its result."""

    controlid: str
    body: Element


def child(parent: Element, name: str, text: str | None = None) -> Element:
    """Adds ``<name>text</name>``; without text an empty element."""
    element = etree.SubElement(parent, name)
    if text:
        element.text = text
    return element


def request(
    sender: tuple[str, str],
    controlid: str,
    authentication: Element,
    functions: Sequence[Function],
    *,
    unique: bool = False,
) -> bytes:
    """The whole document in UTF-8.

    ``unique`` makes Intacct refuse every function whose controlid it has executed and completed before.
    Functions stand alone (``transaction="false"``): one that fails leaves the others be.
    """
    root = etree.Element("request")
    control = child(root, "control")
    child(control, "senderid", sender[0])
    child(control, "password", sender[1])
    child(control, "controlid", controlid)
    child(control, "uniqueid", "true" if unique else "false")
    child(control, "dtdversion", DTD_VERSION)
    child(control, "includewhitespace", "false")
    operation = child(root, "operation")
    operation.set("transaction", "false")
    operation.append(authentication)
    content = child(operation, "content")
    for function in functions:
        element = child(content, "function")
        element.set("controlid", function.controlid)
        element.append(function.body)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def login(user: str, company: str, password: str, location: str | None) -> Element:
    """Signs in with a Web Services user; ``location`` picks one entity of a multi-entity company."""
    authentication = etree.Element("authentication")
    block = child(authentication, "login")
    child(block, "userid", user)
    child(block, "companyid", company)
    child(block, "password", password)
    if location:
        child(block, "locationid", location)
    return authentication


def session(sessionid: str) -> Element:
    """Goes on with a session that getAPISession gave."""
    authentication = etree.Element("authentication")
    child(authentication, "sessionid", sessionid)
    return authentication


def get_session() -> Element:
    return etree.Element("getAPISession")
