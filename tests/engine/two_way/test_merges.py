"""Two objects of one side become one: who takes over the counterpart, and what becomes of the one left over."""

from __future__ import annotations

from typing import Any

import pytest

from engine import clock
from engine.couple import Said
from engine.errors import InDoubt
from engine.record import Origin, Record, from_json
from engine.scope import ANSWERS
from engine.store.database import Database
from tests.engine.faults import Killed, at_point
from tests.engine.two_systems import PAIRS, Office, two_way
from tests.engine.two_way.desk import at_odds, counts, decide, held, office, open_conflicts


def merged(database: Database, *, twins: bool = False, tell: bool = True, **settings: Any) -> Office:
    """A1 ↔ B1, and A2 (with B2, if ``twins``); then A1 is merged into A2."""
    here = office(database, **settings)
    here.crm.edit("A1", code="1", name="One", phone="11")
    if twins:
        here.crm.edit("A2", code="2", name="Two", phone="22")
    here.sync()
    here.sync()
    if not twins:
        here.crm.edit("A2", code="1", name="One and only")
    here.crm.merge("A1", "A2", tell=tell)
    return here


def say(here: Office, answer: str) -> None:
    """Answers the question about A1, as the inbox does."""
    (hold, *_) = held(here.database)
    question = from_json(hold.question)
    slot = "crm" if hold.root.startswith("A") else "erp"
    told = {Said.key(question["node"], question["id"]): answer}
    record = Record(hold.root, {}, origin=Origin(slot, "thing"), deleted=True)
    here.enter([record.with_step(ANSWERS, told)])
    here.work()


def test_the_survivor_takes_over_the_counterpart(database: Database) -> None:
    here = merged(database, right={"deleted": "delete"})
    run = here.sync()
    assert here.erp.objects["B1"]["NAME"] == "One and only"
    assert here.crm.objects["A2"]["phone"] == "11", "what the survivor lacks comes from the counterpart"
    assert list(here.erp.objects) == ["B1"]
    told = [row.message for row in here.deliveries(run.id) if row.outcome == "updated"]
    assert "A1 was merged into A2 in System A, which takes over its counterpart in System B." in told
    here.crm.edit("A2", city="Ulm")
    here.sync()
    assert here.erp.objects["B1"]["CITY"] == "Ulm"
    written = here.writes()
    here.sync()
    assert (here.writes(), held(database)) == (written, [])


def test_a_survivor_gets_one_counterpart_whoever_else_meets_it(database: Database) -> None:
    """Between the decision and its write another run takes up the survivor, which is new to it."""
    here = merged(database)
    here.crm.edit("A2", code="2")

    def meanwhile(changes: Any) -> None:
        here.erp.before_write = lambda changes: None
        here.start()
        executor, rings = here.executor(), list(here.rings)
        here.rings.clear()
        for ring in rings:
            executor.advance(*ring)

    here.erp.before_write = meanwhile
    here.sync()
    assert [kind for kind, *_ in here.erp.journal] == ["create", "update"]
    assert here.crm.values() == here.erp.values()
    assert held(database) == []


@pytest.mark.parametrize(
    ("point", "next_comes"),
    [("before-send", "a run"), ("before-send", "nobody"), ("after-send", "a run"), ("after-send", "nobody"),
     ("after-send", "a signal")],
)  # fmt: skip
def test_a_survivor_gets_one_counterpart_though_a_worker_dies(
    database: Database, point: str, next_comes: str
) -> None:
    """It dies amid handing it over; then somebody else meets the survivor, before the batch is taken up again."""
    here = merged(database, right={"surplus": "delete"})
    here.crm.edit("A2", code="2")
    run = here.start()
    with at_point(point, 1, _die), pytest.raises(Killed):
        here.work(lease=5.0)
    here.rings.clear()
    clock._skew += 60.0
    if next_comes == "a run":
        run = here.start(window={"since": clock.iso(clock.now() - 10_000)})
    elif next_comes == "a signal":
        run = here.enter([Record("A2", {}, origin=Origin("crm", "thing"))])
    for lane in (0, 1):
        here.executor(lease=5.0).advance(run, lane)
    here.work()
    here.sync()
    assert list(here.erp.objects) == ["B1"]
    assert here.crm.values() == here.erp.values()
    assert here.crm.objects["A2"]["phone"] == "11"
    assert [kind for kind, *_ in here.erp.journal] == ["create", "update"]
    assert held(database) == []


