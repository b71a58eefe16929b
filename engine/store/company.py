"""Small runs that go side by side: each has one lane with one batch and knows of no other run.

They are claimed, loaded and settled by the dozen, one statement for all. Each keeps its own fence, so a worker
that comes back late changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, case, select, update
from sqlmodel import Session

from engine.clock import now
from engine.errors import LeaseLost
from engine.record import from_json, to_json
from engine.store.lanes import Claim, Lane, StagedBatch
from engine.store.runs import Run, RunView

_runs: Table = Run.__table__  # type: ignore[attr-defined]
_lanes: Table = Lane.__table__  # type: ignore[attr-defined]
_batches: Table = StagedBatch.__table__  # type: ignore[attr-defined]
_reader = _lanes.alias("reader")
_alike = (
    _runs.c.gate == 0, _runs.c.mode == "live", _runs.c.lanes == 1, _runs.c.plan_id.is_(None),
)  # fmt: skip
_KIND = select(_runs.c.flow_id, _runs.c.version_id, _runs.c.bindings).where(
    _runs.c.id == bindparam("run"), *_alike
)
_WAITING = (
    select(_runs.c.id)
    .join(_lanes, (_lanes.c.run_id == _runs.c.id) & (_lanes.c.number == 1))
    .where(
        _runs.c.state == "queued", _runs.c.flow_id == bindparam("flow"), *_alike,
        _runs.c.version_id == bindparam("version"), _runs.c.bindings == bindparam("bound"),
        _lanes.c.state == "open", _lanes.c.owner.is_(None), _lanes.c.due_at <= bindparam("at"),
        _lanes.c.staged == 1, _lanes.c.next == 0, _lanes.c.attempts == 0, _lanes.c.failures == 0,
        ~select(_reader.c.run_id).where(_reader.c.run_id == _runs.c.id, _reader.c.number == 0).exists(),
    )
    .order_by(_runs.c.id)
    .limit(bindparam("most"))
)  # fmt: skip
_CLAIM = (
    update(_lanes)
    .where(_lanes.c.run_id.in_(_WAITING), _lanes.c.number == 1, _lanes.c.owner.is_(None))
    .values(
        owner=bindparam("by"),
        until=bindparam("end"),
        fence=_lanes.c.fence + 1,
        attempts=_lanes.c.attempts + 1,
    )
    .returning(
        _lanes.c.run_id,
        _lanes.c.fence,
        _lanes.c.next,
        _lanes.c.staged,
        _lanes.c.attempts,
        _lanes.c.failures,
        _lanes.c.told_since,
        _lanes.c.cursor,
    )
)
_BEGIN = (
    update(_runs)
    .where(_runs.c.id.in_(bindparam("ids", expanding=True)))
    .values(state="running", started_at=bindparam("at"), code="", message="", retry_at=None)
)
_LOAD = (
    select(
        _runs.c.id, _runs.c.flow_id, _runs.c.version_id, _runs.c.trigger, _runs.c.bindings, _runs.c.window,
        _batches.c.payload, _batches.c.count,
    )
    .join(_batches, (_batches.c.run_id == _runs.c.id) & (_batches.c.lane == 1) & (_batches.c.number == 0))
    .where(_runs.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_runs.c.id)
)  # fmt: skip
_LOCK = (
    select(_runs.c.id)
    .where(_runs.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_runs.c.id)
    .with_for_update()
)
_ours = (
    _lanes.c.run_id == bindparam("run"), _lanes.c.number == 1, _lanes.c.fence == bindparam("ours"),
    _lanes.c.owner == bindparam("by"),
)  # fmt: skip
_GUARD = update(_lanes).where(*_ours).values(attempts=0, failures=0, told_since=0.0, code="", message="")
_DONE = (
    update(_lanes)
    .where(*_ours)
    .values(
        state="done", next=1, counts=bindparam("total"), owner=None, until=0.0, attempts=0, failures=0,
        told_since=0.0, code="", message="",
    )
)  # fmt: skip
_mine = (_batches.c.run_id == bindparam("run"), _batches.c.lane == 1, _batches.c.number == 0)
_MARK = update(_batches).where(*_mine).values(settled=bindparam("nodes"), answers=bindparam("told"))
_SHUT = update(_batches).where(*_mine).values(state="done", answers=bindparam("told"))
_stopped = (_runs.c.state == "cancelled") | (_runs.c.state == "failed")
_CLOSE = (
    update(_runs)
    .where(_runs.c.id == bindparam("run"), _runs.c.ended_at.is_(None))
    .values(
        counts=bindparam("total"),
        ended_at=bindparam("at"),
        retry_at=None,
        message=case((_stopped, _runs.c.message), else_=""),
        state=case((_stopped, _runs.c.state), else_="done"),
    )
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
    row = session.connection().execute(_KIND, {"run": run_id}).first()
    return None if row is None else Kind(*row)


def claim(session: Session, of: Kind, owner: str, lease: float, most: int) -> list[Claim]:
    """Takes up to ``most`` small runs of a kind that wait, the oldest first."""
    at = now()
    values = {**of._asdict(), "at": at, "most": most, "by": owner, "end": at + lease}
    connection = session.connection()
    rows = connection.execute(_CLAIM, values).all()
    if not rows:
        return []
    connection.execute(_BEGIN, {"ids": [row[0] for row in rows], "at": at})
    return [Claim(row[0], 1, owner, at + lease, row[1:]) for row in rows]


def load(session: Session, claims: Sequence[Claim]) -> list[Loaded]:
    """The runs behind these claims, oldest first."""
    held = {one.run_id: one for one in claims}
    return [
        Loaded(
            RunView(run_id, flow, version, "live", "running", trigger, 1, from_json(bound), from_json(window), None),
            held[run_id], payload, count,
        )
        for run_id, flow, version, trigger, bound, window, payload, count in session.connection().execute(
            _LOAD, {"ids": list(held)}
        )
    ]  # fmt: skip


def settle_node(session: Session, settled: Mapping[Claim, tuple[list[str], bytes | None]]) -> None:
    """Commit of a write node that is not the last: (nodes settled, answers) of each. Raises LeaseLost."""
    _guarded(session, _GUARD, [_identity(held) for held in settled])
    session.connection().execute(
        _MARK,
        [
            {"run": held.run_id, "nodes": to_json(nodes).decode(), "told": told}
            for held, (nodes, told) in settled.items()
        ],
    )


def finish(session: Session, done: Mapping[Claim, tuple[dict[str, int], bytes | None]]) -> None:
    """The last commit: batches, lanes and runs are done, with (counts, answers) of each. Raises LeaseLost."""
    connection, at = session.connection(), now()
    connection.execute(_LOCK, {"ids": sorted(held.run_id for held in done)})
    totals = {held.run_id: to_json(counts).decode() for held, (counts, _) in done.items()}
    _guarded(session, _DONE, [{**_identity(held), "total": totals[held.run_id]} for held in done])
    connection.execute(_SHUT, [{"run": held.run_id, "told": told} for held, (_, told) in done.items()])
    connection.execute(
        _CLOSE, [{"run": run_id, "total": total, "at": at} for run_id, total in totals.items()]
    )


def _identity(held: Claim) -> dict[str, Any]:
    return {"run": held.run_id, "ours": held.fence, "by": held.owner}


def _guarded(session: Session, statement: Any, rows: list[dict[str, Any]]) -> None:
    if session.connection().execute(statement, rows).rowcount != len(rows):
        raise LeaseLost("a small run has another owner")
