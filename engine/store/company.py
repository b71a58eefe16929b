"""Small runs that go side by side: each has one lane with one batch and knows of no other run.

They are taken and settled by the dozen, one statement for all. Each keeps its own fence, so a worker that comes back
late changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from engine.clock import now, passing
from engine.errors import LeaseLost
from engine.record import from_json, to_json
from engine.store import plain
from engine.store.runs import RunView
from engine.store.tenure import Claim
from engine.store.timepiece import shared_now

_ALIKE = "run.gate = 0 AND run.mode = 'live' AND run.lanes = 1 AND run.plan_id IS NULL"
_KIND = f"SELECT flow_id, version_id, bindings FROM run WHERE id = ? AND {_ALIKE}"  # noqa: S608 - our own words
_WAITING = (
    "SELECT run.id FROM run JOIN lane ON lane.run_id = run.id AND lane.number = 1"  # noqa: S608
    f" WHERE run.state = 'queued' AND run.flow_id = ? AND {_ALIKE} AND run.version_id = ? AND run.bindings = ?"
    " AND lane.state = 'open' AND lane.owner IS NULL AND lane.due_at <= ? AND lane.staged = 1 AND lane.next = 0"
    " AND lane.attempts = 0 AND lane.failures = 0"
    " AND NOT EXISTS (SELECT 1 FROM lane AS reader WHERE reader.run_id = run.id AND reader.number = 0)"
    " ORDER BY run.id LIMIT ?"
)
_CLAIM = (
    "UPDATE lane SET owner = ?, until = ?, fence = fence + 1, attempts = attempts + 1"  # noqa: S608
    f" WHERE number = 1 AND owner IS NULL AND run_id IN ({_WAITING})"
    " RETURNING run_id, fence, next, staged, attempts, failures, told_since, cursor"
)
_BEGIN = (
    "UPDATE run SET state = 'running', started_at = ?, code = '', message = '', retry_at = NULL WHERE id IN"
)
_LOAD = (
    "SELECT run.id, run.flow_id, run.version_id, run.trigger, run.bindings, run.window, b.payload, b.count"
    " FROM run JOIN staged_batch AS b ON b.run_id = run.id AND b.lane = 1 AND b.number = 0 WHERE run.id IN"
)
_OURS = "WHERE run_id = ? AND number = 1 AND fence = ? AND owner = ?"
_CALM = "attempts = 0, failures = 0, told_since = 0.0, code = '', message = ''"
_GUARD = f"UPDATE lane SET {_CALM} {_OURS}"  # noqa: S608
_DONE = f"UPDATE lane SET state = 'done', next = 1, counts = ?, owner = NULL, until = 0.0, {_CALM} {_OURS}"  # noqa: S608
_MINE = "WHERE run_id = ? AND lane = 1 AND number = 0"
_MARK = f"UPDATE staged_batch SET settled = ?, answers = ? {_MINE}"  # noqa: S608
_SHUT = f"UPDATE staged_batch SET state = 'done', answers = ? {_MINE}"  # noqa: S608
_STOPPED = "state IN ('cancelled', 'failed')"
_CLOSE = (
    "UPDATE run SET counts = ?, ended_at = ?, retry_at = NULL,"  # noqa: S608
    f" message = CASE WHEN {_STOPPED} THEN message ELSE '' END, state = CASE WHEN {_STOPPED} THEN state ELSE 'done' END"
    " WHERE id = ? AND ended_at IS NULL"
)


class Loaded(NamedTuple):
    """A small run in our hands, with what it is about. What the trigger brought is in the payload alone."""

    run: RunView
    held: Claim
    payload: bytes
    size: int


class Kind(NamedTuple):
    """What runs that go side by side have in common: flow, version and bindings as stored."""

    flow: str
    version: int
    bound: str


def kind(session: Session, run_id: str) -> Kind | None:
    """The kind of a small run, None if it is not small."""
    found = plain.rows(session, _KIND, run_id)
    return Kind(*found[0]) if found else None


def take(session: Session, of: Kind, owner: str, lease: float, most: int) -> list[Loaded]:
    """Claims up to ``most`` small runs of a kind that wait, the oldest first."""
    at, ends, shared = now(), passing() + lease, shared_now(session, fresh=True)
    rows = plain.rows(session, _CLAIM, owner, shared + lease, *of, shared, most)
    if not rows:
        return []
    held = {row[0]: Claim(row[0], 1, owner, ends, row[1:]) for row in rows}
    these = f"({', '.join('?' * len(held))})"
    plain.change(session, f"{_BEGIN} {these}", at, *held)
    return [
        Loaded(
            RunView(run_id, flow, version, "live", "running", trigger, 1, from_json(bound), from_json(window), None),
            held[run_id], payload, count,
        )
        for run_id, flow, version, trigger, bound, window, payload, count
        in plain.rows(session, f"{_LOAD} {these} ORDER BY run.id", *held)
    ]  # fmt: skip


def settle_node(session: Session, settled: Mapping[Claim, tuple[list[str], bytes | None]]) -> None:
    """Commit of a write node that is not the last: (nodes settled, answers) of each. Raises LeaseLost."""
    _guarded(session, _GUARD, [_identity(held) for held in settled])
    marks = [(to_json(nodes).decode(), told, held.run_id) for held, (nodes, told) in settled.items()]
    plain.change_many(session, _MARK, marks)


def finish(session: Session, done: Mapping[Claim, tuple[dict[str, int], bytes | None]]) -> None:
    """The last commit: batches, lanes and runs are done, with (counts, answers) of each. Raises LeaseLost."""
    plain.lock(session, "run", sorted(held.run_id for held in done))
    at = now()
    totals = {held: to_json(counts).decode() for held, (counts, _) in done.items()}
    _guarded(session, _DONE, [(total, *_identity(held)) for held, total in totals.items()])
    plain.change_many(session, _SHUT, [(told, held.run_id) for held, (_, told) in done.items()])
    plain.change_many(session, _CLOSE, [(total, at, held.run_id) for held, total in totals.items()])


def _identity(held: Claim) -> tuple[Any, ...]:
    return held.run_id, held.fence, held.owner


def _guarded(session: Session, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if plain.change_many(session, statement, rows) != len(rows):
        raise LeaseLost("a small run has another owner")
