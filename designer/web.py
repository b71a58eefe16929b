"""The editor's files and the headers that every answer carries."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, jsonify, request, send_from_directory
from werkzeug.exceptions import HTTPException, NotFound

from designer import errors
from designer.wire import HOOK_LIMIT

ROOT = Path(__file__).resolve().parent.parent
OURS = ("/api/", "/hooks/", "/openapi.json", "/healthz", "/readyz", "/metrics")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; object-src 'none';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Styles may be inline because the component library writes them so; scripts may not."""


def install(app: Flask, dist: Path) -> None:
    """Serves ``dist`` at every address that is not ours, and hardens every answer."""

    def editor(error: HTTPException) -> Response:
        if request.method not in {"GET", "HEAD"} or request.path.startswith(OURS):
            return errors.plain(error)
        return _file(dist, request.path.lstrip("/"))

    app.register_error_handler(404, editor)
    app.before_request(_limit_hooks)
    app.after_request(_harden)


def _file(dist: Path, name: str) -> Response:
    """A file of the editor, or its start page for an address that the editor itself resolves."""
    if not (dist / "index.html").is_file():
        response = jsonify(
            {
                "code": "E-EDITOR",
                "message": "The editor has not been built.",
                "detail": "",
                "cure": "Run «make build».",
                "problems": [],
            }
        )
        response.status_code = 503
        return response
    try:
        response = send_from_directory(dist, name)
        hashed = name.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
    except NotFound as error:
        if name.startswith("assets/") or ("." in name and "/" not in name):
            return errors.plain(error)
        response = send_from_directory(dist, "index.html")
        response.headers["Cache-Control"] = "no-cache"
    return response


def _limit_hooks() -> None:
    if request.path.startswith("/hooks/"):
        request.max_content_length = HOOK_LIMIT


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
