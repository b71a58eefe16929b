"""The way to Intacct: sign-in, sessions, and one POST for many functions.

Source: developer.intacct.com, web services (requests, sessions) and API sessions: getAPISession answers a
session id and the endpoint that belongs to it, which is used from then on. A refusal by the gateway itself
comes with an HTTP status (401 for a bad sign-in, 429 with GW-0010 above the limits) and the usual XML.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from lxml import etree

from engine.clock import passing
from engine.errors import AccessError, EngineError, HeddleError, InDoubt, RecordRejected, Unavailable
from engine.http import Http, retry_after
from nodes.systems.intacct import answers, envelope, refusals
from nodes.systems.intacct.answers import Answer, Response, Unreadable
from nodes.systems.intacct.envelope import Function
from nodes.systems.intacct.settings import IntacctSettings

DEFAULT_RETRY_AFTER = 5.0
REFUSED = "E-XML-REFUSED"
REPEATED = "E-REPEATED"
"""Codes of an EngineError: Intacct found the XML invalid, or has carried out one of the functions before."""


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    endpoint: str
    user: str
    company: str
    location: str


class Gateway:
    """Sends functions and hands back their answers. Keeps one session until Intacct forgets it."""

    def __init__(self, settings: IntacctSettings, http: Http) -> None:
        self.settings = settings
        self.http = http
        self._session: Session | None = None
        self._sessionless = not settings.reuse_session

    def run(self, bodies: Sequence[etree._Element]) -> list[Answer]:
        """Functions that change nothing, in one request."""
        functions = [Function(uuid.uuid4().hex, body) for body in bodies]
        return self.call(functions, mutating=False)

    def call(self, functions: Sequence[Function], *, mutating: bool, unique: bool = False) -> list[Answer]:
        """The answer of each function, in order.

        Raises AccessError, Unavailable (certainly nothing was carried out), InDoubt (a changing call whose
        outcome is unknown), EngineError (Intacct found the XML invalid, code E-XML-REFUSED).
        """
        response = self._send(functions, mutating=mutating, unique=unique)
        if self._session is not None and not response.signed_in and _is_sign_in(response):
            # The session has expired. Nothing was carried out, so the same request may go out again.
            self._session = None
            response = self._send(functions, mutating=mutating, unique=unique)
        if not response.accepted or not response.signed_in or (response.faults and not response.answers):
            raise self._refusal(response)
        if len(response.answers) != len(functions):
            raise self._broken("it holds fewer results than the request had functions", mutating)
        return _in_order(functions, response.answers)

    def sign_in(self) -> Session:
        """A fresh session. Raises AccessError or Unavailable."""
        functions = [Function("session", envelope.get_session())]
        raw = self._document(self._login(), functions, unique=False)
        response = self._post(self.settings.endpoint, raw, mutating=False, private=True)
        if not response.accepted or not response.signed_in:
            raise self._refusal(response)
        answer = response.answers[0] if response.answers else None
        sessionid = answer.data.findtext("api/sessionid") if answer and answer.data is not None else None
        if answer is None or not answer.ok or not sessionid:
            faults = answer.faults if answer else response.faults
            raise refusals.error(faults, "Intacct gave no session")
        assert answer.data is not None
        self.http.conceal(sessionid)
        endpoint = answer.data.findtext("api/endpoint") or ""
        return Session(
            sessionid,
            self._trusted(endpoint),
            response.user,
            response.company,
            answer.data.findtext("api/locationid") or response.location,
        )

    def session(self) -> Session:
        if self._session is None:
            self._session = self.sign_in()
        return self._session

    def _send(self, functions: Sequence[Function], *, mutating: bool, unique: bool) -> Response:
        endpoint, authentication = self.settings.endpoint, self._login()
        if not self._sessionless:
            try:
                session = self.session()
                endpoint, authentication = session.endpoint, envelope.session(session.id)
            except RecordRejected:
                # The user may run functions but not getAPISession: sign in with every request instead.
                self._sessionless = True
        return self._post(
            endpoint, self._document(authentication, functions, unique=unique), mutating=mutating
        )

    def _login(self) -> etree._Element:
        settings = self.settings
        return envelope.login(
            settings.user_id,
            settings.company_id,
            settings.user_password.get_secret_value(),
            settings.location_id,
        )

    def _document(
        self, authentication: etree._Element, functions: Sequence[Function], *, unique: bool
    ) -> bytes:
        sender = (self.settings.sender_id, self.settings.sender_password.get_secret_value())
        return envelope.request(sender, uuid.uuid4().hex, authentication, functions, unique=unique)

    def _post(self, url: str, raw: bytes, *, mutating: bool, private: bool = False) -> Response:
        sent_at = passing()
        answer = self.http.request(
            "POST",
            url,
            mutating=mutating,
            data=raw,
            headers={"Content-Type": "application/xml"},
            private=private,
        )
        if answer.status_code == 429:
            raise self._limited(answer)
        if answer.status_code >= 500:
            message = f"Intacct answered with an internal error ({answer.status_code})."
            if mutating:
                raise InDoubt(
                    f"{message} Whether it carried out the request is not known yet.",
                    sent_at=sent_at,
                    timeout=self.http.timeout,
                    detail=answer.text[:500],
                )
            raise Unavailable(message, retry_after=retry_after(answer), detail=answer.text[:500])
        try:
            response = answers.read(answer.content)
        except Unreadable as reason:
            raise self._unreadable(answer, str(reason), mutating, sent_at) from None
        if answer.status_code >= 400 and response.accepted and response.signed_in:
            raise self._unreadable(answer, f"status {answer.status_code}", mutating, sent_at)
        return response

    def _limited(self, answer: requests.Response) -> Unavailable:
        try:
            faults = answers.read(answer.content).faults
        except Unreadable:
            faults = ()
        text = refusals.sentence(faults) or "Too many requests at once."
        return Unavailable(
            f"Intacct limits our requests: {text}",
            retry_after=retry_after(answer) or DEFAULT_RETRY_AFTER,
            code="E-RATE",
            detail=refusals.RATE_LIMIT,
        )

    def _refusal(self, response: Response) -> HeddleError:
        if not response.accepted:
            context = "Intacct did not accept the request"
        elif not response.signed_in:
            context = f"Intacct did not let {self.settings.user_id} into {self.settings.company_id}"
        else:
            context = "Intacct did not carry out the request"
        error = refusals.error(response.faults, context, DEFAULT_RETRY_AFTER)
        if refusals.is_repeat(response.faults):
            return EngineError(error.message, code=REPEATED, detail=error.detail)
        if isinstance(error, RecordRejected):
            return AccessError(error.message, detail=error.detail, cure=error.cure)
        return error

    def _unreadable(
        self, answer: requests.Response, reason: str, mutating: bool, sent_at: float
    ) -> HeddleError:
        detail = f"status {answer.status_code}, {answer.headers.get('Content-Type', 'no content type')}"
        if 300 <= answer.status_code < 500:
            return AccessError(
                f"The address of the connection does not answer as Intacct does: {reason}.",
                code="E-URL",
                detail=detail,
                cure="Correct the endpoint; it is usually https://api.intacct.com/ia/xml/xmlgw.phtml.",
            )
        if mutating:
            return InDoubt(
                f"Intacct's answer cannot be read: {reason}. Whether it carried out the request is not known yet.",
                sent_at=sent_at,
                timeout=self.http.timeout,
                detail=detail,
            )
        return Unavailable(f"Intacct's answer cannot be read: {reason}.", code="E-XML", detail=detail)

    def _broken(self, reason: str, mutating: bool) -> HeddleError:
        if mutating:
            return InDoubt(
                f"Intacct's answer is incomplete: {reason}. What it carried out is not known yet.",
                sent_at=passing(),
                timeout=self.http.timeout,
            )
        return Unavailable(f"Intacct's answer is incomplete: {reason}.", code="E-XML")

    def _trusted(self, endpoint: str) -> str:
        """The session's endpoint if it is Intacct's or the configured host; passwords go nowhere else."""
        ours, theirs = urlsplit(self.settings.endpoint), urlsplit(endpoint)
        host = theirs.hostname or ""
        if theirs.scheme == "https" and (host == "intacct.com" or host.endswith(".intacct.com")):
            return endpoint
        if (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc):
            return endpoint
        return self.settings.endpoint


def _in_order(functions: Sequence[Function], found: Sequence[Answer]) -> list[Answer]:
    """By controlid when every result names one of ours, else as they came (they come in order)."""
    by_id = {answer.controlid: answer for answer in found}
    if len(by_id) == len(found) and all(function.controlid in by_id for function in functions):
        return [by_id[function.controlid] for function in functions]
    return list(found)


def _is_sign_in(response: Response) -> bool:
    return any(refusals.ERRORS.get(fault.errorno) is AccessError for fault in response.faults)
