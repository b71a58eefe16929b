"""What a process of an installation works with: its database, its seal, its connections, its plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from engine.connector import Connector
from engine.errors import EngineError
from engine.executor import Executor
from engine.meter import Meter
from engine.owner import Ring
from engine.pace import Pacer
from engine.plan import Plan, build
from engine.share import Share
from engine.store import connections, flows, library
from engine.store.database import Database
from engine.store.seal import Seal

KEEP = 300.0
"""Seconds for which a worker keeps a connection open: shapes that changed in the system are seen after that."""

PLANS = 64
"""Flow versions whose plans a process keeps."""


@dataclass
class Runtime:
    """One per process. ``timeout`` is the time limit of one call to a system, in seconds; ``turns``: where calls wait
    for their turn: without one, turns are shared out in this process alone."""

    database: Database
    seal: Seal
    timeout: float = 30.0
    turns: Pacer | None = None
    _plans: dict[int, Plan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pacer = self.turns or Pacer(Share(), Meter(self.database))

    def open(
        self,
        connection_id: str,
        *,
        read_only: bool,
        journal: Callable[[dict[str, Any]], None] | None = None,
        timeout: float | None = None,
    ) -> Connector[Any]:
        """A stored connection, ready to use. Raises AccessError when it is gone."""
        with self.database.read() as session:
            return connections.open(
                session, self.seal, connection_id, read_only=read_only,
                timeout=timeout or self.timeout, journal=journal, pacer=self.pacer,
            )  # fmt: skip

    def plan(self, version_id: int) -> Plan:
        """The plan of a flow version, built once. Raises DefinitionError if it cannot run here."""
        if version_id not in self._plans:
            with self.database.read() as session:
                version = flows.version_by_id(session, version_id)
                if version is None:
                    raise EngineError(f"The flow version {version_id} is gone.", code="E-VERSION-GONE")
                flow = library.filled(session, version.document())
            if len(self._plans) >= PLANS:
                self._plans.pop(next(iter(self._plans)))
            self._plans[version_id] = build(flow)
        return self._plans[version_id]

    def executor(self, ring: Ring, **options: Any) -> Executor:
        """The executor of a worker process. It works in one thread, so what it has open may stay open."""
        return Executor(self.database, Kept(self), self.plan, ring, meter=self.pacer.meter, **options)


@dataclass
class _Open:
    connector: Connector[Any]
    revision: int
    at: float


class Kept:
    """Opens connections and keeps them open, signed in, from one slice to the next.

    A connection that was changed, or with which something went wrong, is opened anew.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._open: dict[tuple[str, bool], _Open] = {}

    def __call__(
        self, connection_id: str, *, read_only: bool, journal: Callable[[dict[str, Any]], None] | None = None
    ) -> Connector[Any]:
        """As ``Runtime.open``."""
        with self._runtime.database.read() as session:
            revision = connections.revision(session, connection_id)
        kept = self._open.get((connection_id, read_only))
        if (
            kept is None
            or kept.revision != revision
            or kept.connector.http.spent
            or monotonic() - kept.at > KEEP
        ):
            opened = self._runtime.open(connection_id, read_only=read_only, journal=journal)
            kept = self._open[connection_id, read_only] = _Open(opened, revision, monotonic())
        kept.connector.http.journal = journal
        return kept.connector
