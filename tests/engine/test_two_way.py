"""Keeping two systems in step: every change arrives once, conflicts wait, echoes are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import clock
from engine.errors import RequestError, Unavailable
from engine.plan import check
from engine.preview import Preview
from engine.record import Origin, Record, from_json
from engine.store import conflicts, reviews
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.two_systems import PAIRS, Office, two_way


@pytest.fixture(autouse=True)
def _own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_skew", 0.0)


def counts(run: Any) -> dict[str, int]:
    return {name: count for name, count in from_json(run.counts).items() if count}


def office(database: Database, **settings: Any) -> Office:
    return Office(database, two_way(**settings))


def with_policy(name: str, **more: Any) -> list[dict[str, Any]]:
    """The pairs, with these settings for one field."""
    return [{**pair, **(more if pair["left"] == name else {})} for pair in PAIRS]


def open_conflicts(database: Database) -> list[conflicts.Conflict]:
    with database.read() as session:
        return conflicts.open_conflicts(session)


def decide(database: Database, row: conflicts.Conflict, **answers: Any) -> conflicts.Conflict:
    told = {f"{field}={field.upper()}": answer for field, answer in answers.items()}
    with database.write() as session:
        return conflicts.decide(session, row.id or 0, told, "Eve")


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


def test_a_conflict_waits_while_other_fields_go_on_and_is_decided_once(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="11", city="Ulm")
    here.sync()
    here.crm.edit("A1", phone="12", name="Uno")
    here.erp.edit("B1", phone="13", city="Bonn")
    here.sync()
    assert here.erp.objects["B1"]["NAME"] == "Uno"
    assert here.crm.objects["A1"]["city"] == "Bonn"
    assert (here.crm.objects["A1"]["phone"], here.erp.objects["B1"]["PHONE"]) == ("12", "13")
    here.sync()
    (row,) = open_conflicts(database)
    assert row.rows()[0]["agreed"] == {"left": "11", "right": "11"}
    decided = decide(database, row, phone={"take": "right"})
    with pytest.raises(RequestError) as again:
        decide(database, row, phone={"take": "left"})
    assert (again.value.status, again.value.code) == (409, "E-DECIDED")
    written = here.writes()
    run_id = here.enter([decided.signal()])
    here.work()
    assert counts(here.run(run_id)) == {"read": 1, "updated": 1}
    assert here.crm.objects["A1"]["phone"] == "13"
    assert here.writes() == written + 1
    assert open_conflicts(database) == []
    here.sync()
    assert here.writes() == written + 1


def test_a_decision_on_values_that_moved_is_asked_again(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="11")
    here.sync()
    here.crm.edit("A1", phone="12")
    here.erp.edit("B1", phone="13")
    here.sync()
    (row,) = open_conflicts(database)
    decide(database, row, phone={"take": "right"})
    here.erp.edit("B1", phone="14")
    here.sync()
    (fresh,) = open_conflicts(database)
    assert fresh.id != row.id
    assert fresh.rows()[0]["right_value"] == "14"
    assert here.crm.objects["A1"]["phone"] == "12"


def test_a_typed_value_goes_to_both_sides(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", phone="11")
    here.sync()
    here.crm.edit("A1", phone="12")
    here.erp.edit("B1", phone="13")
    here.sync()
    (row,) = open_conflicts(database)
    decide(database, row, phone={"take": "value", "value": "99"})
    here.sync()
    assert (here.crm.objects["A1"]["phone"], here.erp.objects["B1"]["PHONE"]) == ("99", "99")
    assert open_conflicts(database) == []


def test_a_value_that_does_not_fit_is_held_not_cut(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="1")
    here.sync()
    here.crm.edit("A1", name="x" * 60, phone="2")
    run = here.sync()
    assert here.erp.objects["B1"]["NAME"] == "One"
    assert here.erp.objects["B1"]["PHONE"] == "2"
    with database.read() as session:
        (hold,) = reviews.open_holds(session)
    assert hold.message == "Held: Name of Thing takes 40 characters, and the value has 60."
    assert counts(run)["held"] >= 1
    here.crm.edit("A1", name="Short")
    here.sync()
    with database.read() as session:
        assert reviews.open_holds(session) == []


def test_a_receiving_field_is_restored(database: Database) -> None:
    here = office(database, fields=with_policy("phone", direction="to_right"))
    here.crm.edit("A1", code="1", phone="11")
    here.sync()
    here.erp.edit("B1", phone="22", name="New")
    here.sync()
    assert here.erp.objects["B1"]["PHONE"] == "11"
    assert here.crm.objects["A1"]["name"] == "New"


def test_newest_wins_only_when_the_order_is_certain(database: Database) -> None:
    here = office(database, fields=with_policy("phone", policy="newest"))
    here.crm.edit("A1", code="1", phone="11")
    here.sync()
    here.crm.edit("A1", phone="12")
    clock._skew += 200
    here.erp.edit("B1", phone="13")
    here.sync()
    (row,) = open_conflicts(database)
    assert "not certain" in row.rows()[0]["reason"]
    clock._skew += 1000
    here.erp.edit("B1", phone="14")
    here.sync()
    assert here.crm.objects["A1"]["phone"] == "14"
    assert open_conflicts(database) == []


def test_deletes_obey_the_policy_of_the_other_side(database: Database) -> None:
    here = office(database, right={"deleted": "delete"})
    here.crm.edit("A1", code="1", name="One")
    here.crm.edit("A2", code="2", name="Two")
    here.sync()
    here.crm.delete("A1")
    here.erp.delete("B2")
    run = here.sync()
    assert [entry[0] for entry in here.erp.journal] == ["create", "create", "delete"]
    with database.read() as session:
        (hold,) = reviews.open_holds(session)
    assert "deleted in System B" in hold.message
    assert counts(run)["updated"] == 1
    later = counts(here.sync())
    assert later["echo"] == 1
    assert here.erp.tombs.keys() == {"B1", "B2"}


def test_a_delete_without_a_cross_reference_deletes_nothing(database: Database) -> None:
    here = office(database, right={"deleted": "delete"}, left={"deleted": "delete"})
    here.crm.edit("A1", code="1", name="One")
    here.crm.delete("A1")
    here.erp.edit("B5", code="1", name="One")
    here.erp.objects["B5"]["at"] = 0.0
    run = here.start(window={"since": clock.iso(clock.now() - 100)})
    here.work()
    assert counts(here.run(run)) == {"read": 1, "skipped": 1}
    assert "B5" in here.erp.objects


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
    assert set(held) == {"Changed since the plan was approved: NAME was “Due”, now “Zwei”."}


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


def test_busy_pairs_wait_for_each_other(database: Database) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One", phone="1")
    here.sync()
    here.crm.edit("A1", name="Uno")
    here.erp.edit("B1", phone="2")
    nested: list[str] = []

    def in_between(changes: Any) -> None:
        if not nested:
            nested.append(here.start(window={"since": clock.iso(clock.now() - 10_000)}))
            executor, rings = here.executor(), list(here.rings)
            here.rings.clear()
            for ring in rings:
                executor.advance(*ring)

    here.erp.before_write = in_between
    here.sync()
    assert nested
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
    with database.read() as session:
        (hold,) = reviews.open_holds(session)
    assert from_json(hold.question) == {"kind": "lookup", "table": "states", "key": "odd", "column": "ERP"}
    here.crm.edit("A1", state="old")
    here.sync()
    with database.read() as session:
        (hold,) = reviews.open_holds(session)
    assert "no single counterpart" in hold.message
    here.crm.edit("A1", state="new")
    here.sync()
    with database.read() as session:
        assert reviews.open_holds(session) == []


def test_ownership_follows_the_state_of_the_object(database: Database) -> None:
    state = {"side": "right", "field": "STATE", "values": ["posted"], "then": "right", "else": "left"}
    here = office(database, fields=with_policy("phone", policy="by_state", state=state))
    here.crm.edit("A1", code="1", phone="1", state="draft")
    here.sync()
    here.crm.edit("A1", phone="2")
    here.erp.edit("B1", phone="3")
    here.sync()
    assert here.erp.objects["B1"]["PHONE"] == "2"
    here.crm.edit("A1", phone="4")
    here.erp.edit("B1", phone="5", state="posted")
    run = here.sync()
    assert here.crm.objects["A1"]["phone"] == "5"
    (row, *_) = [row for row in here.deliveries(run.id) if row.slot == "crm"]
    assert any("STATE in System B is posted" in why["reason"] for why in from_json(row.why or b"[]"))


def test_a_rule_set_decides(database: Database) -> None:
    vip = {
        "rules": [
            {
                "id": "vip",
                "title": "VIPs belong to sales",
                "when": {
                    "left": {"kind": "path", "path": "$.left.city"},
                    "op": "is",
                    "right": {"kind": "constant", "value": "Ulm"},
                },
                "then": [{"do": "route", "port": "left"}],
            }
        ]
    }
    fields = with_policy("phone", policy="rules", rules="who")
    here = office(database, fields=fields, rules={"who": vip})
    here.crm.edit("A1", code="1", phone="1", city="Ulm")
    here.crm.edit("A2", code="2", phone="1", city="Bonn")
    here.sync()
    for number in ("1", "2"):
        here.crm.edit(f"A{number}", phone="left")
        here.erp.edit(f"B{number}", phone="right")
    here.sync()
    assert here.erp.objects["B1"]["PHONE"] == "left"
    (row,) = open_conflicts(database)
    assert row.left_id == "A2"
    assert row.rows()[0]["reason"] == "Both sides changed it; no rule decides it, so somebody must."


def test_a_deleted_counterpart_can_be_marked(database: Database) -> None:
    here = office(database, right={"deleted": "mark", "mark": {"field": "STATE", "value": "inactive"}})
    here.crm.edit("A1", code="1", name="One")
    here.sync()
    here.crm.delete("A1")
    here.sync()
    assert here.erp.objects["B1"]["STATE"] == "inactive"
    written = here.writes()
    here.sync()
    assert here.writes() == written


def test_a_delete_never_takes_an_edit_with_it(database: Database) -> None:
    here = office(database, right={"deleted": "delete"})
    here.crm.edit("A1", code="1", name="One")
    here.sync()
    here.erp.edit("B1", name="Precious")
    here.crm.delete("A1")
    here.sync()
    assert here.erp.objects["B1"]["NAME"] == "Precious"
    with database.read() as session:
        (hold,) = reviews.open_holds(session)
    assert "changed since both agreed" in hold.message


def test_a_merged_object_hands_its_counterpart_on(database: Database) -> None:
    here = office(database, right={"deleted": "delete"})
    here.crm.edit("A1", code="1", name="One")
    here.sync()
    here.crm.delete("A1")
    here.crm.edit("A2", code="1", name="One and only")
    origin = Origin("crm", "thing")
    run = here.enter([Record("A1", {"successor": "A2"}, origin=origin, deleted=True)])
    here.work()
    here.run(run)
    here.sync()
    assert here.erp.objects["B1"]["NAME"] in ("One", "One and only")
    assert list(here.erp.objects) == ["B1"]
    here.crm.edit("A2", phone="5")
    here.sync()
    assert here.erp.objects["B1"]["PHONE"] == "5"


def test_an_unfinished_drawing_tells_what_is_missing() -> None:
    wrong = two_way(
        [{"left": "name", "right": ""}, {"left": "a", "right": "B"}, {"left": "c", "right": "B"},
         {"left": "d", "right": "D", "policy": "by_state"}, {"left": "e", "right": "E", "policy": "rules"},
         {"left": "f", "right": "F", "table": {"table": "nowhere"}}],
        left={"match": [], "deleted": "mark"},
    )  # fmt: skip
    codes = {problem.code for problem in check(wrong).errors}
    assert codes == {
        "E-SYNC-FIELD", "E-SYNC-TWICE", "E-SYNC-STATE", "E-RULES-UNKNOWN", "E-TABLE", "E-SYNC-MATCH", "E-SYNC-MARK",
    }  # fmt: skip


def test_fields_that_a_system_does_not_have_are_told_while_drawing(database: Database) -> None:
    flow = two_way([*PAIRS, {"left": "nonsense", "right": "NAME", "direction": "to_left"}])
    here = Office(database, two_way())
    shapes = {"crm": here.open("CRM", read_only=True), "erp": here.open("ERP", read_only=True)}
    found = check(flow, lambda slot, name: shapes[slot].entity(name))
    assert [(problem.code, problem.field) for problem in found.errors] == [
        ("E-FIELD-UNKNOWN", "fields.5.left")
    ]


def test_a_sweep_notices_deletes_on_either_side(database: Database) -> None:
    both = {"deleted": "delete"}
    here = office(database, left=both, right=both, read={"deletes": "sweep", "sweep_hours": 0})
    for number in range(1, 6):
        here.crm.edit(f"A{number}", code=f"l{number}")
        here.erp.edit(f"B{number + 10}", code=f"r{number}")
    here.sync()
    for system, key in ((here.crm, "A1"), (here.erp, "B11")):
        system.delete(key)
        system.tombs.clear()  # nobody tells
    here.sync()
    assert len(here.crm.objects) == len(here.erp.objects) == 8
    assert here.crm.values() == here.erp.values()
    for system in (here.crm, here.erp):
        system.tombs.clear()
    written = here.writes()
    assert "failed" not in counts(here.sync())
    assert here.writes() == written


def test_nothing_is_deleted_beyond_the_budget(database: Database) -> None:
    here = office(database, right={"deleted": "delete"}, deletes=0)
    here.crm.edit("A1", code="1")
    here.sync()
    here.crm.delete("A1")
    run_id = here.start()
    with pytest.raises(AssertionError, match="do not end"):
        here.work()
    with database.read() as session:
        run = session.get(Run, run_id)
    assert run is not None
    assert (run.state, run.code) == ("paused", "E-BUDGET")
    assert "B1" in here.erp.objects


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
