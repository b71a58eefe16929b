"""What an answer means: by the rules of the connection first, by its status otherwise."""

from __future__ import annotations

from typing import Any

from requests import Response

from engine.errors import AccessError, HeddleError, RecordRejected, Unavailable
from engine.record import Change, Outcome, Result, to_json
from nodes.systems.http.line import body_of, meaning, refuse, said
from nodes.systems.http.settings import ErrorRule, HttpSettings, Success, Then, at

CURE = "When the cause is out of the way there, release it."

MEANS: dict[Then, type[HeddleError]] = {
    "retry": Unavailable,
    "reject": RecordRejected,
    "hold": RecordRejected,
    "doubt": Unavailable,
    "access": AccessError,
}
"""What a rule means for a call that writes nothing."""


class Judge:
    """Judges the answers of one service."""

    def __init__(self, settings: HttpSettings, name: str) -> None:
        self.settings, self.name = settings, name

    def ruled(self, response: Response, body: Any) -> Then | None:
        """What the connection's own rules say about an answer, None when they say nothing."""
        fits = (rule.then for rule in self.settings.errors if _fits(rule, response.status_code, body))
        return next(fits, None)

    def leaves_open(self, response: Response, body: Any) -> bool:
        """Whether an answer to a call that writes does not tell if it was carried out."""
        then = self.ruled(response, body)
        return then == "doubt" or (then is None and response.status_code >= 500)

    def error(self, response: Response, body: Any, what: str) -> HeddleError | None:
        """The error that a whole answer stands for, None when it is good."""
        then = self.ruled(response, body)
        if then is None and response.ok:
            return None
        return refuse(
            MEANS[then] if then else meaning(response.status_code),
            self.name,
            what,
            response,
            self.reason(body),
        )

    def content(self, response: Response, what: str) -> Any:
        """The decoded body of a reading call. Raises the error that the answer stands for."""
        body = body_of(response)
        if error := self.error(response, body, what):
            raise error
        if body is None and response.content.strip() not in {b"", b"null"}:
            raise Unavailable(
                f"{self.name} answered something else than JSON when asked for {what}.",
                code="E-ANSWER",
                cure="Check the address and the path; a login page may be in the way.",
                detail=response.text[:500],
            )
        return body

    def refusal(
        self, response: Response, body: Any, error: RecordRejected, entity: str, about: Change
    ) -> Result:
        """What becomes of a record that a call refused: it has failed, or waits for somebody if a rule says so."""
        if self.ruled(response, body) != "hold":
            return Result(
                Outcome.FAILED, about.remote_id, code=error.code, message=error.message, detail=error.detail
            )
        question = {"kind": "refused", "entity": entity, "reason": self.reason(body)}
        message = f"Held: {error.message}"
        return Result(
            Outcome.HELD, about.remote_id, code="E-HELD", message=message, question=question, detail=CURE
        )

    def reason(self, body: Any) -> str:
        found = at(self.settings.message, body)
        return (found if isinstance(found, str) else said(body)).rstrip(". ")


FAILED = frozenset({"error", "failed", "failure", "fail"})


def complaint(answer: Any, *, made: bool) -> Any:
    """What an answer complains of, in the ways in which most services do; None where it does not.

    For answers of which the connection says nothing else. ``made``: it brings the id of what was written, so only a
    plain «no» counts: what was written may itself have an error, or a status.
    """
    if not isinstance(answer, dict):
        return None
    said_no = any(answer.get(name) is False for name in ("success", "ok"))
    if not said_no and made:
        return None
    for name in ("error", "errors"):
        if answer.get(name) not in (None, "", False, 0, [], {}):
            return answer[name]
    return answer if said_no or _is_refusal(answer) else None


def _is_refusal(answer: dict[str, Any]) -> bool:
    """Whether its own status says so: in words, or as one of several under 207 (RFC 4918, 13)."""
    for name in ("status", "statusCode", "status_code"):
        told = answer.get(name)
        if isinstance(told, str) and (told.lower() in FAILED or told[:3].isdecimal()):
            told = int(told[:3]) if told[:3].isdecimal() else 400
        if isinstance(told, int) and not isinstance(told, bool) and 400 <= told <= 599:
            return True
    return False


def is_page(response: Response) -> bool:
    """Whether the answer is a page for people: a login, or what a proxy says."""
    kind = response.headers.get("Content-Type", "").lower()
    start = response.content[:200].lstrip().lower()
    return "html" in kind or start.startswith((b"<!doctype html", b"<html"))


def text_of(value: Any) -> str:
    """A value as it stands in JSON, a text without its quotes: for comparing with what somebody typed."""
    return value if isinstance(value, str) else to_json(value).decode()


def succeeded(rule: Success | None, body: Any) -> bool:
    return rule is None or text_of(at(rule.path, body)) == rule.equals


def _is(text: str, wanted: str) -> bool:
    """Whether a text is the wanted one, in which ``*`` stands for any text; case counts only without it."""
    if "*" not in wanted:
        return text == wanted
    first, *parts, last = wanted.casefold().split("*")
    text = text.casefold()
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    rest = text[len(first) : len(text) - len(last)]
    for part in filter(None, parts):
        _, found, rest = rest.partition(part)
        if not found:
            return False
    return True


def _fits(rule: ErrorRule, status: int, body: Any) -> bool:
    if rule.status and rule.status not in (str(status), f"{status // 100}xx"):
        return False
    if not rule.path:
        return True
    value = at(rule.path, body)
    return _is(text_of(value), rule.equals) if rule.equals else value not in (None, "", False)
