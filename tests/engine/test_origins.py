"""Objects of several systems that have the same id: each is an object of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from engine import launch
from engine.flow import Flow, Slot
from engine.launch import Cause
from engine.record import Change, Origin, Record
from engine.store import failures, reviews
from engine.store.database import Database
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
