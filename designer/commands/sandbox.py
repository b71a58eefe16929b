"""``heddle sandbox``: one imitated system over HTTP."""

from __future__ import annotations

from pathlib import Path

import click

from engine import registry


@click.command()
@click.argument("system")
@click.option("--port", required=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--data", type=click.Path(dir_okay=False, path_type=Path), help="Keep its objects in this file."
)
def command(system: str, port: int, host: str, data: Path | None) -> None:
    """Serve the sandbox of SYSTEM, such as creatio, until stopped."""
    sandbox = registry.sandbox_type(system)
    if data is not None:
        data.parent.mkdir(parents=True, exist_ok=True)
    click.echo(f"{sandbox.title} (sandbox) listens at http://{host}:{port}")
    registry.serve_sandbox(sandbox(data), host, port)
