"""What systems ask before they send to a hook: whether its owner wants their calls.

| who asks                           | how                                                | the answer                      |
|------------------------------------|----------------------------------------------------|---------------------------------|
| Microsoft Graph, SharePoint        | POST or GET with ``validationToken`` in the query  | the token, as text              |
| WebSub, Meta                       | GET with ``hub.mode`` and ``hub.challenge``        | the challenge, as text          |
| Slack and others                   | POST of JSON with ``challenge``                    | the challenge, as JSON          |
| Asana and others                   | POST with the header ``X-Hook-Secret``, no body    | the same header                 |
| CloudEvents (Azure Event Grid)     | OPTIONS with ``WebHook-Request-Origin``            | ``WebHook-Allowed-Origin``      |

Sources: learn.microsoft.com (Graph change notifications), W3C WebSub 5.3, api.slack.com (url_verification),
developers.asana.com (webhooks), CloudEvents Webhook specification 1.0.2, section 4. No handshake starts a run.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

import msgspec
from flask import Request, Response, jsonify

from engine.errors import RequestError
from engine.record import from_json

LONGEST = 2_000
"""Characters of a challenge that is answered, and bytes of a body that may be one."""
BESIDES = {"challenge", "token", "type"}
"""What a body that is a challenge has, and nothing else."""


def may_be(request: Request) -> bool:
    """Whether a request has to be looked at by ``answer``: most calls are plainly none."""
    return (
        request.method != "POST"
        or bool(request.query_string)
        or "X-Hook-Secret" in request.headers
        or b'"challenge"' in request.get_data(cache=True)[:LONGEST]
    )


def answer(request: Request, secret: Callable[[], str]) -> Response | None:
    """The answer to a handshake, None when the request is none.

    ``secret`` tells the hook's, which a WebSub verify token must equal. Raises RequestError (401) when it does not.
    """
    if request.method == "OPTIONS":
        return _origin(request)
    token = request.args.get("validationToken", "")
    if token:
        return _text(token)
    if request.method == "GET":
        return _subscription(request, secret)
    if request.headers.get("X-Hook-Secret") and not request.content_length:
        response = Response(status=200)
        response.headers["X-Hook-Secret"] = request.headers["X-Hook-Secret"][:LONGEST]
        return response
    return _challenge(request)


def _origin(request: Request) -> Response | None:
    origin = request.headers.get("WebHook-Request-Origin")
    if not origin:
        return None
    response = Response(status=200)
    response.headers["WebHook-Allowed-Origin"] = origin[:LONGEST]
    response.headers["WebHook-Allowed-Rate"] = "*"
    return response


def _subscription(request: Request, secret: Callable[[], str]) -> Response | None:
    challenge = request.args.get("hub.challenge", "")
    if request.args.get("hub.mode") not in {"subscribe", "unsubscribe"} or not challenge:
        return None
    token = request.args.get("hub.verify_token")
    if token is not None and not hmac.compare_digest(token.encode(), secret().encode()):
        raise RequestError(
            "The verify token is wrong.",
            status=401,
            code="E-SIGNATURE",
            cure="Use the hook's secret as the verify token.",
        )
    return _text(challenge)


def _challenge(request: Request) -> Response | None:
    if not request.is_json or not 0 < (request.content_length or 0) <= LONGEST:
        return None
    raw = request.get_data(cache=True)
    if b'"challenge"' not in raw:
        return None
    try:
        body = from_json(raw)
    except msgspec.DecodeError:
        return None  # whoever reads it says what is wrong
    challenge = body.get("challenge") if isinstance(body, dict) and body.keys() <= BESIDES else None
    return jsonify({"challenge": challenge}) if isinstance(challenge, str) else None


def _text(challenge: str) -> Response:
    """As text that no browser takes for a page."""
    return Response(challenge[:LONGEST], content_type="text/plain; charset=utf-8")
