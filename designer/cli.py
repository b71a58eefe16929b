"""The command line, ``heddle``. Each command lives in a module of its own, loaded only when it is called:
the supervisor and the sandboxes stay small and quick to start that way."""

from __future__ import annotations

import importlib
from typing import Any

import click

from engine.errors import HeddleError

COMMANDS = {
    "up": "designer.commands.up",
    "serve": "designer.commands.serve",
    "worker": "designer.commands.worker",
    "scheduler": "designer.commands.scheduler",
    "sandbox": "designer.commands.sandbox",
    "check": "designer.commands.check",
    "plan": "designer.commands.plan",
    "run": "designer.commands.run",
    "import": "designer.commands.import_flow",
    "export": "designer.commands.export",
    "prepare": "designer.commands.prepare",
    "demo": "designer.commands.demo",
    "token": "designer.commands.token",
    "user": "designer.commands.user",
    "backup": "designer.commands.backup",
    "restore": "designer.commands.restore",
    "doctor": "designer.commands.doctor",
    "docs": "designer.commands.docs",
}


class Heddle(click.Group):
    """Finds a command by its name in ``COMMANDS``; each module calls it ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        home = COMMANDS.get(cmd_name)
        if home is None:
            return None
        command = importlib.import_module(home).command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Errors that are meant for people end a command with their message and cure, not with a traceback."""
        try:
            return super().invoke(ctx)
        except HeddleError as error:
            raise click.ClickException(f"{error.message} {error.cure}".strip()) from error


@click.group(cls=Heddle, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="heddle", prog_name="heddle")
def main() -> None:
    """Heddle connects a CRM with an ERP or accounting system. Settings are HEDDLE_… variables."""


if __name__ == "__main__":
    main()
