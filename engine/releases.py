"""Setting documents free: one answer, everything that waited for it, page by page.

The release is a row, written with the answer. A page is one transaction: the holds are taken, the run that
goes on with them is started under a cause of its own, and the row notes how far it has come. Whoever is
killed in between leaves the rest to the next one that looks; nobody releases a document twice, because a
hold can be taken once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine import faults, reentry
from engine.errors import EngineError, HeddleError, RequestError, Unavailable
from engine.launch import Cause, Started, read_again, start_inside
from engine.plan import Plan
from engine.record import Record, from_json, to_json
from engine.scope import ANSWERS
from engine.store import flows, releases, reviews
from engine.store.database import Database, Session
from engine.store.history import Stop
from engine.store.releases import Release
from engine.store.reviews import Hold, place_of
from engine.store.runs import Run

PAGE = 1_000
"""Documents released in one transaction, give or take a batch."""

Plans = Callable[[int], Plan]
log = logging.getLogger("heddle.releases")


class _Moved(Exception):
    """Something that was to be released waits no more: look again."""


def promise(
    session: Session,
    flow_id: str,
    question_hash: str,
    by: str,
    *,
    do: str = "again",
    change: Mapping[str, Any] | None = None,
    answer: Mapping[str, Any] | None = None,
    version: int = 0,
) -> Release:
    """Writes down, with the answer, that everything that waits for it now shall go on."""
    up_to, waited = reviews.newest(session, flow_id, question_hash)
    row = Release(
        flow_id=flow_id, question_hash=question_hash, do=do, change=to_json(dict(change or {})).decode(),
        answer=to_json(dict(answer or {})).decode(), version=version, up_to=up_to, by=by, waited=waited,
    )  # fmt: skip
    made = releases.add(session, row)
    faults.point("after-answer")
    return made


def advance(database: Database, plans: Plans, number: int, seconds: float = 5.0) -> list[Started]:
    """Releases page after page, for about so long; answers the runs to ring for."""
    until = time.monotonic() + seconds
    started: list[Started] = []
    while True:
        try:
            page = _page(database, plans, number)
        except _Moved:
            continue
        if page is None:
            return started
        started.extend(page)
        faults.point("between-releases")
        if time.monotonic() > until:
            return started


def tick(database: Database, plans: Plans) -> list[tuple[str, int]]:
    """Goes on with what was left unfinished; answers the lanes to ring for. Raises Unavailable."""
    with database.read() as session:
        waiting = releases.unfinished(session)
    rings: list[tuple[str, int]] = []
    for number in waiting:
        try:
            done = advance(database, plans, number)
        except Unavailable:
            raise
        except Exception:
            log.exception("release %s could not go on; the others do", number)
            continue
        rings += [(one.run, lane) for one in done for lane in one.lanes]
    return rings


def _page(database: Database, plans: Plans, number: int) -> list[Started] | None:
    """One transaction's worth; None when nothing is left."""
    with database.read() as session:
        row = releases.get(session, number)
        if row.state != "open":
            return None
        holds = reviews.page(session, row.flow_id, row.question_hash, row.up_to, row.came_to(), PAGE)
        if holds:
            run = session.get(Run, holds[0].run_id)
            flow = flows.get(session, row.flow_id)
    if not holds:
        with database.write() as session:
            releases.finish(session, releases.get(session, number, lock=True))
        return None
    assert run is not None  # runs are never deleted
    try:
        plan = plans(flow.live_version_id if flow and flow.live_version_id else run.version_id)
        entries, holds, count = _gather(database, plans(run.version_id), plan, holds)
        keys = _sources(plan, entries, holds) if row.do == "read" else {}
    except Unavailable:
        raise
    except HeddleError as error:
        return _pass_over(database, row, holds, error)
    change = from_json(row.change)
    if change:
        entries = {node: [_changed(one, change) for one in some] for node, some in entries.items()}
    with database.write() as session:
        now = releases.get(session, number, lock=True)
        if now.state != "open" or now.after != row.after:
            raise _Moved
        kind = "answer" if from_json(row.answer) else "retry"
        cause = Cause(kind, row.by, f"release:{number}:{holds[0].id}")
        bindings = {**from_json(run.bindings), **(flow.bound() if flow else {})}
        version = flow.live_version_id if flow and flow.live_version_id else run.version_id
        if row.do == "read":
            started = read_again(
                session, flow_id=run.flow_id, version_id=version, bindings=bindings, cause=cause, keys=keys,
                parent=run.id, lanes=plan.flow.policy.lanes,
            )  # fmt: skip
        else:
            started = start_inside(
                session, flow_id=run.flow_id, version_id=version, bindings=bindings, mode="live",
                cause=cause, entries=entries, parent=run.id, batch_size=plan.flow.policy.batch_size,
            )  # fmt: skip
        if not reviews.take(session, [hold.id for hold in holds if hold.id is not None], started.run):
            raise _Moved
        faults.point("amid-release")
        releases.move_on(session, now, place_of(holds[-1]), released=count, run=started.run)
    return [started]


def _gather(
    database: Database, then: Plan, now: Plan, holds: Sequence[Hold]
) -> tuple[dict[str, list[Record]], list[Hold], int]:
    """The documents where they stood. If one batch of the page cannot be had, only those before it, or it alone
    raises RequestError."""
    try:
        with database.read() as session:
            found = reentry.gather(session, {holds[0].run_id: then}, [_stop(hold) for hold in holds], now)
        return found.entries, list(holds), found.records
    except RequestError:
        first = place_of(holds[0])
        some = [hold for hold in holds if place_of(hold) == first]
        if len(some) == len(holds):
            raise
        return _gather(database, then, now, some)


def _pass_over(database: Database, row: Release, holds: Sequence[Hold], error: HeddleError) -> list[Started]:
    """Leaves a batch waiting, with the reason why it cannot go on."""
    first = place_of(holds[0])
    some = [hold for hold in holds if place_of(hold) == first]
    trouble = {"code": error.code, "message": error.message, "cure": error.cure, "count": len(some)}
    with database.write() as session:
        now = releases.get(session, row.number, lock=True)
        if now.after != row.after:
            raise _Moved
        releases.move_on(session, now, first, trouble=trouble)
    return []


def _sources(
    plan: Plan, entries: Mapping[str, Sequence[Record]], holds: Sequence[Hold]
) -> dict[str, list[str]]:
    """Read node → the keys that it reads again, found by where each document came from."""
    origins = {record.origin for records in entries.values() for record in records if record.origin}
    found = {name for origin in origins if (name := reentry.read_node(plan, origin)) is not None}
    if found:
        return {min(found, key=plan.order.index): list(dict.fromkeys(hold.root for hold in holds))}
    raise EngineError("These documents were not read by this flow, so it cannot read them again.")


def _stop(hold: Hold) -> Stop:
    return Stop(
        hold.run_id, hold.lane, hold.batch, hold.node, hold.key, hold.root, hold.title, outcome="held"
    )


def _changed(record: Record, change: Mapping[str, Any]) -> Record:
    """The record with fields that were answered, and with what rules were told (under ANSWERS)."""
    fields = {name: value for name, value in change.items() if name != ANSWERS}
    if fields and isinstance(record.data, dict):
        record = record.with_data({**record.data, **fields})
    if ANSWERS in change:
        record = record.with_step(ANSWERS, {**record.steps.get(ANSWERS, {}), **change[ANSWERS]})
    return record