def _die() -> None:
    raise Killed("amid a merge")


def test_a_merge_that_changes_nothing_is_told_all_the_same(database: Database) -> None:
    here = merged(database)
    here.crm.edit("A2", name="One", phone="11")
    run = here.sync()
    assert counts(run)["unchanged"] >= 1
    (row,) = [row for row in here.deliveries(run.id) if row.operation == "merge"]
    assert (row.remote_id, row.entity, row.outcome) == ("B1", "thing", "unchanged")
    assert row.message.startswith("A1 was merged into A2 in System A")


def test_a_conflict_about_the_loser_is_over(database: Database) -> None:
    here = office(database)
    at_odds(here)
    (old,) = open_conflicts(database)
    here.crm.edit("A2", code="1", phone="14")
    here.crm.merge("A1", "A2")
    here.sync()
    (row,) = open_conflicts(database)
    assert (row.left_id, row.right_id) == ("A2", "B1")
    assert row.id != old.id
    here.enter([decide(database, row, phone={"take": "left"}).signal()])
    here.work()
    assert here.erp.objects["B1"]["PHONE"] == "14"


@pytest.mark.parametrize("fate", ["keep", "mark", "delete"])
def test_what_is_left_over_goes_by_its_policy(database: Database, fate: str) -> None:
    mark = {"field": "STATE", "value": "inactive"}
    here = merged(database, twins=True, right={"surplus": fate, "mark": mark})
    run = here.sync()
    assert here.erp.objects["B2"]["NAME"] == "Two"
    assert ("B1" in here.erp.objects) == (fate != "delete")
    if fate == "mark":
        assert here.erp.objects["B1"]["STATE"] == "inactive"
    told = [row.message for row in here.deliveries(run.id) if row.root == "A1"]
    assert "A1 was merged into A2 in System A, which is kept in step with B2" in told[0]
    if fate != "delete":
        here.erp.edit("B1", phone="99")  # nothing of it goes anywhere any more
    written = here.writes()
    here.sync()
    assert (here.writes(), held(database)) == (written, [])
    assert list(here.crm.objects) == ["A2"]


@pytest.mark.parametrize("fate", ["keep", "delete"])
def test_what_is_left_over_is_asked_about(database: Database, fate: str) -> None:
    here = merged(database, twins=True)
    here.sync()
    (hold,) = held(database)
    assert hold.message.endswith("which is kept in step with B2. What is to become of B1 in System B?")
    say(here, fate)
    assert ("B1" in here.erp.objects) == (fate == "keep")
    assert held(database) == []


def test_an_edit_is_not_lost_with_what_is_left_over(database: Database) -> None:
    here = merged(database, twins=True, right={"surplus": "delete"})
    here.erp.edit("B1", phone="precious")
    here.sync()
    (hold,) = held(database)
    assert "was changed since both agreed" in hold.message
    assert "B1" in here.erp.objects


def test_who_is_alike_survives_where_no_system_says_so(database: Database) -> None:
    here = merged(database, tell=False, left={"survivor": "match"}, right={"deleted": "delete"})
    here.sync()
    assert here.erp.objects["B1"]["NAME"] == "One and only"
    here.crm.delete("A2")
    here.sync()
    assert here.erp.objects == {}, "without a twin it is a deletion"


def test_of_several_that_are_alike_a_person_says_which(database: Database) -> None:
    here = merged(database, tell=False, left={"survivor": "match"}, right={"deleted": "delete"})
    here.crm.edit("A3", code="1", name="Three")
    here.sync()
    asked = [hold for hold in held(database) if from_json(hold.question)["kind"] == "gone"]
    assert any("2 others look like it: A2, A3" in hold.message for hold in asked)
    assert "B1" in here.erp.objects


