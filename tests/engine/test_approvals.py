"""Approvals: a record waits for people, and leaves once, by the way that was decided."""

from __future__ import annotations

import threading

import pytest
from sqlmodel import select

from engine import approvals
from engine.approvals import tick
from engine.errors import HeddleError, RequestError
from engine.store import accounts
from engine.store import approvals as store
from engine.store.database import Database
from engine.store.deliveries import Delivery
from engine.store.letters import Letter
from tests.conftest import Clock
from tests.engine.approving import (  # noqa: F401 - a fixture
    ANN,
    BOB,
    CAY,
    PEOPLE,
    _toys,
    approving,
    bench_for,
    released,
    run,
    say,
    waiting,
)
from tests.engine.test_executor import counts, finish
from tests.engine.toys import Bench


def test_a_record_waits_and_goes_on_when_it_is_approved(database: Database) -> None:
    bench = bench_for(database, rows=3)
    first = run(bench)
    assert counts(first) == {"read": 3, "held": 3}
    assert bench.world.target == []
    rows = waiting(database)
    assert [row.question for row in rows] == ["Book Name 0?", "Book Name 1?", "Book Name 2?"]
    done = say(database, rows[1].number, ANN, "approve", comment="fine")
    assert done.started is not None
    after = finish(bench, done.started.run)
    assert counts(after) == {"read": 1, "created": 1}
    assert (after.parent_id, after.cause_by) == (first.id, ANN.email)
    assert bench.world.created() == ["S000001"]
    assert len(waiting(database)) == 2


def test_declining_ends_it_with_a_reason_and_writes_nothing(database: Database) -> None:
    bench = bench_for(database)
    run(bench)
    done = say(database, waiting(database)[0].number, ANN, "decline", comment="too dear")
    assert done.started is not None
    assert counts(finish(bench, done.started.run)) == {"read": 1, "skipped": 1}
    with database.read() as session:
        last = session.exec(select(Delivery).where(Delivery.run_id == done.started.run)).one()
    assert last.message == "Left «Approval» by «Declined», which leads nowhere."
    assert bench.world.target == []


def test_a_dry_run_asks_nobody(database: Database) -> None:
    bench = bench_for(database)
    assert counts(run(bench, mode="dry-run")) == {"read": 1, "held": 1}
    assert waiting(database) == []
    assert letters(database) == []


def test_whoever_asked_cannot_approve_it(database: Database) -> None:
    bench = bench_for(database)
    run(bench, by=ANN.email)
    number = waiting(database)[0].number
    with pytest.raises(RequestError, match="asked for this yourself") as refused:
        say(database, number, ANN, "approve")
    assert refused.value.status == 403
    with pytest.raises(RequestError, match="asked for this yourself"), database.write() as session:
        approvals.delegate(session, number, ANN, accounts.users(session)[1])
    assert say(database, number, BOB, "approve").state == "approved"


def test_who_changed_the_record_last_cannot_approve_it_either(database: Database) -> None:
    bench = bench_for(database, changed_by="{name}")
    bench.world.source["S000000"]["name"] = "Ann"
    run(bench)
    with pytest.raises(RequestError, match="asked for this yourself"):
        say(database, waiting(database)[0].number, ANN, "approve")


def test_strangers_may_not_decide(database: Database) -> None:
    bench = bench_for(database, deciders={"users": [BOB.email]})
    run(bench)
    with pytest.raises(RequestError, match="not for you") as refused:
        say(database, waiting(database)[0].number, ANN, "decline")
    assert refused.value.status == 403


def test_two_must_approve_and_one_person_counts_once(database: Database) -> None:
    bench = bench_for(database, quorum=2)
    run(bench)
    number = waiting(database)[0].number
    for _ in range(3):
        assert say(database, number, ANN, "approve").state == "open"
    assert say(database, number, BOB, "approve").state == "approved"
    again = say(database, number, BOB, "approve")
    assert (again.state, again.fresh, again.started) == ("approved", False, None)
    with pytest.raises(RequestError, match=r"approved by bob@x\.org already"):
        say(database, number, CAY, "decline")
    assert len(released(database)) == 1


FORM = [
    {"name": "price", "type": "number", "required": True, "target": "name", "title": "Price"},
    {"name": "why", "type": "choice", "choices": ["cheap", "good"]},
]


def test_the_form_is_checked_and_goes_into_the_record(database: Database) -> None:
    bench = bench_for(database, form=FORM)
    bench.world.source["S000000"]["name"] = ""
    run(bench)
    number = waiting(database)[0].number
    with pytest.raises(RequestError, match="«Price» is missing"):
        say(database, number, ANN, "approve")
    with pytest.raises(RequestError, match="has no field «x»") as refused:
        say(database, number, ANN, "approve", form={"price": "many", "why": "odd", "x": 1})
    assert [problem.field for problem in refused.value.problems] == ["form.x", "form.price", "form.why"]
    assert waiting(database)[0].state == "open"
    done = say(database, number, ANN, "approve", form={"price": "12.50", "why": "good"})
    assert done.started is not None
    finish(bench, done.started.run)
    assert str(bench.world.target[0]["name"]) == "12.50"


