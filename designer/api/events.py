"""Live progress as server-sent events. Each stream holds a thread, so there are never too many of them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Response

from designer.api.body import Id
from designer.api.opening import new_room
from designer.api.runs import find, told
from designer.auth import allow
from designer.installation import Installation, here
from engine.errors import RequestError
from engine.record import to_json
from engine.store import progress

room = new_room("events", "runs")
LOOK = 0.5
"""Seconds between looks at the database."""
HEARTBEAT = 10.0
"""Seconds of silence after which the stream shows that it lives, and finds out whether anybody listens: by a comment
line, or where one was told how much time is left, by telling it again."""
LONGEST = 900.0
"""Seconds after which a stream ends and the browser opens the next one."""


@room.get("/api/runs/<string:id>/events")
@allow("viewer")
def events(path: Id) -> Response:
    """Progress of a run until it ends (``event: progress``, then ``event: end``). 503 when there are too many streams."""
    installation = here()
    with installation.database.read() as store:
        find(store, path.id)
    if not installation.streams.acquire(blocking=False):
        raise RequestError(
            "Too many pages watch runs at the moment.",
            status=503,
            code="E-STREAMS",
            cure="Ask /api/runs/<id> every two seconds instead.",
        )
    response = Response(watch(installation, path.id), mimetype="text/event-stream")
    response.call_on_close(installation.streams.release)
    response.headers["X-Accel-Buffering"] = "no"
    return response


def watch(installation: Installation, run_id: str) -> Iterator[str]:
    """The events of one run. Progress comes from the database, so it does not matter who works on the run."""
    started = spoken = time.monotonic()
    known: dict[str, object] = {}
    while time.monotonic() < started + LONGEST:
        with installation.database.read() as store:
            run = progress.get(store, run_id)
            if run is None:
                break
            shown = told(store, installation, run)
        news = {key: value for key, value in shown.items() if key not in {"seq", "rate", "left_s"}}
        if news != known:
            known, spoken = news, time.monotonic()
            yield _event("progress", shown)
        elif time.monotonic() > spoken + HEARTBEAT:
            spoken = time.monotonic()
            yield _event("progress", shown) if shown["left_s"] else ": still here\n\n"
        if run.ended_at is not None:
            yield _event("end", {"state": run.state})
            return
        time.sleep(LOOK)


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {to_json(data).decode()}\n\n"
