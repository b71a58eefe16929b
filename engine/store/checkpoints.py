"""Moves what was written to SQLite from its log into the database file, beside the writers.

SQLite does that itself in the commit that makes the log long: every few hundred batches one commit takes as long as
twenty, and all who want to write wait for it. Whoever runs ``keep`` does it for them, without holding anybody up; where
nobody runs it, or it does not keep pace, commits do it as before (``LONGEST``).
"""

from __future__ import annotations

import logging
import sqlite3
import struct
import threading
from pathlib import Path

from engine.store.database import LONGEST, Database

EVERY = 0.2
"""Seconds between two looks at the log."""
WORTH = LONGEST // 8
"""Pages in the log that are worth a checkpoint: it makes the disk write twice."""

_INDEX = struct.Struct("=16xI76xI")
"""Of the head of the index beside the log (sqlite.org/walformat.html, section 2.1): the pages that are in the log, and
those of them that are in the database file already."""

log = logging.getLogger("heddle.database")


def keep(database: Database, stop: threading.Event, every: float = EVERY) -> None:
    """Does it until told to stop; nothing where the database is another than SQLite."""
    if not database.is_sqlite:
        return
    index = Path(f"{database.engine.url.database}-shm")
    while not stop.wait(every):
        if waiting(index) < WORTH:
            continue
        try:
            checkpoint(database)
        except sqlite3.Error as error:
            log.warning("the database's log is as long as it was: %s", error)
            stop.wait(every * 50)


def waiting(index: Path) -> int:
    """Pages that are in the log alone."""
    try:
        with index.open("rb") as file:
            written, moved = _INDEX.unpack(file.read(_INDEX.size))
    except (OSError, struct.error):  # nobody has written yet
        return 0
    return int(written) - int(moved)


def checkpoint(database: Database) -> None:
    """Moves all that nobody needs in the log any more. Raises sqlite3.Error, such as for a full disk."""
    connection = database.engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    finally:
        connection.close()
