"""Hooks that have been called lately: what a call is checked against, without asking the database each time.

What is remembered may be old. It only ever lets a call in as far as the commit, which compares it with what stands
(engine.arrivals); a call that would be refused is looked up anew first.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from engine.errors import RequestError
from engine.node import NodeSettings
from engine.plan import Plan
from engine.runtime import Runtime
from engine.store import flows
from engine.store.flows import FlowRow, Standing

MOST = 1000
"""Hooks that are remembered at once."""


@dataclass(frozen=True, slots=True)
class Door:
    """A hook as it stood when it was looked up. ``settings`` are those of its trigger."""

    flow_id: str
    standing: Standing
    plan: Plan
    trigger: str
    settings: NodeSettings


class Doors:
    """The hooks of one process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._known: dict[str, Door] = {}

    def open(self, slug: str, key: str) -> Door:
        """The hook with this address. Raises RequestError: 404 when there is none, 409 when it is not live."""
        door = self._known.get(slug)
        if door is None or not hmac.compare_digest(door.standing.hook_key.encode(), key.encode()):
            door = self._find(slug, key)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[slug] = door
        return door

    def check(self, slug: str, key: str) -> None:
        """Raises RequestError (404) when there is no such hook; it need not be live."""
        door = self._known.get(slug)
        if door is None or not hmac.compare_digest(door.standing.hook_key.encode(), key.encode()):
            self._row(slug, key)

    def forget(self, slug: str) -> None:
        """It has changed: the next call looks it up."""
        self._known.pop(slug, None)

    def _row(self, slug: str, key: str) -> FlowRow:
        with self._runtime.database.read() as session:
            row = flows.find(session, slug)
        known = row.hook_key if row is not None else "nothing has this key"
        if not hmac.compare_digest(known.encode(), key.encode()) or row is None:
            raise RequestError(
                "There is no hook with this address.",
                status=404,
                code="E-NOT-FOUND",
                cure="Copy the address once more: in the editor, Flow → Address for webhooks and buttons.",
            )
        return row

    def _find(self, slug: str, key: str) -> Door:
        row = self._row(slug, key)
        if row.state != "live" or row.live_version_id is None:
            raise RequestError(
                f"«{row.name}» is not live.",
                status=409,
                code="E-NOT-LIVE",
                cure="Publish it or resume it; then the call can be sent again.",
            )
        plan = self._runtime.plan(row.live_version_id)
        trigger = plan.trigger("webhook")
        if not trigger:
            raise RequestError(
                f"«{row.name}» is not started by calls.",
                status=409,
                code="E-NO-HOOK",
                cure="Add the trigger «Button or webhook» and publish it.",
            )
        standing = Standing(row.state, row.live_version_id, row.hook_key, row.bindings)
        return Door(row.id, standing, plan, trigger, plan.nodes[trigger].settings)
