"""An imitation of Sage Intacct's XML gateway.

Written from developer.intacct.com (requests, responses, queries, API reference) and from what the official
SDKs send and expect. Sign in as sender ``heddle`` / ``heddle-sender``, company ``demo``, user ``xmluser`` /
``heddle-user``; entities are ``US`` and ``EU``.

``POST /ia/xml/xmlgw.phtml``   the gateway          ``GET /``   the company's books as pages for people

Where the documentation is silent (the refusal of a repeated function, of a closed period) the wording is
ours.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from flask import Response, g, request
from lxml import etree

from nodes.systems.intacct import sandbox_dtd, sandbox_pages, sandbox_seed
from nodes.systems.intacct.sandbox_books import Context
from nodes.systems.intacct.sandbox_functions import Caller, Functions
from nodes.systems.intacct.sandbox_store import Store
from nodes.systems.intacct.sandbox_trade import Trade
from nodes.systems.intacct.sandbox_xml import (
    Element,
    Fault,
    Invalid,
    add,
    add_errors,
    dump,
    envelope,
    mark,
    parse,
    refusal,
    text,
)
from nodes.systems.sandbox import COMMON_VICES, Sandbox, Vice

SENDER, SENDER_PASSWORD = "heddle", "heddle-sender"
COMPANY, USER, USER_PASSWORD = "demo", "xmluser", "heddle-user"
PATH = "/ia/xml/xmlgw.phtml"
SESSION_SECONDS = 2 * 3600
CHANGING = ("create", "update", "delete", "reverse", "void", "apply")
DONE = "_FUNCTION"


@dataclass(frozen=True, slots=True)
class Session:
    user: str
    entity: str
    started: float


@dataclass(slots=True)
class Outcome:
    """What became of one function: an element to answer with, or a fault."""

    function: Element
    answer: Element | None = None
    fault: Fault | None = None
    status: str = "success"

    @property
    def name(self) -> str:
        return str(self.function[0].tag)

    @property
    def controlid(self) -> str:
        return self.function.get("controlid", "")


class IntacctSandbox(Sandbox):
    """One company with two entities, its chart of accounts, and whatever is written to it."""

    system = "intacct"
    title = "Sage Intacct"
    vices: ClassVar[tuple[Vice, ...]] = (
        *COMMON_VICES,
        Vice("closed_period", "The books of a month are closed", {"month": ""}),  # "2026-11"; empty: this one
        Vice("no_external_id", "Queries do not know external ids", {}),
    )

    @classmethod
    def connection(cls, url: str) -> dict[str, str]:
        """The settings, secrets included, with which a connector reaches this sandbox at ``url``."""
        return {
            "endpoint": f"{url}{PATH}",
            "sender_id": SENDER,
            "sender_password": SENDER_PASSWORD,
            "company_id": COMPANY,
            "user_id": USER,
            "user_password": USER_PASSWORD,
        }

    def __init__(self, path: Path | None = None) -> None:
        self.sessions: dict[str, Session] = {}
        super().__init__(path)

    def routes(self) -> None:
        self.store = Store(self)
        self.books = Trade(self.store)
        self.functions = Functions(self.store, self.books, self._hidden_fields)
        if next(self.store.rows("GLACCOUNT"), None) is None:
            sandbox_seed.furnish(self.store, self.now(), USER)
        self.app.add_url_rule(PATH, "gateway", self.gateway, methods=["POST"])
        sandbox_pages.register(self.app, self.store)

    def seed(self, n: int, seed: int) -> dict[str, int]:
        with self.lock:
            return sandbox_seed.seed(self.store, self.books, n, seed, self.now())

    def reset(self) -> None:
        with self.lock:
            super().reset()
            self.db.execute("DELETE FROM settings")
            self.sessions.clear()
            self.store.load()
            sandbox_seed.furnish(self.store, self.now(), USER)

    def is_mutating(self) -> bool:
        if "mutating" in g:
            return bool(g.mutating)
        try:
            root = parse(request.get_data())
        except Invalid:
            return False
        return any(_changes(function) for function in root.iterfind("operation/content/function"))

    def refusal(self, status: int, retry_after: float | None) -> Response:
        if status == 429:
            fault = Fault("GW-0010", "Too many requests: the limit of concurrent requests is reached.")
            answer = _xml(refusal([fault]), 429)
        else:
            answer = Response("Internal Server Error", status=status, mimetype="text/html")
        if retry_after is not None:
            answer.headers["Retry-After"] = str(retry_after)
        return answer

    # the gateway -------------------------------------------------------------------------------------

    def gateway(self) -> Response:
        control: Element | None = None
        try:
            root = parse(request.get_data())
            control = root.find("control")
            functions = self._valid(root, control)
            self._check_sender(control)
        except Invalid as error:
            return _xml(refusal([Fault("XL03000003", str(error), "Correct the XML.")], control))
        except Fault as fault:
            return _xml(refusal([fault], control), fault.status)
        g.mutating = any(_changes(function) for function in functions)
        answer = etree.Element("response")
        envelope(answer, "success", control)
        authentication = root.find("operation/authentication")
        try:
            session = self._sign_in(authentication)
        except Fault as fault:
            if fault.status != 200:
                return _xml(refusal([fault], control), fault.status)
            _not_signed_in(add(answer, "operation"), authentication, fault)
            return _xml(answer)
        unique = text(control, "uniqueid") != "false"
        outcomes = self._run(functions, session, unique, root.find("operation").get("transaction") == "true")  # type: ignore[union-attr]
        if text(control, "policyid"):
            add(add(answer, "acknowledgement"), "status", "success")
            return _xml(answer)
        operation = add(answer, "operation")
        _signed_in(operation, session)
        for outcome in outcomes:
            _add_result(operation, outcome)
        return _xml(answer)

    def _valid(self, root: Element, control: Element | None) -> list[Element]:
        """The functions of a well-formed request. Raises Invalid as a DTD would."""
        if root.tag != "request" or control is None or root.find("operation/content") is None:
            raise Invalid("Element request content does not follow the DTD, expecting (control, operation)")
        order = [str(child.tag) for child in control]
        expected = ("senderid", "password", "controlid", "uniqueid", "dtdversion", "policyid",
                    "includewhitespace", "showadditionalerrorinfo")  # fmt: skip
        if order != [name for name in expected if name in order]:
            raise Invalid(f"Element control content does not follow the DTD, got ({' '.join(order)})")
        if text(control, "dtdversion") != "3.0":
            raise Invalid("The dtdversion must be 3.0.")
        if not 1 <= len(text(control, "controlid")) <= 256:
            raise Invalid("The controlid must have between 1 and 256 characters.")
        functions = root.findall("operation/content/function")
        if not functions:
            raise Invalid("Element content content does not follow the DTD, expecting (function)+, got ()")
        for function in functions:
            if len(function) != 1 or not 1 <= len(function.get("controlid", "")) <= 256:
                raise Invalid("Element function content does not follow the DTD")
            if function[0].tag in sandbox_dtd.FUNCTIONS:
                sandbox_dtd.check(function[0])
        return functions

    def _check_sender(self, control: Element | None) -> None:
        if (text(control, "senderid"), text(control, "password")) != (SENDER, SENDER_PASSWORD):
            raise Fault("XL03000006", "Incorrect Intacct XML Partner ID or password.")

    def _sign_in(self, authentication: Element | None) -> Session:
        if self.use("token_expiry"):
            self.sessions.clear()
        given = text(authentication, "sessionid")
        if given:
            session = self.sessions.get(given)
            if session is None or session.started + SESSION_SECONDS < self.now():
                self.sessions.pop(given, None)
                raise Fault("XL03000006", "Sign-in information is incorrect")
            return session
        login = authentication.find("login") if authentication is not None else None
        names = (text(login, "companyid"), text(login, "userid"), text(login, "password"))
        if names != (COMPANY, USER, USER_PASSWORD):
            reason = "Sign-in information is incorrect. Please check your request."
            raise Fault("XMLGW_JPP0002", reason, status=401)
        entity = text(login, "locationid")
        self._check_entity(entity)
        return Session(USER, entity, self.now())

    def _check_entity(self, entity: str) -> None:
        row = self.store.one("LOCATION", "LOCATIONID", entity) if entity else None
        if entity and (row is None or row.get("ENTITY") != "true"):
            raise Fault("XL03000006", f"Invalid location '{entity}' specified for sign-in.")

    # functions ---------------------------------------------------------------------------------------

    def _run(self, functions: list[Element], session: Session, unique: bool, together: bool) -> list[Outcome]:
        outcomes = [Outcome(function) for function in functions]
        if not g.mutating:
            with self.lock:
                for outcome in outcomes:
                    self._one(outcome, session)
            return outcomes
        with self.committing():
            self.db.execute("BEGIN")
            try:
                self._write(outcomes, session, unique, together)
            finally:
                self.db.execute("COMMIT")
        return outcomes

    def _write(self, outcomes: list[Outcome], session: Session, unique: bool, together: bool) -> None:
        if together:
            self.store.begin()
        for outcome in outcomes:
            if unique and self.get(DONE, outcome.controlid) is not None:
                outcome.status, outcome.fault = (
                    "failure",
                    Fault(
                        "XL03000008",
                        f"The function with controlid '{outcome.controlid}' was previously executed and completed.",
                        "Use a unique controlid.",
                    ),
                )
            else:
                if not together:
                    self.store.begin()
                self._one(outcome, session)
            if outcome.fault is not None and together:
                self.store.rollback()
                self._abort(outcomes, outcome)
                return
            if not together:
                (self.store.commit if outcome.fault is None else self.store.rollback)()
        if together:
            self.store.commit()
        for outcome in outcomes:
            if unique and outcome.fault is None:
                self.put(DONE, outcome.controlid, {"function": outcome.name})

    def _abort(self, outcomes: list[Outcome], culprit: Outcome) -> None:
        back = Fault(
            "XL03000009", "The entire transaction in this operation has been rolled back due to an error."
        )
        for outcome in outcomes:
            if outcome is not culprit:
                outcome.status, outcome.answer, outcome.fault = "aborted", None, back

    def _one(self, outcome: Outcome, session: Session) -> None:
        closed = self.use("closed_period")
        month = (
            (closed.get("month") or f"{datetime.fromtimestamp(self.now(), UTC):%Y-%m}")
            if closed is not None
            else ""
        )
        user = self.store.one("USERINFO", "LOGINID", session.user)
        context = Context(session.entity, self.now(), str(month), user["RECORDNO"] if user else "")
        caller = Caller(context, self._new_session(session), request.url_root, self._page_vice())
        try:
            outcome.answer = self.functions.run(outcome.function[0], caller)
        except Fault as fault:
            outcome.status, outcome.fault = "failure", fault

    def _new_session(self, session: Session) -> Callable[[str | None], tuple[str, str]]:
        def start(entity: str | None) -> tuple[str, str]:
            chosen = session.entity if entity is None else entity
            self._check_entity(chosen)
            key = f"{secrets.token_urlsafe(18)}.."
            self.sessions[key] = Session(session.user, chosen, self.now())
            return key, chosen

        return start

    def _page_vice(self) -> int:
        """How many rows a later page by offset begins too early (1: repeats) or too late (-1: skips)."""
        if "duplicate_rows" in self.active:
            return 1
        return -1 if "shifting_pages" in self.active else 0

    def _hidden_fields(self) -> set[str]:
        return {"EXTERNALID"} if "no_external_id" in self.active else set()


def _changes(function: Element) -> bool:
    return len(function) > 0 and str(function[0].tag).split("_")[0] in CHANGING


def _xml(root: Element, status: int = 200) -> Response:
    return Response(dump(root), status=status, content_type='text/xml; encoding="UTF-8"')


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _signed_in(operation: Element, session: Session) -> None:
    block = add(operation, "authentication")
    add(block, "status", "success")
    add(block, "userid", session.user)
    add(block, "companyid", COMPANY)
    add(block, "locationid", session.entity)
    add(block, "sessiontimestamp", _iso(session.started))
    add(block, "sessiontimeout", _iso(session.started + SESSION_SECONDS))


def _not_signed_in(operation: Element, authentication: Element | None, fault: Fault) -> None:
    block = add(operation, "authentication")
    add(block, "status", "failure")
    add(block, "userid", text(authentication, "login/userid"))
    add(block, "companyid", text(authentication, "login/companyid"))
    add(block, "locationid", text(authentication, "login/locationid"))
    add_errors(operation, [fault])


def _add_result(operation: Element, outcome: Outcome) -> None:
    result = add(operation, "result")
    add(result, "status", outcome.status)
    add(result, "function", outcome.name)
    add(result, "controlid", outcome.controlid)
    if outcome.fault is not None:
        if outcome.name in {"create", "update"}:
            mark(add(result, "data"), listtype="objects", count="0")
        add_errors(result, [outcome.fault])
    elif outcome.answer is not None:
        result.extend(list(outcome.answer))
