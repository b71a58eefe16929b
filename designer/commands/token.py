"""``heddle token``: keys for machines."""

from __future__ import annotations

import click

from designer import accounts
from designer.commands import opened

ROLES = ("viewer", "operator", "editor", "admin")


@click.group()
def command() -> None:
    """Keys with which machines call the HTTP API."""


@command.command()
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--name", default="command line", show_default=True, help="What it is for.")
@click.option("--days", type=float, help="How long it is valid; for ever if not given.")
def create(role: str, name: str, days: float | None) -> None:
    """Print a new token and nothing else. It cannot be read again."""
    with opened.database() as database:
        click.echo(accounts.create_token(database, name, role, days=days))
