"""What the handlers of one app share: settings, database, seal, plans, the doorbell, live streams."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from flask import current_app

from designer.choices import Choices
from designer.config import Config
from designer.doors import Doors
from designer.refusals import Refusals
from designer.shapes import Shapes
from engine.arrivals import Arrivals
from engine.queue import Doorbell
from engine.runtime import Runtime
from engine.store.database import Database
from engine.store.seal import Seal

VERSION = "0.1.0"


@dataclass(frozen=True)
class Installation:
    """One installation of Heddle, as one web process holds it. ``bell`` is None without Redis."""

    config: Config
    runtime: Runtime
    bell: Doorbell | None
    streams: threading.BoundedSemaphore
    shapes: Shapes = field(default_factory=Shapes)
    choices: Choices = field(default_factory=Choices)
    doors: Doors = field(init=False)
    arrivals: Arrivals = field(init=False)
    refusals: Refusals = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "doors", Doors(self.runtime))
        object.__setattr__(self, "arrivals", Arrivals(self.database))
        object.__setattr__(self, "refusals", Refusals(self.database))

    @property
    def database(self) -> Database:
        return self.runtime.database

    @property
    def seal(self) -> Seal:
        return self.runtime.seal

    def ring(self, run_id: str, lanes: Iterable[int], crowd: str = "") -> None:
        """Rings for lanes, after the commit; what is not heard, the sweeper finds."""
        if self.bell is not None:
            for lane in lanes:
                self.bell.ring(run_id, lane, crowd)


def here() -> Installation:
    """The installation that the request at hand is for."""
    installation = current_app.extensions["heddle"]
    assert isinstance(installation, Installation)
    return installation
