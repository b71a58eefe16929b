"""One object for one match key, whichever lane, batch or run its source objects come in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from engine import launch
from engine.http import Http
from engine.launch import Cause
from engine.record import Change, Remote, from_json
from engine.store import lanes, matches
from engine.store.database import Database
from engine.store.matches import Key
from engine.store.runs import Run
from engine.store.timepiece import shared_now
from tests.conftest import Clock
from tests.engine.toys import Bench, Toy, World, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


class Lagging(Toy):
    """A system whose search does not see what was created just now; by id everything is found."""

    def find(self, entity: str, wanted: Sequence[Any], fields: Sequence[str] = ()) -> list[list[Remote]]:
        found = super().find(entity, wanted, fields)
        return [some if "id" in match else [] for match, some in zip(wanted, found, strict=True)]


class LaggingBench(Bench):
    def open(self, connection_id: str, *, read_only: bool, journal: Any = None) -> Toy:
        return Lagging(self.world, Http(read_only=read_only, journal=journal, timeout=0.2))


class Blind(Toy):
    """A system that says of its searches that they lag behind, and does not find what is new by its id either."""

    capability = Toy.capability.model_copy(update={"lag": 30.0})
    blind = True

    def find(self, entity: str, wanted: Sequence[Any], fields: Sequence[str] = ()) -> list[list[Remote]]:
        return [[] for _ in wanted] if self.blind else super().find(entity, wanted, fields)


class BlindBench(Bench):
    kind: type[Blind] = Blind

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        BlindBench.kind = type("Fresh", (Blind,), {})

    def open(self, connection_id: str, *, read_only: bool, journal: Any = None) -> Toy:
        return self.kind(self.world, Http(read_only=read_only, journal=journal, timeout=0.2))


def start(bench: Bench, keys: list[str]) -> str:
    with bench.database.write() as session:
        started = launch.start(
            session, bench.plan, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R"}, mode="live",
            cause=Cause("manual"), brought={"ids": keys},
        )  # fmt: skip
    return started.run


def work(bench: Bench, run_ids: list[str], seconds: float = 20.0) -> list[dict[str, int]]:
    """Two workers at once until the runs are over; answers their counts."""
    until = time.monotonic() + seconds

    def attend() -> None:
        executor = bench.executor(lease=5.0)
        while time.monotonic() < until:
            with bench.database.read() as session:
                if all(session.get(Run, one).ended_at is not None for one in run_ids):  # type: ignore[union-attr]
                    return
                waiting = lanes.unattended(session, -1.0)
            for ring in waiting:
                executor.advance(*ring)
            time.sleep(0.005)

    workers = [threading.Thread(target=attend) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(seconds + 5)
    found = []
    with bench.database.read() as session:
        for run_id in run_ids:
            run = session.get(Run, run_id)
            assert run is not None
            assert run.ended_at is not None, "the run does not end"
            found.append({name: n for name, n in from_json(run.counts or "{}").items() if n})
    return found


@pytest.mark.parametrize("kind", [Bench, LaggingBench])
def test_two_runs_at_once_create_one_object(database: Database, kind: type[Bench]) -> None:
    """Both have looked before either has created: the later one waits, and then finds what was made."""
    world = World(2)
    world.source = {key: {"id": key, "name": "Acme"} for key in ("A", "B")}
    world.before_write = lambda changes: time.sleep(0.2)
    bench = kind(database, world, toy_flow(operation="upsert", match=("name",)))
    first, second = work(bench, [start(bench, ["A"]), start(bench, ["B"])])
    assert len(world.target) == 1
    assert {"created", "updated"} == {*first, *second} - {"read"}


@pytest.mark.parametrize("kind", [Bench, LaggingBench])
def test_lanes_share_what_they_create(database: Database, kind: type[Bench]) -> None:
    world = World(0)
    world.source = {f"S{n:03d}": {"id": f"S{n:03d}", "name": f"Name {n % 7}"} for n in range(60)}
    world.before_write = lambda changes: time.sleep(0.01)
    bench = kind(database, world, toy_flow(operation="upsert", match=("name",), lanes=4, batch_size=5))
    (counted,) = work(bench, [start(bench, sorted(world.source))])
    assert sorted(row["name"] for row in world.target) == [f"Name {n}" for n in range(7)]
    assert (counted["read"], counted["created"]) == (60, 7)


def test_what_was_created_and_is_gone_is_created_anew_at_once(database: Database) -> None:
    """Nobody is told to wait for another run: there is none."""
    world = World(0)
    world.source = {key: {"id": key, "name": "Acme"} for key in "ABCD"}
    bench = LaggingBench(database, world, toy_flow(operation="upsert", match=("name",)))
    for key in "ABCD":
        run_id = start(bench, [key])
        for lane in (0, 1):
            bench.executor().advance(run_id, lane)
        with database.read() as session:
            run = session.get(Run, run_id)
        assert run is not None
        assert (run.state, run.message) == ("done", "")
        assert from_json(run.counts or "{}")["created"] == 1
        world.target[-1]["id"] = world.target[-1]["name"] = "gone"


def test_what_searches_cannot_see_yet_is_not_taken_for_gone(database: Database, clock: Clock) -> None:
    """Not even by its id is the new object found; it is waited for as long as the system's searches lag behind."""
    world = World(0)
    world.source = {"A": {"id": "A", "name": "Acme"}, "B": {"id": "B", "name": "Acme"}}
    bench = BlindBench(database, world, toy_flow(operation="upsert", match=("name",)))
    work(bench, [start(bench, ["A"])])
    second = start(bench, ["B"])
    bench.executor().advance(second, 0)
    bench.executor().advance(second, 1)
    with database.read() as session:
        run = session.get(Run, second)
    assert run is not None
    assert (run.state, run.code) == ("waiting", "E-UNSEEN")
    BlindBench.kind.blind = False
    clock.advance(60.0)
    (counted,) = work(bench, [second])
    assert counted == {"read": 1, "updated": 1}
    assert len(world.target) == 1


