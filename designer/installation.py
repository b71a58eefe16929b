"""What the handlers of one app share: its settings, its database, its seal and its live streams."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from flask import current_app

from designer.config import Config
from designer.shapes import Shapes
from engine.store.database import Database
from engine.store.seal import Seal

VERSION = "0.1.0"


@dataclass(frozen=True)
class Installation:
    """One installation of Heddle, as one web process holds it."""

    config: Config
    database: Database
    seal: Seal
    shapes: Shapes = field(default_factory=Shapes)
    streams: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(1))


def here() -> Installation:
    """The installation that the request at hand is for."""
    installation = current_app.extensions["heddle"]
    assert isinstance(installation, Installation)
    return installation
