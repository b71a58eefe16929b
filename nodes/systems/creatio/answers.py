"""What Creatio's error answers mean, in words for the person who reads them.

The body is ``{"error": {"message", "innererror": {"message", "type", …}}}``: the outer message often says
no more than "An error has occurred", so the inner one is what counts. An unknown set is a page of HTML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import DecodeError
from requests import Response

from engine.errors import HeddleError, RecordRejected, Unavailable
from engine.http import retry_after
from engine.record import from_json

_VAGUE = {"", "An error has occurred.", "The request is invalid."}

_MEANINGS: tuple[tuple[str, str, str, str], ...] = (
    (
        r"23505|duplicate key|Violation of (?:PRIMARY|UNIQUE) KEY|Cannot insert duplicate",
        "E-DUPLICATE",
        "a value that must be unique is taken already",
        "Look for the object that has it, or map another value.",
    ),
    (
        r"2350[13].*(?:update or delete on table|still referenced)|REFERENCE constraint",
        "E-IN-USE",
        "other objects still point to it",
        "Remove what points to it first.",
    ),
    (
        r"23503|foreign key constraint|FOREIGN KEY",
        "E-REFERENCE",
        "a lookup points to an object that Creatio does not have",
        "Check the lookups that are mapped; the object may have been deleted.",
    ),
    (
        r"property '(?P<field>\w+)' does not exist|property named '(?P<field2>\w+)'|by path (?P<field3>\S+) not found",
        "E-UNKNOWN-FIELD",
        "there is no column {field}",
        "Choose another field, or add the column in Creatio and publish it.",
    ),
    (
        r"22001|would be truncated",
        "E-TOO-LONG",
        "a text is longer than its column",
        "Shorten it in the mapping.",
    ),
    (
        r"23502.*column \"(?P<field>\w+)\"|NULL into column '(?P<field2>\w+)'|Field (?P<field3>\w+) must be filled",
        "E-REQUIRED",
        "{field} must not be empty",
        "Map a value to it.",
    ),
    (
        r"incompatible types|Cannot convert",
        "E-VALUE",
        "a value is not of its column's type",
        "Check the types in the mapping.",
    ),
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error answer, understood. ``reason`` is a half sentence; ``definite``: Creatio itself said it."""

    status: int
    code: str
    reason: str
    cure: str
    detail: str
    field: str | None = None
    definite: bool = True

    def rejection(self, what: str) -> RecordRejected:
        return RecordRejected(
            self.sentence(what), field=self.field, code=self.code, detail=self.detail, cure=self.cure
        )

    def sentence(self, what: str) -> str:
        """``what`` names the object: "this Opportunity"."""
        text = f"Creatio refused {what}: {self.reason}".rstrip(". ") + "."
        return f"{text} {self.cure}" if self.cure else text


def complaint(status: int, body: Any) -> Complaint:
    """Reads an error body, already decoded (None where it is not JSON)."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return Complaint(status, "E-ANSWER", f"it answered {status} without a reason", "", "", definite=False)
    inner = error.get("innererror")
    texts = [str(error.get("message") or "")]
    while isinstance(inner, dict):
        texts.append(str(inner.get("message") or ""))
        inner = inner.get("internalexception")
    detail = " | ".join(text for text in texts if text)
    for pattern, code, reason, cure in _MEANINGS:
        if match := re.search(pattern, detail, re.IGNORECASE):
            field = next((found for found in match.groupdict().values() if found), None)
            return Complaint(
                status, code, reason.format(field=field or "one of its fields"), cure, detail, field
            )
    said = next((text for text in reversed(texts) if text not in _VAGUE), texts[0] or f"status {status}")
    return Complaint(status, "E-RECORD", said.removeprefix("item : "), "", detail)


def body_of(response: Response) -> Any:
    """The decoded JSON body, None if it is something else."""
    try:
        return from_json(response.content)
    except DecodeError:
        return None


def refuse(response: Response, what: str, errors: Mapping[int | str, type[HeddleError]]) -> HeddleError:
    """The error to raise for an answer to a reading call, or to a call as a whole. See ``errors`` there."""
    status = response.status_code
    understood = complaint(status, body_of(response))
    kind = errors.get(status, Unavailable if status >= 500 else RecordRejected)
    if status == 500 and understood.definite:
        kind = RecordRejected
    if issubclass(kind, Unavailable):
        busy = "is busy and asks to wait" if status == 429 else f"cannot answer at the moment ({status})"
        return kind(f"Creatio {busy}.", retry_after=retry_after(response), detail=understood.detail)
    if issubclass(kind, RecordRejected):
        if status == 404 and not understood.definite:
            return kind(
                f"Creatio has no {what}.",
                code="E-UNKNOWN-ENTITY",
                cure="Choose another kind of object, or ask for the right to it.",
            )
        return understood.rejection(what)
    return kind(
        f"Creatio does not let this user work with {what}.",
        code="E-RIGHTS",
        cure="Ask the Creatio administrator for the right to read and change it.",
        detail=understood.detail or response.text[:500],
    )
