"""The door for buttons and webhooks: answered once what they bring is in the database."""

from __future__ import annotations

from typing import Any

from flask import Request, Response, jsonify, request
from werkzeug.exceptions import MethodNotAllowed

from designer import handshakes, signatures
from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import ANYONE, allow
from designer.installation import Installation, here
from designer.wire import parse_json
from engine.arrivals import Arrival, MovedOn
from engine.clock import now
from engine.errors import RequestError
from engine.launch import Cause
from engine.record import fingerprint, idempotency_key

room = new_room("hooks", public=True)
IDENTITIES = (
    "webhook-id", "Idempotency-Key", "X-GitHub-Delivery", "X-Shopify-Webhook-Id", "svix-id", "ce-id", "X-Request-Id",
)  # fmt: skip
"""Headers by which callers name a delivery; the same name again is the same delivery. ``ce-id``: CloudEvents 1.0, 3.1.1
of the HTTP binding. A request id comes last: a proxy may make a new one for each try."""
WINDOW = 10.0
"""Seconds within which an equal call without a name is a second press of the same button."""
CHANGES = 3
"""How often a call is looked at again because its flow was changed meanwhile."""


class HookPath(Body):
    slug: str
    key: str


# before the others, which would answer OPTIONS by themselves
@room.route("/hooks/<string:slug>/<string:key>", methods=["OPTIONS"])
@allow(ANYONE, csrf=False)
def ask(slug: str, key: str) -> tuple[Response, int]:
    return _greet(HookPath(slug=slug, key=key))


@room.post("/hooks/<string:slug>/<string:key>")
@allow(ANYONE, csrf=False)
def call(path: HookPath) -> tuple[Response, int]:
    """Start a run with what the call brings (JSON or a form). The same delivery again answers the same run.

    A system that asks first whether its calls are wanted is answered as it expects; that starts nothing.
    """
    installation = here()
    greeting = handshakes.answer(request, lambda: signatures.shown(installation.seal, path.key))
    if greeting is not None:
        installation.doors.check(path.slug, path.key)
        return greeting, 200
    return jsonify({"run": start(installation, request, path.slug, path.key)}), 202


def start(installation: Installation, asked: Request, slug: str, key: str) -> str:
    """The run of a call, new or known. Raises RequestError, and what engine.arrivals raises."""
    for _ in range(CHANGES):
        door = installation.doors.open(slug, key)
        try:
            signatures.check(asked, door.settings, installation.seal, key)
        except RequestError as error:
            installation.refusals.note(slug, asked.remote_addr or "", error.message)
            raise
        brought = _brought(asked)
        named = next((asked.headers[name] for name in IDENTITIES if asked.headers.get(name)), None)
        cause_key, before = _cause_keys(door.flow_id, named, brought)
        cause = Cause("webhook", asked.remote_addr or "", cause_key)
        try:
            started = installation.arrivals.receive(
                Arrival(door.plan, door.flow_id, door.standing, cause, brought, door.trigger, before)
            )
        except MovedOn:
            installation.doors.forget(slug)
            continue
        installation.ring(started.run, started.lanes, started.crowd)
        return started.run
    raise RequestError(
        "The flow is being changed at this moment.",
        status=503,
        code="E-CHANGING",
        cure="Send the call again.",
    )


@room.get("/hooks/<string:slug>/<string:key>")
@allow(ANYONE, csrf=False)
def greet(path: HookPath) -> tuple[Response, int]:
    """Answer a system that asks whether its calls are wanted."""
    return _greet(path)


def _greet(path: HookPath) -> tuple[Response, int]:
    installation = here()
    installation.doors.check(path.slug, path.key)
    greeting = handshakes.answer(request, lambda: signatures.shown(installation.seal, path.key))
    if greeting is None:
        raise MethodNotAllowed(["POST"])
    return greeting, 200


def _brought(asked: Request) -> Any:
    """What the call brings: JSON, or the fields of a form. Raises RequestError (400, 415)."""
    if asked.mimetype in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        return {name: _one(values) for name, values in asked.form.to_dict(flat=False).items()}
    raw = asked.get_data(cache=True)
    if not raw:
        return {name: _one(values) for name, values in asked.args.to_dict(flat=False).items()}
    if not asked.is_json:
        raise RequestError(
            "The call is neither JSON nor a form.",
            status=415,
            code="E-CONTENT-TYPE",
            cure="Send Content-Type: application/json, or a form.",
        )
    found = parse_json(raw)
    return {} if found is None else found  # a call is a call: it never counts as a start without one


def _one(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _cause_keys(flow_id: str, named: str | None, brought: Any) -> tuple[str, tuple[str, float] | None]:
    """What makes the delivery the same: its name, else equal contents a short time ago.

    Time is cut into windows; a press in the window before counts as long as it is not too long ago.
    """
    if named is not None:
        return idempotency_key("hook", flow_id, named), None
    at = now()
    window, contents = int(at // WINDOW), fingerprint(brought)
    this, last = (idempotency_key("press", flow_id, contents, str(window - n)) for n in (0, 1))
    return this, (last, at - WINDOW)
