"""How often somebody may try to sign in: counted in Redis for all processes, here when Redis is away."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from designer.config import Config


def install(app: Flask, config: Config, sign_in: str, password: str) -> None:
    """Limits the views ``sign_in`` (by address and, separately, by account) and ``password`` (by address)."""
    url = config.redis_url.replace("unix://", "redis+unix://", 1)
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=url or "memory://",
        in_memory_fallback_enabled=bool(url),
        headers_enabled=True,
    )
    view: Any = app.view_functions[sign_in]
    per_address = limiter.shared_limit(config.sign_in_limit, scope="sign-in")
    per_account = limiter.shared_limit(config.sign_in_limit, scope="account", key_func=_account)
    app.view_functions[sign_in] = per_account(per_address(view))
    app.view_functions[password] = per_address(app.view_functions[password])  # type: ignore[assignment]


def _account() -> str:
    """The account at stake, hashed: e-mail addresses do not belong into a counter's name."""
    body = request.get_json()
    email = str(body.get("email", "")) if isinstance(body, dict) else ""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]
