"""Where a failure is put right: the record in its own system, what was written, the step, or the connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from engine.flow import Flow
from engine.record import from_json
from engine.store import connections, deliveries
from engine.store.connections import Connection
from engine.store.database import Session
from engine.store.deliveries import Delivery
from engine.store.runs import Run, runs_of

Kind = Literal["source", "target", "step", "connection"]

CONNECTION = frozenset(
    [
        "E-ACCESS",
        "E-CREDENTIALS",
        "E-RIGHTS",
        "E-UNREACHABLE",
        "E-UNAVAILABLE",
        "E-RATE",
        "E-DAY",
        "E-TLS",
        "E-URL",
        "E-GUARD",
        "E-SEALED",
        "E-SETTINGS",
        "E-NO-CONNECTION",
        "E-REDIRECT",
        "E-ELSEWHERE",
        "E-METADATA",
        "E-ANSWER",
        "E-NO-KEY",
        "E-NO-READ",
        "E-NO-WRITE",
        "E-XML",
    ]
)
"""Codes of what is wrong with the way to a system, not with a record."""

STEP = frozenset(
    [
        "E-UNKNOWN-FIELD",
        "E-UNKNOWN-ENTITY",
        "E-ENTITY",
        "E-FIELD",
        "E-READ-ONLY",
        "E-CREATE-ONLY",
        "E-NO-ID",
        "E-LINES",
        "E-RATE-TWICE",
        "E-OPERATION",
        "E-QUERY",
        "E-NO-CASE",
        "E-SOURCE",
        "E-REFERENCE",
        "E-TOO-LONG",
        "E-TABLE-GAP",
        "E-TABLE-HIT",
        "E-TABLE-INPUT",
        "E-CONDITION",
        "E-FUNCTION",
        "E-ARGUMENT",
        "E-LOOKUP",
        "E-TARGET",
    ]
)
"""Codes of what the drawing does wrong to every record of this kind."""


class Place(NamedTuple):
    """One place to go to; ``outside`` Heddle: it opens the system's own page."""

    kind: Kind
    text: str
    href: str
    outside: bool

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


class Remedies:
    """Where the failures of one flow are put right. ``keys``: those of the records that will be asked about."""

    def __init__(
        self, session: Session, slug: str, flow: Flow | None, run_ids: Iterable[str], keys: Sequence[str]
    ) -> None:
        self._slug, self._flow = slug, flow
        runs: Mapping[str, Run] = runs_of(session, sorted(set(run_ids)))
        self._bindings = {run.id: from_json(run.bindings) for run in runs.values()}
        self._connections = {row.id: row for row in connections.all_connections(session)}
        self._met = {
            (row.run_id, row.node, row.key): row
            for row in deliveries.troubled(session, sorted(runs), keys)
        }  # fmt: skip

    def of(self, run_id: str, node: str, key: str, code: str) -> list[Place]:
        """The places for one failed record, the likeliest first."""
        row = self._met.get((run_id, node, key))
        found = [
            place
            for place in (self._source(row), self._target(row), self._step(node), self._way(row))
            if place
        ]
        first: Kind = "connection" if code in CONNECTION else "step" if code in STEP else "source"
        return sorted(found, key=lambda place: place.kind != first)

    def _source(self, row: Delivery | None) -> Place | None:
        if row is None or not row.origin_slot:
            return None
        connection = self._bound(row, row.origin_slot)
        if connection is None:
            return None
        text = f"{row.title or row.root} in {connection.name}"
        return Place("source", text, _address(connection.id, row.origin_entity, row.root), True)

    def _target(self, row: Delivery | None) -> Place | None:
        if row is None or not row.slot or row.remote_id is None:
            return None
        connection = self._bound(row, row.slot)
        if connection is None:
            return None
        text = f"{row.entity} {row.number or row.remote_id} in {connection.name}"
        return Place("target", text, row.link or _address(connection.id, row.entity, row.remote_id), True)

    def _step(self, node: str) -> Place | None:
        drawn = self._flow.node(node) if self._flow else None
        if drawn is None:
            return None
        return Place(
            "step", f"the step «{drawn.title or node}»", f"/flows/{self._slug}?node={quote(node)}", False
        )

    def _way(self, row: Delivery | None) -> Place | None:
        connection = self._bound(row, row.slot) if row is not None and row.slot else None
        if connection is None:
            return None
        return Place(
            "connection", f"the connection «{connection.name}»", f"/connections/{connection.id}", False
        )

    def _bound(self, row: Delivery, slot: str) -> Connection | None:
        return self._connections.get(self._bindings.get(row.run_id, {}).get(slot, ""))


def _address(connection: str, entity: str, key: str) -> str:
    return f"/api/records/{quote(connection, safe='')}/{quote(entity, safe='')}/{quote(key, safe='')}/open"
