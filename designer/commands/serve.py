"""``heddle serve``: the web server alone."""

from __future__ import annotations

import click
from granian import Granian
from granian.constants import Interfaces

from designer.config import Config

FEWEST_THREADS = 64  # a live stream holds one; ordinary requests must never wait for those


@click.command()
def command() -> None:
    """Serve the editor and the HTTP API at HEDDLE_HOST and HEDDLE_PORT."""
    config = Config()
    Granian(
        "designer.serving:app",
        address=config.host,
        port=config.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=1,
        blocking_threads=max(FEWEST_THREADS, config.threads),
        workers_kill_timeout=2,  # seconds; live streams never end by themselves
        websockets=False,
        log_access=False,
    ).serve()
