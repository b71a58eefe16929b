"""Every change arrives once, on the other side, field by field."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from engine import clock as heddle_clock
from engine.errors import InDoubt
from engine.record import from_json
from engine.rehearsal import Rehearsal
from engine.shape import Entity
from engine.store.database import Database
from tests.conftest import Clock
from tests.engine.faults import Killed
from tests.engine.two_systems import PAIRS, Box, two_way
from tests.engine.two_way.desk import counts, held, office, open_conflicts, with_policy


def test_what_is_new_on_either_side_is_created_on_the_other(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One")
    here.erp.edit("B7", code="7", name="Seven")
    assert counts(here.sync()) == {"read": 2, "created": 2}
    assert here.crm.values() == here.erp.values()
    assert here.writes() == 2
    assert counts(here.sync()) == {"read": 4, "echo": 2, "unchanged": 2}
    assert counts(here.sync()) == {"read": 4, "unchanged": 4}
    assert here.writes() == 2


def test_what_is_there_on_both_sides_is_recognised_and_compared(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="11", city="Ulm")
    here.erp.edit("B9", code=" 1", name="One", phone=None, city="Bonn")
    here.erp.objects["B9"]["CODE"] = "1"
    run = here.sync()
    assert here.erp.objects["B9"]["PHONE"] == "11"
    assert here.crm.objects["A1"]["city"] == "Ulm"
    (row,) = open_conflicts(database)
    (field,) = row.rows()
    assert (field["left_value"], field["right_value"], field["agreed"]) == ("Ulm", "Bonn", None)
    assert field["left_by"] == "Ann"
    assert (row.left_id, row.right_id, row.left_link) == ("A1", "B9", "box://A1")
    assert counts(run)["held"] == 2  # each side's signal met the conflict


def test_changes_go_both_ways_and_fields_are_independent(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="11")
    here.sync()
    here.crm.edit("A1", name="Uno")
    here.erp.edit("B1", phone="22")
    run = here.sync()
    assert here.crm.objects["A1"]["phone"] == "22"
    assert here.erp.objects["B1"]["NAME"] == "Uno"
    first = [row for row in here.deliveries(run.id) if row.operation == "update"]
    assert {(row.slot, row.part) for row in first} == {("erp", 0), ("crm", 1)}
    assert {row.root for row in first} == {"A1"}
    assert from_json(first[0].why or b"[]")[0]["reason"].endswith("only.")
    assert counts(run)["updated"] == 1  # one signal, both sides written
    here.sync()
    assert counts(here.sync()) == {"read": 2, "unchanged": 2}


def test_a_value_that_does_not_fit_is_held_not_cut(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="1")
    here.sync()
    here.crm.edit("A1", name="x" * 60, phone="2")
    run = here.sync()
    assert here.erp.objects["B1"]["NAME"] == "One"
    assert here.erp.objects["B1"]["PHONE"] == "2"
    (hold,) = held(database)
    assert hold.message == "Held: Name of Thing takes 40 characters, and the value has 60."
    assert counts(run)["held"] >= 1
    here.crm.edit("A1", name="Short")
    here.sync()
    assert held(database) == []


def test_a_receiving_field_is_restored(database: Database) -> None:
    here = office(database, fields=with_policy("phone", direction="to_right"))
    here.crm.edit("A1", code="1", phone="11")
    here.sync()
    here.erp.edit("B1", phone="22", name="New")
    here.sync()
    assert here.erp.objects["B1"]["PHONE"] == "11"
    assert here.crm.objects["A1"]["name"] == "New"


TABLE = {"states": {"columns": ["CRM", "ERP"], "rows": [["new", "N"], ["old", "O"], ["gone", "O"]]}}


def test_a_table_translates_both_ways_and_asks_where_it_cannot(database: Database) -> None:
    fields = with_policy("state", table={"table": "states"})
    here = office(database, fields=fields, tables=TABLE)
    here.crm.edit("A1", code="1", state="new", name="One")
    here.sync()
    assert here.erp.objects["B1"]["STATE"] == "N"
    here.sync()
    here.crm.edit("A1", state="odd", name="Uno")
    here.sync()
    assert (here.erp.objects["B1"]["STATE"], here.erp.objects["B1"]["NAME"]) == ("N", "Uno")
    (hold,) = held(database)
    assert from_json(hold.question) == {"kind": "lookup", "table": "states", "key": "odd", "column": "ERP"}
    here.crm.edit("A1", state="old")
    here.sync()
    (hold,) = held(database)
    assert "no single counterpart" in hold.message
    here.crm.edit("A1", state="new")
    here.sync()
    assert held(database) == []


def test_a_refusal_of_one_side_does_not_stop_the_other(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="11")
    here.sync()
    here.crm.edit("A1", name="Bad")
    here.erp.edit("B1", phone="22")
    here.erp.refused = "Bad"
    run = here.sync()
    assert here.crm.objects["A1"]["phone"] == "22"
    assert counts(run)["failed"] == 2
    here.erp.refused = ""
    here.sync()
    assert here.erp.objects["B1"]["NAME"] == "Bad"


def test_new_objects_get_the_values_of_their_side_in_both_directions(database: Database) -> None:
    fields = [pair for pair in PAIRS if pair["left"] != "state"]
    customer = [{"field": "STATE", "value": "active"}, {"field": "CITY", "value": "Berlin"}]
    account = [{"field": "state", "value": "Customer"}]
    here = office(database, fields=fields, left={"presets": account}, right={"presets": customer})
    here.crm.edit("A1", code="1", name="One", city="Ulm")
    here.crm.edit("A2", code="2", name="Two")
    here.erp.edit("B7", code="7", name="Seven")
    here.sync()
    one, two = (next(row for row in here.erp.objects.values() if row["CODE"] == code) for code in "12")
    assert (one["STATE"], one["CITY"]) == ("active", "Ulm"), "what the other side has comes first"
    assert (two["STATE"], two["CITY"]) == ("active", "Berlin")
    assert next(row for row in here.crm.objects.values() if row["code"] == "7")["state"] == "Customer"
    written = here.writes()
    here.sync()
    assert here.crm.objects["A2"]["city"] is None, "it is a value of that side alone"
    assert here.writes() == written
    here.crm.edit("A2", city="Bonn")
    here.sync()
    assert two["CITY"] == "Bonn"


def test_a_forecast_knows_the_values_of_new_objects(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = [pair for pair in PAIRS if pair["left"] != "state"]
    here = office(database)
    here.crm.edit("A1", code="1", name="One")
    here.crm.edit("A2", code="2")
    entity = Box.entity

    def demanding(box: Box, name: str) -> Entity:
        known = entity(box, name)
        needed = ("NAME", "STATE") if box.world is here.erp else ()
        changed = [one.model_copy(update={"required": one.name in needed}) for one in known.fields]
        return known.model_copy(update={"fields": tuple(changed)})

    monkeypatch.setattr(Box, "entity", demanding)

    def lacking(**side: Any) -> dict[str, int]:
        flow = two_way(fields, right=side)
        found = Rehearsal(flow, lambda slot: here.open(slot.upper(), read_only=True)).run(100)
        return {name: len(lack.keys) for (_, name), lack in found.lacks.items() if lack.keys}

    assert lacking() == {"NAME": 1, "STATE": 2}
    assert lacking(presets=[{"field": "STATE", "value": "active"}]) == {"NAME": 1}
    assert lacking(create=False) == {}


def test_an_edit_of_what_was_created_without_an_answer_is_not_lost(database: Database) -> None:
    """The object is there as it was created; what somebody typed since was never there, so nobody took it away."""
    here = office(database)
    here.crm.edit("A1", code="1", name="One")
    lost = [1]

    def lose(changes: Any) -> None:
        while lost:
            lost.pop()
            raise InDoubt("lost", sent_at=heddle_clock.passing(), timeout=0.05)

    here.erp.after_write = lose
    run_id = here.start()
    executor = here.executor()
    for ring in here.rings:
        executor.advance(*ring)
    here.rings.clear()
    assert [row["NAME"] for row in here.erp.objects.values()] == ["One"]
    here.crm.edit("A1", phone="11")
    here.work()
    here.run(run_id)
    here.sync()
    assert here.crm.objects["A1"]["phone"] == "11"
    assert here.crm.values() == here.erp.values()


@pytest.mark.parametrize("since", [None, "12"], ids=["taken back", "changed once more"])
def test_an_edit_since_a_worker_died_behind_its_write_is_not_lost(
    database: Database, clock: Clock, since: str | None
) -> None:
    """What it wrote on the other side is ours, and nobody's edit, though it was not booked any more."""
    here = office(database)
    here.crm.edit("A1", code="1", name="One")
    here.sync()
    here.crm.edit("A1", phone="11")

    def die(changes: Any) -> None:
        here.erp.after_write = lambda changes: None
        raise Killed("behind the write")

    here.erp.after_write = die
    run_id = here.start()
    with suppress(Killed):
        for lane in (0, 1):
            here.executor().advance(run_id, lane)
    assert here.erp.objects["B1"]["PHONE"] == "11"
    here.crm.edit("A1", phone=since)
    clock.advance(120.0)
    here.work()
    assert open_conflicts(database) == []
    assert here.crm.objects["A1"]["phone"] == since
    assert here.crm.values() == here.erp.values()
