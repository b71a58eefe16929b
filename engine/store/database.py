"""One database, SQLite or PostgreSQL, and the two ways to use it: ``write()`` and ``read()``.

SQLite runs in WAL mode; every writing transaction starts with BEGIN IMMEDIATE, because a deferred one that
upgrades later fails with "database is locked" in spite of the busy timeout. A commit survives a power cut once the
log is on disk, which the intent to write needs: what we may have sent must not be forgotten. SQLite would wait for
the disk within the commit (``synchronous=FULL``), and all other writers with it. Here the writer waits when it has
given its turn to the next (``synchronous=NORMAL``, and see ``_persist``). Commits that only say who works on what
need not survive: see ``write``.
"""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, create_engine

from engine.errors import DefinitionError, Problem, Unavailable
from engine.store.timepiece import Machine, Server, Timepiece
from engine.store.writers import Queue

MIGRATIONS = Path(__file__).parent / "migrations"
_PASSING = ("locked", "busy", "full", "disk I/O", "unable to open", "readonly")
_MIGRATION_LOCK = 7_104_233  # any constant: the advisory lock that one migrating process holds

LONGEST = 8000
"""Pages in SQLite's log with which a commit moves them into the database file itself (engine.store.checkpoints)."""

_SILENCE = 20
"""Seconds after which a line to PostgreSQL that carries nothing is given up, on both ends."""
_LIVELY = {
    "connect_timeout": 10,
    "keepalives_idle": _SILENCE // 2,
    "keepalives_interval": _SILENCE // 4,
    "keepalives_count": 2,
    "tcp_user_timeout": _SILENCE * 1000,
}

__all__ = ["Database", "Session", "hasten"]


class Database:
    """A connected database. One object a process; it may be shared by threads.

    url  an SQLAlchemy URL: ``sqlite:////var/lib/heddle/heddle.db`` or ``postgresql+psycopg://…``
    """

    def __init__(self, url: str) -> None:
        self.url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        self.is_sqlite = self.url.startswith("sqlite")
        self.falls_alone = not self.is_sqlite
        """Whether it may go down, and forget what need not last, while those who use it live on: a server does."""
        if self.is_sqlite:
            self.engine = create_engine(
                self.url, connect_args={"check_same_thread": False, "timeout": 30}, pool_use_lifo=True
            )
            _tune_sqlite(self.engine)
            self._reader: Engine = self.engine.execution_options(sqlite_begin="DEFERRED")
            self._queue = Queue(self.engine.url.database)
            self._clock: Timepiece = Machine(self.engine)
        else:
            self.engine = create_engine(
                self.url, pool_size=10, max_overflow=20, pool_pre_ping=True, connect_args=_LIVELY
            )
            _tune_postgres(self.engine)
            self._reader = self.engine
            self._queue = Queue(None)
            self._clock = Server(self.engine)
        self._known = {"timepiece": self._clock}
        self._migrating = threading.Lock()

    @contextmanager
    def write(self, *, lasting: bool = True) -> Iterator[Session]:
        """One transaction that commits at the end, or rolls back and raises.

        lasting  the commit survives a power cut. Otherwise a power cut may undo it, and everything after it,
                 until the next lasting one; the end of a process never does. Order is kept either way.
                 Where that of a server would leave two at one thing: see ``falls_alone``.
        Raises Unavailable when the database is out of reach, full or locked: nothing was kept. (Only when the line
        or the disk fails in the very moment of the commit may it have been.)
        """
        with _translated():
            self._clock.ready()
            with (
                self._queue.turn(),
                Session(self.engine, expire_on_commit=False, info=self._known) as session,
                session.begin(),
            ):
                self._clock.note(session)
                if not lasting:
                    hasten(session)
                yield session
        if self.is_sqlite and not session.info.get("hasty"):
            self._persist()

    def _persist(self) -> None:
        """What has been committed until now survives a power cut (sqlite.org/wal.html, section 2.2: it is in the log,
        whole and in order; only the disk has not been waited for).

        Raises Unavailable if the disk fails: what was committed may not survive.
        """
        try:
            with open(f"{self.engine.url.database}-wal", "rb") as log_file:
                os.fdatasync(log_file.fileno())
        except FileNotFoundError:  # who closed the database last has moved all of it, and waited for the disk
            return
        except OSError as error:
            raise Unavailable(
                "The disk that holds Heddle's database does not keep what is written.",
                code="E-DISK",
                detail=str(error),
                cure="Look after the disk; waiting runs go on by themselves.",
            ) from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot to read from; writing through it is a mistake."""
        with _translated():
            self._clock.ready()
            with Session(self._reader, expire_on_commit=False, info=self._known) as session:
                yield session

    def now(self) -> float:
        """Epoch seconds by the clock that all who use this database go by (engine.store.timepiece). Within a
        transaction ``shared_now`` says the same."""
        with _translated():
            return self._clock.now()

    def migrate(self) -> None:
        """Brings the schema up to date; safe when several processes start at once.

        Raises DefinitionError when a newer Heddle has used this database.
        """
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self._migrating, _translated(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": _MIGRATION_LOCK})
                connection.commit()
            try:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
            except CommandError as error:
                raise DefinitionError(
                    [
                        Problem(
                            "E-SCHEMA",
                            "The database has a schema that this version of Heddle does not know.",
                            "Start the newer Heddle that made it, or restore a backup made with this one.",
                        )
                    ]
                ) from error
            finally:
                if not self.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": _MIGRATION_LOCK})
                    connection.commit()

    def is_current(self) -> bool:
        """Whether the schema is the one that this program expects."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        expected = set(ScriptDirectory.from_config(config).get_heads())
        with _translated(), self._reader.connect() as connection:
            return set(MigrationContext.configure(connection).get_current_heads()) == expected

    def ping(self) -> None:
        """Raises Unavailable when the database cannot be asked."""
        with self.read() as session:
            session.connection().execute(text("SELECT 1"))

    def close(self) -> None:
        self.engine.dispose()


