"""``heddle doctor``: is this installation well?"""

from __future__ import annotations

import sys

import click

from designer.config import Config
from designer.doctor import examine


@click.command()
def command() -> None:
    """Look at everything this installation stands on; exit code 1 when something needs a cure."""
    ill = False
    for finding in examine(Config()):
        ill = ill or bool(finding.cure)
        click.echo(f"{'✗' if finding.cure else '✓'} {finding.what}: {finding.text}")
        if finding.cure:
            click.echo(f"    Cure: {finding.cure}")
    sys.exit(1 if ill else 0)
