"""Lanes and staged batches, and the only lease code: claim, stage, settle, release, close.

Every commit of a worker is guarded by the lane's fence. A guarded statement that matches no row means that
somebody else owns the lane now: LeaseLost, and the whole transaction is undone.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Table, and_, bindparam, case, func, or_, select, update
from sqlmodel import Field, Session, SQLModel

from engine import tempo
from engine.clock import now, passing
from engine.errors import LeaseLost
from engine.record import from_json, to_json
from engine.store import plain, turns, waits
from engine.store.runs import Run
from engine.store.tenure import Claim
from engine.store.timepiece import shared_now


class Lane(SQLModel, table=True):
    """One strand of a run.

    state     open, done, cancelled             next, staged  batch to work on; number of batches staged
    owner, until, fence   the lease             due_at        not to be claimed before (back-off)
    silent_until  when a call of its batch that got no answer is certainly over
    taken_at  when it was last taken over from somebody who had not given it back
    attempts  claims without progress, but for those whose worker lived to lose them (engine.heartbeat)
    failures  refusals by a system in a row (back-off)
    told_since  when it began to wait because it was told to, without having got on; 0 if it was not
    cursor    of the reader lane: where the next page starts, exact JSON
    counts    final outcomes of its settled batches, JSON; ``read`` included
    beats     when it has settled how many records of late, JSON (see engine.tempo)
    answered  records of the batch at hand that are through, about, and not yet in the counts (see engine.headway)
    """

    __tablename__ = "lane"
    __table_args__ = (Index("lane_open", "state", "due_at"),)

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    number: int = Field(primary_key=True)
    state: str = "open"
    next: int = 0
    staged: int = 0
    owner: str | None = None
    until: float = 0.0
    fence: int = 0
    due_at: float = 0.0
    rung_at: float = 0.0
    silent_until: float = Field(default=0.0, sa_column_kwargs={"server_default": "0"})
    taken_at: float = Field(default=0.0, sa_column_kwargs={"server_default": "0"})
    attempts: int = 0
    failures: int = 0
    told_since: float = 0.0
    cursor: str | None = None
    counts: str = "{}"
    beats: str = "[]"
    answered: int = 0
    code: str = ""
    message: str = ""


class StagedBatch(SQLModel, table=True):
    """A batch as it was read, before anything was done with it: the intent to process it.

    payload  compressed exact JSON: {node id: [records that arrive there]}
    settled  JSON list of the write nodes whose deliveries are stored
    answers  compressed exact JSON of what lookup nodes were told, so that the walk can be repeated later
    state    staged, done or parked
    stem     of a half: the number of the batch that was cut, under whose name it claims what it creates
    """

    __tablename__ = "staged_batch"

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    lane: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    count: int
    state: str = "staged"
    settled: str = "[]"
    answers: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    watermark: str | None = None
    stem: int | None = None


_lanes: Table = Lane.__table__  # type: ignore[attr-defined]
_batches: Table = StagedBatch.__table__  # type: ignore[attr-defined]
_runs: Table = Run.__table__  # type: ignore[attr-defined]


_CLAIM = (
    update(_lanes)
    .where(
        _lanes.c.run_id == bindparam("of"),
        _lanes.c.number == bindparam("nth"),
        _lanes.c.state == "open",
        _lanes.c.due_at <= bindparam("shared"),
        or_(_lanes.c.owner.is_(None), _lanes.c.until < bindparam("shared")),
        select(_runs.c.id)
        .where(_runs.c.id == bindparam("of"), _runs.c.state.in_(("queued", "running", "waiting")), turns.come())
        .exists(),
    )
    .values(
        owner=bindparam("by"),
        until=bindparam("ends"),
        fence=_lanes.c.fence + 1,
        attempts=_lanes.c.attempts + 1,
        taken_at=case((_lanes.c.owner.is_(None), _lanes.c.taken_at), else_=bindparam("shared")),
    )
    .returning(
        *(_lanes.c[name] for name in ("fence", "next", "staged", "attempts", "failures", "told_since", "cursor", "taken_at"))
    )
)  # fmt: skip


def claim(session: Session, run_id: str, lane: int, owner: str, lease: float) -> Claim | None:
    """Takes a lane for ``lease`` seconds, or answers None: it is taken, closed, not due, paused or not its turn."""
    turns.lock_before(session, run_id)
    former = plain.rows(session, "SELECT owner FROM lane WHERE run_id = ? AND number = ?", run_id, lane)
    at, ends, shared = now(), passing() + lease, shared_now(session, fresh=True)
    inherited = bool(former) and former[0][0] is not None
    values = {"of": run_id, "nth": lane, "by": owner, "shared": shared, "ends": shared + lease}
    row = session.connection().execute(_CLAIM, values).first()
    if row is None:
        return None
    session.connection().execute(
        update(_runs)
        .where(
            _runs.c.id == run_id,
            or_(_runs.c.state == "queued", and_(_runs.c.state == "waiting", ~waits.any_of(run_id))),
        )
        .values(
            state="running",
            code="",
            message="",
            retry_at=None,
            started_at=func.coalesce(_runs.c.started_at, at),
            going_since=at,
        )
    )
    return Claim(run_id, lane, owner, ends, row[:-1], inherited=inherited, taken_at=row[-1])


def guard(session: Session, held: Claim, *, abreast: bool = False, **values: Any) -> None:
    """Changes the lane if it is still ours; raises LeaseLost if not.

    abreast  also if it does not stand where we are: a server that went down may have forgotten what came last
    """
    values = values or {"fence": held.fence}
    names = ", ".join(f"{name} = ?" for name in values)  # columns of the table, named by our own calls
    guarded, stand = "run_id = ? AND number = ? AND fence = ? AND owner = ?", list[Any]()
    if abreast:
        guarded, stand = (
            f"{guarded} AND next = ? AND COALESCE(cursor, '') = ?",
            [held.next, held.cursor or ""],
        )
    done = plain.change(
        session, f"UPDATE lane SET {names} WHERE {guarded}",  # noqa: S608
        *values.values(), held.run_id, held.lane, held.fence, held.owner, *stand,
    )  # fmt: skip
    if done != 1:
        raise LeaseLost(f"lane {held.lane} of run {held.run_id} has another owner, or stands elsewhere")


def _get_through(session: Session, held: Claim, **values: Any) -> None:
    """Changes the lane: what it tried is done."""
    get_on(session, held, abreast=True, attempts=0, **values)
    held.attempts = 0


def get_on(session: Session, held: Claim, *, abreast: bool = False, **values: Any) -> None:
    """Changes the lane: what it tries works, so nothing is left of a wait."""
    guard(session, held, abreast=abreast, failures=0, told_since=0.0, code="", message="", **values)
    if held.failures or held.told_since:
        long = bool(held.failures) or now() - held.told_since > tempo.MINUTE
        held.failures, held.told_since = 0, 0.0
        waits.end(session, held.run_id, held.lane, long=long)


def stage(
    session: Session, held: Claim, batches: Sequence[tuple[int, bytes, int, str | None]], cursor: str | None
) -> list[int]:
    """Commit 1 of the reader: payloads for work lanes and the cursor behind them.

    batches  (lane, payload, count, watermark); answers the lanes to ring for. Whoever works on a lane looks for more
             before he gives it back and afterwards.
    """
    _get_through(session, held, cursor=cursor)
    held.cursor, at = cursor, shared_now(session)
    to_ring: list[int] = []
    for lane, payload, count, watermark in batches:
        ((number,),) = plain.rows(session, ONE_MORE, held.run_id, lane)
        plain.change(session, _STAGE, held.run_id, lane, number - 1, payload, count, watermark)
        if plain.change(session, _RING, at, held.run_id, lane, at, at - AGAIN):
            to_ring.append(lane)
    return to_ring


AGAIN = 1.0
"""Seconds after a ring before the reader rings again for a lane that nobody attends."""

ONE_MORE = "UPDATE lane SET staged = staged + 1 WHERE run_id = ? AND number = ? RETURNING staged"
_RING = "UPDATE lane SET rung_at = ? WHERE run_id = ? AND number = ? AND (owner IS NULL OR until < ?) AND rung_at <= ?"
_STAGE = (
    "INSERT INTO staged_batch (run_id, lane, number, payload, count, watermark, state, settled)"
    " VALUES (?, ?, ?, ?, ?, ?, 'staged', '[]')"
)


def backlog(session: Session, run_id: str) -> dict[int, int]:
    """Batches waiting in each open work lane of a run."""
    query = "SELECT number, staged - next FROM lane WHERE run_id = ? AND number > 0 AND state = 'open'"
    return {int(number): int(waiting) for number, waiting in plain.rows(session, query, run_id)}


def is_low(session: Session, besides: Claim) -> bool:
    """Whether somebody who works on another lane of the run has at most one batch waiting there."""
    query = (
        "SELECT 1 FROM lane WHERE run_id = ? AND number > 0 AND number <> ? AND state = 'open'"
        " AND owner IS NOT NULL AND until >= ? AND staged <= next + 1"
    )
    return bool(plain.rows(session, query, besides.run_id, besides.lane, shared_now(session)))


def is_attended(session: Session, run_id: str, lane: int) -> bool:
    """Whether somebody works on a lane now."""
    query = "SELECT 1 FROM lane WHERE run_id = ? AND number = ? AND owner IS NOT NULL AND until >= ?"
    return bool(plain.rows(session, query, run_id, lane, shared_now(session)))


def batch(session: Session, run_id: str, lane: int, number: int) -> Any:
    """(payload, count, settled nodes, answers, stem) of a staged batch, None if there is none."""
    query = (
        "SELECT payload, count, settled, answers, stem FROM staged_batch"
        " WHERE run_id = ? AND lane = ? AND number = ?"
    )
    found = plain.rows(session, query, run_id, lane, number)
    if not found:
        return None
    ((payload, count, settled, answers, stem),) = found
    return payload, count, from_json(settled), answers, stem


def settle_node(session: Session, held: Claim, settled: list[str], answers: bytes | None) -> None:
    """Commit 2 of a write node: its deliveries are stored in the same transaction."""
    _get_through(session, held)
    _mark(session, held, settled=to_json(settled).decode(), answers=answers)


def settle_batch(session: Session, held: Claim, counts: dict[str, int], answers: bytes | None) -> int:
    """The last commit of a batch: counts, and on to the next one. Answers how many wait behind it."""
    query = "SELECT counts, beats, answered, staged FROM lane WHERE run_id = ? AND number = ?"
    ((known, beats, told, staged),) = plain.rows(session, query, held.run_id, held.lane)
    total = from_json(known)
    for name, count in counts.items():
        total[name] = total.get(name, 0) + count
    beats = tempo.note(beats, now(), counts["read"] - told)
    _get_through(session, held, next=held.next + 1, counts=to_json(total).decode(), beats=beats, answered=0)
    _mark(session, held, state="done", answers=answers)
    held.next += 1
    return int(staged - held.next)


def _mark(session: Session, held: Claim, **values: Any) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    here = "run_id = ? AND lane = ? AND number = ?"
    plain.change(
        session, f"UPDATE staged_batch SET {names} WHERE {here}",  # noqa: S608 - names of our own calls
        *values.values(), held.run_id, held.lane, held.next,
    )  # fmt: skip


def release(session: Session, held: Claim, *, wait: float = 0.0, silent: float = 0.0, **values: Any) -> None:
    """Gives the lane back; for ``wait`` seconds everybody keeps off. ``silent``: for how many seconds a call of its
    batch may still be carried out."""
    at = shared_now(session)
    if silent:
        values["silent_until"] = at + silent
    due_at = at + wait if wait else 0.0
    guard(session, held, owner=None, until=0.0, due_at=due_at, attempts=0, rung_at=0.0, **values)


def finish_lane(session: Session, held: Claim, state: str = "done") -> bool:
    """Closes our lane if nothing can come any more; closes the run if it was the last. True if closed."""
    lock_run(session, held.run_id)
    row = (
        session.connection()
        .execute(
            select(_lanes.c.next, _lanes.c.staged).where(
                _lanes.c.run_id == held.run_id, _lanes.c.number == held.lane
            )
        )
        .one()
    )
    reading = (
        session.connection()
        .execute(
            select(func.count())
            .select_from(_lanes)
            .where(_lanes.c.run_id == held.run_id, _lanes.c.number == 0, _lanes.c.state == "open")
        )
        .scalar_one()
    )
    if state == "done" and held.lane > 0 and (row[0] < row[1] or reading):
        return False
    guard(session, held, abreast=True, state=state, owner=None, until=0.0, attempts=0)
    return True


def lock_run(session: Session, run_id: str) -> None:
    """Serialises what closes a run, on databases that do not do so by themselves."""
    session.connection().execute(select(_runs.c.id).where(_runs.c.id == run_id).with_for_update())


def open_lanes(session: Session, run_id: str) -> list[int]:
    query = select(_lanes.c.number).where(_lanes.c.run_id == run_id, _lanes.c.state == "open")
    return [int(number) for number in session.connection().execute(query).scalars()]


def claimable(session: Session, run_id: str) -> list[int]:
    """Lanes of a run that have something to do and nobody who does it; the fullest first, the reader last."""
    at = shared_now(session)
    query = (
        select(_lanes.c.number)
        .where(
            _lanes.c.run_id == run_id,
            _lanes.c.state == "open",
            _lanes.c.due_at <= at,
            or_(_lanes.c.owner.is_(None), _lanes.c.until < at),
            _has_work(),
        )
        .order_by((_lanes.c.staged - _lanes.c.next).desc(), _lanes.c.number.desc())
    )
    return [int(number) for number in session.connection().execute(query).scalars()]


def _has_work() -> Any:
    """The reader, a lane with a batch waiting, or a lane that only has to notice that all is done."""
    reader = _lanes.alias()
    reading = select(reader.c.run_id).where(
        reader.c.run_id == _lanes.c.run_id, reader.c.number == 0, reader.c.state == "open"
    )
    return or_(_lanes.c.number == 0, _lanes.c.staged > _lanes.c.next, ~reading.exists())


def unattended(session: Session, quiet: float) -> list[tuple[str, int]]:
    """Open lanes of open runs that are due, owned by nobody alive, and not rung for ``quiet`` seconds."""
    at = shared_now(session)
    query = (
        select(_lanes.c.run_id, _lanes.c.number)
        .join(_runs, _runs.c.id == _lanes.c.run_id)
        .where(
            _lanes.c.state == "open",
            _lanes.c.due_at <= at,
            or_(_lanes.c.owner.is_(None), _lanes.c.until < at),
            _lanes.c.rung_at < at - quiet,
            _has_work(),
            _runs.c.state.in_(("queued", "running", "waiting", "cancelled")),
            turns.come(),
        )
        .order_by(_lanes.c.run_id, _lanes.c.number)
        .limit(1000)
    )
    return [(str(run_id), int(number)) for run_id, number in session.connection().execute(query)]


_GATED = "SELECT 1 FROM run WHERE flow_id = ? AND ended_at IS NULL AND gate > 0 LIMIT 1"
_NEXT = (
    select(_lanes.c.run_id, _lanes.c.number)
    .join(_runs, _runs.c.id == _lanes.c.run_id)
    .where(_runs.c.flow_id == bindparam("flow"), _runs.c.ended_at.is_(None), _runs.c.gate > 0)
    .where(_runs.c.state == "queued", _lanes.c.state == "open", _lanes.c.due_at <= bindparam("at"))
    .where(_lanes.c.owner.is_(None), _has_work(), turns.come())
    .order_by(_lanes.c.run_id, _lanes.c.number)
    .limit(8)
)


def next_in_line(session: Session, flow_id: str) -> list[tuple[str, int]]:
    """Lanes of the run of a flow that has waited for its turn, if that has come."""
    if not plain.rows(session, _GATED, flow_id):
        return []
    found = session.connection().execute(_NEXT, {"flow": flow_id, "at": shared_now(session)})
    return [(str(run_id), int(number)) for run_id, number in found]


def mark_rung(session: Session, lanes: Sequence[tuple[str, int]]) -> None:
    at = shared_now(session)
    for run_id, number in lanes:
        session.connection().execute(
            update(_lanes).where(_lanes.c.run_id == run_id, _lanes.c.number == number).values(rung_at=at)
        )
