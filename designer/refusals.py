"""Calls of hooks that were not let in, told in the audit: else nobody in Heddle would know why nothing arrives.

Only who knows the address of a hook gets so far, and each hook and reason is told once in a while, so that no caller
can fill the database.
"""

from __future__ import annotations

import math

from engine.clock import now
from engine.store import audit
from engine.store.database import Database

EVERY = 600.0
"""Seconds in which the same refusal is not told again."""


class Refusals:
    """Those of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: dict[tuple[str, str], float] = {}

    def note(self, slug: str, caller: str, reason: str) -> None:
        """``caller`` from this address was refused at the hook of the flow."""
        at, which = now(), (slug, reason)
        if at - self._told.get(which, -math.inf) < EVERY:
            return
        self._told[which] = at
        with self._database.write() as session:
            audit.note(session, caller or "somebody", "hook.refused", slug, reason=reason)
