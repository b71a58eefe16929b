"""Workers: who carries out runs, at what they are, and what waits for them."""

from __future__ import annotations

from flask import Response, jsonify

from designer.api.opening import new_room
from designer.auth import allow
from designer.installation import here
from engine import crew
from engine.clock import iso
from engine.store import flows, runs, work

room = new_room("workers", tag="health")


@room.get("/api/workers")
@allow("viewer")
def index() -> Response:
    """Every worker that has given a sign of life within ten minutes, with what is in its hands. ``queued``: runs that have
    not begun. ``unattended``: batches that are read and in nobody's hands. 503 when Redis does not answer."""
    installation = here()
    known = crew.workers(installation.bell.redis) if installation.bell is not None else []
    with installation.database.read() as store:
        tasks = work.at_hand(store)
        found = runs.runs_of(store, [task.run_id for task in tasks])
        named = flows.names(store, {run.flow_id for run in found.values()})
        queued, unattended = work.queued(store), work.unattended(store)
    busy: dict[str, dict[str, str]] = {}
    for task in tasks:
        _, name = named.get(found[task.run_id].flow_id, ("", ""))
        busy.setdefault(task.owner, {})[task.run_id] = name
    return jsonify(
        {
            "workers": [
                {
                    "owner": one.owner,
                    "host": one.host,
                    "pid": one.pid,
                    "bulk": one.bulk,
                    "silent": one.silent,
                    "since": iso(one.since),
                    "seen_at": iso(one.at),
                    "runs": [{"id": id, "flow": name} for id, name in busy.get(one.owner, {}).items()],
                }
                for one in known
            ],
            "queued": queued,
            "unattended": unattended,
        }
    )
