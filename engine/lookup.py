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
    headway = headway or Headway()
    headway.enter(len(want.matches), looking=True)
    found = connector.find_all(want.entity, list(want.matches.values()), want.fields, headway.part)
    return {
        name: [{key: remote.id, **remote.data} for remote in remotes]
        for name, remotes in zip(want.matches, found, strict=True)
    }
