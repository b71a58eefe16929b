"""What every connector must do, tried on its sandbox over real HTTP. A new connector needs a case, not a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import requests

from engine import registry
from engine.compare import dig, same
from engine.connector import CannotTell, Connector, Query
from engine.errors import AccessError, EngineError, InDoubt, Unavailable
from engine.record import Change, Outcome, from_json, idempotency_key, to_json
from engine.secrecy import take_out
from engine.store.connections import Draft, connect
from tests.conformance.connectors import CASES, Case
from tests.conftest import Served

SYSTEMS = sorted(registry.connectors())
TEXTS = {
    "unicode": "Ünïcödé – 会社 «Ω» ﷺ 👩🏽‍🚀",
    "quotes": 'O\'Neil & Sons <"Ltd"> \\ /? #% {x} [y]',
    "blanks": "Two  words",
}


@dataclass
class Bench:
    """A system under test: its connector, its sandbox and its case."""

    connector: Connector[Any]
    served: Served
    case: Case
    open: Callable[..., Connector[Any]]

    def create(self, n: int, text: str = "Ann", **more: Any) -> Change:
        data = {**self.case.make(n, text), **more}
        match = {name: data[name] for name in self.case.match}
        return Change(idempotency_key("conformance", str(n)), "create", data, match=match)

    def write(self, *changes: Change) -> list[Any]:
        return self.connector.write(self.case.entity, changes)

    def found(self, change: Change, *fields: str) -> list[Any]:
        return self.connector.find(self.case.entity, [change.match], fields)[0]

    def vice(self, name: str, options: Any = True) -> None:
        requests.post(f"{self.served.url}/_sandbox/vices", json={name: options}, timeout=5).raise_for_status()

    def journal(self) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = requests.get(f"{self.served.url}/_sandbox/journal", timeout=5).json()
        return made

    def pages(self, limit: int, cursor: Any = None) -> Iterator[Any]:
        for _ in range(200):
            page = self.connector.read(Query(entity=self.case.entity), cursor, limit)
            yield page
            cursor = page.cursor
            if cursor is None:
                return
        pytest.fail("The read never ends.")


@pytest.fixture(params=SYSTEMS)
def bench(request: pytest.FixtureRequest, sandbox: Callable[..., Served]) -> Iterator[Bench]:
    system = request.param
    assert system in CASES, f"tests/conformance/connectors.py says nothing of {system}"
    assert system in registry.sandbox_systems(), f"{system} has no sandbox"
    served = sandbox(system, seed=20)
    opened: list[Connector[Any]] = []

    def open(*, read_only: bool = False, timeout: float = 5.0, journal: Any = None) -> Connector[Any]:
        cls = registry.connector_type(system)
        settings, secrets = take_out(cls.Settings, registry.sandbox_type(system).connection(served.url))
        opened.append(
            connect(Draft(system, settings, secrets), read_only=read_only, timeout=timeout, journal=journal)
        )
        return opened[-1]

    yield Bench(open(), served, CASES[system], open)
    for connector in opened:
        connector.http.session.close()


def test_it_answers_and_describes_itself(bench: Bench) -> None:
    health = bench.connector.check()
    assert health.ok
    assert health.message
    assert bench.case.entity in {one.name for one in bench.connector.entities()}
    shape = bench.connector.entity(bench.case.entity)
    names = {one.name for one in shape.fields}
    assert {bench.case.text, *bench.case.match} <= names
    assert shape.key in names


def test_pages_are_complete_and_in_one_order(bench: Bench) -> None:
    bench.write(*(bench.create(n, f"Page {n}") for n in range(20)))
    once = [record.key for page in bench.pages(bench.case.page) for record in page.records]
    assert len(once) == len(set(once)) >= 20
    assert once == [record.key for page in bench.pages(bench.case.page) for record in page.records]
    at_once = [record.key for page in bench.pages(500) for record in page.records]
    assert sorted(at_once) == sorted(once)


def test_a_cursor_goes_on_where_another_process_stopped(bench: Bench) -> None:
    bench.write(*(bench.create(n, f"Page {n}") for n in range(20)))
    first, *rest = bench.pages(bench.case.page)
    bench.connector = bench.open()
    again = list(bench.pages(bench.case.page, first.cursor))
    expected = [record.key for page in rest for record in page.records]
    assert expected
    assert [record.key for page in again for record in page.records] == expected
    assert from_json(to_json(first.cursor)) == first.cursor


def test_repeated_rows_are_no_new_records(bench: Bench) -> None:
    bench.write(*(bench.create(n, f"Page {n}") for n in range(20)))
    expected = {record.key for page in bench.pages(500) for record in page.records}
    bench.vice("duplicate_rows")
    assert {record.key for page in bench.pages(bench.case.page) for record in page.records} == expected


def test_writing_reports_each_record_and_finding_finds_it(bench: Bench) -> None:
    changes = [bench.create(n, f"Number {n}") for n in range(5)]
    broken = Change(
        "b" * 40, "create", {**bench.create(99).data, bench.case.text: ""}, match=bench.create(99).match
    )
    results = bench.write(*changes[:2], broken, *changes[2:])
    assert [one.outcome for one in results] == [
        "created",
        "created",
        "failed",
        "created",
        "created",
        "created",
    ]
    assert results[2].message
    ids = [one.remote_id for one in results if one.outcome == "created"]
    assert len(set(ids)) == 5
    found = bench.connector.find(bench.case.entity, [change.match for change in changes], [bench.case.text])
    assert [[remote.id for remote in some] for some in found] == [[one] for one in ids]
    assert [dig(some[0].data, bench.case.text) for some in found] == [f"Number {n}" for n in range(5)]
    key = bench.connector.entity(bench.case.entity).key
    assert [
        [one.id for one in some] for some in bench.connector.find(bench.case.entity, [{key: ids[0]}])
    ] == [[ids[0]]]
    assert bench.connector.find(bench.case.entity, [bench.create(77).match]) == [[]]
    update = Change("u" * 40, "update", {bench.case.text: "Renamed"}, remote_id=ids[1])
    assert [one.outcome for one in bench.write(update)] == [Outcome.UPDATED]
    assert dig(bench.found(changes[1], bench.case.text)[0].data, bench.case.text) == "Renamed"


@pytest.mark.parametrize("kind", [*TEXTS, "long"])
def test_texts_come_back_as_they_went(bench: Bench, kind: str) -> None:
    text = TEXTS.get(kind) or ("é1 " * bench.case.longest)[: bench.case.longest - 1].strip()
    change = bench.create(1, text)
    assert bench.write(change)[0].outcome == "created"
    assert dig(bench.found(change, bench.case.text)[0].data, bench.case.text) == text


def test_values_come_back_as_they_went(bench: Bench) -> None:
    values = {
        name: Decimal(value) if isinstance(value, str) and value.replace(".", "", 1).isdigit() else value
        for name, value in bench.case.values.items()
    }
    change = bench.create(1, **values)
    result = bench.write(change)[0]
    assert result.outcome == "created", result.message
    (remote,) = bench.found(change, *values)
    for name, value in values.items():
        assert same(value, dig(remote.data, name)), (name, value, dig(remote.data, name))
        assert not isinstance(dig(remote.data, name), float)


@pytest.mark.parametrize(
    ("vice", "options", "reading", "writing"),
    [
        ("rate_limit", {"times": 9, "retry_after": 3}, Unavailable, Unavailable),
        ("server_error", {"times": 9}, Unavailable, (InDoubt, Unavailable)),
        ("refuse", {"times": 9}, Unavailable, (InDoubt, Unavailable)),
        ("latency", {"ms": 1500}, Unavailable, (InDoubt, Unavailable)),
    ],
)
def test_what_a_system_in_trouble_means(
    bench: Bench, vice: str, options: Any, reading: Any, writing: Any
) -> None:
    bench.connector = bench.open(timeout=0.4) if vice == "latency" else bench.connector
    if vice != "latency":
        bench.connector.check()
        bench.connector.entity(bench.case.entity)
    bench.vice(vice, options)
    with pytest.raises(reading) as failed:
        bench.connector.read(Query(entity=bench.case.entity), None, 5)
    if vice == "rate_limit":
        assert failed.value.retry_after == 3
    with pytest.raises(writing):
        bench.write(bench.create(1))
    bench.vice(vice, None)
    bench.connector = bench.open()
    made = bench.found(bench.create(1))
    assert len(made) <= (
        vice == "latency"
    )  # what ran out of time may be carried out all the same, a little later


def test_who_is_not_let_in_is_told_so(bench: Bench) -> None:
    cls = registry.connector_type(bench.connector.system)
    settings, secrets = take_out(
        cls.Settings, registry.sandbox_type(bench.connector.system).connection(bench.served.url)
    )
    wrong = connect(
        Draft(bench.connector.system, settings, dict.fromkeys(secrets, "wrong-secret")), read_only=True
    )
    with pytest.raises(AccessError) as refused:
        wrong.check()
    wrong.http.session.close()
    assert refused.value.cure
    assert "wrong-secret" not in f"{refused.value.message} {refused.value.detail}"


def test_a_lost_answer_is_found_again_and_nothing_is_there_twice(bench: Bench) -> None:
    change = bench.create(1)
    bench.connector.check()
    bench.connector.entity(bench.case.entity)
    bench.vice("lost_answer", {"times": 1})
    with pytest.raises(InDoubt):
        bench.write(change)
    again = bench.open()
    (remote,) = again.resolve(bench.case.entity, [change])
    if remote is None:
        # the system itself recognises the repeated call
        assert bench.connector.capability.idempotency == "key"
        result = again.write(bench.case.entity, [change])[0]
        assert result.outcome in (Outcome.CREATED, Outcome.UPDATED)
    assert len(bench.found(change)) == 1


def test_what_was_certainly_not_written_is_not_found(bench: Bench) -> None:
    change = bench.create(1)
    try:
        assert bench.connector.resolve(bench.case.entity, [change]) == [None]
    except CannotTell:
        pytest.fail("With match fields it can be told.")


def test_a_dry_run_changes_nothing(bench: Bench) -> None:
    dry = bench.open(read_only=True)
    dry.check()
    dry.entity(bench.case.entity)
    dry.read(Query(entity=bench.case.entity), None, 5)
    dry.find(bench.case.entity, [bench.create(1).match])
    with pytest.raises(EngineError):
        dry.write(bench.case.entity, [bench.create(1)])
    with pytest.raises(EngineError):
        dry._write(bench.case.entity, [bench.create(1)])
    assert [call for call in bench.journal() if call["mutating"]] == []


def test_no_secret_is_noted_down(bench: Bench) -> None:
    notes: list[dict[str, Any]] = []
    connector = bench.open(journal=notes.append)
    connector.check()
    connector.write(bench.case.entity, [bench.create(1)])
    connection = registry.sandbox_type(connector.system).connection(bench.served.url)
    _, secrets = take_out(connector.Settings, connection)
    assert secrets
    assert notes
    # the demo's passwords may be words that occur elsewhere: only what is long enough to be told apart
    assert not [secret for secret in secrets.values() if len(secret) >= 12 and secret in str(notes)]


def test_what_is_deleted_is_gone_and_nothing_else(bench: Bench) -> None:
    kept, dropped, other = (bench.create(n) for n in (61, 62, 63))
    ids = [result.remote_id for result in bench.write(kept, dropped, other)]
    deletes = [Change(f"d{n}", "delete", {}, ids[n]) for n in (1, 2)]
    assert [result.outcome for result in bench.write(*deletes)] == [Outcome.UPDATED] * 2
    assert [len(bench.found(change)) for change in (kept, dropped, other)] == [1, 0, 0]
    key = bench.connector.entity(bench.case.entity).key
    left = bench.connector.find(bench.case.entity, [{key: one} for one in ids])
    assert [len(remotes) for remotes in left] == [1, 0, 0], "a sweep asks for ids like this"
    page = bench.connector.read(Query(entity=bench.case.entity, keys=tuple(ids)), None, len(ids))
    assert [record.key for record in page.records] == ids[:1], "and once more like this"
    again = [Change(f"e{n}", "delete", {}, ids[n]) for n in (2, 0)]
    assert [result.outcome for result in bench.write(*again)] == [Outcome.UPDATED] * 2
    assert bench.found(kept) == []


def test_a_delete_whose_answer_is_lost_can_be_sent_again(bench: Bench) -> None:
    change = bench.create(64)
    (made,) = bench.write(change)
    delete = Change("d", "delete", {}, made.remote_id)
    bench.vice("lost_answer", {"times": 1})
    with pytest.raises((InDoubt, Unavailable)):
        bench.write(delete)
    assert bench.found(change) == []
    assert [result.outcome for result in bench.write(delete)] == [Outcome.UPDATED]


def test_a_delete_finds_the_door_shut_in_a_dry_run(bench: Bench) -> None:
    change = bench.create(65)
    (made,) = bench.write(change)
    calls = len(bench.journal())
    with pytest.raises(EngineError):
        bench.open(read_only=True).write(bench.case.entity, [Change("d", "delete", {}, made.remote_id)])
    assert not any(call["mutating"] for call in bench.journal()[calls:])
    assert len(bench.found(change)) == 1
