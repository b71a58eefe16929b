"""``heddle plan``: what a flow would write, without writing it."""

from __future__ import annotations

import sys
from typing import Any

import click

from designer import plans, starts
from designer.api.runs import find
from designer.commands.check import installation
from designer.commands.run import brought, by_hand, finished
from designer.installation import Installation
from designer.shapes import source as source_of_shapes
from engine.readings import show
from engine.record import from_json
from engine.store import plans as stored
from engine.store import progress

SHOWN = 200
"""Writes that are printed; the whole plan is on the run's page."""


@click.command()
@click.argument("flow")
@click.option("--draft", is_flag=True, help="Follow the draft rather than the live version.")
@click.option("--input", "given", help="What the trigger brings, JSON.")
@click.option("--limit", default=SHOWN, show_default=True, help="How many writes are printed at most.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds after which it gives up.")
def command(flow: str, draft: bool, given: str | None, limit: int, timeout: float) -> None:
    """Show what FLOW would write, old → new; nothing is written.

    Exit code 0: nothing to do · 2: it would write · 1: it could not be found out, or records would fail.
    """
    with installation() as here:
        told = _planned(here, flow, draft, given, limit, timeout)
        counts, sentence = told["counts"], told["sentence"]
        for warning in told["budget"]:
            click.echo(f"Beyond the budget: {warning}")
        trouble = [f"{counts[name]} {name}" for name in ("held", "failed") if counts.get(name)]
        click.echo(f"Plan {told['run']}: " + (", ".join([sentence or "nothing to do", *trouble]) + "."))
    if counts.get("failed"):
        sys.exit(1)
    sys.exit(2 if sentence else 0)


def _planned(
    here: Installation, slug: str, draft: bool, given: str | None, limit: int, timeout: float
) -> dict[str, Any]:
    number = None if draft else starts.live_number(slug)
    run_id = starts.start(slug, "dry-run", by_hand(), brought=brought(given), number=number)
    run = finished(here, run_id, timeout, work=True)
    if run.state != "done":
        raise click.ClickException(run.message or f"The dry run is {run.state}.")
    with here.database.read() as session:
        run = find(session, run_id)
        flow = progress.document(session, run)
        shape_of = source_of_shapes(here.database, here.seal, from_json(run.bindings), here.shapes)
        told = plans.summary(session, run, flow, shape_of)
        writes = plans.lines(session, run_id, stored.lines(session, run_id, limit=limit), flow, shape_of)
    for one in writes:
        _print(one)
    return told


def _print(shown: dict[str, Any]) -> None:
    if shown["operation"] not in ("create", "update") and not shown["message"]:
        return
    if shown["outcome"] == "unchanged":
        return
    sign = {"create": "+", "update": "~"}.get(shown["operation"], "!")
    if shown["outcome"] not in ("created", "updated"):
        sign = "!"
    name = shown["title"] or shown["key"]
    what = f"{shown['entity_title']} {shown['number'] or ''}".strip() if sign != "!" else shown["message"]
    click.echo(f"{sign} {name}: {what}")
    for one in shown["fields"] if sign != "!" else ():
        old = "" if shown["operation"] == "create" else f"{show(one['old'])} → "
        click.echo(f"    {one['title']}: {old}{show(one['new'])}")
