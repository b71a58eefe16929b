"""One answer, many documents: each goes on once, in pages, and what is held later waits for itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import releases
from engine.record import from_json
from engine.store import releases as store
from engine.store import reviews
from engine.store.database import Database
from engine.store.roots import Root
from engine.store.runs import Run
from tests.engine.held import MARK, Holding
from tests.engine.test_executor import finish
from tests.engine.toys import toys


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with toys():
        yield


def answered(bench: Holding, do: str = "again") -> int:
    with bench.database.write() as session:
        bench.answer(session)
        return releases.promise(
            session, bench.flow_id, MARK, "ann@example.org", do=do, answer={"Account": "4000"}
        ).number


def waiting(bench: Holding) -> int:
    with bench.database.read() as session:
        return sum(group.count for group in reviews.groups(session))


def test_everything_that_waits_goes_on_page_by_page(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "PAGE", 120)
    bench = Holding(database, 230)
    first = bench.run()
    assert waiting(bench) == 230
    started = releases.advance(database, bench.plans, answered(bench))
    assert waiting(bench) == 0
    with database.read() as session:
        done = store.get(session, 1)
        runs = [session.get(Run, one.run) for one in started]
    assert (done.state, done.waited, done.released, done.run_ids()) == (
        "done", 230, 230, [one.run for one in started]
    )  # fmt: skip
    assert len(started) > 1
    assert {(run.parent_id, run.cause_kind, run.cause_by) for run in runs if run} == {
        (first, "answer", "ann@example.org")
    }
    bench.work_off([one.run for one in started])
    assert sorted(bench.world.created()) == sorted(bench.world.source)
    assert releases.tick(database, bench.plans) == []


def test_what_is_held_after_the_answer_waits_for_itself(database: Database) -> None:
    bench = Holding(database, 20)
    bench.run()
    number = answered(bench)
    bench.world.source = {
        f"T{n}": {"id": f"T{n}", "name": "later", "product": "consulting"} for n in range(5)
    }
    bench.run()
    releases.advance(database, bench.plans, number)
    assert waiting(bench) == 5
    with database.read() as session:
        assert store.get(session, number).released == 20


def test_a_release_is_gone_on_with_by_whoever_looks_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "PAGE", 50)
    bench = Holding(database, 200)
    bench.run()
    number = answered(bench)
    assert len(releases.advance(database, bench.plans, number, seconds=0.0)) == 1
    assert waiting(bench) == 150
    rings = releases.tick(database, bench.plans)
    assert (waiting(bench), len(rings)) == (0, 3)


def test_a_document_that_got_through_meanwhile_is_left_alone(database: Database) -> None:
    bench = Holding(database, 30)
    run_id = bench.run()
    number = answered(bench)
    with database.write() as session:
        reviews.release(session, bench.flow_id, lambda: {"another": [Root("", "S000003")]})
    releases.advance(database, bench.plans, number)
    with database.read() as session:
        assert store.get(session, number).released == 29
    assert run_id


def test_reading_again_takes_what_stands_at_the_source_now(database: Database) -> None:
    bench = Holding(database, 12)
    bench.run()
    bench.world.source["S000004"]["product"] = "hardware"
    with database.write() as session:
        number = releases.promise(session, bench.flow_id, MARK, "ann@example.org", do="read").number
    (started,) = releases.advance(database, bench.plans, number)
    with database.read() as session:
        run = session.get(Run, started.run)
    assert run is not None
    assert from_json(run.window)["keys"]["read"][:2] == ["S000000", "S000001"]
    bench.rings.extend((started.run, lane) for lane in started.lanes)
    finish(bench, started.run)
    with database.read() as session:
        found = {from_json(group.first.question)["key"]: group.count for group in reviews.groups(session)}
    assert found == {"consulting": 11, "hardware": 1}


def test_what_cannot_go_on_stays_with_its_reason(database: Database) -> None:
    bench = Holding(database, 60)
    run_id = bench.run()
    number = answered(bench)
    with database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM staged_batch WHERE number = 0")
    releases.advance(database, bench.plans, number)
    with database.read() as session:
        done = store.get(session, number)
    (trouble,) = done.troubles()
    assert (trouble["code"], trouble["count"], done.released, waiting(bench)) == ("E-GONE", 50, 10, 50)
    assert run_id
