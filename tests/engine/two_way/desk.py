"""The desk at which the tests of two-way sync are set up and what they leave is looked at."""

from __future__ import annotations

from typing import Any

from engine.record import from_json
from engine.store import conflicts, reviews
from engine.store.database import Database
from tests.engine.two_systems import PAIRS, Office, two_way


def office(database: Database, **settings: Any) -> Office:
    return Office(database, two_way(**settings))


def with_policy(name: str, **more: Any) -> list[dict[str, Any]]:
    """The pairs, with these settings for one field."""
    return [{**pair, **(more if pair["left"] == name else {})} for pair in PAIRS]


def counts(run: Any) -> dict[str, int]:
    return {name: count for name, count in from_json(run.counts).items() if count}


def open_conflicts(database: Database) -> list[conflicts.Conflict]:
    with database.read() as session:
        return conflicts.open_conflicts(session)


def at_odds(here: Office) -> None:
    """A pair that was in step, A1 and B1, of which both have got another phone number since: 12 and 13 for 11."""
    here.crm.edit("A1", code="1", phone="11")
    here.sync()
    here.crm.edit("A1", phone="12")
    here.erp.edit("B1", phone="13")
    here.sync()


def decide(database: Database, row: conflicts.Conflict, **answers: Any) -> conflicts.Conflict:
    told = {f"{field}={field.upper()}": answer for field, answer in answers.items()}
    with database.write() as session:
        return conflicts.decide(session, row.id or 0, told, "Eve")


def held(database: Database) -> list[reviews.Hold]:
    with database.read() as session:
        return reviews.open_holds(session)
