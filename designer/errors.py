"""Every error answers in one shape: ``{"code", "message", "detail", "cure", "problems"}`` and its status."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from flask import Flask, Response, current_app, jsonify, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from engine.errors import (
    AccessError,
    DefinitionError,
    HeddleError,
    Held,
    InDoubt,
    Problem,
    RecordRejected,
    RequestError,
    Unavailable,
)

log = logging.getLogger("heddle.web")

STATUS: tuple[tuple[type[HeddleError], int], ...] = (
    (DefinitionError, 422),
    (AccessError, 422),
    (Unavailable, 503),
    (RecordRejected, 422),
    (Held, 409),
    (InDoubt, 503),
)

NOT_OURS = frozenset({"E-NO-CONNECTOR"})
"""Codes of our own errors that, in a request, are a mistake of whoever asks."""

PLAIN: dict[int, tuple[str, str, str]] = {
    400: ("E-REQUEST", "The request could not be understood.", "Check the address and the body."),
    404: ("E-NOT-FOUND", "There is nothing at this address.", "Check the address."),
    405: ("E-METHOD", "This address does not take that method.", "See /openapi.json for what it takes."),
    413: ("E-TOO-LARGE", "The request is too large.", "Send less at once."),
    415: ("E-CONTENT-TYPE", "The body has the wrong content type.", "Send application/json."),
    429: ("E-TOO-MANY", "Too many attempts.", "Wait a minute and try again."),
}


class ProblemBody(BaseModel):
    """One thing that is wrong, where, and how to cure it."""

    code: str
    message: str
    cure: str = ""
    node: str | None = None
    port: str | None = None
    field: str | None = None
    severity: str = "error"


class ErrorBody(BaseModel):
    """The one error shape."""

    code: str
    message: str
    detail: str = ""
    cure: str = ""
    problems: list[ProblemBody] = []


def install(app: Flask) -> None:
    """Makes every failure of ``app`` answer in the one shape."""
    app.register_error_handler(HeddleError, _heddle)
    app.register_error_handler(HTTPException, plain)
    app.register_error_handler(Exception, _unexpected)


def not_found(what: str, name: str) -> RequestError:
    return RequestError(
        f"There is no {what} «{name}».",
        status=404,
        code="E-NOT-FOUND",
        cure="It may have been deleted or renamed; reload the list.",
    )


def invalid_body(error: ValidationError) -> NoReturn:
    """A request that does not fit its model. Raises RequestError (422) with one problem for each place."""
    problems = problems_of(error)
    raise RequestError(
        problems[0].message if len(problems) == 1 else f"{len(problems)} values of the request are wrong.",
        status=422,
        code="E-BODY",
        cure=problems[0].cure,
        problems=problems,
    ) from error


@contextmanager
def reading(words: str, code: str, within: str = "") -> Iterator[None]:
    """For validating a document: «``words``: the first problem». Raises RequestError (422) with one problem for each
    wrong place, named from ``within`` on."""
    try:
        yield
    except ValidationError as error:
        problems = problems_of(error, within)
        raise RequestError(
            f"{words}: {problems[0].message}",
            status=422,
            code=code,
            cure=problems[0].cure,
            problems=problems,
        ) from error


def problems_of(error: ValidationError, within: str = "") -> list[Problem]:
    """pydantic's complaints in words, with the path of each field; values are left out: they may be secret."""
    return [_problem(complaint, within) for complaint in error.errors(include_input=False, include_url=False)]


def _problem(complaint: Any, within: str) -> Problem:
    path = ".".join([within, *map(str, complaint["loc"])] if within else map(str, complaint["loc"]))
    place = f"«{path}»" if path else "The request"
    kind = complaint["type"]
    if kind == "missing":
        return Problem("E-MISSING", f"{place} is missing.", f"Add {place}.", field=path or None)
    if kind == "extra_forbidden":
        return Problem(
            "E-UNKNOWN", f"{place} is not known here.", "Remove it, or check its spelling.", field=path
        )
    if kind in {"model_type", "model_attributes_type", "dict_type", "json_invalid", "json_type"}:
        return Problem("E-VALUE", f"{place} should be a JSON object.", "Send {…}.", field=path or None)
    said = str(complaint["msg"])
    said = said.removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    text = f"{place} {said[:1].lower()}{said[1:]}."
    return Problem("E-VALUE", text, "Correct this value.", field=path or None)


def answer(error: HeddleError, status: int, **more: Any) -> Response:
    """The one shape as a response; ``more`` are further keys (``current`` of a stale revision)."""
    problems = getattr(error, "problems", [])
    body = {**error.as_json(), "problems": [problem.as_json() for problem in problems], **more}
    response = jsonify(body)
    response.status_code = status
    if isinstance(error, RequestError) and error.challenge:
        response.headers["WWW-Authenticate"] = error.challenge
    if isinstance(error, Unavailable) and error.retry_after:
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return response


def _heddle(error: HeddleError) -> Response:
    if error.code in NOT_OURS:
        return answer(error, 422)
    if isinstance(error, RequestError):
        return answer(error, error.status, **getattr(error, "more", {}))
    for kind, status in STATUS:
        if isinstance(error, kind):
            return answer(error, status)
    log.error("%s %s failed: %s %s", request.method, request.path, error.code, error.detail, exc_info=error)
    return answer(error, 500)


def plain(error: HTTPException) -> Response:
    """One of HTTP's own errors in our shape."""
    if error.response is not None and error.code is None:
        return current_app.make_response(error.get_response())
    status = error.code or 500
    code, message, cure = PLAIN.get(status, (f"E-HTTP-{status}", error.name + ".", ""))
    if isinstance(error, RequestEntityTooLarge):
        limit = request.max_content_length or 0
        message = f"The request is larger than {limit // (1024 * 1024)} MB."
        cure = "Send it in smaller parts."
    response = answer(RequestError(message, status=status, code=code, cure=cure), status)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    reference = secrets.token_hex(4)
    log.error("%s %s failed [%s]", request.method, request.path, reference, exc_info=error)
    ours = HeddleError(
        "Heddle made a mistake while answering.",
        detail=f"Reference {reference} in the log of the web server.",
        cure="Try again. If it happens again, report it with the reference.",
    )
    return answer(ours, 500)
