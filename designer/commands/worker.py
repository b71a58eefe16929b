"""``heddle worker``: works through runs."""

from __future__ import annotations

import click

from engine import queue


@click.command()
def command() -> None:
    """Work through runs until told to stop; start as many as the machine has cores."""
    queue.work()
