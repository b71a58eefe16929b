"""What was read a while ago is not written over what was read and written since, by whatever run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from sqlmodel import select

from engine import editions, launch, reentry
from engine.clock import passing
from engine.connector import Query
from engine.errors import InDoubt, Unavailable
from engine.launch import Cause
from engine.record import Change, Origin, Outcome, Page, Record, Result, from_json
from engine.store import lanes
from engine.store.database import Database
from engine.store.deliveries import Delivery
from engine.store.runs import Run
from tests.conftest import Clock
from tests.engine.faults import Killed, after, raising, use
from tests.engine.test_executor import start
from tests.engine.toys import Bench, Toy, World, toy_flow, toys


class VersionedToy(Toy):
    """Its rows carry a version; it refuses those named so."""

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        page = super().read(query, cursor, limit)
        records = [msgspec.structs.replace(one, version=one.data.get("version")) for one in page.records]
        return Page(records, page.cursor, page.watermark)

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        if any(change.data["name"] == "refused" for change in changes):
            return [Result(Outcome.FAILED, code="T-NO", message="Not like this.") for _ in changes]
        return super()._write(entity, changes)


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


@pytest.fixture
def bench(database: Database) -> Bench:
    """One object that was written once, as of version 1."""
    made = Bench(database, World(1), toy_flow(operation="upsert"))
    use(made, VersionedToy)
    say(made, "first", "2026-11-20T10:00:01Z")
    start(made)
    work(made)
    return made


def say(bench: Bench, name: str, version: str | None) -> None:
    bench.world.source["S000000"].update(name=name, version=version)  # type: ignore[dict-item]


def work(bench: Bench) -> dict[str, dict[str, int]]:
    """Works on what waits; answers the counts of the runs that are over."""
    with bench.database.read() as session:
        waiting = lanes.unattended(session, -1.0)
    executor = bench.executor(lease=9.0)
    for run_id, lane in waiting:
        executor.advance(run_id, lane)
    with bench.database.read() as session:
        runs = session.exec(select(Run)).all()
    return {run.id: {k: n for k, n in from_json(run.counts).items() if n} for run in runs if run.ended_at}


def put_off(bench: Bench) -> str:
    """A run reads the object as it is now, and has to wait before it can write it."""
    run_id = start(bench)
    bench.world.before_write = after(0, 1, raising(lambda: Unavailable("Busy.", retry_after=30.0)))
    assert run_id not in work(bench)
    return run_id


@pytest.mark.parametrize(
    ("late", "since", "stays"),
    [
        ("2026-11-20T10:00:02Z", "2026-11-20T10:00:03Z", "since"),
        ("9", "10", "since"),
        ("2026-11-20T10:00:02Z", "2026-11-20T10:00:02Z", "late"),
        (None, None, "late"),
        ('W/"b"', 'W/"c"', "late"),
        ("2026-11-20T10:00:02Z", "7", "late"),
    ],
)
def test_a_run_that_had_to_wait_beside_another(
    bench: Bench, clock: Clock, late: str | None, since: str | None, stays: str
) -> None:
    say(bench, "late", late)
    waiting = put_off(bench)
    say(bench, "since", since)
    start(bench)
    work(bench)
    assert [row["name"] for row in bench.world.target] == ["since"]
    clock.advance(60.0)
    outcome = "skipped" if stays == "since" else "updated"
    assert work(bench)[waiting] == {"read": 1, outcome: 1}
    assert [row["name"] for row in bench.world.target] == [stays]
    with bench.database.read() as session:
        told = session.exec(select(Delivery).where(Delivery.run_id == waiting)).one()
    if stays == "since":
        assert (
            told.message == f"A newer state of it was written before (version {since}); this one is left out."
        )


@pytest.mark.parametrize("inner", ["older", "newer"])
@pytest.mark.parametrize("landed", [False, True])
def test_two_readings_that_are_under_way_at_once(
    bench: Bench, clock: Clock, inner: str, landed: bool
) -> None:
    """One run delivers from beginning to end while the call of another is on its way to the system, or its answer on the
    way back. Whoever stores last has the object read once more, and the newest state stays."""
    say(bench, "late", "2026-11-20T10:00:02Z")
    waiting = put_off(bench)
    bench.world.before_write = lambda changes: None
    say(bench, "since", "2026-11-20T10:00:03Z")
    fresh = start(bench)
    outer_run, inner_run = (waiting, fresh) if inner == "newer" else (fresh, waiting)
    clock.advance(60.0)

    def meanwhile(changes: Sequence[Change]) -> None:
        bench.world.before_write = bench.world.after_write = lambda changes: None
        deliver(bench, inner_run)

    if landed:
        bench.world.after_write = meanwhile
    else:
        bench.world.before_write = meanwhile
    deliver(bench, outer_run)
    again = work(bench)
    (third,) = again.keys() - {waiting, fresh, min(again)}
    clock.advance(60.0)
    assert [row["name"] for row in bench.world.target] == ["since"]
    with bench.database.read() as session:
        run = session.get(Run, third)
        assert run is not None
        assert (run.cause_kind, run.parent_id) == ("crossing", outer_run)
    last = start(bench)
    assert work(bench)[last] == {"read": 1, "unchanged": 1}
    assert len(work(bench)) == 5, "it is read again once"


@pytest.mark.parametrize("dies", [False, True])
def test_an_older_reading_that_got_no_answer_and_arrives_after_a_newer_one(
    bench: Bench, clock: Clock, dies: bool
) -> None:
    """Its answer is lost, or its worker dies; it is carried out when the newer one has been written."""
    bench.timeout = 30.0
    say(bench, "late", "2026-11-20T10:00:02Z")
    older = start(bench)
    lost = Killed("amid a call") if dies else InDoubt("No answer.", sent_at=passing(), timeout=30.0)
    bench.world.before_write = after(0, 1, raising(lambda: lost))
    with suppress(Killed):
        deliver(bench, older)
    say(bench, "since", "2026-11-20T10:00:03Z")
    deliver(bench, start(bench))
    assert [row["name"] for row in bench.world.target] == ["since"]
    clock.advance(9.0 + 1.0)
    told = work(bench)
    assert older not in told, "it waits until its call is over"
    bench.world.target[0]["name"] = "late"
    for _ in range(3):
        clock.advance(31.0)
        told = work(bench)
    assert told[older] == {"read": 1, "skipped": 1}
    assert [row["name"] for row in bench.world.target] == ["since"]
    assert len(told) == 4, "it is read again once"


@pytest.mark.parametrize("newer_first", [True, False])
def test_what_changed_while_a_create_was_in_doubt(
    database: Database, clock: Clock, newer_first: bool
) -> None:
    """The object is found again as it was created; that is not what is to be written now."""
    bench = Bench(database, World(1), toy_flow(operation="upsert"))
    bench.timeout = 30.0
    use(bench, VersionedToy)
    say(bench, "first", "2026-11-20T10:00:01Z")
    older = start(bench)
    bench.world.after_write = after(
        0, 1, raising(lambda: InDoubt("No answer.", sent_at=passing(), timeout=30.0))
    )
    deliver(bench, older)
    say(bench, "since", "2026-11-20T10:00:03Z")
    newer = start(bench)
    clock.advance(45.0)
    for run_id in (newer, older) if newer_first else (older, newer):
        deliver(bench, run_id)
    clock.advance(45.0)
    told = work(bench)
    assert [row["name"] for row in bench.world.target] == ["since"]
    outcomes = ({"skipped": 1}, {"updated": 1}) if newer_first else ({"created": 1}, {"updated": 1})
    assert (told[older], told[newer]) == tuple({"read": 1, **one} for one in outcomes)


def deliver(bench: Bench, run_id: str) -> None:
    """One run, as far as it gets."""
    executor = bench.executor(lease=9.0)
    for lane in (0, 1):
        executor.advance(run_id, lane)


def test_what_was_found_unchanged_counts_too(bench: Bench, clock: Clock) -> None:
    """Changed and changed back: the state in between is older than what was found."""
    say(bench, "between", "2026-11-20T10:00:02Z")
    waiting = put_off(bench)
    say(bench, "first", "2026-11-20T10:00:03Z")
    start(bench)
    work(bench)
    clock.advance(60.0)
    assert work(bench)[waiting] == {"read": 1, "skipped": 1}
    assert [row["name"] for row in bench.world.target] == ["first"]


def _as_it_was(record: Record) -> Record:
    return record


def _corrected(record: Record) -> Record:
    return editions.corrected(record, {**record.data, "name": "corrected"})


@pytest.mark.parametrize(("change", "stays"), [(_as_it_was, "since"), (_corrected, "corrected")])
def test_a_failed_record_that_is_tried_again(
    bench: Bench, change: Callable[[Record], Record], stays: str
) -> None:
    """What a later run has superseded is told so; what a person puts right is written."""
    say(bench, "refused", "2026-11-20T10:00:02Z")
    failed = start(bench)
    assert work(bench)[failed] == {"read": 1, "failed": 1}
    say(bench, "since", "2026-11-20T10:00:03Z")
    start(bench)
    work(bench)
    with bench.database.read() as session:
        stops = reentry.outstanding(session, failed, ("failed",), None)
        found = reentry.gather(session, {failed: bench.plan}, stops, bench.plan)
    entries = {node: [change(one) for one in some] for node, some in found.entries.items()}
    with bench.database.write() as session:
        again = launch.start_inside(
            session, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R"}, mode="live",
            cause=Cause("retry", "me"), entries=entries, parent=failed,
        )  # fmt: skip
    expected = {"skipped": 1} if stays == "since" else {"updated": 1}
    assert work(bench)[again.run] == {"read": 1, **expected}
    assert [row["name"] for row in bench.world.target] == [stays]


def test_a_version_says_nothing_of_another_object() -> None:
    read = Record("A", {}, origin=Origin("crm", "Account"), version="7")
    assert editions.reading(read, "A") == "7"
    assert editions.reading(read, "B") == ""
    assert editions.reading(Record("A", {}, version="7"), "A") == "", "a message has an edition"
