"""How callers of a hook prove themselves beyond knowing its address.

Signatures follow Standard Webhooks (standardwebhooks.com): the headers webhook-id, webhook-timestamp and
webhook-signature, the last being ``v1,`` and base64 of HMAC-SHA256 over ``id.timestamp.body``.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import sha256
from typing import Any

from flask import Request

from engine.clock import now
from engine.errors import RequestError
from engine.store.seal import Seal

BASIC = 'Basic realm="Heddle", charset="UTF-8"'
"""Many clients sign in only when they are asked to (RFC 7617)."""

TOLERANCE = 300.0
"""Seconds by which a caller's clock may be wrong; older calls are replays."""


def secret(seal: Seal, hook_key: str) -> bytes:
    """The secret of a hook: it changes with its address and is stored nowhere."""
    return seal.derive(f"hook {hook_key}")


def shown(seal: Seal, hook_key: str) -> str:
    """The secret as callers are configured with it."""
    return "whsec_" + b64encode(secret(seal, hook_key)).decode()


def check(request: Request, settings: Any, seal: Seal, hook_key: str) -> None:
    """Raises RequestError (401) when the caller does not prove itself as the trigger's settings ask."""
    auth = getattr(settings, "auth", "")
    if auth == "key":
        return
    if auth == "signature":
        _check_signature(request, secret(seal, hook_key))
        return
    expected = shown(seal, hook_key)
    if auth == "header":
        name = str(getattr(settings, "header", ""))
        if not hmac.compare_digest(request.headers.get(name, "").encode(), expected.encode()):
            raise _refused(
                f"The header {name} is wrong or missing.", f"Send the hook's secret as the header {name}."
            )
        return
    given = request.authorization.password if request.authorization else None
    if auth != "basic" or not hmac.compare_digest((given or "").encode(), expected.encode()):
        raise _refused("The password is wrong or missing.", "Use the hook's secret as the password.", BASIC)


def _check_signature(request: Request, key: bytes) -> None:
    identity = request.headers.get("webhook-id", "")
    stamp = request.headers.get("webhook-timestamp", "")
    if not identity or not stamp.isdecimal() or len(stamp) > 12:
        raise _refused("The call is not signed.", "Send webhook-id, webhook-timestamp and webhook-signature.")
    if abs(now() - int(stamp)) > TOLERANCE:
        raise _refused("The signature is too old.", "Check the caller's clock.")
    signed = f"{identity}.{stamp}.".encode() + request.get_data(cache=True)
    expected = b64encode(hmac.new(key, signed, sha256).digest())
    given = [
        part.removeprefix("v1,").encode()
        for part in request.headers.get("webhook-signature", "").split(" ")
        if part.startswith("v1,")
    ]
    if not any(hmac.compare_digest(expected, one) for one in given):
        raise _refused("The signature is wrong.", "Sign with the hook's secret; the body must not change.")


def _refused(message: str, cure: str, challenge: str = "") -> RequestError:
    return RequestError(message, status=401, code="E-SIGNATURE", cure=cure, challenge=challenge)
