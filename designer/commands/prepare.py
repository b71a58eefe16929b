"""``heddle prepare``: the database at its newest, and somebody who may sign in."""

from __future__ import annotations

import click

from designer import accounts
from designer.commands import opened

FIRST_ADMIN = "admin@heddle.local"


@click.command()
def command() -> None:
    """Bring the database up to date and, if nobody can sign in yet, create the first administrator."""
    with opened.database() as database:
        if accounts.has_users(database):
            return
        password = accounts.create_user(database, FIRST_ADMIN, "admin", "Administrator")
    click.echo(
        f"\n  The first administrator:  {FIRST_ADMIN}\n"
        f"  One-time password:        {password}\n"
        "  It is shown only now, and asks to be changed at the first sign-in.\n"
    )
