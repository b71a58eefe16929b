"""Watching the systems behind published flows: once a day, and when somebody asks.

A flow whose drawing uses what has changed is paused, and says which rows are hit; every other flow goes on.
What somebody has seen and resumed all the same does not pause it a second time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from engine import drift, partners
from engine.clock import now
from engine.drift import Place
from engine.errors import HeddleError, RecordRejected, Unavailable
from engine.record import fingerprint
from engine.runtime import Runtime
from engine.shape import Entity
from engine.store import audit, findings, flows
from engine.store.findings import Finding

DAY = 86_400.0
log = logging.getLogger("heddle.watch")


def run(runtime: Runtime, stop: threading.Event, every: float = partners.EVERY) -> None:
    """Looks at every live flow once a day, and for what documents wait for every minute, until told to stop."""
    while not stop.wait(every):
        try:
            partners.look(runtime)
            look_at_all(runtime)
        except Unavailable as error:
            log.warning("the watch waits: %s", error)
        except Exception:
            log.exception("the watch stumbled; it goes on")


def look_at_all(runtime: Runtime) -> list[str]:
    """Looks at those live flows that nobody has looked at for a day; answers their ids."""
    with runtime.database.read() as session:
        rows = [row for row in flows.all_flows(session) if row.state == "live"]
        seen = {found.flow_id: found.at for found in findings.all_of(session, "drift")}
    due = [row.id for row in rows if seen.get(row.id, 0.0) <= now() - DAY]
    for flow_id in due:
        try:
            look(runtime, flow_id)
        except Unavailable:
            raise
        except HeddleError as error:
            log.warning("flow %s could not be looked at: %s", flow_id, error)
        except Exception:
            log.exception("flow %s could not be looked at; the others are", flow_id)
    return due


def look(runtime: Runtime, flow_id: str) -> Finding | None:
    """Compares the systems with what they were when the flow was published, and pauses it if that matters.

    What was unknown then is remembered now. None for a flow that is not published.
    """
    with runtime.database.read() as session:
        row = flows.get(session, flow_id)
        version = flows.version_by_id(session, row.live_version_id) if row and row.live_version_id else None
        kept = findings.get(session, flow_id, "snapshot")
    if row is None or version is None:
        return None
    flow = version.document()
    current = shapes(runtime, row.bound(), drift.places(flow))
    before = recall(kept, row.bound())
    found = drift.compare(flow, before, current)
    told = [one.as_json() for one in found]
    mark = fingerprint(told) if told else ""
    with runtime.database.write() as session:
        locked = flows.find(session, row.slug, lock=True)
        if locked is None or locked.live_version_id != version.id:
            return None
        earlier = findings.get(session, flow_id, "drift")
        paused = bool(told) and locked.state == "live" and (not earlier or earlier.content()["mark"] != mark)
        if paused:
            locked.state = "paused"
            session.add(locked)
            audit.note(session, "Heddle", "flow.drift", locked.slug, drifts=[one.message for one in found])
        fresh = {place: shape for place, shape in current.items() if isinstance(shape, Entity)}
        content = snapshot({**fresh, **before}, row.bound(), kept.content().get("options") if kept else None)
        findings.keep(session, flow_id, "snapshot", content, row.live_number or 0)
        unseen = [f"{slot}/{entity}" for (slot, entity), shape in current.items() if shape is None]
        again = bool(told) and earlier is not None and earlier.content()["mark"] == mark
        was_paused = paused or (again and earlier is not None and bool(earlier.content()["paused"]))
        return findings.keep(
            session, flow_id, "drift",
            {"drifts": told, "mark": mark, "paused": was_paused, "unseen": unseen}, row.live_number or 0,
        )  # fmt: skip


def shapes(
    runtime: Runtime, bindings: Mapping[str, str], wanted: Sequence[Place]
) -> dict[Place, Entity | str | None]:
    """Live: a shape, None where the system cannot say now, or why the object is not there."""
    found: dict[Place, Entity | str | None] = {}
    for slot in dict.fromkeys(slot for slot, _ in wanted):
        try:
            connector = runtime.open(bindings.get(slot, ""), read_only=True)
        except HeddleError:
            found.update({place: None for place in wanted if place[0] == slot})
            continue
        for place in wanted:
            if place[0] == slot:
                try:
                    found[place] = connector.entity(place[1])
                except RecordRejected as error:
                    found[place] = error.message
                except HeddleError:
                    found[place] = None
    return found


def snapshot(
    known: Mapping[Place, Entity | None], bindings: Mapping[str, str], options: Any = None
) -> dict[str, Any]:
    """What is kept of the shapes, with the connections that they were read from."""
    told = {
        f"{slot}/{entity}": shape.model_dump() for (slot, entity), shape in known.items() if shape is not None
    }
    return {"shapes": told, "bindings": dict(bindings), "options": options or {}}


def recall(kept: Finding | None, bindings: Mapping[str, str]) -> dict[Place, Entity | None]:
    """The shapes of a snapshot; without those of slots that lead elsewhere now."""
    if kept is None:
        return {}
    content = kept.content()
    then = content.get("bindings", {})
    found: dict[Place, Entity | None] = {}
    for name, told in content.get("shapes", {}).items():
        slot, _, entity = name.partition("/")
        if then.get(slot) == bindings.get(slot):
            found[slot, entity] = Entity.model_validate(told)
    return found
