"""People and machines that may sign in: users with a password, tokens for machines."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
import hashlib
import secrets
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlmodel import Field, Session, SQLModel, col, select

from engine.clock import iso, now
from engine.errors import RequestError
from engine.store.runs import new_id

ROLES = ("viewer", "operator", "editor", "admin")
"""Each may do all that the ones before it may."""

MIN_PASSWORD = 10
MAX_PASSWORD = 200
hasher = PasswordHasher()
_nobody = ""  # a hash to verify against when there is no such user; made on first need


class User(SQLModel, table=True):
    """A person. ``stamp`` changes with the password, the role and the state: it ends open sessions."""

    __tablename__ = "user_account"

    id: str = Field(default_factory=new_id, primary_key=True)
    email: str = Field(unique=True)
    name: str
    role: str
    password_hash: str
    must_change_password: bool = False
    active: bool = True
    stamp: str = Field(default_factory=lambda: secrets.token_hex(8))
    created_at: float = Field(default_factory=now)
    signed_in_at: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "email": self.email,
            "name": self.name,
            "role": self.role,
            "active": self.active,
            "must_change_password": self.must_change_password,
            "created_at": iso(self.created_at),
            "signed_in_at": iso(self.signed_in_at) if self.signed_in_at else None,
        }


class Token(SQLModel, table=True):
    """A machine's key, kept as a SHA-256 hash: it is long and random, so a slow hash would add nothing."""

    __tablename__ = "token"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    role: str
    hash: str = Field(unique=True)
    created_by: str
    created_at: float = Field(default_factory=now)
    expires_at: float | None = None
    used_at: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "role": self.role,
            "created_by": self.created_by,
            "created_at": iso(self.created_at),
            "expires_at": iso(self.expires_at) if self.expires_at else None,
            "used_at": iso(self.used_at) if self.used_at else None,
        }


def check_password(text: str) -> None:
    """Raises RequestError (422) for a password that is too short or absurdly long."""
    if not MIN_PASSWORD <= len(text) <= MAX_PASSWORD:
        raise RequestError(
            f"A password has between {MIN_PASSWORD} and {MAX_PASSWORD} characters; this one has {len(text)}.",
            status=422,
            code="E-PASSWORD",
            cure="Choose a longer one; a few unrelated words do well.",
        )


def check_role(role: str) -> None:
    if role not in ROLES:
        raise RequestError(
            f"There is no role {role!r}.",
            status=422,
            code="E-NO-ROLE",
            cure=f"Choose one of {', '.join(ROLES)}.",
        )


def add_user(
    session: Session, *, email: str, name: str, role: str, password: str, must_change_password: bool = False
) -> User:
    """A new user. Raises RequestError: 409 when the e-mail is taken, 422 for a bad role or password."""
    check_role(role)
    check_password(password)
    email = email.strip().lower()
    if by_email(session, email) is not None:
        raise RequestError(
            f"There is a user {email} already.",
            status=409,
            code="E-EMAIL-TAKEN",
            cure="Change that user, or take another e-mail address.",
        )
    user = User(
        email=email,
        name=name.strip() or email,
        role=role,
        password_hash=hasher.hash(password),
        must_change_password=must_change_password,
    )
    session.add(user)
    session.flush()
    return user


def users(session: Session) -> list[User]:
    return list(session.exec(select(User).order_by(User.email)))


def user(session: Session, user_id: str) -> User | None:
    return session.get(User, user_id)


def by_email(session: Session, email: str) -> User | None:
    return session.exec(select(User).where(User.email == email.strip().lower())).first()


def verify(found: User | None, password: str) -> bool:
    """Whether the password is right; takes equally long for users that do not exist or may not sign in."""
    global _nobody  # noqa: PLW0603 - a constant that costs too much to make at import
    _nobody = _nobody or hasher.hash(secrets.token_hex(16))
    try:
        hasher.verify(found.password_hash if found else _nobody, password[:MAX_PASSWORD])
    except VerificationError:
        return False
    return found is not None and found.active


def set_password(session: Session, found: User, password: str, *, must_change: bool) -> None:
    """A new password; ends all sessions of the user. Raises RequestError (422) when it is too short."""
    check_password(password)
    found.password_hash = hasher.hash(password)
    found.must_change_password = must_change
    found.stamp = secrets.token_hex(8)
    session.add(found)


def note_sign_in(session: Session, user_id: str) -> None:
    found = user(session, user_id)
    if found is not None:
        found.signed_in_at = now()
        session.add(found)


def change_user(
    session: Session, found: User, *, name: str | None, role: str | None, active: bool | None
) -> None:
    """Changes what is given. Raises RequestError (409) rather than leave Heddle without an administrator."""
    if role is not None:
        check_role(role)
    if (role is not None and role != "admin") or active is False:
        keep_an_admin(session, found)
    if (role is not None and role != found.role) or (active is not None and active != found.active):
        found.stamp = secrets.token_hex(8)
    found.name = found.name if name is None else name.strip() or found.email
    found.role = found.role if role is None else role
    found.active = found.active if active is None else active
    session.add(found)


def delete_user(session: Session, found: User) -> None:
    """Raises RequestError (409) for the last administrator."""
    keep_an_admin(session, found)
    session.delete(found)


def keep_an_admin(session: Session, leaving: User) -> None:
    """Raises RequestError (409) when ``leaving`` is the last active administrator."""
    others = select(User).where(User.role == "admin", col(User.active).is_(True), User.id != leaving.id)
    if leaving.role == "admin" and leaving.active and session.exec(others).first() is None:
        raise RequestError(
            f"{leaving.email} is the last administrator.",
            status=409,
            code="E-LAST-ADMIN",
            cure="Make somebody else an administrator first.",
        )


def add_token(
    session: Session, *, name: str, role: str, created_by: str, days: float | None = None
) -> tuple[Token, str]:
    """A new token and its text, which nobody can see again; it expires after ``days``.

    Raises RequestError (422) for a bad role.
    """
    check_role(role)
    text = f"hdl_{secrets.token_urlsafe(32)}"
    token = Token(
        name=name,
        role=role,
        hash=token_hash(text),
        created_by=created_by,
        expires_at=None if days is None else now() + days * 86400,
    )
    session.add(token)
    session.flush()
    return token, text


def tokens(session: Session) -> list[Token]:
    return list(session.exec(select(Token).order_by(Token.name)))


def token(session: Session, token_id: str) -> Token | None:
    return session.get(Token, token_id)


def by_token(session: Session, text: str) -> Token | None:
    """The token with this text, None if there is none or it has expired."""
    found = session.exec(select(Token).where(Token.hash == token_hash(text))).first()
    if found is None or (found.expires_at is not None and found.expires_at < now()):
        return None
    return found


def token_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
