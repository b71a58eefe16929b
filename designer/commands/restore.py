"""``heddle restore``: a backup takes the place of the data."""

from __future__ import annotations

from pathlib import Path

import click

from designer.backup import restore
from designer.config import Config
from designer.lock import DataLock


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(archive: Path) -> None:
    """Put the backup ARCHIVE in the place of the data; the former data is moved aside, not deleted."""
    config = Config()
    data = config.data.absolute()
    with DataLock(data, "restoring a backup"):
        former = restore(archive, data)
    click.echo(f"{data} is as it was when {archive} was written.")
    if former:
        click.echo(f"The data from before is in {former}.")
    if config.database_url:
        click.echo(
            "The database is a server of its own. Restore it with:\n"
            '    pg_restore --clean --if-exists --dbname="$HEDDLE_DATABASE_URL" heddle.dump'
        )
