"""``heddle user``: people who may sign in."""

from __future__ import annotations

import click

from designer import accounts
from designer.commands import opened
from designer.commands.token import ROLES


@click.group()
def command() -> None:
    """People who may sign in."""


@command.command()
@click.argument("email")
@click.option("--role", default="viewer", show_default=True, type=click.Choice(ROLES))
@click.option("--name", default="")
def create(email: str, role: str, name: str) -> None:
    """Create a user and print the one-time password."""
    with opened.database() as database:
        click.echo(accounts.create_user(database, email, role, name))


@command.command()
@click.argument("email")
def reset(email: str) -> None:
    """Give a user who lost the password a new one-time password, and print it."""
    with opened.database() as database:
        password = accounts.reset_password(database, email)
    if password is None:
        raise click.ClickException(f"There is no user {email}. Create one: heddle user create {email}")
    click.echo(password)
