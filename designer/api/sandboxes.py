"""The sandboxes of the demo: what they can be made to do wrong, and their data."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from pydantic import Field, RootModel

from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.errors import not_found
from designer.installation import here
from engine import registry
from engine.errors import HeddleError, RequestError
from engine.http import Http
from engine.record import from_json, to_json
from engine.store import audit

room = new_room("sandboxes")
TIMEOUT = 20.0


class SystemPath(Body):
    system: str


class Vices(RootModel[dict[str, Any]]):
    """Vice → its options, or null to switch it off."""


class Seed(Body):
    """About ``n`` main objects, the same ones for the same ``seed``."""

    n: int = Field(default=100, ge=1, le=100_000)
    seed: int = 1


@room.get("/api/sandboxes")
@allow("viewer")
def index() -> Response:
    """The running sandboxes and their vices."""
    _only_in_demo()
    return jsonify([_shown(system, url) for system, url in sorted(here().config.sandboxes.items())])


@room.post("/api/sandboxes/<string:system>/vices")
@allow("editor")
def vices(path: SystemPath, body: Vices) -> Response:
    """Switch vices on or off."""
    return _tell(path.system, "vices", body.root)


@room.post("/api/sandboxes/<string:system>/seed")
@allow("editor")
def seed(path: SystemPath, body: Seed) -> Response:
    """Fill a sandbox with believable data."""
    return _tell(path.system, "seed", body.model_dump())


@room.post("/api/sandboxes/<string:system>/reset")
@allow("editor")
def reset(path: SystemPath) -> Response:
    """Empty a sandbox, vices off."""
    return _tell(path.system, "reset", {})


def _only_in_demo() -> None:
    if not here().config.demo:
        raise RequestError(
            "This installation has no sandboxes.",
            status=404,
            code="E-NO-DEMO",
            cure="They belong to the demo (HEDDLE_DEMO=true).",
        )


def _shown(system: str, url: str) -> dict[str, Any]:
    cls = registry.connectors().get(system)
    try:
        found: Any = _ask("GET", url, "vices", None)
        message = ""
    except HeddleError as error:
        found, message = [], error.message
    title = cls.title if cls else system
    return {"system": system, "title": title, "url": url, "home": url, "vices": found, "message": message}


def _tell(system: str, what: str, body: dict[str, Any]) -> Response:
    _only_in_demo()
    url = here().config.sandboxes.get(system)
    if url is None:
        raise not_found("sandbox", system)
    answer = _ask("POST", url, what, body)
    with here().database.write() as store:
        audit.note(store, me().actor, f"sandbox.{what}", system, **body)
    return jsonify(answer)


def _ask(method: str, url: str, what: str, body: Any) -> Any:
    """The sandbox's own answer. Raises Unavailable when it is down, RequestError when it says no."""
    response = Http(timeout=TIMEOUT).request(
        method,
        f"{url.rstrip('/')}/_sandbox/{what}",
        mutating=False,  # nothing of anybody's business hangs on a sandbox
        headers={"Content-Type": "application/json"},
        data=None if body is None else to_json(body),
    )
    if response.status_code != 200:
        raise RequestError(
            f"The sandbox refused: {response.text[:300]}",
            status=422,
            code="E-SANDBOX",
            cure="Check what was asked of it.",
        )
    return from_json(response.content)
