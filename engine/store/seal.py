"""Sealing of stored secrets, and the one key of an installation that everything secret is derived from.

The key is either given (``HEDDLE_SECRET_KEY``) or kept in a file of the data directory that only its owner
may read. Losing it means typing the connections' secrets again; nothing else is sealed.
"""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.errors import AccessError, DefinitionError, Problem
from engine.record import from_json, to_json

KEY_FILE = "secret.key"
MIN_KEY = 16


class Seal:
    """Seals and opens dictionaries of secrets (Fernet: AES-128-CBC with HMAC-SHA256).

    key  the installation's key, at least 16 characters. Raises DefinitionError when it is shorter.
    """

    def __init__(self, key: str) -> None:
        if len(key) < MIN_KEY:
            raise DefinitionError(
                [
                    Problem(
                        "E-KEY",
                        f"The secret key is shorter than {MIN_KEY} characters.",
                        "Set HEDDLE_SECRET_KEY to a long random text, or leave it out to have one made.",
                    )
                ]
            )
        self._key = key.encode()
        self._fernet = Fernet(urlsafe_b64encode(self.derive("sealed secrets")))

    def derive(self, purpose: str) -> bytes:
        """32 bytes that serve one purpose only: knowing them tells nothing of the key or of the others."""
        return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(self._key)

    def close(self, values: dict[str, str]) -> bytes:
        """The values, sealed."""
        return self._fernet.encrypt(to_json(values))

    def open(self, sealed: bytes) -> dict[str, str]:
        """The values again. Raises AccessError when they were sealed under another key."""
        if not sealed:
            return {}
        try:
            opened: dict[str, str] = from_json(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise AccessError(
                "The stored secrets cannot be opened with this installation's key.",
                code="E-SEALED",
                cure="Put back the key file (or HEDDLE_SECRET_KEY) they were stored with, or type them again.",
            ) from error
        return opened


def load(data: Path, configured: str = "") -> Seal:
    """The seal of an installation: the configured key, else the key file in ``data``, made if missing."""
    if configured:
        return Seal(configured)
    path = data / KEY_FILE
    if not path.exists():
        _make(path)
    return Seal(path.read_text().strip())


def _make(path: Path) -> None:
    """Writes a new key aside and links it into place, so that of two processes one wins, with a whole file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
