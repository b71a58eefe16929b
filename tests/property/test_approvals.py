"""Approvals as a state machine: two evaluators agree, and no sequence of acts releases twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from engine import approvals, asking, inference, launch
from engine.approvals import Person, decide, tick
from engine.errors import RequestError
from engine.launch import Cause
from engine.store import approvals as store
from engine.store.approvals import Approval
from engine.store.database import Database
from engine.transition import EVENTS, infer, judge, transition
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
from tests.engine.toys import Bench, World

STATES = st.sampled_from(store.STATES)


@given(STATES, st.sampled_from(EVENTS), st.booleans())
def test_the_table_and_the_plain_function_agree(state: str, event: Any, enough: bool) -> None:
    plain = transition(state, event, enough=enough)
    assert infer(state, event, enough=enough) == plain
    inference.enable()
    try:
        assert infer(state, event, enough=enough) == judge(state, event, enough=enough) == plain
    finally:
        inference.disable()


ACTS = st.one_of(
    st.tuples(st.sampled_from(["approve", "decline"]), st.sampled_from(PEOPLE)),
    st.tuples(st.sampled_from(["withdraw", "tick", "late"]), st.none()),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTS, max_size=8), st.integers(1, 3), st.sampled_from([*PEOPLE, None]))
def test_any_sequence_of_acts_releases_at_most_once(
    database_for_all: Database, acts: list[Any], quorum: int, asker: Person | None
) -> None:
    database = database_for_all
    bench = Bench(database, World(0), approving(quorum=quorum, expire_hours=1))
    number = opened(bench, asker)
    said: dict[str, str] = {}
    state = "open"
    for act, person in acts:
        with database.write() as session:
            try:
                if person is not None:
                    after = decide(session, number, person, act)
                    assert person != asker, "somebody approved their own"
                    if state == "open":
                        said[person.email] = act
                    assert after.state == (state if state != "open" else expected(said, quorum))
                elif act == "withdraw":
                    approvals.withdraw(session, number, "x", "")
                    assert state == "open"
                    said["x"] = act
            except RequestError as error:
                refused = error.status
            else:
                refused = 0
        if person is not None or act == "withdraw":
            assert refused in ((0, 403) if state == "open" else (0, 409))
            assert (refused == 403) == (person is not None and person == asker and state == "open")
        if act in ("tick", "late"):
            found = tick(database, store_time(database, number) + (3601 if act == "late" else 0))
            assert len(found) == (1 if act == "late" and state == "open" else 0)
        with database.read() as session:
            state = store.get(session, number).state
            runs = [one for one in released(database) if one.cause_key == f"approval:{number}"]
        assert len(runs) == (1 if state in ("approved", "declined", "expired") else 0)
    if state == "open":
        with database.write() as session:
            approvals.withdraw(session, number, "x", "so that no later example meets it")
    yes = sum(1 for what in said.values() if what == "approve")
    assert (state == "approved") <= (yes >= quorum)


def expected(said: dict[str, str], quorum: int) -> str:
    if "decline" in said.values():
        return "declined"
    return "approved" if list(said.values()).count("approve") >= quorum else "open"


def store_time(database: Database, number: int) -> float:
    with database.read() as session:
        return store.get(session, number).created_at


def opened(bench: Bench, asker: Person | None) -> int:
    """An open approval, made the way a worker makes it."""
    with bench.database.write() as session:
        before = {row.number for row in store.listed(session)}
        key = f"R{len(session.exec(select(Approval.id)).all())}"
        started = launch.start(
            session, bench.plan, flow_id="f1", version_id=1, bindings={}, mode="live",
            cause=Cause("manual", asker.email if asker else ""),
        )  # fmt: skip
        node = bench.plan.nodes["ask"]
        box = approvals_box(node, key)
        asking.ask(session, "f1", started.run, [box])
        (number,) = {row.number for row in store.listed(session)} - before
        return number


def approvals_box(node: Any, key: str) -> asking.Asked:
    from engine.node import Outbox
    from engine.record import Record

    out = Outbox()
    node.process([Record(key, {"name": "n"})], out)
    ((record, error),) = out.failures
    return asking.Asked("ask", key, record, error.request)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def database_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('approvals') / 'heddle.db'}")
    made.migrate()
    yield made
    made.close()