def hasten(session: Session) -> None:
    """The commit of the transaction at hand does not wait for the disk: see ``Database.write``, ``lasting``."""
    session.info["hasty"] = True
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql("SET LOCAL synchronous_commit = off")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        reason = str(error.orig)
        if isinstance(error.orig, sqlite3.OperationalError) and not any(word in reason for word in _PASSING):
            raise  # a wrong statement is our fault, and waiting does not cure it
        if "full" in reason or "disk I/O" in reason:
            raise Unavailable(
                "The disk that holds Heddle's database is full; nothing was written.",
                code="E-DISK",
                detail=reason,
                cure="Free some space; waiting runs go on by themselves.",
            ) from error
        raise Unavailable(
            "Heddle's database cannot be used right now.",
            code="E-DATABASE",
            detail=reason,
            cure="Check that the database is up; waiting runs go on by themselves.",
        ) from error


def _tune_postgres(engine: Engine) -> None:
    """Has the server let go of what a host that was cut off had locked, so that the others can go on."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.autocommit = True
        connection.execute(
            f"SET tcp_keepalives_idle = {_SILENCE // 2}; SET tcp_keepalives_interval = {_SILENCE // 4};"
            f" SET tcp_keepalives_count = 2; SET tcp_user_timeout = {_SILENCE * 1000};"
            f" SET idle_in_transaction_session_timeout = {_SILENCE * 3000}"
        )
        connection.autocommit = False


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "busy_timeout=30000",
            f"wal_autocheckpoint={LONGEST}",
            "foreign_keys=ON",
            "cache_size=-5000",  # KiB a connection: what is not in it is in the memory of the system
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        mode = options.get("sqlite_begin", "IMMEDIATE")
        connection.connection.dbapi_connection.execute(f"BEGIN {mode}")