def test_an_approval_counts_only_for_what_was_filled_in_when_it_was_given(database: Database) -> None:
    bench = bench_for(database, form=[{**FORM[0], "required": False}], quorum=2)
    bench.world.source["S000000"]["name"] = "10"
    run(bench)
    number = waiting(database)[0].number
    assert say(database, number, ANN, "approve").state == "open"
    assert say(database, number, BOB, "approve", form={"price": "99"}).state == "open"
    assert say(database, number, CAY, "approve").state == "approved"


def test_a_deadline_takes_its_own_way(database: Database, clock: Clock) -> None:
    bench = bench_for(database, expire_hours=2)
    run(bench)
    assert tick(database, clock.now()) == []
    clock.advance(2 * 3600 + 1)
    (started,) = tick(database, clock.now())
    assert tick(database, clock.now()) == []
    assert counts(finish(bench, started.run)) == {"read": 1, "skipped": 1}
    with database.read() as session:
        assert store.get(session, 1).state == "expired"


def test_reminders_and_escalation_write_to_the_right_people(database: Database, clock: Clock) -> None:
    bench = bench_for(
        database,
        quorum=2,
        deciders={"users": [ANN.email, BOB.email]},
        remind_hours=1,
        escalate_hours=3,
        escalate_to={"users": [CAY.email]},
    )
    run(bench)
    number = waiting(database)[0].number
    with pytest.raises(RequestError, match="not for you"):
        say(database, number, CAY, "approve")
    say(database, number, ANN, "approve")
    clock.advance(3601)
    tick(database, clock.now())
    clock.advance(2 * 3600)
    tick(database, clock.now())
    assert letters(database) == [
        ("asked", "ann"), ("asked", "bob"), ("escalation", "cay"), ("reminder", "bob"), ("reminder", "bob"),
        ("reminder", "cay"),
    ]  # fmt: skip
    assert say(database, number, CAY, "approve").state == "approved"
    clock.advance(90 * 3600)
    assert tick(database, clock.now()) == []


def letters(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        names = {user.id: user.name.lower() for user in accounts.users(session)}
        return sorted((letter.kind, names[letter.user_id]) for letter in session.exec(select(Letter)))


def test_a_say_that_was_handed_on_is_gone(database: Database) -> None:
    bench = bench_for(database, deciders={"users": [ANN.email, BOB.email]}, quorum=2)
    run(bench)
    number = waiting(database)[0].number
    with database.write() as session:
        cay = next(user for user in accounts.users(session) if user.email == CAY.email)
        approvals.delegate(session, number, ANN, cay)
    with pytest.raises(RequestError, match=r"handed this to cay@x\.org"):
        say(database, number, ANN, "approve")
    assert say(database, number, CAY, "approve").state == "open"
    assert say(database, number, BOB, "approve").state == "approved"
    assert ("delegated", "cay") in letters(database)


@pytest.mark.parametrize("policy", ["ask_again", "withdraw", "keep"])
def test_what_happens_when_the_record_changes_meanwhile(database: Database, policy: str) -> None:
    bench = bench_for(database, on_change=policy)
    run(bench)
    again = run(bench)
    assert counts(again) == {"read": 1, "held": 1}
    assert len(waiting(database)) == 1, "the same values are not asked about twice"
    bench.world.source["S000000"]["name"] = "Changed"
    third = run(bench)
    rows = waiting(database)
    if policy == "withdraw":
        assert counts(third) == {"read": 1, "skipped": 1}
        assert rows == []
        return
    assert counts(third) == {"read": 1, "held": 1}
    assert [row.question for row in rows] == [f"Book {'Changed' if policy == 'ask_again' else 'Name 0'}?"]
    done = say(database, rows[0].number, ANN, "approve")
    assert done.started is not None
    finish(bench, done.started.run)
    assert [row["name"] for row in bench.world.target] == ["Changed" if policy == "ask_again" else "Name 0"]


def test_what_was_decided_is_not_asked_again_until_it_changes(database: Database) -> None:
    bench = bench_for(database)
    run(bench)
    done = say(database, waiting(database)[0].number, ANN, "approve")
    assert done.started is not None
    finish(bench, done.started.run)
    again = run(bench)
    assert counts(again) == {"read": 1, "skipped": 1}
    with database.read() as session:
        told = session.exec(select(Delivery).where(Delivery.run_id == again.id)).one()
    assert told.message == "Approved by ann@x.org already; nothing in it has changed since."
    assert waiting(database) == []


@pytest.mark.parametrize("people", [2, 8])
def test_many_decide_at_once_and_it_is_released_once(database: Database, people: int) -> None:
    released_at_once(bench_for(database), people)


def released_at_once(bench: Bench, people: int) -> None:
    run(bench)
    number = waiting(bench.database)[0].number
    gate = threading.Barrier(people)
    told: list[str] = []

    def press(place: int) -> None:
        gate.wait()
        try:
            told.append(
                say(bench.database, number, PEOPLE[place % 3], ("approve", "decline")[place % 2]).state
            )
        except HeddleError as error:
            told.append(error.code)

    threads = [threading.Thread(target=press, args=(place,)) for place in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == people
    assert set(told) <= {"approved", "declined", "E-DECIDED"}
    assert len(set(told) - {"E-DECIDED"}) == 1
    (only,) = released(bench.database)
    bench.rings.append((only.id, 1))
    finish(bench, only.id)
    assert len(bench.world.target) == (1 if "approved" in told else 0)
