"""How JSON goes over the wire: exact numbers both ways, and one clear error for a body that is none."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from flask import Request
from flask.json.provider import JSONProvider

from engine.errors import RequestError
from engine.record import from_json, to_json

DOCUMENT_LIMIT = 10 * 1024 * 1024
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
HOOK_LIMIT = 5 * 1024 * 1024


class ExactJson(JSONProvider):
    """Flask's JSON through engine.record: a Decimal leaves and arrives as the number it is."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return to_json(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return from_json(s)


class JsonRequest(Request):
    """A request whose JSON body is either there and well-formed, or an error that says what is wrong."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body as exact JSON; an empty body is ``{}``.

        Raises RequestError: 415 for another content type, 400 for malformed JSON.
        """
        raw = self.get_data(cache=True)
        if not raw:
            return {}
        if not (force or self.is_json):
            raise RequestError(
                "The request body is not marked as JSON.",
                status=415,
                code="E-CONTENT-TYPE",
                cure="Send the header Content-Type: application/json.",
            )
        return parse_json(raw)


def parse_json(raw: bytes) -> Any:
    """Exact JSON of a request body. Raises RequestError (400) that says where it breaks off.

    The NUL character is refused: PostgreSQL has no text with it, and no business system means it.
    """
    if b"\\u0000" in raw and NUL.search(raw):
        raise RequestError(
            "The request contains the character NUL.",
            code="E-JSON",
            cure="Take the character \\u0000 out of the text.",
        )
    try:
        return from_json(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(
            "The request body is not valid JSON.",
            code="E-JSON",
            detail=str(error),
            cure="Check for missing quotes, commas or brackets; text must be UTF-8.",
        ) from error
