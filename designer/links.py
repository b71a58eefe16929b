"""Links in letters: each is for one person and one approval, expires, and serves once.

A link is signed, never stored. It ends with the person's vote, with a new password, role or state of theirs
(the stamp), with the approval, and after a week. Opening it decides nothing: mail scanners open links too.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from engine.errors import RequestError
from engine.store import accounts
from engine.store import approvals as store
from engine.store.approvals import Approval
from engine.store.database import Session
from engine.store.seal import Seal

LIFE = 7 * 86400
"""Seconds for which a link may be used."""


class Invitation(NamedTuple):
    """Whom a link lets decide what."""

    approval: Approval
    user: accounts.User


def token(seal: Seal, approval_id: int, user: accounts.User) -> str:
    """What stands at the end of a person's link."""
    return _serializer(seal).dumps([approval_id, user.id, _mark(user)])


def read(session: Session, seal: Seal, text: str) -> Invitation:
    """Whom and what a link is for. Raises RequestError: 410 when it has expired or served, 404 when it is none."""
    try:
        approval_id, user_id, mark = _serializer(seal).loads(text, max_age=LIFE)
    except SignatureExpired as error:
        raise _gone("This link has expired.") from error
    except (BadSignature, ValueError, TypeError) as error:
        raise RequestError(
            "This is not a link of ours.", status=404, code="E-LINK", cure="Copy all of it from the letter."
        ) from error
    user = accounts.user(session, user_id)
    if user is None or not user.active or _mark(user) != mark:
        raise _gone("This link is no longer valid for you.")
    row = store.get(session, approval_id)
    if any(vote.person == user.email for vote in store.votes(session, row.number)):
        raise _gone("You have answered this already.")
    if row.state != "open":
        raise _gone(f"It was {row.state} already{f' by {row.decided_by}' if row.decided_by else ''}.")
    return Invitation(row, user)


def _serializer(seal: Seal) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        seal.derive("approval links"), salt="approval", signer_kwargs={"digest_method": hashlib.sha256}
    )


def _mark(user: accounts.User) -> str:
    return hashlib.sha256(user.stamp.encode()).hexdigest()[:16]


def _gone(message: str) -> RequestError:
    return RequestError(message, status=410, code="E-LINK", cure="Sign in and look into the inbox.")
