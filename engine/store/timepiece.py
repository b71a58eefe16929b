"""The clock that decides who may act: one for all who use a database, and nobody sets it.

Leases, claims on creates, pairs and match keys, the waits for calls that may still be carried out, and until when a
lane is left alone are stored as moments of this clock. It runs like ``clock.passing``, ahead of it by an ``offset`` that
all agree on. What people see, and schedules, go by the time of day instead.

PostgreSQL  the server's time of day. It is asked where leases are stored; in between its last answer is enough, which
            is behind by what it took to arrive (PROMPT at most) and by what two clocks drift apart meanwhile.
SQLite      the seconds of the machine, from an anchor in the database. A machine that was started anew goes on from
            where it was last seen: the time in between counts for nobody, so nothing is over too early. But nobody
            holds a lane any more, and every lane is due. Where a system does not tell one start of the machine from
            the next, it is the time of day.
"""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
import math
import threading
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Field, Session, SQLModel

from engine import clock
from engine.clock import passing

PROMPT = 0.5
"""Seconds that an answer of the server may take to be good for more than once."""
KEPT = 30.0
"""Seconds for which it is."""
NOTED = 60.0
"""Seconds after which it is noted again how late it is: what a crash of the machine may cost in waiting."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Anchor(SQLModel, table=True):
    """The one row that says what the machine's seconds count from. On SQLite alone.

    boot    this start of the machine      offset  what the clock is ahead of the seconds since then
    seen    a moment of the clock that is over
    """

    __tablename__ = "anchor"

    id: int = Field(default=1, primary_key=True)
    boot: str
    offset: float
    seen: float


class Timepiece(Protocol):
    """The shared clock of one database, for the threads of one process.

    tells_the_day  whether it is the time of day as well
    """

    tells_the_day: bool

    def now(self) -> float:
        """Epoch seconds, or nearly so: only differences mean anything."""

    def at(self, session: Session, *, fresh: bool) -> float:
        """The same within a transaction. ``fresh``: not even half a second behind."""

    def ready(self) -> None:
        """To be called before a transaction begins."""

    def note(self, session: Session) -> None:
        """To be called within each transaction that writes."""


def shared_now(session: Session, *, fresh: bool = False) -> float:
    """The moment by the clock that all go by; ``fresh`` where it is stored for how long a lane is ours."""
    timepiece: Timepiece = session.info["timepiece"]
    return timepiece.at(session, fresh=fresh)


def time_of_day(session: Session) -> float:
    """Epoch seconds that people are shown, and that are compared with others': alike on all hosts that share a server.
    Those who share a file are on one machine, and go by its time of day."""
    timepiece: Timepiece = session.info["timepiece"]
    return timepiece.at(session, fresh=False) if timepiece.tells_the_day else clock.now()


def boot() -> str | None:
    """What tells this start of the machine from every other; None where the system does not say."""
    try:
        return _BOOT.read_text().strip() or None
    except OSError:
        return None


class Server:
    """The clock of a PostgreSQL server."""

    tells_the_day = True

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known = (0.0, -math.inf)

    def now(self) -> float:
        offset, asked = self._known
        if passing() - asked < KEPT:
            return passing() + offset
        with self._engine.connect() as connection:
            return self._ask(connection)

    def at(self, session: Session, *, fresh: bool) -> float:
        offset, asked = self._known
        if not fresh and passing() - asked < KEPT:
            return passing() + offset
        return self._ask(session.connection())

    def ready(self) -> None:
        """It is asked when it is needed."""

    def note(self, session: Session) -> None:
        """It keeps its own time."""

    def _ask(self, connection: Connection) -> float:
        before = passing()
        told = connection.exec_driver_sql("SELECT EXTRACT(EPOCH FROM clock_timestamp())").scalar_one()
        after, at = passing(), float(told) + clock._skew
        self._known = (at - after, after) if after - before < PROMPT else (0.0, -math.inf)
        return at


class Machine:
    """The clock of one machine, for those who share an SQLite file."""

    tells_the_day = False

    def __init__(self, engine: Engine) -> None:
        self._engine, self._boot = engine, boot()
        self._offset: float | None = None
        self._noted = -math.inf
        self._lock = threading.Lock()

    def now(self) -> float:
        return clock.now() if self._offset is None else passing() + self._offset

    def at(self, session: Session, *, fresh: bool) -> float:
        return self.now()

    def ready(self) -> None:
        """Reads the anchor, once; takes a new one when the machine was started anew."""
        if self._offset is not None or self._boot is None:
            return
        with self._lock:
            try:
                self._offset = self._anchored(self._boot) if self._offset is None else self._offset
            except OperationalError as error:
                if "no such table" not in str(error.orig):  # a file that is yet to be brought up to date
                    raise

    def note(self, session: Session) -> None:
        """Now and then notes how late it is."""
        if self._offset is not None and passing() - self._noted > NOTED:
            session.connection().exec_driver_sql("UPDATE anchor SET seen = max(seen, ?)", (self.now(),))
            self._noted = passing()

    def _anchored(self, this: str) -> float:
        query = 'SELECT boot, "offset", seen FROM anchor'
        with self._engine.execution_options(sqlite_begin="DEFERRED").connect() as connection:
            known = connection.exec_driver_sql(query).first()
        if known is not None and known.boot == this:
            return float(known.offset)
        with self._engine.begin() as connection:
            known = connection.exec_driver_sql(query).first()
            if known is not None and known.boot == this:
                return float(known.offset)
            begun = clock.now() if known is None else float(known.seen)
            connection.exec_driver_sql("DELETE FROM anchor")
            connection.exec_driver_sql(
                'INSERT INTO anchor (id, boot, "offset", seen) VALUES (1, ?, ?, ?)',
                (this, begun - passing(), begun),
            )
            if known is not None:  # whoever worked when the machine stopped is no more
                connection.exec_driver_sql("UPDATE lane SET until = 0.0, due_at = 0.0 WHERE state = 'open'")
            return begun - passing()
