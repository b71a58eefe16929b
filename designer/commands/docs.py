"""``heddle docs``: the reference of what this installation can do."""

from __future__ import annotations

from pathlib import Path

import click

from designer import reference


@click.command()
@click.argument("folder", default="docs", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Write nodes.md and connectors.md into FOLDER, your own node types and connectors included."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("nodes.md", reference.nodes()), ("connectors.md", reference.connectors())):
        (folder / name).write_text(text, encoding="utf-8")
        click.echo(f"Wrote {folder / name}")
