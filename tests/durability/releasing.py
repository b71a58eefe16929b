"""An answer in a process of its own: ``python -m tests.durability.releasing DATABASE FLOW``."""

from __future__ import annotations

import sys

from engine import releases
from engine.store import flows
from engine.store.database import Database
from tests.engine.held import MARK, holding, plan_of
from tests.engine.toys import toys

PAGE = 250


def main() -> None:
    url, flow_id = sys.argv[1:]
    database = Database(url)
    releases.PAGE = PAGE
    with toys():
        number = answer(database, flow_id)
        releases.advance(database, lambda version: plan_of(database, version), number, seconds=60)


def answer(database: Database, flow_id: str) -> int:
    """Publishes the row that was missing and promises the release; answers its number."""
    with database.write() as session:
        row = flows.get(session, flow_id)
        assert row is not None
        flows.publish(session, row, "ann", "", flows.canonical(holding("4000")))
        return releases.promise(session, flow_id, MARK, "ann", answer={"Account": "4000"}).number


if __name__ == "__main__":
    main()
