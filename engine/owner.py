"""What a shift, or a convoy of them, needs of the executor that owns its claims."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from engine.connector import Connector
from engine.directory import Directories
from engine.heartbeat import Heartbeat
from engine.plan import Plan
from engine.store.database import Database


class Opener(Protocol):
    """Opens a connection for use: ``read_only`` shuts the door, ``journal`` is told of every call."""

    def __call__(
        self, connection_id: str, *, read_only: bool, journal: Callable[[dict[str, Any]], None] | None
    ) -> Connector[Any]: ...


Ring = Callable[[str, int], None]


class Owner(Protocol):
    """What a shift needs of its executor."""

    @property
    def database(self) -> Database: ...
    @property
    def open(self) -> Opener: ...
    @property
    def plans(self) -> Callable[[int], Plan]: ...
    @property
    def ring(self) -> Ring: ...
    @property
    def lease(self) -> float: ...
    @property
    def owner(self) -> str: ...
    @property
    def directories(self) -> Directories: ...
    @property
    def heartbeat(self) -> Heartbeat: ...
    @property
    def strides(self) -> dict[int, dict[str, float]]: ...
    @property
    def got_on(self) -> Callable[[], None]: ...
    def is_over(self, deadline: float, run_id: str) -> bool: ...