def test_a_field_names_the_survivor_and_the_loser_is_still_there(database: Database) -> None:
    pairs = [pair for pair in PAIRS if pair["left"] != "state"]
    here = office(database, fields=pairs, left={"survivor": "field", "survivor_field": "state"})
    here.crm.edit("A1", code="1", name="One")
    here.sync()
    here.crm.edit("A2", code="1", name="Two")
    here.crm.edit("A3", code="1", name="Three")
    here.crm.edit("A1", state="A2")
    here.crm.edit("A2", state="A3")
    here.sync()
    here.sync()
    assert here.erp.objects["B1"]["NAME"] == "Three"
    here.crm.edit("A1", name="Nobody reads this")
    here.sync()
    assert (here.erp.objects["B1"]["NAME"], list(here.erp.objects)) == ("Three", ["B1"])
    assert held(database) == []


def test_a_person_names_the_survivor(database: Database) -> None:
    here = merged(database, tell=False)
    here.sync()
    (hold,) = [hold for hold in held(database) if from_json(hold.question)["kind"] == "gone"]
    assert "A1 was deleted in System A. What is to become of B1 in System B?" in hold.message
    say(here, "merged:A2")
    assert here.erp.objects["B1"]["NAME"] == "One and only"
    assert held(database) == []


def test_somebody_confirms_a_merge_where_the_policy_says_so(database: Database) -> None:
    here = merged(database, left={"merged": "ask"})
    here.sync()
    (hold,) = [hold for hold in held(database) if hold.root == "A1"]
    assert "it seems to be merged into A2" in hold.message
    assert here.erp.objects["B1"]["NAME"] == "One"
    say(here, "merged:A2")
    assert here.erp.objects["B1"]["NAME"] == "One and only"


def test_both_sides_merge_at_once(database: Database) -> None:
    here = merged(database, twins=True, right={"deleted": "delete"}, left={"deleted": "delete"})
    here.erp.merge("B1", "B2")
    here.sync()
    here.sync()
    assert (list(here.crm.objects), list(here.erp.objects)) == (["A2"], ["B2"])
    assert here.crm.values() == here.erp.values()
    assert held(database) == []


def test_two_that_are_merged_into_a_third_leave_one_over(database: Database) -> None:
    here = office(database, right={"surplus": "keep"})
    for number in ("1", "2"):
        here.crm.edit(f"A{number}", code=number, name=number)
    here.sync()
    here.crm.edit("A3", code="1", name="Three")
    here.crm.merge("A1", "A3")
    here.crm.merge("A2", "A3")
    here.sync()
    assert [row["NAME"] for row in here.erp.objects.values()] == ["Three", "2"]
    written = here.writes()
    here.sync()
    assert (here.writes(), held(database)) == (written, [])


def test_a_dry_run_of_a_merge_moves_nothing(database: Database) -> None:
    here = merged(database)
    here.sync(mode="dry-run")
    assert here.erp.objects["B1"]["NAME"] == "One"
    here.sync()
    assert here.erp.objects["B1"]["NAME"] == "One and only"


def test_a_survivor_whose_create_got_no_answer_gets_no_second_counterpart(database: Database) -> None:
    """Another lane meets the merge when the claim on that create is over; its own lane is yet to look."""
    both = {"deleted": "delete", "surplus": "delete"}
    desk = Office(database, two_way(left=both, right=both, lanes=2, batch_size=10))
    desk.erp.edit("B1", code="K1")
    desk.sync()
    desk.erp.edit("B4", code="K4")
    desk.erp.merge("B1", "B4")
    lost = [InDoubt("No answer.", sent_at=clock.passing(), timeout=0.05)]

    def lose(changes: object) -> None:
        if lost:
            raise lost.pop()

    desk.crm.after_write = lose
    run_id = desk.start()
    executor = desk.executor(lease=0.05)
    executor.advance(run_id, 0)
    executor.advance(run_id, 2)
    assert not lost, "it was not created"
    clock._skew += 60.0
    executor.advance(run_id, 1)
    desk.work()
    desk.sync()
    codes = [row["code"] for row in desk.crm.objects.values()]
    assert len(codes) == len(set(codes)), "it was made twice"
