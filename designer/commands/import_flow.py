"""``heddle import``: a drawing from a file."""

from __future__ import annotations

from pathlib import Path

import click

from designer import drawing
from designer.accounts import COMMAND_LINE
from designer.commands.check import from_file, installation
from engine.store import audit, flows


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(file: Path) -> None:
    """Add the flow in FILE as a draft, and print its name."""
    with installation() as here:
        document = from_file(file)
        with here.database.read() as session:
            bindings = drawing.bind_missing(session, document, {})
        problems = len(drawing.judge(document, bindings).errors)
        with here.database.write() as session:
            row = flows.add(session, document, COMMAND_LINE, bindings=bindings)
            row.problems = problems
            audit.note(session, COMMAND_LINE, "flow.import", row.slug, name=row.name)
            slug = row.slug
    click.echo(slug)
