"""What is told before anything is written: while drawing, in a dry run, in a try."""

from __future__ import annotations

from engine.plan import check
from engine.preview import Preview
from engine.record import from_json
from engine.store.database import Database
from tests.engine.two_systems import PAIRS, Office, two_way
from tests.engine.two_way.desk import counts, office


def test_a_dry_run_shows_both_sides_and_writes_nothing(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="11")
    here.sync()
    here.crm.edit("A1", name="Uno")
    here.erp.edit("B1", phone="22")
    written = here.writes()
    run = here.sync(mode="dry-run")
    shown = {(row.slot, row.operation): from_json(row.sent or b"{}") for row in here.deliveries(run.id)}
    assert shown["erp", "update"] == {"NAME": "Uno"}
    assert shown["crm", "update"] == {"phone": "22"}
    assert counts(run) == {"read": 2, "updated": 1, "unchanged": 1}
    assert here.writes() == written
    here.sync()
    assert here.writes() == written + 2


def test_a_plan_is_written_as_it_was_shown_on_both_sides(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="11")
    here.crm.edit("A2", code="2", name="Two", phone="22")
    here.sync()
    here.sync()
    here.crm.edit("A1", name="Uno")
    here.erp.edit("B1", phone="12")
    here.crm.edit("A2", name="Due")
    shown = here.sync(mode="dry-run")
    here.crm.edit("A2", name="Zwei")
    run = here.run(here.execute(shown.id))
    assert (here.erp.objects["B1"]["NAME"], here.crm.objects["A1"]["phone"]) == ("Uno", "12")
    assert here.erp.objects["B2"]["NAME"] == "Two"
    held = [row.message for row in here.deliveries(run.id) if row.outcome == "held"]
    assert set(held) == {"Changed since the plan was approved: Name was “Due”, now “Zwei”."}


def test_an_unfinished_drawing_tells_what_is_missing() -> None:
    wrong = two_way(
        [{"left": "name", "right": ""}, {"left": "a", "right": "B"}, {"left": "c", "right": "B"},
         {"left": "d", "right": "D", "policy": "by_state"}, {"left": "e", "right": "E", "policy": "rules"},
         {"left": "f", "right": "F", "table": {"table": "nowhere"}}, {"left": "g", "right": "G", "policy": "flow"}],
        left={"match": [], "deleted": "mark", "survivor": "field"},
    )  # fmt: skip
    codes = {problem.code for problem in check(wrong).errors}
    assert codes == {
        "E-SYNC-FIELD", "E-SYNC-TWICE", "E-SYNC-STATE", "E-RULES-UNKNOWN", "E-TABLE", "E-SYNC-MATCH", "E-SYNC-MARK",
        "E-SYNC-FLOW", "E-SYNC-SURVIVOR",
    }  # fmt: skip


def test_fields_that_a_system_does_not_have_are_told_while_drawing(database: Database) -> None:
    flow = two_way([*PAIRS, {"left": "nonsense", "right": "NAME", "direction": "to_left"}])
    here = Office(database, two_way())
    shapes = {"crm": here.open("CRM", read_only=True), "erp": here.open("ERP", read_only=True)}
    found = check(flow, lambda slot, name: shapes[slot].entity(name))
    assert [(problem.code, problem.field) for problem in found.errors] == [
        ("E-FIELD-UNKNOWN", "fields.5.left")
    ]


def test_a_try_on_a_sample_shows_both_sides_and_the_reason(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="1")
    here.sync()
    here.crm.edit("A1", name="Uno", city="Ulm")
    here.erp.edit("B1", phone="2", city="Bonn")
    written = here.writes()
    bindings = {"crm": "CRM", "erp": "ERP"}
    preview = Preview(
        database, two_way(), "f1", bindings, lambda slot: here.open(bindings[slot], read_only=True)
    )
    told = preview.run()["trace"]["A1"]
    step = next(one for one in told if one["node"] == "sync")
    shown = {
        side["slot"]: [
            (one["field"], one["old"], one["new"], one["why"][0]["reason"]) for one in side["fields"]
        ]
        for side in step["writes"]
    }
    assert shown["erp"] == [("NAME", "One", "Uno", "Changed in System A only.")]
    assert shown["crm"] == [("phone", "1", "2", "Changed in System B only.")]
    assert step["port"] == "held"
    assert step["error"]["message"] == "Conflict: City of B1 must be decided."
    assert here.writes() == written
