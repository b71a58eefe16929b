"""Documents that wait for an object that is not there yet go on by themselves when it has arrived."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from engine import compare, releases
from engine.errors import HeddleError
from engine.record import from_json
from engine.runtime import Runtime
from engine.store import audit, flows, reviews
from engine.store.reviews import Waiting

EVERY = 60.0
"""Seconds between looks."""

MOST = 1_000
"""Objects that are looked for in one look, those that are waited for longest first."""

BY = "Heddle"
log = logging.getLogger("heddle.partners")


def look(runtime: Runtime) -> int:
    """Looks for what lookup steps did not find, in bulk, and releases what waits for it; answers how many arrived."""
    with runtime.database.read() as session:
        waiting = [
            (group, question)
            for group in reviews.groups(session, shown=0)
            if (question := from_json(group.first.question)).get("kind") == "missing"
            and question.get("match")
        ][:MOST]
        rows = {row.id: row for row in flows.all_flows(session) if row.state == "live"}
    by_place: dict[tuple[str, str], list[tuple[Waiting, dict[str, Any]]]] = {}
    for group, question in waiting:
        row = rows.get(group.first.flow_id)
        connection = row.bound().get(str(question.get("slot")), "") if row else ""
        if connection:
            by_place.setdefault((connection, str(question["entity"])), []).append((group, question))
    arrived = 0
    for (connection, entity), some in by_place.items():
        try:
            arrived += _look_in(runtime, connection, entity, some)
        except HeddleError as error:
            log.info("%s cannot be looked for now: %s", entity, error)
    return arrived


def _look_in(
    runtime: Runtime, connection: str, entity: str, some: Sequence[tuple[Waiting, dict[str, Any]]]
) -> int:
    connector = runtime.open(connection, read_only=True)
    size = max(1, connector.capability.find)
    arrived = 0
    for start in range(0, len(some), size):
        part = some[start : start + size]
        found = connector.find(entity, [question["match"] for _, question in part])
        for (group, question), remotes in zip(part, found, strict=True):
            exact = {one.id for one in remotes if _fits(question["match"], one.data)}
            if exact:
                arrived += 1
                _release(runtime, group, entity, sorted(exact))
    return arrived


def _fits(match: dict[str, Any], data: dict[str, Any]) -> bool:
    """Whether what was found really is it, as far as it shows the values looked for."""
    shown = {name: value for name, value in match.items() if compare.dig(data, name) is not None}
    return compare.matches(shown, data)


def _release(runtime: Runtime, group: Waiting, entity: str, ids: list[str]) -> None:
    flow_id, mark = group.first.flow_id, group.first.question_hash
    with runtime.database.write() as session:
        if not reviews.newest(session, flow_id, mark)[1]:
            return
        number = releases.promise(session, flow_id, mark, BY).number
        row = flows.get(session, flow_id)
        audit.note(session, BY, "review.arrived", row.slug if row else flow_id, entity=entity, ids=ids)
    releases.advance(runtime.database, runtime.plan, number)
