"""``heddle scheduler``: rings for work that nobody rang for."""

from __future__ import annotations

import click

from engine import queue


@click.command()
def command() -> None:
    """Start due schedules and waiting retries, and ring again for what was forgotten."""
    queue.sweep()
