"""``heddle run``: start a flow, and wait for its end if asked to."""

from __future__ import annotations

import sys
import time
from typing import Any

import click
import msgspec

from designer import starts
from designer.accounts import COMMAND_LINE
from designer.api.runs import find
from designer.commands.check import installation
from designer.installation import Installation
from engine import inference
from engine.launch import Cause
from engine.record import COUNTED, from_json
from engine.store import closing, lanes, progress
from engine.store.runs import Run

LOOK = 0.1
"""Seconds between looks at a run."""


@click.command()
@click.argument("flow")
@click.option("--input", "given", help="What the trigger brings, JSON.")
@click.option("--wait", is_flag=True, help="Wait for the end and print what became of the records.")
@click.option("--timeout", default=3600.0, show_default=True, help="Seconds to wait; the run goes on then.")
def command(flow: str, given: str | None, wait: bool, timeout: float) -> None:
    """Start FLOW and print the id of its run; workers do the work.

    With --wait the exit code is 0 when all went through, 2 when records are held or failed, 1 when the run did not
    end well or not in time.
    """
    with installation() as here:
        run_id = starts.start(flow, "live", by_hand(), brought=brought(given))
        click.echo(run_id)
        if not wait:
            return
        run = finished(here, run_id, timeout, work=False)
        with here.database.read() as session:
            counts = progress.counts(session, find(session, run_id))
    click.echo(", ".join(f"{counts[name]} {name}" for name in ("read", *COUNTED) if counts[name]) or "0 read")
    if run.state != "done":
        raise click.ClickException(run.message or f"The run is {run.state}.")
    sys.exit(2 if counts["failed"] or counts["held"] else 0)


def by_hand() -> Cause:
    """Started from the command line: each call is a run of its own."""
    return Cause("manual", COMMAND_LINE)


def brought(given: str | None) -> Any:
    """What --input says. Raises ClickException when it is no JSON: exit code 2 means something else here."""
    if given is None:
        return None
    try:
        return from_json(given)
    except msgspec.DecodeError as error:
        raise click.ClickException(f"--input is not JSON: {error}") from error


def finished(here: Installation, run_id: str, timeout: float, *, work: bool) -> Run:
    """The run when it is over. ``work``: this process does the work, and does not wait for what is out of reach.

    Raises ClickException when that takes longer than ``timeout`` seconds.
    """
    if work:
        inference.enable()
    executor = here.runtime.executor(lambda *ring: here.ring(ring[0], [ring[1]]))
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        with here.database.read() as session:
            run = find(session, run_id)
            open_lanes = (
                [lane for other, lane in lanes.unattended(session, -1.0) if other == run_id] if work else []
            )
        if run.ended_at is not None:
            return run
        if run.state == "paused" or (work and run.state == "waiting"):
            if work:
                with here.database.write() as session:
                    closing.cancel(session, run_id, COMMAND_LINE)
            return run
        for lane in open_lanes:
            executor.advance(run_id, lane)
        if not open_lanes:
            time.sleep(LOOK)
    raise click.ClickException(f"The run {run_id} is not over after {timeout:g} seconds; see its page.")
