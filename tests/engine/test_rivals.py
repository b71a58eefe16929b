"""Two source objects with one match key, of which one may have been created: the other waits for the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlmodel import select

from engine.record import Change, from_json
from engine.store import matches, references, reviews
from engine.store.database import Database
from engine.store.deliveries import Delivery
from engine.store.matches import MatchClaim
from engine.store.references import CrossReference, Pair
from engine.store.reviews import Hold
from engine.store.runs import Run
from tests.conftest import Clock
from tests.engine.faults import Killed, after, use
from tests.engine.test_cut_batches import advance, deadly, pieces, work
from tests.engine.test_doubts import LEASE, Slow, toy
from tests.engine.test_executor import counts, start
from tests.engine.test_fault_matrix import Means
from tests.engine.toys import Bench, Toy, toy_flow, toys

FIRST, SECOND = "S000000", "S000001"
TIMEOUT, LAG = 30.0, 20.0


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


@pytest.fixture
def clock(stopped: Clock) -> Clock:
    return stopped


def bench_of(database: Database, means: Means) -> tuple[Slow, Bench]:
    """Two objects of one name, by which they are recognised, in one batch."""
    world = Slow(2)
    world.means = means
    for row in world.source.values():
        row["name"] = "Acme"
    bench = Bench(database, world, toy_flow(match=("name",), operation="upsert"))
    bench.timeout = TIMEOUT
    use(bench, toy(1, lag=LAG))
    return world, bench


def second_is_under_way(
    database: Database, clock: Clock, patch: pytest.MonkeyPatch, means: Means
) -> tuple[Slow, Bench]:
    """The first is refused, so the second is created for both; amid that call its worker dies, and the next two die of
    the first record."""
    world, bench = bench_of(database, means)
    deadly(patch, (2, 3))

    def refuse(changes: Sequence[Change]) -> None:
        world.refused = {changes[0].key}
        world.before_write = after(0, 1, world.put_off)

    world.before_write = after(0, 1, refuse)
    start(bench)
    for _ in range(3):
        advance(bench, clock)
        world.refused = set()
        world.before_write = lambda changes: None
    assert [row["ref"] for row in world.pending] == [SECOND]
    assert world.target == []
    return world, bench


def arrives(world: Slow) -> None:
    world.target += [{**row, "id": len(world.target)} for row in world.pending]
    world.pending = []


def other_run(bench: Bench, key: str) -> str:
    """A run about one object, as far as it comes at once."""
    run_id = start(bench, brought={"ids": [key]})
    for lane in (0, 1):
        bench.executor(lease=LEASE).advance(run_id, lane)
    return run_id


def open_holds(database: Database) -> list[Hold]:
    with database.read() as session:
        return reviews.open_holds(session)


def runs(database: Database) -> list[Run]:
    with database.read() as session:
        return list(session.exec(select(Run).order_by(Run.id)))  # type: ignore[arg-type]


@pytest.mark.parametrize("done", [True, False], ids=["created late", "never created"])
@pytest.mark.parametrize("means", ["match", "key"])
def test_one_in_the_other_half_of_a_cut_batch_is_waited_for(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, means: Means, done: bool
) -> None:
    world, bench = second_is_under_way(database, clock, monkeypatch, means)
    advance(bench, clock)
    assert pieces(database) == [1, 1]
    assert (runs(database)[0].code, world.target) == ("E-UNSEEN", [])
    if done:
        arrives(world)
    clock.advance(TIMEOUT + LAG)
    run = work(bench, clock)
    assert [row["name"] for row in world.target] == ["Acme"]
    assert counts(run)["read"] == 2
    assert "held" not in counts(run)


def test_what_another_run_may_have_created_last_is_seen_before_it_is_created(
    database: Database, clock: Clock
) -> None:
    """Nobody takes the other run up; its call is over when its claim is, but searches do not show what it made yet."""
    world, bench = bench_of(database, "match")
    world.before_write = after(0, 1, world.put_off)
    with suppress(Killed):
        other_run(bench, SECOND)
    world.before_write = lambda changes: None
    clock.advance(LEASE + TIMEOUT + 1.0)
    late = other_run(bench, FIRST)
    assert (runs(database)[1].code, world.target) == ("E-UNSEEN", [])
    arrives(world)
    clock.advance(LAG + 2.0)
    for lane in (0, 1):
        bench.executor(lease=LEASE).advance(late, lane)
    assert counts(runs(database)[1]) == {"read": 1, "updated": 1}
    assert [row["ref"] for row in world.target] == [FIRST]


def test_what_another_has_created_since_counts_for_that_one_alone(database: Database, clock: Clock) -> None:
    """Its key was handed over, because nobody was left to look; then its run is taken up after all."""
    world = Slow(2)
    world.source = {key: {"id": key, "name": "Acme"} for key in (FIRST, SECOND)}
    bench = Bench(database, world, toy_flow(match=("name",), operation="create"))
    bench.timeout = TIMEOUT
    use(bench, toy(1, lag=LAG))

    def die(changes: Sequence[Change]) -> None:
        raise Killed("before anything was sent")

    world.before_write = die
    with suppress(Killed):
        other_run(bench, FIRST)
    world.before_write = lambda changes: None
    clock.advance(LEASE + TIMEOUT + LAG + 2.0)
    other_run(bench, SECOND)
    assert counts(runs(database)[1]) == {"read": 1, "created": 1}
    first = runs(database)[0].id
    for lane in (0, 1):
        bench.executor(lease=LEASE).advance(first, lane)
    assert len(world.target) == 1
    assert counts(runs(database)[0]) == {"read": 1, "unchanged": 1}


def test_what_somebody_has_given_up_may_be_seen_late_too(database: Database, clock: Clock) -> None:
    """A person removes the cross reference as soon as that can be done; searches do not show yet what was created."""
    world, bench = bench_of(database, "match")
    world.before_write = after(0, 1, world.put_off)
    with suppress(Killed):
        other_run(bench, SECOND)
    world.before_write = lambda changes: None
    clock.advance(LEASE + TIMEOUT + 1.0)
    with database.write() as session:
        session.execute(delete(CrossReference))
    late = other_run(bench, FIRST)
    assert (runs(database)[1].code, world.target) == ("E-UNSEEN", [])
    arrives(world)
    clock.advance(LAG + 2.0)
    for lane in (0, 1):
        bench.executor(lease=LEASE).advance(late, lane)
    assert counts(runs(database)[1]) == {"read": 1, "updated": 1}
    assert len(world.target) == 1


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
def test_where_nobody_can_tell_one_answer_is_for_both(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    """The first is in doubt; hours later another run wants an object of that name too."""
    world, bench = bench_of(database, "none")
    if cut:
        deadly(monkeypatch, (2, 3))
    world.before_write = after(0, 1, world.put_off)
    start(bench)
    advance(bench, clock)
    world.before_write = lambda changes: None
    assert counts(work(bench, clock)) == {"read": 2, "held": 2}
    assert len(pieces(database)) == (2 if cut else 1)
    world.source["S000002"] = {"id": "S000002", "name": "Acme"}
    clock.advance(3 * matches.MEMORY)
    other_run(bench, "S000002")
    assert counts(runs(database)[1]) == {"read": 1, "held": 1}
    assert world.target == []
    holds = open_holds(database)
    assert sorted(one.key for one in holds) == [FIRST, SECOND, "S000002"]
    assert len({one.question_hash for one in holds}) == 1
    assert from_json(holds[0].question)["source"]["left_id"] == FIRST
    with database.write() as session:  # it is not there
        pair = Pair("L", "row", "R", "thing")
        known = references.load(session, pair, [FIRST])[FIRST]
        references.release(session, pair, [FIRST], known.claim)
    other_run(bench, SECOND)
    assert [row["ref"] for row in world.target] == [SECOND]


def test_an_object_of_another_kind_is_a_rival_too(database: Database, clock: Clock) -> None:
    """Persons and companies become one kind of object there."""
    world, bench = bench_of(database, "none")
    world.before_write = after(0, 1, world.put_off)
    with suppress(Killed):
        other_run(bench, FIRST)
    world.before_write = lambda changes: None
    with database.write() as session:
        for table in (CrossReference, matches.MatchClaim):
            session.execute(update(table).values(left_entity="person"))
    clock.advance(LEASE + TIMEOUT + 1.0)
    other_run(bench, SECOND)
    (hold,) = open_holds(database)
    assert from_json(hold.question)["source"]["left_entity"] == "person"
    with database.write() as session:
        session.execute(delete(CrossReference))
    other_run(bench, SECOND)
    assert [row["ref"] for row in world.target] == [SECOND], "nobody is in doubt any more"


def foreseen(bench: Bench, key: str) -> tuple[str, str]:
    """Outcome and message that a dry run has for one object."""
    run_id = start(bench, "dry-run", brought={"ids": [key]})
    for lane in (0, 1):
        bench.executor(lease=LEASE).advance(run_id, lane)
    with bench.database.read() as session:
        row = session.exec(select(Delivery).where(Delivery.run_id == run_id)).one()
    return row.outcome, row.message


@pytest.mark.parametrize("means", ["match", "none"])
def test_a_dry_run_tells_that_it_would_meet_one_in_doubt(
    database: Database, clock: Clock, means: Means
) -> None:
    world, bench = bench_of(database, means)
    world.before_write = after(0, 1, world.put_off)
    with suppress(Killed):
        other_run(bench, SECOND)
    clock.advance(LEASE + TIMEOUT + 1.0)
    with database.read() as session:
        before = session.exec(select(MatchClaim)).all()
    outcome, message = foreseen(bench, FIRST)
    assert outcome == {"match": "created", "none": "held"}[means]
    assert ("would wait" if means == "match" else "cannot be told") in message
    assert f"{SECOND}, which has name Acme too" in message
    with database.read() as session:
        assert session.exec(select(MatchClaim)).all() == before, "nothing is claimed"


def test_a_dry_run_tells_who_is_creating_it_right_now(database: Database, clock: Clock) -> None:
    world, bench = bench_of(database, "match")
    told: list[tuple[str, str]] = []

    def look(changes: Sequence[Change]) -> None:
        world.before_write = lambda changes: None
        told.extend(foreseen(bench, key) for key in (FIRST, SECOND))

    world.before_write = look
    other_run(bench, SECOND)
    assert [outcome for outcome, _ in told] == ["created", "created"]
    assert "Another run is creating one for name Acme right now" in told[0][1]
    assert "Another run is creating it right now" in told[1][1]
    bench.open = hiding(bench)  # type: ignore[method-assign]
    assert "was created for name Acme a moment ago" in foreseen(bench, FIRST)[1]


def hiding(bench: Bench) -> Callable[..., Toy]:
    """Opens a target whose searches do not show anything yet."""
    usual = bench.open

    def opened(*asked: Any, **more: Any) -> Toy:
        toy: Any = usual(*asked, **more)
        toy.find = lambda entity, matches, fields=(): [[] for _ in matches]
        return toy

    return opened
