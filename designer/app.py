"""The WSGI application of an installation."""

from __future__ import annotations

import threading

from flask_openapi3 import Info, OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from designer import api, auth, errors, limits, web
from designer.api.opening import SECURITY
from designer.config import Config
from designer.express import Express
from designer.installation import VERSION, Installation
from designer.wire import DOCUMENT_LIMIT, ExactJson, JsonRequest
from engine.limiter import make_pacer
from engine.queue import Doorbell
from engine.runtime import Runtime
from engine.store import seal
from engine.store.database import Database

PATIENCE = 10.0
"""Seconds that somebody in front of a screen waits for the turn of one call."""


def create_app(config: Config | None = None, *, database: Database | None = None) -> OpenAPI:
    """The WSGI application of an installation; brings its database up to date.

    Raises DefinitionError for a bad secret key, Unavailable when the database is out of reach.
    """
    config = config or Config()
    config.data.mkdir(parents=True, exist_ok=True)
    key = seal.load(config.data, config.secret_key.get_secret_value())
    database = database or Database(config.database)
    installation = Installation(
        config,
        Runtime(database, key, turns=make_pacer(config.redis_url, database, PATIENCE)),
        Doorbell(config.redis_url) if config.redis_url else None,
        threading.BoundedSemaphore(max(1, config.stream_cap)),
    )
    installation.database.migrate()
    app = OpenAPI(
        "designer",
        static_folder=None,
        info=Info(title="Heddle", version=VERSION),
        doc_ui=False,
        security_schemes=SECURITY,
        validation_error_callback=errors.invalid_body,
        validation_error_model=errors.ErrorBody,
    )
    app.config.update(
        SECRET_KEY=installation.seal.derive("web sessions"),
        MAX_CONTENT_LENGTH=DOCUMENT_LIMIT,
        SESSION_COOKIE_NAME="heddle",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure_cookie,
        PERMANENT_SESSION_LIFETIME=12 * 3600,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.json = ExactJson(app)
    app.request_class = JsonRequest
    app.extensions["heddle"] = installation
    app.wsgi_app = Express(app.wsgi_app, installation)  # type: ignore[method-assign]
    if config.proxies:
        count = config.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    errors.install(app)
    auth.install(app)
    web.install(app, web.ROOT / "static" / "dist")
    api.install(app)
    limits.install(app, config, "session.sign_in", "session.change_password")
    auth.check_every_view(app)
    return app
