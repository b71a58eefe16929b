"""What a connection may do, what is used of it and by whom, and whether the next day's work fits into it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from typing import Any

from engine import schedule
from engine.clock import now
from engine.connector import Capability
from engine.pace import Limits, own_limits
from engine.share import HEADROOM
from engine.store import flows, runs, schedules, usage
from engine.store.connections import Connection
from engine.store.database import Session
from engine.store.usage import Count

DAY = 86_400.0
WEEK = 7 * DAY
MOST = 20_000
"""Firings of one schedule that are counted ahead; more would be one every four seconds."""


def board(session: Session, row: Connection, capability: Capability) -> dict[str, Any]:
    """Limits in force, use by flow since midnight (UTC), use a second, and the forecast of the next 24 hours."""
    own = own_limits(capability)
    limits = row.own_pace() or own
    at = now()
    today = usage.by_flow(session, row.id, at - at % DAY)
    total = sum(today.values(), Count())
    minute = sum(usage.by_flow(session, row.id, at - 60, at).values(), Count())
    return {
        "limits": shown(limits),
        "own": shown(own),
        "set": row.limits is not None,
        "today": {
            "calls": total.calls,
            "waited": round(total.waited / 1000),
            "refused": total.refused,
            "left": None if limits.per_day is None else max(limits.per_day - total.calls, 0),
        },
        "per_second": {
            "now": _per_second(minute.calls),
            "most": _per_second(usage.busiest_minute(session, row.id, at - at % DAY)),
        },
        "flows": _by_flow(session, today),
        "forecast": forecast(session, row.id, limits),
    }


def shown(limits: Limits) -> dict[str, Any]:
    return limits.model_dump(mode="json")


def forecast(session: Session, connection: str, limits: Limits) -> dict[str, Any] | None:
    """Calls that the next 24 hours will need, and the seconds that takes at the limit; None before anything ran.

    What is on a schedule: its firings times the calls of one run, as in the last week. All else: as in the last 24
    hours.
    """
    at = now()
    week = usage.by_flow(session, connection, at - WEEK)
    yesterday = usage.by_flow(session, connection, at - DAY)
    if not week:
        return None
    ran = runs.started_since(session, list(week), at - WEEK)
    firings = _firings(session, at)
    calls = 0
    for flow, count in week.items():
        if flow in firings and ran.get(flow):
            calls += round(Decimal(count.calls) / ran[flow] * firings[flow])
        else:
            calls += yesterday.get(flow, Count()).calls
    rate = limits.per_second
    return {
        "calls": calls,
        "seconds": None if rate is None else round(calls * HEADROOM / float(rate)),
        "fits": limits.per_day is None or calls <= limits.per_day,
        "beyond": 0 if limits.per_day is None else max(calls - limits.per_day, 0),
    }


def _firings(session: Session, at: float) -> dict[str, int]:
    """Flow → how often its schedules fire in the next 24 hours."""
    found: dict[str, int] = {}
    for row, flow in schedules.listed(session):
        if row.kind != "time" or row.state != "on" or flow.state != "live":
            continue
        found.setdefault(flow.id, 0)
        if row.next_at is None or row.next_at > at + DAY:
            continue
        moments = schedule.between(row.timer().timing, row.next_at, at + DAY, row.anchor)
        found[flow.id] += sum(1 for _ in islice(moments, MOST))
    return found


def _by_flow(session: Session, counts: Mapping[str, Count]) -> list[dict[str, Any]]:
    """The heaviest first; what people looked at themselves has no flow."""
    names = flows.names(session, set(counts))
    listed = [
        {
            "flow": {"slug": names[flow][0], "name": names[flow][1]} if flow in names else None,
            "calls": count.calls,
            "waited": round(count.waited / 1000),
            "refused": count.refused,
        }
        for flow, count in counts.items()
    ]
    return sorted(listed, key=lambda one: -int(one["calls"]))


def _per_second(calls: int) -> str:
    return str((Decimal(calls) / 60).quantize(Decimal("0.1"), ROUND_HALF_UP))
