"""Answering lookup nodes: what a batch wants to know, fetched in bulk."""

from __future__ import annotations

from typing import Any

from engine.connector import Connector
from engine.headway import Headway
from engine.node import Want


def fetch(want: Want, connector: Connector[Any], headway: Headway | None = None) -> dict[str, Any]:
    """{answer key: [row, …]}; each row has the entity's key field and the wanted fields. ``headway`` is told."""
    if not want.matches:
        return {}
    key = connector.entity(want.entity).key
    names, matches = list(want.matches), list(want.matches.values())
    found: dict[str, Any] = {}
    headway = headway or Headway()
    headway.enter(len(matches), looking=True)
    size = max(1, connector.capability.find)
    for start in range(0, len(names), size):
        headway.part(size)
        some = connector.find(want.entity, matches[start : start + size], want.fields)
        for name, remotes in zip(names[start : start + size], some, strict=True):
            found[name] = [{key: remote.id, **remote.data} for remote in remotes]
    return found
