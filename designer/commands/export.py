"""``heddle export``: a drawing as a file."""

from __future__ import annotations

from pathlib import Path

import click

from designer import create_app
from designer.commands.check import found


@click.command()
@click.argument("flow")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="The file; else it is printed."
)
def command(flow: str, output: Path | None) -> None:
    """Write the draft of FLOW as a document without secrets; equal drawings are equal files."""
    with create_app().app_context():
        document, _ = found(flow)
    text = document.canonical() + b"\n"
    if output is None:
        click.get_binary_stream("stdout").write(text)
    else:
        output.write_bytes(text)
