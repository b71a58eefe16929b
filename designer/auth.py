"""Who is asking, and whether they may.

People sign in and get a session cookie; machines bring a bearer token. Every endpoint says with ``allow``
who may use it; one that says nothing does not start. What a cookie authenticates and changes something
must also carry the CSRF token, which a foreign page cannot read.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Flask, Request, current_app, request
from flask_login import LoginManager, current_user
from flask_wtf.csrf import ValidationError, validate_csrf

from designer.installation import Installation, here
from engine.clock import now
from engine.errors import EngineError, RequestError
from engine.store import accounts

ANYONE = "anyone"
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
TOKEN_USE_EVERY = 600.0  # seconds between notes of a token's use: reading must not write each time
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Identity:
    """Whoever is signed in. ``via`` is ``session`` or ``token``; the rest is what flask-login asks for."""

    id: str
    name: str
    email: str
    role: str
    via: str
    stamp: str = ""
    must_change_password: bool = False
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        return f"{self.id}:{self.stamp}"

    def may(self, role: str) -> bool:
        return accounts.ROLES.index(self.role) >= accounts.ROLES.index(role)

    @property
    def actor(self) -> str:
        """How the audit trail calls them."""
        return self.email if self.via == "session" else f"token {self.name}"

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "role": self.role,
            "must_change_password": self.must_change_password,
        }


def of_user(user: accounts.User) -> Identity:
    return Identity(
        user.id, user.name, user.email, user.role, "session", user.stamp, user.must_change_password
    )


def allow(role: str, *, password_due: bool = False, csrf: bool = True) -> Callable[[View], View]:
    """Says who may call a view: a role (and those above it), or ANYONE.

    password_due  also those who must change their password first
    csrf          False for addresses that other machines call without a session (hooks)
    """

    def mark(view: View) -> View:
        vars(view)["allowed"] = (role, password_due, csrf)
        return view

    return mark


def me() -> Identity:
    """Whoever is asking; only in views that are not open to anyone."""
    return cast("Identity", current_user._get_current_object())


def asking() -> Identity | None:
    """Whoever is asking, None when nobody is signed in."""
    return me() if current_user.is_authenticated else None


def install(app: Flask) -> None:
    """Hangs the doorkeeper in front of every view. Raises EngineError for a view that names nobody."""
    manager = LoginManager(app)
    manager.session_protection = None  # the stamp ends sessions; addresses of honest people change
    manager.user_loader(_from_session)
    manager.request_loader(_from_token)
    app.before_request(_guard)


def check_every_view(app: Flask) -> None:
    unmarked = [name for name, view in app.view_functions.items() if not hasattr(view, "allowed")]
    if unmarked:
        raise EngineError(f"Nobody is named who may use {', '.join(sorted(unmarked))}.", code="E-ALLOW")


def _from_session(value: str) -> Identity | None:
    user_id, _, stamp = value.partition(":")
    with here().database.read() as session:
        user = accounts.user(session, user_id)
    if user is None or not user.active or not hmac.compare_digest(user.stamp, stamp):
        return None
    return of_user(user)


def _from_token(asked: Request) -> Identity | None:
    kind, _, text = asked.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not text:
        return None
    installation = here()
    with installation.database.read() as session:
        token = accounts.by_token(session, text.strip())
    if token is None:
        return None
    if token.used_at is None or token.used_at < now() - TOKEN_USE_EVERY:
        _note_use(installation, token.id)
    return Identity(token.id, token.name, "", token.role, "token")


def _note_use(installation: Installation, token_id: str) -> None:
    with installation.database.write() as session:
        token = accounts.token(session, token_id)
        if token is not None:
            token.used_at = now()
            session.add(token)


def _guard() -> None:
    """Lets a request pass, or raises RequestError: 401 nobody, 403 not allowed."""
    if request.endpoint is None:
        return  # no such address: the error handler says so
    role, password_due, csrf = vars(current_app.view_functions[request.endpoint])["allowed"]
    if not csrf:
        return
    who = asking()
    if role != ANYONE:
        _admit(who, role, password_due)
    if request.method in CHANGING and (who is None or who.via == "session"):
        _check_csrf()


def _admit(who: Identity | None, role: str, password_due: bool) -> None:
    if who is None:
        raise RequestError(
            "Please sign in.",
            status=401,
            code="E-SIGN-IN",
            cure="Sign in, or send a valid token (Authorization: Bearer …).",
        )
    if who.must_change_password and not password_due:
        raise RequestError(
            "Choose a password of your own first.",
            status=403,
            code="E-CHANGE-PASSWORD",
            cure="The one you were given is for the first sign-in only.",
        )
    if not who.may(role):
        raise RequestError(
            f"This needs the role {role}; yours is {who.role}.",
            status=403,
            code="E-ROLE",
            cure="Ask an administrator to do it, or to give you the role.",
        )


def _check_csrf() -> None:
    try:
        validate_csrf(request.headers.get("X-CSRF-Token"))
    except ValidationError as error:
        raise RequestError(
            "This page is out of date.",
            status=403,
            code="E-CSRF",
            detail=str(error),
            cure="Reload the page; programs send X-CSRF-Token (from GET /api/session) or use a token.",
        ) from error


def wait_a_moment(started: float, at_least: float = 0.25) -> None:
    """Makes all refusals of a sign-in take equally long, whatever was wrong."""
    time.sleep(max(0.0, at_least - (time.monotonic() - started)))
