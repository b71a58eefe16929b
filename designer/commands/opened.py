"""The database, opened for one command and closed behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from designer.config import Config
from engine.store.database import Database


@contextmanager
def database() -> Iterator[Database]:
    """The database of this installation, brought up to date."""
    config = Config()
    config.data.mkdir(parents=True, exist_ok=True)
    with closing(Database(config.database)) as opened:
        opened.migrate()
        yield opened
