"""What is the same, what only looks alike, and what becomes of either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from engine import alike, directory
from engine.connector import Query
from engine.errors import DefinitionError
from engine.http import Http
from engine.record import Page, Record, from_json
from engine.store import pairing, references, reviews
from engine.store.database import Database
from engine.store.deliveries import Delivery
from engine.store.references import Pair
from tests.engine.test_executor import counts, finish, start
from tests.engine.toys import Bench, Toy, ToyWrite, World, toy_flow, toys

PAIR = Pair("L", "row", "R", "thing")


@pytest.mark.parametrize(
    ("how", "one", "other", "strictly", "loosely"),
    [
        ("exact", "Acme", "acme", False, False),
        ("text", "Acme  Ltd", " acme ltd", True, True),
        ("text", "Acme", "Acme Ltd", False, False),
        ("letters", "ACME GmbH & Co. KG", "Acme", False, True),
        ("letters", "Müller S.p.A.", "Muller", False, True),
        ("letters", "L'Oréal S.A.", "loreal", False, True),
        ("letters", "Brot und Butter GmbH", "Brot & Butter", False, True),
        ("letters", "AB", "KG", False, False),
        ("letters", "Acme North", "Acme South", False, False),
        ("email", "Ann Lee <Ann@Acme.com>", "ann@acme.com", True, True),
        ("email", "mailto:ann@acme.com", "ANN@acme.com ", True, True),
        ("email", "ann@acme.com", "anne@acme.com", False, False),
        ("phone", "+49 (0)30 123-456 78", "0049 30 12345678", True, True),
        ("phone", "+49 30 12345678", "030 12345678", False, True),
        ("phone", "+49 30 12345678", "030 12345679", False, False),
        ("text", "Mu\u0308ller", "Müller", True, True),
        ("text", "Ac\u00adme\u200b", "Acme", True, True),
        ("email", "mailto:ann@acme.com?subject=Hi", "ann@acme.com.", True, True),
        ("email", "Lee, Ann <ann@acme.com>", "ann@acme.com\u200b", True, True),
        ("email", "ann@Müller.de", "ann@xn--mller-kva.de", True, True),
        ("email", "ａｎｎ@acme.com", "ann@acme.com", True, True),
        ("email", "ann+news@acme.com", "ann@acme.com", False, True),
        ("email", "ann@acme.com; bob@acme.com", "ann@acme.com", False, True),
        ("email", "a.nn@gmail.com", "ann@googlemail.com", False, True),
        ("email", "a.nn@acme.com", "ann@acme.com", False, False),
        ("email", "+@acme.com", "@acme.com", False, False),
        ("phone", "+49 30 1234567 ext. 12", "tel:+49-30-1234567;ext=12", True, True),
        ("phone", "+49 30 1234567 x12", "+49 30 1234567", False, True),
        ("phone", "+49 30 1234567 / 7654321", "+49 30 1234567", False, True),
        ("phone", "030 / 12345678", "030/12345678", True, True),
        ("phone", "+４９ ٣٠ 12345678", "+49 30 12345678", True, True),
        ("domain", "https://www.Acme.com/en?x=1", "acme.com", True, True),
        ("domain", "ann@acme.com", "http://acme.com:8080", True, True),
        ("domain", "acme.com", "acme.org", False, False),
        ("digits", "DE 123.456.789", "de123456789", True, True),
        ("digits", "DE123456789", "123 456 789", False, True),
        ("digits", "DE123456789", "DE123456780", False, False),
        ("text", Decimal("100.00"), 100, True, True),
    ],
)
def test_what_is_the_same_and_what_only_may_be(
    how: str, one: Any, other: Any, strictly: bool, loosely: bool
) -> None:
    assert alike.same({"f": one}, {"f": other}, {"f": how}) is strictly
    assert alike.likely({"f": one}, {"f": other}, {"f": how}) is loosely
    assert (alike.digest({"f": one}, {"f": how}) == alike.digest({"f": other}, {"f": how})) is loosely


@pytest.mark.parametrize(
    ("how", "value", "nothing"),
    [
        ("phone", "n/a", True),
        ("phone", "000 000", True),
        ("phone", "112", False),
        ("phone", "٣", False),
        ("phone", 4930, False),
        ("email", "none", True),
        ("email", "ann@acme.com", False),
        ("text", "n/a", False),
    ],
)
def test_nobody_is_recognised_by_what_says_nothing(how: str, value: Any, nothing: bool) -> None:
    assert alike.says_nothing(value, how) is nothing


@given(st.sampled_from(alike.HOW), st.text(max_size=30), st.text(max_size=30))
def test_the_same_is_always_likely_too(how: str, one: str, other: str) -> None:
    assert alike.likely({"f": one}, {"f": one}, {"f": how})
    if alike.same({"f": one}, {"f": other}, {"f": how}):
        assert alike.likely({"f": one}, {"f": other}, {"f": how})


class Loosely(ToyWrite):
    """Recognises by name, in letters."""

    type = "toy-write"
    how = "letters"

    def target(self) -> Any:
        return replace(super().target(), alike={"name": self.how})


class Readable(Toy):
    """A toy whose things can be read, too."""

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        if query.entity == "row":
            return super().read(query, cursor, limit)
        self.world.read_calls += 1
        start = int(cursor or 0)
        some = self.world.target[start : start + 2]
        following = start + 2 if start + 2 < len(self.world.target) else None
        return Page([Record(str(row["id"]), dict(row)) for row in some], following)


class LooseBench(Bench):
    def open(self, connection_id: str, *, read_only: bool, journal: Any = None) -> Toy:
        return Readable(self.world, Http(read_only=read_only, journal=journal, timeout=0.2))


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    from engine import registry

    with toys():
        registry.node_types()["toy-write"] = Loosely
        yield


def bench_of(database: Database, sources: Sequence[str], there: Sequence[str]) -> LooseBench:
    world = World(0)
    world.source = {f"S{n}": {"id": f"S{n}", "name": name} for n, name in enumerate(sources)}
    world.target = [{"id": n, "key": "", "ref": f"there{n}", "name": name} for n, name in enumerate(there)]
    return LooseBench(database, world, toy_flow(operation="upsert", match=("name",)))


def held(database: Database) -> list[dict[str, Any]]:
    with database.read() as session:
        return [from_json(hold.question) for hold in reviews.open_holds(session)]


def test_what_only_looks_alike_is_held_with_its_candidates(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Toy.entity
    monkeypatch.setattr(
        Toy, "entity", lambda self, name: plain(self, name).model_copy(update={"title_field": "ref"})
    )
    bench = bench_of(database, ["Acme", "Birch"], ["Cedar", "Dogwood", "ACME GmbH & Co. KG"])
    run = finish(bench, start(bench))
    assert counts(run) == {"read": 2, "created": 1, "held": 1}
    (question,) = held(database)
    assert (question["kind"], question["match"]) == ("ambiguous", {"name": "Acme"})
    told = [(one["id"], one["title"], one["values"], one["exact"]) for one in question["candidates"]]
    assert told == [("2", "there2", {"name": "ACME GmbH & Co. KG"}, False)]


def test_one_that_is_written_alike_is_taken_though_others_look_like_it(database: Database) -> None:
    bench = bench_of(database, ["Acme"], ["ACME GmbH", "acme", "Acme Ltd"])
    run = finish(bench, start(bench))
    assert counts(run) == {"read": 1, "updated": 1}
    assert bench.world.target[1]["ref"] == "S0"


@pytest.mark.parametrize("choice", ["2", "new", "out"])
def test_a_choice_is_kept_for_good(database: Database, choice: str) -> None:
    bench = bench_of(database, ["Acme"], ["ACME GmbH", "Birch", "Acme KG"])
    finish(bench, start(bench))
    assert held(database)[0]["kind"] == "ambiguous"
    with database.write() as session:
        if choice == "2":
            pairing.point(session, PAIR, "S0", "2", None, None)
        else:
            pairing.say(session, PAIR, "S0", choice)
    first, second = (counts(finish(bench, start(bench))) for _ in range(2))
    assert first == {"read": 1, {"2": "updated", "new": "created", "out": "skipped"}[choice]: 1}
    assert second == {"read": 1, "skipped" if choice == "out" else "unchanged": 1}
    assert len(bench.world.target) == (4 if choice == "new" else 3)


def test_a_choice_for_a_new_object_outlives_a_refusal(database: Database) -> None:
    bench = bench_of(database, ["Acme"], ["ACME GmbH"])
    with database.write() as session:
        pairing.say(session, PAIR, "S0", references.NEW)
    bench.world.before_write = lambda changes: bench.world.refused.update(one.key for one in changes)
    assert counts(finish(bench, start(bench))) == {"read": 1, "failed": 1}
    bench.world.before_write = lambda changes: bench.world.refused.clear()
    assert counts(finish(bench, start(bench))) == {"read": 1, "created": 1}


def test_two_new_ones_that_look_alike_do_not_both_get_created(database: Database) -> None:
    bench = bench_of(database, ["Acme", "ACME GmbH"], [])
    run = finish(bench, start(bench))
    assert counts(run) == {"read": 2, "created": 1, "held": 1}


def test_who_has_no_phone_is_nobody_else_who_has_none(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Loosely, "how", "phone")
    bench = bench_of(database, ["n/a", "n/a", "+49 30 12345678"], ["n/a", "0049 30 12345678"])
    assert counts(finish(bench, start(bench))) == {"read": 3, "updated": 1, "held": 2}
    assert {question["kind"] for question in held(database)} == {"no-key"}


def test_a_directory_sees_what_is_gone_and_what_changed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(database, ["Acme"], ["ACME GmbH"])
    finish(bench, start(bench))
    assert len(held(database)) == 1
    bench.world.target[0]["name"] = "Birch"
    executor = bench.executor()
    kept = executor.directories.of("R", "thing", ("name",), {"name": "letters"})
    opened = bench.open("R", read_only=True)
    key = alike.key({"name": "birch ltd"}, {"name": "letters"})
    assert kept.candidates(opened, [key]) == {key: ["0"]}
    bench.world.target[0]["name"] = "Cedar"
    assert kept.candidates(opened, [key]) == {key: ["0"]}, "read again within the minute"
    monkeypatch.setattr(directory, "STALE", -1.0)
    assert kept.candidates(opened, [key]) == {key: []}


def test_too_many_objects_are_not_compared_loosely(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "MOST", 2)
    bench = bench_of(database, ["Acme"], ["Ash", "Birch", "Cedar"])
    run = finish(bench, start(bench))
    assert (run.state, run.code) == ("failed", DefinitionError.code)
    assert "more than 2 objects" in run.message


def test_a_dry_run_tells_the_same_and_keeps_nothing(database: Database) -> None:
    bench = bench_of(database, ["Acme"], ["ACME GmbH"])
    assert counts(finish(bench, start(bench, mode="dry-run"))) == {"read": 1, "held": 1}
    assert held(database) == []
    with database.read() as session:
        (row,) = session.execute(select(Delivery)).scalars()
    assert "looks like" in row.message
