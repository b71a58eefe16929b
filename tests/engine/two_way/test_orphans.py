"""Merges whose survivor got a counterpart without an answer, of which nobody is left to ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlmodel import select

from engine import clock
from engine.connector import CannotTell
from engine.errors import InDoubt
from engine.record import Change, Origin, Record, Remote, from_json
from engine.store import closing, lanes, references
from engine.store.database import Database
from engine.store.lanes import StagedBatch
from engine.store.references import Pair
from engine.store.runs import Run
from tests.engine.faults import Killed
from tests.engine.two_systems import PAIRS, Box, Office, two_way
from tests.engine.two_way.desk import held

TIMEOUT = 0.05


def deserted(database: Database, *, made: bool = True, **right: Any) -> Office:
    """B1 ↔ A1 are in step; B1 is merged into B4, and the create of a counterpart for B4 gets no answer. Then its run is
    cancelled, so nobody looks for it."""
    both = {"deleted": "delete", "surplus": "delete"}
    desk = Office(database, two_way(left=both, right={**both, **right}, lanes=2, batch_size=10))
    desk.erp.edit("B1", code="K1", phone="11")
    desk.sync()
    desk.erp.edit("B4", code="K4")
    lost = [InDoubt("No answer.", sent_at=clock.passing(), timeout=TIMEOUT)]

    def lose(changes: object) -> None:
        if lost:
            raise lost.pop()

    if made:
        desk.crm.after_write = lose
    else:
        desk.crm.before_write = lose
    run_id = desk.start()
    executor = desk.executor()
    for lane in (0, 2):
        executor.advance(run_id, lane)
    assert not lost, "it was not created"
    desk.erp.merge("B1", "B4")
    with database.write() as session:
        closing.cancel(session, run_id, "Eve")
    desk.rings.clear()
    return desk


def merge(desk: Office, *, others: bool = True) -> None:
    """The lane of the loser comes first; ``others``: the rest follows."""
    run_id = desk.start()
    desk.rings.clear()
    executor = desk.executor(slice=0.0)
    for _ in range(20):
        executor.advance(run_id, 0)
        with desk.database.read() as session:
            if lanes.backlog(session, run_id).get(1):
                break
    for _ in range(50):  # it waits for the call without an answer, which may still be carried out
        executor.advance(run_id, 1)
        with desk.database.read() as session:
            if not lanes.backlog(session, run_id).get(1):
                break
        time.sleep(0.01)
    if others:
        desk.work()


@pytest.mark.parametrize("wait", [0.0, 60.0], ids=["at once", "later"])
@pytest.mark.parametrize("made", [True, False], ids=["created", "not created"])
def test_the_survivor_has_one_counterpart(database: Database, made: bool, wait: float) -> None:
    desk = deserted(database, made=made)
    clock._skew += wait
    merge(desk)
    desk.sync()
    assert list(desk.crm.objects) == (["A2"] if made else ["A1"])
    assert desk.crm.values() == desk.erp.values()
    assert held(database) == []
    written = desk.writes()
    desk.sync()
    assert desk.writes() == written


@pytest.mark.parametrize("answered", [True, False], ids=["created", "in doubt again"])
def test_who_creates_it_meanwhile_is_not_forgotten(
    database: Database, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    """The record is tried once more, by another run, between the look and what follows from it."""
    desk = deserted(database, made=False)
    clock._skew += 60.0
    real, looked = Box.find, list[str]()

    def lose(changes: object) -> None:
        desk.crm.after_write = lambda changes: None
        raise InDoubt("No answer.", sent_at=clock.passing(), timeout=TIMEOUT)

    def find(self: Box, entity: str, wanted: Sequence[Any], fields: Any = ()) -> list[list[Remote]]:
        found = real(self, entity, wanted, fields)
        if any("id" not in one for one in wanted) and not looked:
            looked.append(entity)
            if not answered:
                desk.crm.after_write = lose
            run_id = desk.enter([Record("B4", {}, origin=Origin("erp", "thing"))])
            desk.executor().advance(run_id, 1)
            assert list(desk.crm.objects) == ["A1", "A2"]
        return found

    monkeypatch.setattr(Box, "find", find)
    merge(desk)
    desk.sync()
    assert looked
    assert list(desk.crm.objects) == ["A2"]
    assert held(database) == []


def test_what_searches_do_not_show_yet_is_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Box, "capability", Box.capability.model_copy(update={"lag": 20.0}))
    desk = deserted(database)
    hidden = desk.crm.objects.pop("A2")
    clock._skew += 1.0  # its call is over
    run_id = desk.start()
    executor = desk.executor(slice=0.0)
    for lane in (0, 0, 0, 1):
        executor.advance(run_id, lane)
    with database.read() as session:
        assert [run.code for run in session.exec(select(Run).where(Run.id == run_id))] == ["E-UNSEEN"]
    assert desk.crm.objects["A1"]["code"] == "K1", "nothing was handed over"
    desk.crm.objects["A2"] = hidden
    desk.work()
    assert list(desk.crm.objects) == ["A2"]


def blind(desk: Office, patch: pytest.MonkeyPatch) -> None:
    """Nobody can look for objects by their fields."""
    find = Box.find

    def by_id_alone(self: Box, entity: str, wanted: Sequence[Any], fields: Any = ()) -> list[list[Remote]]:
        if any("id" not in one for one in wanted):
            raise CannotTell("It cannot be looked for by that.")
        return find(self, entity, wanted, fields)

    patch.setattr(Box, "find", by_id_alone)


def another_like_it(desk: Office, patch: pytest.MonkeyPatch) -> None:
    """Somebody has made another object with this code."""
    desk.crm.objects["A9"] = {**desk.crm.objects["A2"]}


def nothing_to_go_by(desk: Office, patch: pytest.MonkeyPatch) -> None:
    """The field by which it would be recognised is empty by now."""
    desk.erp.objects["B4"]["CODE"] = None


@pytest.mark.parametrize("trouble", [blind, another_like_it, nothing_to_go_by])
def test_a_person_is_asked_where_nobody_can_tell(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[Office, pytest.MonkeyPatch], None],
) -> None:
    desk = deserted(database)
    trouble(desk, monkeypatch)
    merge(desk, others=False)
    (hold,) = [one for one in held(database) if one.root == "B1"]
    question = from_json(hold.question)
    assert (question["kind"], question["source"]["left_id"]) == ("in-doubt", "B4")
    assert "B1 was merged into B4" in hold.message
    assert desk.crm.objects["A1"]["code"] == "K1", "nothing was handed over"
    with database.write() as session:  # it is not there
        desk.crm.objects = {"A1": desk.crm.objects["A1"]}
        pair = Pair(**{name: question["source"][name] for name in Pair.__struct_fields__})
        known = references.load(session, pair, ["B4"])["B4"]
        references.release(session, pair, ["B4"], known.claim)
    desk.enter([Record("B1", {"successor": "B4"}, origin=Origin("erp", "thing"), deleted=True)])
    desk.work()
    assert [row["code"] for row in desk.crm.objects.values()] == [desk.erp.objects["B4"]["CODE"]]


def test_a_survivor_in_the_other_half_of_a_cut_batch_is_looked_for(database: Database) -> None:
    """It is behind the merge in the same lane: nobody would get to it."""
    pairs = [pair for pair in PAIRS if pair["left"] != "state"]
    right = {"deleted": "delete", "survivor": "field", "survivor_field": "STATE"}
    desk = Office(database, two_way(pairs, left={"surplus": "delete"}, right=right))
    desk.erp.edit("B1", code="K1")
    desk.sync()
    desk.erp.edit("B1", phone="12")
    desk.erp.edit("B4", code="K4")

    def die(changes: Sequence[Change]) -> None:
        if changes[0].operation == "create":
            desk.crm.after_write = lambda changes: None
            desk.erp.edit("B1", state="B4")
            raise Killed("with a call under way")

    desk.crm.after_write = die
    run_id = desk.start()
    with pytest.raises(Killed):
        desk.work()
    clock._skew += 60.0
    with database.write() as session:
        session.connection().exec_driver_sql("UPDATE lane SET attempts = 2 WHERE number = 1")
    desk.work()
    with database.read() as session:
        batches = session.exec(select(StagedBatch).where(StagedBatch.run_id == run_id)).all()
    assert any(one.stem is not None for one in batches)
    assert list(desk.crm.objects) == ["A2"]
