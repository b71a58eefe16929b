"""``heddle demo``: fills a running installation with something to try."""

from __future__ import annotations

import click

from designer import accounts, demo
from designer.commands import opened
from designer.config import Config
from engine import registry
from engine.secrecy import take_out


@click.command()
@click.option("--url", required=True, help="Where the installation answers.")
def command(url: str) -> None:
    """Connect a running installation to its demo systems and lay the ready flows on the table."""
    config = Config()
    with opened.database() as database:
        token = accounts.create_token(database, "demo set-up", "editor", days=0.02)
    logins = {system: login(system, address) for system, address in config.sandboxes.items()}
    for line in demo.install(config, url, token, logins):
        click.echo(f"  {line}")


def login(system: str, address: str) -> demo.Login:
    """What a connection to the imitated system at ``address`` is to be told, with the secrets set apart."""
    connector = registry.connector_type(system)
    settings, secrets = take_out(connector.Settings, registry.sandbox_type(system).connection(address))
    return demo.Login(connector.title, settings, secrets)
