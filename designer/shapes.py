"""The live shapes of bound systems, kept for a while: the editor asks after every change of a drawing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from engine.errors import HeddleError
from engine.pace import Pacer
from engine.plan import ShapeSource
from engine.shape import Entity
from engine.store import connections
from engine.store.database import Database
from engine.store.seal import Seal

FRESH = 300.0
"""Seconds for which a shape is believed."""
SULK = 30.0
"""Seconds for which a system that did not answer is not asked again."""
TIMEOUT = 5.0
MOST = 2000


@dataclass
class Shapes:
    """A cache by (connection, its revision, entity); safe for threads."""

    kept: dict[tuple[str, int, str], tuple[float, Entity | None]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: tuple[str, int, str]) -> tuple[bool, Entity | None]:
        """(whether it is known, the shape or None when the system could not say)."""
        with self.lock:
            until, shape = self.kept.get(key, (0.0, None))
        return until > monotonic(), shape

    def keep(self, key: tuple[str, int, str], shape: Entity | None) -> None:
        with self.lock:
            if len(self.kept) >= MOST:
                self.kept.clear()
            self.kept[key] = (monotonic() + (SULK if shape is None else FRESH), shape)


def source(
    database: Database, seal: Seal, bindings: Mapping[str, str], shapes: Shapes, pacer: Pacer | None = None
) -> ShapeSource:
    """What ``plan.check`` asks for the fields behind a slot; None where the system cannot say."""

    def shape_of(slot: str, entity: str) -> Entity | None:
        connection_id = bindings.get(slot)
        if not connection_id or not entity:
            return None
        with database.read() as session:
            row = connections.find(session, connection_id)
        if row is None:
            return None
        key = (row.id, row.revision, entity)
        known, shape = shapes.get(key)
        if not known:
            shape = _ask(seal, row, entity, pacer)
            shapes.keep(key, shape)
        return shape

    return shape_of


def _ask(seal: Seal, row: connections.Connection, entity: str, pacer: Pacer | None) -> Entity | None:
    """One try; a system that is down must not keep anybody from drawing."""
    try:
        draft = connections.unseal(row, seal)
        opened = connections.connect(draft, read_only=True, timeout=TIMEOUT)
        return connections.at_the_door(row, opened, pacer).entity(entity)
    except HeddleError:
        return None
