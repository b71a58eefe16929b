"""One round of a scheduler as a process that can be killed: ``python -m tests.durability.firing DATABASE``."""

from __future__ import annotations

import sys

from engine.firing import Clockwork
from engine.plan import build
from engine.store import flows
from engine.store.database import Database
from tests.engine.toys import toys


def main() -> None:
    database = Database(sys.argv[1])

    def plan(version_id: int) -> object:
        with database.read() as session:
            version = flows.version_by_id(session, version_id)
            assert version is not None
            return build(version.document())

    with toys():
        Clockwork(database, plan).fire_due()  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