def test_what_was_created_and_has_another_key_now_is_not_taken(database: Database) -> None:
    world = World(0)
    world.source = {"A": {"id": "A", "name": "Acme"}, "B": {"id": "B", "name": "Acme"}}
    bench = LaggingBench(database, world, toy_flow(operation="upsert", match=("name",)))
    work(bench, [start(bench, ["A"])])
    world.target[0]["name"] = "Apex"
    work(bench, [start(bench, ["B"])])
    assert [row["name"] for row in world.target] == ["Apex", "Acme"]


def test_a_refused_create_frees_its_key(database: Database) -> None:
    world = World(0)
    world.source = {"A": {"id": "A", "name": "Acme"}, "B": {"id": "B", "name": "Acme"}}
    bench = Bench(database, world, toy_flow(operation="upsert", match=("name",)))

    def refuse_first(changes: Sequence[Change]) -> None:
        world.refused.update(change.key for change in changes if change.data["ref"] == "A")

    world.before_write = refuse_first
    first, second = work(bench, [start(bench, ["A"]), start(bench, ["B"])])
    assert (first, second) == ({"read": 1, "failed": 1}, {"read": 1, "created": 1})
    with database.read() as session:
        kept = [row.right_id for row in session.execute(matches.select(matches.MatchClaim)).scalars()]
    assert kept == ["0"]


SIDES = ("L", "row", "R", "thing")


def source(left_id: str) -> matches.Source:
    return "L", "row", left_id


def test_a_claim_binds_until_it_is_settled_and_what_was_made_until_its_time_is_over(
    database: Database, clock: Clock
) -> None:
    key, other = Key("R", "thing", "k1"), Key("R", "thing", "k2")

    def claim(left_id: str, owner: str) -> list[tuple[str, str | None]]:
        with database.write() as session:
            taken = matches.claim(
                session, [(key, source(left_id)), (other, source(f"{left_id}2"))], owner, 60.0
            )
        return [(has.source[2], has.right_id) for has in taken.values()]

    assert claim("A", "one") == []
    assert claim("B", "two") == claim("B", "one") == [("A", None), ("A2", None)]
    assert claim("A", "one") == [], "again"
    clock.advance(2 * matches.MEMORY + 61.0)
    with database.write() as session:
        matches.sweep(session)
    assert claim("B", "two") == [("A", None), ("A2", None)]
    assert claim("A", "three") == [], "it was looked for before"
    with database.write() as session:
        matches.settle(session, [(key, source("A"), "77", "three")])
        matches.release(session, SIDES, ["A2"], "three")
    assert claim("B", "two") == [("A", "77")]
    with database.write() as session:
        assert matches.forget(session, [(key, "77")], shared_now(session) - 60) is not None  # too new
    assert claim("B", "two") == [("A", "77")]
    with database.write() as session:
        assert matches.forget(session, [(key, "77")], shared_now(session)) is None
    assert claim("B", "two") == []
    with database.write() as session:
        matches.settle(session, [(key, source("B"), "78", "two")])
    clock.advance(matches.MEMORY + 1.0)
    assert claim("C", "four") == [("B2", None)]


def test_nobody_takes_a_key_that_has_changed_hands(database: Database) -> None:
    key = Key("R", "thing", "k1")
    with database.write() as session:
        matches.claim(session, [(key, source("A"))], "one", 60.0)
        (has,) = matches.claim(session, [(key, source("B"))], "two", 60.0).values()
        matches.release(session, SIDES, ["A"], "one")
        matches.claim(session, [(key, source("C"))], "three", 60.0)
        matches.hand_over(session, key, has, (source("B"), "two"), 60.0)
        (has,) = matches.claim(session, [(key, source("B"))], "two", 60.0).values()
        assert (has.source, has.claim) == (source("C"), "three")
        matches.claim(session, [(key, source("C"))], "three", 90.0)  # it is sent once more
        matches.hand_over(session, key, has, (source("B"), "two"), 60.0)
        (has,) = matches.claim(session, [(key, source("B"))], "two", 60.0).values()
        assert (has.source, has.claim) == (source("C"), "three")
        matches.hand_over(session, key, has, (source("B"), "two"), 60.0)
        assert matches.claim(session, [(key, source("B"))], "two", 60.0) == {}


def test_who_gives_up_a_key_keeps_the_turn(database: Database) -> None:
    """A message whose object somebody else creates is still the one that is being written."""
    key, turn = Key("R", "thing", "k1"), Key("R", "thing", f"{matches.TURN}A")
    with database.write() as session:
        matches.claim(session, [(key, source("A"))], "one", 60.0)
        assert matches.take_turns(session, [(turn, source("A"), "one")]) == {}
        matches.release(session, SIDES, ["A"], "one")
        assert matches.take_turns(session, [(turn, source("A"), "two")]) == {turn: "one"}
        assert matches.claim(session, [(key, source("B"))], "two", 60.0) == {}
