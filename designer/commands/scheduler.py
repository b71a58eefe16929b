"""``heddle scheduler``: rings for work that nobody attends."""

from __future__ import annotations

import signal
import threading

import click

from designer.commands.worker import doorbell_url
from designer.config import Config
from engine import queue
from engine.store.database import Database


@click.command()
def command() -> None:
    """Ring for what is due and unattended, until told to stop; one is enough, more do no harm."""
    config = Config()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    queue.sweep(Database(config.database), queue.Doorbell(doorbell_url(config)), stop)
