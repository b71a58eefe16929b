"""Objects of several systems that have the same id: each is an object of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlmodel import select

from engine import alike, launch
from engine.flow import Flow, Slot
from engine.launch import Cause
from engine.record import Change, Origin, Record, idempotency_key
from engine.store import failures, matches, reviews
from engine.store.database import Database
from engine.store.matches import Key, MatchClaim
from tests.engine.faults import after, doubt, raising, use
from tests.engine.test_doubts import toy
from tests.engine.test_executor import counts, finish
from tests.engine.toys import Bench, World, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def two_sources(**more: Any) -> Flow:
    """A flow that two systems feed."""
    flow = toy_flow(operation="upsert", **{"match": (), **more})
    return flow.model_copy(update={"slots": {**flow.slots, "other": Slot(system="toy")}})


@pytest.mark.parametrize("other", [Origin("other", "row"), Origin("left", "person")], ids=str)
def test_one_batch_may_hold_both(database: Database, other: Origin) -> None:
    """As when what failed in several runs is tried again together."""
    bench = Bench(database, World(0), two_sources())
    bindings = {"left": "L", "right": "R", "other": "O"}
    for name, came_to in (("a", "created"), ("b", "updated"), ("b", "unchanged")):
        records = [
            Record("5", {"ref": "5", "name": f"{name} of {origin.slot} {origin.entity}"}, origin=origin)
            for origin in (Origin("left", "row"), other)
        ]
        with database.write() as session:
            started = launch.start_inside(
                session, flow_id="f1", version_id=1, bindings=bindings, mode="live",
                cause=Cause("retry", "test"), entries={"write0": records}, parent=None,
            )  # fmt: skip
        bench.rings.extend((started.run, lane) for lane in started.lanes)
        assert counts(finish(bench, started.run)) == {"read": 2, came_to: 2}
        assert [row["name"] for row in bench.world.target] == [record.data["name"] for record in records]


def entered(bench: Bench, origin: Origin, ref: str) -> str:
    """A run about the object 5 of this origin, to its end."""
    with bench.database.write() as session:
        started = launch.start_inside(
            session, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R", "other": "O"}, mode="live",
            cause=Cause("retry", "test"), entries={"write0": [Record("5", {"ref": ref}, origin=origin)]}, parent=None,
        )  # fmt: skip
    bench.rings.extend((started.run, lane) for lane in started.lanes)
    finish(bench, started.run)
    return started.run


@pytest.mark.parametrize("other", [Origin("other", "row"), Origin("left", "person")], ids=str)
def test_what_gets_through_ends_only_what_waits_for_itself(database: Database, other: Origin) -> None:
    bench = Bench(database, World(0), two_sources(match=("ref",)))
    mine = Origin("left", "row")

    def refuse(changes: Sequence[Change]) -> None:
        bench.world.before_write = lambda changes: None
        bench.world.refused = {change.key for change in changes}

    held, also = entered(bench, mine, ""), entered(bench, other, "")
    assert waiting(database) == ([], [held, also]), "neither takes the place of the other"
    bench.world.before_write = refuse
    failed = entered(bench, mine, "A")
    entered(bench, other, "B")
    assert waiting(database) == ([failed], [held])
    bench.world.refused = set()
    entered(bench, mine, "A")
    assert waiting(database) == ([], [])


def waiting(database: Database) -> tuple[list[str], list[str]]:
    """The runs in which something failed, or was held, that is not over."""
    with database.read() as session:
        failed = [one.run_id for one in failures.open_failures(session)]
        return failed, [one.run_id for one in reviews.open_holds(session)]


def test_one_that_has_to_wait_leaves_its_namesake_the_key_it_claimed(database: Database) -> None:
    """Somebody else is creating an object for the key of the one; that of the other is claimed while it is created."""
    bench = Bench(database, World(0), two_sources(match=("ref",)))
    mine, other = Origin("left", "row"), Origin("left", "person")
    digest = alike.digest({"ref": "taken"}, {})
    claimed: list[int] = []

    def look(changes: Sequence[Change]) -> None:
        with database.read() as session:
            rows = session.exec(select(MatchClaim).where(MatchClaim.claim != "elsewhere")).all()
        claimed.append(len(rows))

    bench.world.before_write = look
    with database.write() as session:
        matches.claim(session, [(Key("R", "thing", digest), ("L", "row", "7"))], "elsewhere", 60.0)
        started = launch.start_inside(
            session, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R", "other": "O"}, mode="live",
            cause=Cause("retry", "test"), parent=None,
            entries={"write0": [Record("5", {"ref": "free"}, origin=mine), Record("5", {"ref": "taken"}, origin=other)]},
        )  # fmt: skip
    bench.executor().advance(started.run, 1)
    assert claimed == [1]


OTHERS = (Origin("other", "row"), Origin("left", "person"))


def together(bench: Bench, *refs: tuple[Origin, str], key: str = "5") -> str:
    """A run about objects of these origins that have one id."""
    entries = {"write0": [Record(key, {"ref": ref}, origin=origin) for origin, ref in refs]}
    with bench.database.write() as session:
        started = launch.start_inside(
            session, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R", "other": "O"}, mode="live",
            cause=Cause("retry", "test"), entries=entries, parent=None,
        )  # fmt: skip
    return started.run


def doubtful_bench(database: Database, calls: int) -> Bench:
    """One whose target answers so many calls, one record each, and not the next; nobody can tell afterwards."""
    bench = Bench(database, World(0), two_sources(match=("ref",)))
    use(bench, toy(1))
    bench.world.means = "none"
    bench.world.before_write = after(calls, 1, raising(doubt))
    return bench


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_one_that_is_refused_leaves_its_namesake_in_doubt_the_key(database: Database, other: Origin) -> None:
    bench = doubtful_bench(database, 1)
    bench.world.refused = {idempotency_key("f1", "write0", "L", "row", "5", "R", "thing")}
    finish(bench, together(bench, (Origin("left", "row"), "A"), (other, "B")))
    with database.read() as session:
        assert [one.key for one in reviews.open_holds(session)] == ["5"]
    bench.executor().advance(together(bench, (Origin("left", "row"), "B"), key="6"), 1)
    assert bench.world.target == [], "it may be there already"


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_one_in_doubt_has_its_key_before_its_namesake(database: Database, other: Origin) -> None:
    bench = doubtful_bench(database, 0)
    finish(bench, together(bench, (Origin("left", "row"), "A"), (other, "A")))
    assert bench.world.target == []
    with database.read() as session:
        held = reviews.open_holds(session)
    assert [one.key for one in held] == ["5", "5"]
    assert len({one.question_hash for one in held}) == 1
