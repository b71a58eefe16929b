"""What both sides changed: it waits, is decided once, or its policy decides."""

from __future__ import annotations

import pytest

from engine import clock
from engine.errors import RequestError
from engine.record import from_json
from engine.store.database import Database
from tests.engine.two_way.desk import at_odds, counts, decide, office, open_conflicts, with_policy


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
    at_odds(here)
    (row,) = open_conflicts(database)
    decide(database, row, phone={"take": "value", "value": "99"})
    here.sync()
    assert (here.crm.objects["A1"]["phone"], here.erp.objects["B1"]["PHONE"]) == ("99", "99")
    assert open_conflicts(database) == []


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
