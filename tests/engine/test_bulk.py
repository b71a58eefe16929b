"""Many rows in few statements: every value arrives as it was, however many rows, however alike."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from engine.errors import LeaseLost
from engine.store import bulk, lanes, plain, references
from engine.store.database import Database
from engine.store.deliveries import Delivery, Entry
from engine.store.references import Pair
from engine.store.tenure import Claim

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=8)
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "run_id": st.sampled_from(["r1", "r2"]),
            "lane": st.integers(0, 2),
            "batch": st.just(3),
            "node": st.just("write"),
            "key": TEXT,
            "root": TEXT,
            "title": TEXT,
            "outcome": st.sampled_from(["created", "held"]),
            "weight": st.integers(0, 9),
            "at": st.floats(1e9, 2e9),
            "number": st.none() | TEXT,
            "sent": st.none() | st.binary(max_size=20),
        }
    ).map(lambda fields: Entry(**fields)),
    max_size=3 * bulk.HANDFUL,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES)
def test_rows_arrive_as_they_are(database: Database, entries: list[Entry]) -> None:
    with database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM delivery")
        table = Delivery.__table__  # type: ignore[attr-defined]
        assert bulk.insert(session, table, Entry._fields, entries) == len(entries)
        columns = ", ".join(Entry._fields)
        found = plain.rows(session, f"SELECT {columns} FROM delivery ORDER BY id")
        assert [Entry(*row) for row in found] == entries


def test_what_conflicts_is_counted_as_the_clause_says(database: Database) -> None:
    pair = Pair("L", "thing", "R", "other")
    ids = [f"S{n}" for n in range(2 * bulk.HANDFUL + 5)]
    with database.write() as session:
        first = dict.fromkeys(ids[: bulk.HANDFUL + 1], "first")
        assert references.claim(session, pair, first, 2e10) == set(first)
    with database.write() as session:
        second = dict.fromkeys(ids, "second")
        assert references.claim(session, pair, second, 2e10) == set(ids) - set(first)


def test_a_statement_that_is_refused_says_so_as_any_other(database: Database) -> None:
    insert = "INSERT INTO watermark (flow_id, node, value, run_id, updated_at) VALUES (?, ?, ?, ?, ?)"
    row = ("f", "read", "50% of ?", "r", 1.0)
    with database.write() as session:
        assert plain.change(session, insert, *row) == 1
        assert plain.rows(session, "SELECT value FROM watermark WHERE value LIKE '50% of%'")[0][0] == row[2]
    with pytest.raises(IntegrityError), database.write() as session:
        plain.change(session, insert, *row)
    with database.read() as session:
        assert len(plain.rows(session, "SELECT 1 FROM watermark")) == 1


def test_a_lane_of_somebody_else_cannot_be_changed(database: Database) -> None:
    held = Claim("no such run", 1, "me", 2e10, (1, 0, 0, 1, 0, 0.0, None))
    with pytest.raises(LeaseLost), database.write() as session:
        lanes.guard(session, held, attempts=0)
