"""``heddle worker``: works through runs."""

from __future__ import annotations

import click

from designer.config import Config
from engine import limiter, queue
from engine.runtime import Runtime
from engine.store import seal
from engine.store.database import Database


@click.command()
def command() -> None:
    """Work through runs until told to stop; start as many as the machine has cores."""
    config = Config()
    database = Database(config.database)
    key = seal.load(config.data, config.secret_key.get_secret_value())
    url = doorbell_url(config)
    runtime = Runtime(database, key, turns=limiter.make_pacer(url, database))
    queue.work(runtime, url, lease=config.lease)


def doorbell_url(config: Config) -> str:
    """Where Redis is. Raises UsageError when nobody said."""
    if not config.redis_url:
        raise click.UsageError(
            "Name a Redis or Valkey server in HEDDLE_REDIS_URL, such as redis://localhost:6379/0."
            " (`heddle up` brings its own.)"
        )
    return config.redis_url
