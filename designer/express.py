"""The short way of calls: a POST of JSON to a hook is answered before Flask prepares for everything else.

It is checked, stored and answered by the very functions of its view. Whatever is out of the ordinary, a handshake, a
form, a refusal, goes on to Flask, which looks at it from the beginning: a call that was stored already is known by
its key, and answered with the same run.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException

from designer import handshakes, web
from designer.api import hooks
from designer.installation import Installation
from designer.wire import HOOK_LIMIT, JsonRequest
from engine.errors import HeddleError
from engine.record import to_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADERS = [("Content-Type", "application/json"), *web.HEADERS.items(), ("Cache-Control", "no-store")]


class Express:
    """WSGI middleware around the application of an installation."""

    def __init__(self, app: WSGIApplication, installation: Installation) -> None:
        self._app, self._installation = app, installation

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        place = environ["PATH_INFO"].split("/")
        if environ["REQUEST_METHOD"] == "POST" and place[:2] == ["", "hooks"] and len(place) == 4:
            answer = self._answer(environ, place[2], place[3])
            if answer is not None:
                start_response("202 ACCEPTED", [*HEADERS, ("Content-Length", str(len(answer)))])
                return [answer]
        return self._app(environ, start_response)

    def _answer(self, environ: WSGIEnvironment, slug: str, key: str) -> bytes | None:
        """The body of the answer; None when the call is for Flask, which finds its body untouched."""
        length: Any = environ.get("CONTENT_LENGTH") or ""
        if not (slug + key).isascii() or not length.isdecimal() or int(length) > HOOK_LIMIT:
            return None
        request = JsonRequest(environ)
        request.max_content_length = HOOK_LIMIT
        if not request.is_json:
            return None
        try:
            body = request.get_data(cache=True)
            environ["wsgi.input"] = BytesIO(body)
            if handshakes.may_be(request):
                return None
            return to_json({"run": hooks.start(self._installation, request, slug, key)})
        except (HeddleError, HTTPException):
            return None
