"""What is looked for in the books is found, and found without reading all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Select, text
from sqlmodel import SQLModel, col, select

from engine.store import deliveries, timeline
from engine.store.database import Database
from engine.store.deliveries import Delivery, Entry, with_key
from engine.store.references import CrossReference


def _books(database: Database) -> None:
    """A record that was cut into two parts, and one that went through whole."""
    parts = [("D1", "D1#1"), ("D1", "D1#2"), ("D2", "D2")]
    with database.write() as session:
        entries = [Entry("r1", 1, 0, "write", key, root, "", "created", 4, 1.0) for root, key in parts]
        deliveries.add(session, entries)


def test_a_record_and_its_parts_are_found_by_their_keys(database: Database) -> None:
    _books(database)
    with database.read() as session:
        found = {
            key: {row.key for row in session.exec(select(Delivery).where(with_key([key])))}
            for key in ("D1", "D1#1", "D2", "D3")
        }
        both = {row.key for row in session.exec(select(Delivery).where(with_key(["D1#2", "D2"])))}
    assert found == {"D1": set(), "D1#1": {"D1#1"}, "D2": {"D2"}, "D3": set()}
    assert both == {"D1#2", "D2"}


def _plan(database: Database, query: Select[Any]) -> str:
    compiled = query.compile(database.engine, compile_kwargs={"literal_binds": True})
    with database.read() as session:
        return " ".join(str(row) for row in session.execute(text(f"EXPLAIN QUERY PLAN {compiled}")))


def test_searches_take_the_indexes(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'books.db'}")
    database.migrate()
    wanted = {
        "delivery_root": select(Delivery).where(with_key(["D1"])),
        "delivery_key": select(Delivery).where(with_key(["D1", "D2"])),
        "delivery_number": select(Delivery).where(col(Delivery.number).in_(["N1"])),
        "delivery_title": select(Delivery).where(timeline.titled(["Deal"])),
        "cross_reference_right": select(CrossReference).where(
            CrossReference.right_connection == "c", CrossReference.right_entity == "e",
            CrossReference.right_id == "1",
        ),
    }  # fmt: skip
    for index, query in wanted.items():
        assert index in _plan(database, query), index
    database.close()


def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, SQLModel.metadata) == []
