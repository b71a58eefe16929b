"""The door for buttons and webhooks: answered once what they bring is in the database."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Response, jsonify, request

from designer import signatures, starts
from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import ANYONE, allow
from designer.errors import not_found
from designer.installation import here
from designer.wire import parse_json
from engine import launch
from engine.clock import now
from engine.errors import RequestError
from engine.launch import Cause
from engine.record import fingerprint, idempotency_key
from engine.store import flows, progress

room = new_room("hooks", public=True)
IDENTITIES = ("webhook-id", "Idempotency-Key", "X-Request-Id")
"""Headers by which callers name a delivery; the same name again is the same delivery."""
WINDOW = 10.0
"""Seconds within which an equal call without a name is a second press of the same button."""


class HookPath(Body):
    slug: str
    key: str


@room.post("/hooks/<string:slug>/<string:key>")
@allow(ANYONE, csrf=False)
def call(path: HookPath) -> tuple[Response, int]:
    """Start a run with what the call brings (JSON or a form). The same delivery again answers the same run."""
    installation = here()
    with installation.database.read() as store:
        row = flows.find(store, path.slug)
    known = row.hook_key if row is not None else "nothing has this key"
    if not hmac.compare_digest(known.encode(), path.key.encode()) or row is None:
        raise not_found("hook", path.slug)
    if row.state != "live" or row.live_version_id is None:
        raise RequestError(
            f"«{row.name}» is not live.",
            status=409,
            code="E-NOT-LIVE",
            cure="Publish it or resume it; then the call can be sent again.",
        )
    plan = installation.runtime.plan(row.live_version_id)
    trigger = starts.trigger_for(plan, "webhook")
    if not trigger:
        raise RequestError(
            f"«{row.name}» is not started by calls.",
            status=409,
            code="E-NO-HOOK",
            cure="Add the trigger «Button or webhook» and publish it.",
        )
    signatures.check(
        request, str(getattr(plan.nodes[trigger].settings, "auth", "")), installation.seal, row.hook_key
    )
    brought = _brought()
    named = next((request.headers[name] for name in IDENTITIES if request.headers.get(name)), None)
    with installation.database.write() as store:
        started = launch.start(
            store,
            plan,
            flow_id=row.id,
            version_id=row.live_version_id,
            bindings=row.bound(),
            mode="live",
            cause=Cause("webhook", request.remote_addr or "", _cause_key(store, row.id, named, brought)),
            brought=brought,
            trigger=trigger,
        )
    installation.ring(started.run, started.lanes)
    return jsonify({"run": started.run}), 202


def _brought() -> Any:
    """What the call brings: JSON, or the fields of a form. Raises RequestError (400, 415)."""
    if request.mimetype in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        return {name: _one(values) for name, values in request.form.to_dict(flat=False).items()}
    raw = request.get_data(cache=True)
    if not raw:
        return {name: _one(values) for name, values in request.args.to_dict(flat=False).items()}
    if not request.is_json:
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


def _cause_key(store: Any, flow_id: str, named: str | None, brought: Any) -> str:
    """What makes the delivery the same: its name, else equal contents a short time ago.

    Time is cut into windows; a press in the window before counts as long as it is not too long ago.
    """
    if named is not None:
        return idempotency_key("hook", flow_id, named)
    at = now()
    window = int(at // WINDOW)
    keys = [idempotency_key("press", flow_id, fingerprint(brought), str(window - n)) for n in (0, 1)]
    earlier = progress.by_cause(store, keys[1])
    return keys[1] if earlier is not None and earlier.created_at > at - WINDOW else keys[0]
