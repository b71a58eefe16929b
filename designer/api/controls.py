"""What people do to runs: start, retry, cancel, pause, resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from flask import Response, jsonify, request
from pydantic import AwareDatetime, Field

from designer import starts
from designer.api.body import Body, Id, Slug
from designer.api.opening import new_room
from designer.api.runs import find
from designer.auth import allow, me
from designer.installation import here
from engine.clock import iso
from engine.errors import RequestError
from engine.launch import Cause
from engine.record import idempotency_key
from engine.store import audit, closing, control
from engine.store.database import Session

room = new_room("controls", "runs")


class Window(Body):
    """From when to when records must have been changed, both inclusive; open ends are everything, and now."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class Start(Body):
    """``input`` is what the trigger brings; ``version`` a number, else the live one (live) or the draft.

    With a ``window`` that time is read anew, and where incremental reads go on stays as it is.
    """

    mode: starts.Mode = "live"
    input: Any = None
    version: int | None = None
    window: Window | None = None


class Again(Body):
    """``from``: where each record stood, or where it was read."""

    only: Literal["failed", "held", "keys"] = "failed"
    keys: list[str] = []
    origin: Literal["failed-node", "trigger"] = Field(default="failed-node", alias="from")
    version: Literal["run", "current"] = "run"


@room.post("/api/flows/<string:slug>/runs")
@allow("operator")
def start(path: Slug, body: Start) -> tuple[Response, int]:
    """Start a run. The header Idempotency-Key makes pressing twice one run."""
    who = me()
    given = request.headers.get("Idempotency-Key")
    key = idempotency_key("manual", path.slug, who.id, given) if given else None
    cause = Cause("manual", who.actor, key)
    run = starts.start(
        path.slug,
        body.mode,
        cause,
        brought=body.input,
        number=body.version,
        window=_window(body.window),
    )
    return jsonify({"run": run}), 202


def _window(window: Window | None) -> dict[str, str] | None:
    """The bounds as the engine keeps them. Raises RequestError (422) when they contradict each other."""
    if window is None or (window.since is None and window.until is None):
        return None
    if window.since is not None and window.until is not None and window.since > window.until:
        raise RequestError(
            "The window ends before it begins.", status=422, code="E-WINDOW", cure="Exchange the two times."
        )
    bounds = {"since": window.since, "until": window.until}
    return {name: iso(moment.timestamp()) for name, moment in bounds.items() if moment is not None}


@room.post("/api/runs/<string:id>/retry")
@allow("operator")
def retry(path: Id, body: Again) -> tuple[Response, int]:
    """Do what failed or is held again, as a new run that enters where each record stood."""
    if (body.only == "keys") != bool(body.keys):
        raise RequestError(
            "Name the records to retry under keys, with only = keys.",
            status=422,
            code="E-BODY",
            cure="Send both or neither.",
        )
    what = starts.Retry(body.only, tuple(body.keys), body.origin, body.version)
    run, count = starts.again(path.id, what, me().actor)
    return jsonify({"run": run, "records": count}), 202


@room.post("/api/runs/<string:id>/cancel")
@allow("operator")
def cancel(path: Id) -> Response:
    """Stop a run. What is being written now is finished first."""
    return _stop(path.id, closing.cancel, "cancel", "cancelled", "It is over already.")


@room.post("/api/runs/<string:id>/pause")
@allow("operator")
def pause(path: Id) -> Response:
    """Hold a run after the batch at hand."""
    return _stop(path.id, control.pause, "pause", "paused", "Only a run that is not over can be paused.")


@room.post("/api/runs/<string:id>/resume")
@allow("operator")
def resume(path: Id) -> Response:
    """Let a paused run go on, or a waiting one try at once. One that its budget has paused must be allowed."""
    with here().database.write() as store:
        row = find(store, path.id)
        if row.state == "paused" and row.code in control.ASKED:
            raise RequestError(
                row.message,
                status=409,
                code=row.code,
                cure="Allow it on the page of the run, or stop the run.",
            )
        lanes = control.resume(store, path.id)
        _done(lanes is not None, "Only a paused or waiting run can be resumed.")
        audit.note(store, me().actor, "run.resume", path.id)
    here().ring(path.id, lanes or [])
    return jsonify({"run": path.id, "state": "queued"})


def _stop(run_id: str, act: Callable[[Session, str, str], bool], verb: str, state: str, why: str) -> Response:
    with here().database.write() as store:
        find(store, run_id)
        _done(act(store, run_id, me().actor), why)
        audit.note(store, me().actor, f"run.{verb}", run_id)
    return jsonify({"run": run_id, "state": state})


def _done(changed: bool, why: str) -> None:
    if not changed:
        raise RequestError(why, status=409, code="E-RUN-STATE", cure="Reload the run to see its state.")
