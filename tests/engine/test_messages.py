"""Messages about one object, with different contents: the newest counts, whatever order they are worked off in."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from engine import clock, editions
from engine.arrivals import Arrival, store
from engine.errors import InDoubt, Unavailable
from engine.flow import Edge, Node
from engine.launch import Cause, Started
from engine.record import Change, Origin, Record, from_json
from engine.store import lanes
from engine.store.database import Database
from engine.store.runs import Run, keep_order, new_id
from tests.conftest import Clock
from tests.engine.faults import after, raising
from tests.engine.test_arrivals import publish
from tests.engine.toys import Bench, World, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


class Inbox(Bench):
    """A flow that writes what is told to it: {"id", "name", "version"}."""

    def __init__(self, database: Database, version: str = "$.version", **trigger: Any) -> None:
        flow = toy_flow(operation="upsert")
        nodes = [
            Node(id="start", type="webhook", settings={"version_path": version, **trigger}),
            *(node for node in flow.nodes if node.id not in ("start", "read")),
        ]
        edges = [
            Edge(source="start", target="map"),
            *(e for e in flow.edges if "read" not in (e.source, e.target)),
        ]
        super().__init__(database, World(), flow.model_copy(update={"nodes": nodes, "edges": edges}))
        self.where = publish(database, self.plan)

    def tell(self, name: str, version: Any = None, key: str = "A") -> str:
        """One message, in a transaction of its own; answers its run."""
        flow_id, standing = self.where
        told = {"id": key, "name": name, "version": version}
        with self.database.write() as session:
            (answer,) = store(
                session, [Arrival(self.plan, flow_id, standing, Cause("webhook"), told, "start")]
            )
        assert isinstance(answer, Started)
        return answer.run

    def work(self, *only: str) -> dict[str, dict[str, int]]:
        """Works on what waits (of these runs), each by itself; answers the counts of runs that are over."""
        with self.database.read() as session:
            waiting = lanes.unattended(session, -1.0)
        executor = self.executor(lease=9.0)
        for run_id, lane in waiting:
            if not only or run_id in only:
                executor.advance(run_id, lane)
        with self.database.read() as session:
            runs = session.exec(select(Run)).all()
        return {run.id: {k: n for k, n in from_json(run.counts).items() if n} for run in runs if run.counts}

    @property
    def names(self) -> list[str]:
        return [row["name"] for row in self.world.target]


def unanswered(database: Database) -> Inbox:
    """One in which «zero» was written, and the call for «one», which may be carried out for 30 s, got no answer."""
    inbox = Inbox(database, "")
    inbox.tell("zero")
    inbox.work()
    inbox.tell("one")
    lost = raising(lambda: InDoubt("No answer.", sent_at=clock.passing(), timeout=30.0))
    inbox.world.before_write = after(0, 1, lost)
    inbox.work()
    return inbox


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (7, 6), ("10", "9"), ("2026-11-20T10:00:01Z", "2026-11-20T10:00:00Z"),
        ("2026-11-20T09:30:00-01:00", "2026-11-20T10:00:00Z"), (10**30 + 1, 10**30),
    ],
)  # fmt: skip
def test_an_older_version_that_comes_later_is_left_out(database: Database, newer: Any, older: Any) -> None:
    inbox = Inbox(database)
    inbox.tell("new", newer)
    inbox.work()
    late = inbox.tell("old", older)
    assert inbox.work()[late] == {"read": 1, "skipped": 1}
    assert inbox.names == ["new"]
    again = inbox.tell("newest", newer)  # of equal versions the one that came last
    assert inbox.work()[again] == {"read": 1, "updated": 1}


@pytest.mark.parametrize("names", [("old", "new"), ("new", "old")])
def test_both_waiting_the_older_one_in_front_or_behind(database: Database, names: Sequence[str]) -> None:
    inbox = Inbox(database)
    for name in names:
        inbox.tell(name, {"old": 1, "new": 2}[name])
    inbox.work()
    assert inbox.names == ["new"]


@pytest.mark.parametrize("version", [None, "", {"a": 1}, True, 'W/"etag"'])
def test_without_a_version_that_compares_the_last_one_counts(database: Database, version: Any) -> None:
    inbox = Inbox(database)
    inbox.tell("one", version)
    inbox.tell("two", version)
    inbox.work()
    assert inbox.names == ["two"]


def test_one_that_had_to_wait_does_not_undo_one_that_came_after_it(database: Database, clock: Clock) -> None:
    inbox = Inbox(database, "")
    inbox.tell("zero")
    inbox.work()
    first = inbox.tell("one")
    inbox.world.before_write = after(0, 1, raising(lambda: Unavailable("Busy.", retry_after=30.0)))
    inbox.work()
    inbox.tell("two")
    inbox.work()
    assert inbox.names == ["two"]
    clock.advance(60.0)
    assert inbox.work()[first] == {"read": 1, "skipped": 1}
    assert inbox.names == ["two"]


def test_equal_contents_count_too(database: Database) -> None:
    """Told again with a newer version, then overtaken by what was told in between."""
    inbox = Inbox(database)
    for name, version in (("a", 1), ("a", 3), ("b", 2)):
        inbox.tell(name, version)
        inbox.work()
    assert inbox.names == ["a"]


def test_another_worker_does_not_write_the_object_meanwhile(database: Database, clock: Clock) -> None:
    """The older one is on its way when the newer one is taken up; neither passes the other."""
    inbox = Inbox(database, "")
    inbox.tell("zero")
    inbox.work()
    inbox.tell("one")
    seen: list[list[str]] = []

    def meanwhile(changes: Sequence[Change]) -> None:
        inbox.world.before_write = lambda changes: None
        inbox.work(inbox.tell("two"))
        seen.append(inbox.names)

    inbox.world.before_write = meanwhile
    inbox.work()
    assert seen == [["zero"]], "two at once"
    clock.advance(1.0)
    inbox.work()
    assert inbox.names == ["two"]


def test_a_newer_one_waits_for_one_that_may_still_be_carried_out(database: Database, clock: Clock) -> None:
    inbox = unanswered(database)
    newer = inbox.tell("two")
    assert newer not in inbox.work()
    inbox.world.target[0]["name"] = "one"  # at last
    clock.advance(40.0)
    for _ in range(3):
        clock.advance(1.0)
        inbox.work()
    assert inbox.names == ["two"]


def test_acceptance_does_not_go_by_the_clock(database: Database, clock: Clock) -> None:
    inbox = Inbox(database, "")
    inbox.tell("one")
    inbox.work()
    clock.advance(-300.0)
    inbox.tell("two")
    inbox.work()
    assert inbox.names == ["two"]


def test_ids_follow_those_of_another_host_whose_clock_is_ahead(database: Database) -> None:
    ahead = f"{int((clock.now() + 300) * 1000):012x}" + "f" * 10
    with database.write() as session:
        session.add(Run(id=ahead, flow_id="f", version_id=1, mode="live", cause_key="k", cause_kind="manual"))
    with database.write() as session:
        keep_order(session)
    made = [new_id() for _ in range(100)]
    assert made == sorted(made)
    assert made[0] > ahead
    assert {len(one) for one in made} == {22}


def test_what_is_read_has_no_edition() -> None:
    read = Record("A", {}, origin=Origin("crm", "Account"), version="7")
    (marked,) = editions.accept({"n": [read]}, "run")["n"]
    assert (marked.version, editions.edition(marked, "A")) == ("7", "")


texts = st.one_of(
    st.just(""),
    st.integers(-5, 5).map(str),
    st.sampled_from(["2026-01-01", "2026-01-01T00:00:00+01:00", "x", "nan"]),
)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 9).map(str), texts), min_size=2, max_size=3))
def test_of_two_editions_one_at_most_is_the_older_one(made: list[tuple[str, str]]) -> None:
    one, other, *_ = (f"{accepted} {version}".rstrip() for accepted, version in made)
    assert not (editions.older(one, other) and editions.older(other, one))
    assert not editions.older(one, one)
    assert (
        editions.older(one, other) == (editions.newest(one, other) == other and one != other) or one == other
    )


@pytest.mark.parametrize("seed", range(6))
def test_whatever_order_the_newest_version_stays(database: Database, clock: Clock, seed: int) -> None:
    """Messages about three objects, told in any order, worked on in any order, some of them again after a refusal."""
    dice = random.Random(seed)
    inbox = Inbox(database)
    told = [(key, version) for key in "ABC" for version in range(1, 6)]
    dice.shuffle(told)
    for key, version in told:
        inbox.tell(f"{key}{version}", version, key)
        if dice.random() < 0.5:
            inbox.world.before_write = after(
                dice.randint(0, 1), 1, raising(lambda: Unavailable("Busy.", retry_after=2))
            )
            inbox.work()
        clock.advance(dice.choice([0.0, 0.5, 5.0]))
    for _ in range(6):
        clock.advance(5.0)
        inbox.work()
    assert sorted(inbox.names) == ["A5", "B5", "C5"]


@pytest.mark.parametrize("names", [("old", "new"), ("new", "old")])
def test_calls_that_are_gathered_become_the_newest(
    database: Database, clock: Clock, names: Sequence[str]
) -> None:
    """«Wait for more»: one run, with what came last, unless that is older."""
    inbox = Inbox(database, settle_seconds=5)
    runs = {inbox.tell(name, {"old": 1, "new": 2}[name]) for name in names}
    assert len(runs) == 1
    clock.advance(6.0)
    inbox.work()
    assert inbox.names == ["new"]
