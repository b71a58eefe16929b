"""``heddle user``: people who may sign in."""

from __future__ import annotations

import click

from designer import accounts
from designer.commands.token import ROLES
from designer.config import Config
from engine.store.database import Database


@click.group()
def command() -> None:
    """People who may sign in."""


@command.command()
@click.argument("email")
@click.option("--role", default="viewer", show_default=True, type=click.Choice(ROLES))
@click.option("--name", default="")
def create(email: str, role: str, name: str) -> None:
    """Create a user and print the one-time password."""
    database = Database(Config().database)
    database.migrate()
    click.echo(accounts.create_user(database, email, role, name))


@command.command()
@click.argument("email")
def reset(email: str) -> None:
    """Give a user who lost the password a new one-time password, and print it."""
    password = accounts.reset_password(Database(Config().database), email)
    if password is None:
        raise click.ClickException(f"There is no user {email}. Create one: heddle user create {email}")
    click.echo(password)
