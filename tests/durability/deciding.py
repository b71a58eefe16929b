"""One decision in a process of its own: ``python -m tests.durability.deciding DATABASE APPROVAL EMAIL WHAT``."""

from __future__ import annotations

import sys

from engine.approvals import Person, decide
from engine.store.database import Database


def main() -> None:
    url, number, email, what = sys.argv[1:]
    with Database(url).write() as session:
        decide(session, int(number), Person(email, email.partition("@")[0], "editor"), what)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
