"""A system whose searches lag behind: what was created a moment ago is not taken for gone."""

from __future__ import annotations

from typing import Any

import pytest

from engine import clock
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.two_systems import Box
from tests.engine.two_way.desk import counts, held, office

LAG = 20.0


def test_what_searches_do_not_show_yet_is_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One")
    here.sync()
    seen_at, real = clock.now() + LAG / 2, Box.find

    def find(self: Box, *asked: Any, **more: Any) -> Any:
        found = real(self, *asked, **more)
        return [[one for one in some if one.id != "B1" or clock.now() >= seen_at] for some in found]

    monkeypatch.setattr(Box, "find", find)
    monkeypatch.setattr(Box, "capability", Box.capability.model_copy(update={"lag": LAG}))
    here.crm.edit("A1", name="Two")
    assert counts(here.sync())["updated"] == 1
    assert clock.now() >= seen_at
    assert (held(database), here.erp.objects["B1"]["NAME"]) == ([], "Two")


@pytest.mark.parametrize("seconds", [-300.0, 300.0])
def test_so_it_is_whatever_the_time_of_day(
    database: Database, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """It was created on a host with a wrong time, or the clock was set since."""
    here = office(database)
    here.crm.edit("A1", code="1", name="One")
    monkeypatch.setattr(clock, "_wrong", seconds)
    here.sync()
    monkeypatch.setattr(clock, "_wrong", 0.0)
    monkeypatch.setattr(Box, "capability", Box.capability.model_copy(update={"lag": LAG}))
    hidden = here.erp.objects.pop("B1")
    here.crm.edit("A1", name="Two")
    run_id = here.start()
    for lane in (0, 1):
        here.executor(slice=0.0).advance(run_id, lane)
    with database.read() as session:
        run = session.get(Run, run_id)
    assert run is not None
    assert run.code == "E-UNSEEN"
    assert run.retry_at is not None
    assert run.retry_at - clock.now() < 2 * LAG
    here.erp.objects["B1"] = hidden
    here.work()
    assert (held(database), here.erp.objects["B1"]["NAME"]) == ([], "Two")


def test_what_is_still_not_there_afterwards_is_gone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = office(database)
    here.crm.edit("A1", code="1", name="One")
    here.sync()
    monkeypatch.setattr(Box, "capability", Box.capability.model_copy(update={"lag": LAG}))
    del here.erp.objects["B1"]  # and nobody tells
    here.crm.edit("A1", name="Two")
    before = clock.now()
    assert counts(here.sync())["held"] == 1
    assert clock.now() >= before + LAG - 3
    assert "deleted in System B" in held(database)[0].message
