"""What the web server loads in its worker process."""

from __future__ import annotations

import os

from flask import Flask

from designer import create_app
from designer.process import dying_with
from engine import collector, registry
from engine.standstill import Standstill


def app() -> Flask:
    """The application, in a process that goes when the server's own process is killed."""
    dying_with(os.getppid())()
    made = create_app()
    registry.node_types()  # now, not while the first call waits for them
    registry.connectors()
    collector.quieten()
    Standstill().keep()
    return made
