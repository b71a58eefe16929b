"""What the command line does with accounts: a user with a one-time password, a token for a machine."""

from __future__ import annotations

import secrets

from engine.store import accounts, audit
from engine.store.database import Database

COMMAND_LINE = "command line"


def create_user(database: Database, email: str, role: str = "admin", name: str = "") -> str:
    """Creates a user and returns the password for the first sign-in, which must then be changed.

    Raises RequestError when the e-mail is taken or there is no such role.
    """
    password = one_time_password()
    with database.write() as session:
        accounts.add_user(
            session, email=email, name=name, role=role, password=password, must_change_password=True
        )
        audit.note(session, COMMAND_LINE, "user.create", email, role=role)
    return password


def reset_password(database: Database, email: str) -> str | None:
    """A new one-time password for a user who lost theirs; None when there is no such user."""
    password = one_time_password()
    with database.write() as session:
        user = accounts.by_email(session, email)
        if user is None:
            return None
        accounts.set_password(session, user, password, must_change=True)
        audit.note(session, COMMAND_LINE, "user.password", email)
    return password


def create_token(database: Database, name: str, role: str = "operator", *, days: float | None = None) -> str:
    """Creates a token and returns its text, which cannot be read again. Raises RequestError for a bad role."""
    with database.write() as session:
        token, text = accounts.add_token(session, name=name, role=role, created_by=COMMAND_LINE, days=days)
        audit.note(session, COMMAND_LINE, "token.create", token.id, name=name, role=role)
    return text


def has_users(database: Database) -> bool:
    with database.read() as session:
        return bool(accounts.users(session))


def one_time_password() -> str:
    """Fifteen letters and digits that cannot be mistaken for one another, in three groups."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(3))
