"""``heddle backup``: everything that must survive, in one file."""

from __future__ import annotations

from pathlib import Path

import click

from designer.backup import backup
from designer.config import Config
from engine.store.seal import KEY_FILE


@click.command()
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
def command(archive: Path) -> None:
    """Write the database and its key to ARCHIVE (such as heddle.tar.gz), also while Heddle runs."""
    config = Config()
    kept = backup(config.data, archive)
    click.echo(f"{archive} holds {', '.join(kept)}.")
    if KEY_FILE in kept:
        click.echo("It holds the key to the secrets too: keep it where only you can read it.")
    if config.database_url:
        click.echo(
            "The database is a server of its own and is not in it. Back it up with:\n"
            '    pg_dump --format=custom --file=heddle.dump "$HEDDLE_DATABASE_URL"'
        )
