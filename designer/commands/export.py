"""``heddle export``: a drawing as a file."""

from __future__ import annotations

from pathlib import Path

import click

from designer.commands.check import found, installation


@click.command()
@click.argument("flow")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="The file; else it is printed."
)
def command(flow: str, output: Path | None) -> None:
    """Write the draft of FLOW as a document without secrets; equal drawings are equal files."""
    with installation():
        document, _ = found(flow)
    text = document.canonical() + b"\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_bytes(text)
