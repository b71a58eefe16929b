"""Objects of several systems that have the same id: each is an object of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import launch
from engine.flow import Flow, Slot
from engine.launch import Cause
from engine.record import Origin, Record
from engine.store.database import Database
from tests.engine.test_executor import counts, finish
from tests.engine.toys import Bench, World, toy_flow, toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def two_sources() -> Flow:
    """A flow that two systems feed."""
    flow = toy_flow(match=(), operation="upsert")
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
