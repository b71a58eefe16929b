"""Both sides come to rest, whoever else works on the same objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import clock
from engine.errors import Unavailable
from engine.record import Origin, Record
from engine.store.database import Database
from tests.engine.two_systems import PAIRS, Office, two_way
from tests.engine.two_way.desk import counts, held, office, open_conflicts


def test_somebody_who_keeps_changing_it_back_is_noticed(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="one", phone="1")
    here.sync()
    for _ in range(8):
        here.crm.edit("A1", phone="2")
        here.sync()
        here.crm.edit("A1", phone="3")
        here.sync()
    here.crm.edit("A1", phone="2")
    here.sync()
    writes = [values for kind, _, values in here.erp.journal if kind == "update"]
    assert len(writes) == 6
    (row,) = open_conflicts(database)
    assert "3 times within an hour" in row.rows()[0]["reason"]


@pytest.mark.parametrize("seconds", [0.0, -300.0, 300.0])
def test_busy_pairs_wait_for_each_other(
    database: Database, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Also on hosts with other times of day, or when the clock is set meanwhile."""
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="1")
    here.sync()
    here.crm.edit("A1", name="Uno")
    here.erp.edit("B1", phone="2")
    nested: list[str] = []
    seen: list[int] = []

    def in_between(changes: Any) -> None:
        if not nested:
            nested.append(here.start(window={"since": clock.iso(clock.now() - 10_000)}))
            executor, rings = here.executor(), list(here.rings)
            here.rings.clear()
            with monkeypatch.context() as elsewhere:
                elsewhere.setattr(clock, "_wrong", seconds)
                for ring in rings:
                    executor.advance(*ring)
            seen.append(here.writes())

    here.erp.before_write = in_between
    here.sync()
    assert seen == [1]
    here.run(nested[0])
    assert here.writes() == 3
    assert here.crm.values() == here.erp.values()


def test_a_system_that_is_down_for_a_while_delays_and_loses_nothing(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One")
    here.sync()
    here.crm.edit("A1", name="Uno")
    here.erp.edit("B1", phone="2")
    left = [2]

    def down(changes: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise Unavailable("down", retry_after=0.01)

    here.crm.before_write = down
    here.sync()
    assert here.crm.values() == here.erp.values()


def test_two_flows_on_the_same_objects_end_quiet(database: Database) -> None:
    turned = two_way(
        [{"left": pair["right"], "right": pair["left"]} for pair in PAIRS],
        left={"slot": "erp", "match": ["CODE"]},
        right={"slot": "crm", "match": ["code"]},
    )
    here = Office(database, two_way(), turned)
    here.crm.edit("A1", code="1", name="One")
    here.erp.edit("B4", code="4", name="Four")
    for flow in (1, 2, 1, 2):
        here.sync(flow)
    assert here.writes() == 2
    here.crm.edit("A1", name="Uno")
    here.erp.edit("B4", city="Bonn")
    for flow in (2, 1, 2, 1):
        here.sync(flow)
    assert here.writes() == 4
    assert here.crm.values() == here.erp.values()
    assert open_conflicts(database) == []


def test_two_installations_on_the_same_objects_end_quiet(database: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    other.migrate()
    here, there = office(database), office(other)
    there.crm, there.erp = here.crm, here.erp
    here.crm.edit("A1", code="1", name="One", phone="1")
    here.erp.edit("B4", code="4", name="Four", phone="4")
    for one in (here, there, here, there):
        one.sync()
    assert here.writes() == 2
    here.crm.edit("A1", name="Uno")
    here.erp.edit("B1", city="Ulm") if "B1" in here.erp.objects else here.erp.edit("B5", city="Ulm")
    for one in (there, here, there, here, there):
        one.sync()
    assert here.writes() == 4
    assert here.crm.values() == here.erp.values()
    other.close()


def test_what_waits_on_one_side_is_not_over_because_of_its_namesake(database: Database) -> None:
    """Both systems count from one: an id says nothing without its side."""
    here = office(database)
    here.enter([Record("A1", {}, origin=Origin("erp", "thing"), title="A stray")])
    here.work()
    assert [one.root for one in held(database)] == ["A1"]
    here.crm.edit("A1", code="1", name="One")
    assert counts(here.sync())["created"] == 1
    assert [one.title for one in held(database)] == ["A stray"]
