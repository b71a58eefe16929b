"""Signing in and out, and changing one's own password."""

from __future__ import annotations

import time

from flask import Response, jsonify, session
from flask_login import login_user, logout_user
from flask_wtf.csrf import generate_csrf
from pydantic import BaseModel, SecretStr

from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import ANYONE, Identity, allow, asking, me, of_user, wait_a_moment
from designer.installation import VERSION, here
from engine.errors import RequestError
from engine.store import accounts, audit

room = new_room("session")


class SignIn(Body):
    email: str
    password: SecretStr


class NewPassword(Body):
    old: SecretStr
    new: SecretStr


class WhoBody(BaseModel):
    id: str
    name: str
    email: str
    role: str
    must_change_password: bool


class SessionBody(BaseModel):
    """``csrf`` goes into the header X-CSRF-Token of every changing call."""

    user: WhoBody | None
    csrf: str
    demo: bool
    version: str


@room.get("/api/session", responses={200: SessionBody})
@allow(ANYONE)
def read() -> Response:
    """Who is signed in here."""
    return _session(asking())


@room.post("/api/session", responses={200: SessionBody})
@allow(ANYONE)
def sign_in(body: SignIn) -> Response:
    """Sign in with e-mail and password."""
    started = time.monotonic()
    database = here().database
    with database.read() as store:
        user = accounts.by_email(store, body.email)
    if not accounts.verify(user, body.password.get_secret_value()) or user is None:
        with database.write() as store:
            audit.note(store, body.email[:200], "session.refused", "session")
        wait_a_moment(started)
        raise RequestError(
            "E-mail or password is wrong.",
            status=401,
            code="E-CREDENTIALS",
            cure="Check both; an administrator can give you a new password.",
        )
    with database.write() as store:
        accounts.note_sign_in(store, user.id)
        audit.note(store, user.email, "session.open", "session")
    session.clear()  # a session that somebody else may have prepared ends here
    session.permanent = True
    who = of_user(user)
    login_user(who)
    return _session(who)


@room.delete("/api/session", responses={200: SessionBody})
@allow("viewer", password_due=True)
def sign_out() -> Response:
    """Sign out."""
    logout_user()
    session.clear()
    return _session(None)


@room.post("/api/session/password", responses={200: SessionBody})
@allow("viewer", password_due=True)
def change_password(body: NewPassword) -> Response:
    """Change one's own password; ends all other sessions of the user."""
    started = time.monotonic()
    who = me()
    with here().database.write() as store:
        user = accounts.user(store, who.id) if who.via == "session" else None
        if user is None:
            raise RequestError("A token has no password.", status=403, code="E-TOKEN", cure="Sign in first.")
        if not accounts.verify(user, body.old.get_secret_value()):
            wait_a_moment(started)
            raise RequestError(
                "The old password is wrong.", status=401, code="E-CREDENTIALS", cure="Type it again."
            )
        if body.old == body.new:
            raise RequestError(
                "The new password is the old one.", status=422, code="E-PASSWORD", cure="Choose another."
            )
        accounts.set_password(store, user, body.new.get_secret_value(), must_change=False)
        audit.note(store, user.email, "user.password", user.email)
    changed = of_user(user)
    login_user(changed)
    return _session(changed)


def _session(who: Identity | None) -> Response:
    return jsonify(
        {
            "user": who.as_json() if who else None,
            "csrf": generate_csrf(),
            "demo": here().config.demo,
            "version": VERSION,
        }
    )
