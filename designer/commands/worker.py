"""``heddle worker``: works through runs."""

from __future__ import annotations

import click

from designer.config import Config
from engine import limiter, queue
from engine.runtime import Runtime
from engine.store import seal
from engine.store.database import Database


@click.command()
@click.option("--bulk", is_flag=True, help="Only work on bulk runs, and leave calls to the others.")
def command(*, bulk: bool) -> None:
    """Work through runs until told to stop; start as many as the machine has cores.

    One more with --bulk fills the time in which they wait for other systems, and lets calls travel together.
    """
    config = Config()
    database = Database(config.database)
    key = seal.load(config.data, config.secret_key.get_secret_value())
    url = doorbell_url(config)
    runtime = Runtime(database, key, turns=limiter.make_pacer(url, database))
    queue.work(runtime, url, bulk=bulk, lease=config.lease)


def doorbell_url(config: Config) -> str:
    """Where Redis is. Raises UsageError when nobody said."""
    if not config.redis_url:
        raise click.UsageError(
            "Name a Redis or Valkey server in HEDDLE_REDIS_URL, such as redis://localhost:6379/0."
            " (`heddle up` brings its own.)"
        )
    return config.redis_url
