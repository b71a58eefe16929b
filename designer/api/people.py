"""Users and tokens: for administrators."""

from __future__ import annotations

from typing import Literal

from flask import Response, jsonify
from pydantic import Field, SecretStr

from designer.accounts import one_time_password
from designer.api.body import Body, Id
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.errors import not_found
from designer.installation import here
from engine.store import accounts, audit

room = new_room("people")
Role = Literal["viewer", "operator", "editor", "admin"]


class NewUser(Body):
    """Without a password one is made up and answered once, for the first sign-in."""

    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)
    name: str = Field(default="", max_length=200)
    role: Role
    password: SecretStr | None = None


class UserChange(Body):
    """``reset_password`` answers a new one-time password."""

    name: str | None = Field(default=None, max_length=200)
    role: Role | None = None
    active: bool | None = None
    reset_password: bool = False


class NewToken(Body):
    name: str = Field(min_length=1, max_length=200)
    role: Role
    days: float | None = Field(default=None, gt=0, description="until it expires; never if left out")


@room.get("/api/users")
@allow("admin")
def users() -> Response:
    """All users."""
    with here().database.read() as store:
        return jsonify([user.as_json() for user in accounts.users(store)])


@room.post("/api/users")
@allow("admin")
def add_user(body: NewUser) -> tuple[Response, int]:
    """Add a user. The answer carries ``password`` once when it was made up."""
    given = body.password.get_secret_value() if body.password else ""
    password = given or one_time_password()
    with here().database.write() as store:
        user = accounts.add_user(
            store,
            email=body.email,
            name=body.name,
            role=body.role,
            password=password,
            must_change_password=True,
        )
        audit.note(store, me().actor, "user.create", user.email, role=user.role)
    return jsonify({**user.as_json(), **({} if given else {"password": password})}), 201


@room.get("/api/users/<string:id>")
@allow("admin")
def user(path: Id) -> Response:
    """One user."""
    with here().database.read() as store:
        found = accounts.user(store, path.id)
    if found is None:
        raise not_found("user", path.id)
    return jsonify(found.as_json())


@room.patch("/api/users/<string:id>")
@allow("admin")
def change_user(path: Id, body: UserChange) -> Response:
    """Change name, role or state of a user; ends their sessions when it matters."""
    password = one_time_password() if body.reset_password else None
    with here().database.write() as store:
        found = accounts.user(store, path.id)
        if found is None:
            raise not_found("user", path.id)
        accounts.change_user(store, found, name=body.name, role=body.role, active=body.active)
        if password:
            accounts.set_password(store, found, password, must_change=True)
        changed = body.model_dump(exclude_unset=True)
        audit.note(store, me().actor, "user.change", found.email, **changed)
    return jsonify({**found.as_json(), **({"password": password} if password else {})})


@room.delete("/api/users/<string:id>")
@allow("admin")
def delete_user(path: Id) -> tuple[str, int]:
    """Delete a user; what they did stays in the history."""
    with here().database.write() as store:
        found = accounts.user(store, path.id)
        if found is None:
            raise not_found("user", path.id)
        accounts.delete_user(store, found)
        audit.note(store, me().actor, "user.delete", found.email)
    return "", 204


@room.get("/api/tokens")
@allow("admin")
def tokens() -> Response:
    """All tokens, without their texts."""
    with here().database.read() as store:
        return jsonify([token.as_json() for token in accounts.tokens(store)])


@room.post("/api/tokens")
@allow("admin")
def add_token(body: NewToken) -> tuple[Response, int]:
    """Add a token for a machine. ``token`` is answered once and never again."""
    with here().database.write() as store:
        token, text = accounts.add_token(
            store, name=body.name, role=body.role, created_by=me().actor, days=body.days
        )
        audit.note(store, me().actor, "token.create", token.id, name=token.name, role=token.role)
    return jsonify({**token.as_json(), "token": text}), 201


@room.delete("/api/tokens/<string:id>")
@allow("admin")
def delete_token(path: Id) -> tuple[str, int]:
    """Revoke a token at once."""
    with here().database.write() as store:
        found = accounts.token(store, path.id)
        if found is None:
            raise not_found("token", path.id)
        store.delete(found)
        audit.note(store, me().actor, "token.delete", found.id, name=found.name)
    return "", 204
