"""What was deleted on one side, by the policy of the other."""

from __future__ import annotations

import pytest

from engine import clock
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.two_way.desk import counts, held, office


def test_deletes_obey_the_policy_of_the_other_side(database: Database) -> None:
    here = office(database, right={"deleted": "delete"})
    here.crm.edit("A1", code="1", name="One")
    here.crm.edit("A2", code="2", name="Two")
    here.sync()
    here.crm.delete("A1")
    here.erp.delete("B2")
    run = here.sync()
    assert [entry[0] for entry in here.erp.journal] == ["create", "create", "delete"]
    (hold,) = held(database)
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
    (hold,) = held(database)
    assert "changed since both agreed" in hold.message


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
