"""``heddle check``: what is wrong with a drawing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from designer import create_app, demo, drawing
from designer.installation import Installation, here
from engine import guard
from engine.errors import Problem, RequestError
from engine.flow import Flow
from engine.record import from_json
from engine.store import flows


@click.command()
@click.argument("flow")
@click.option("--warnings/--no-warnings", default=True, help="Show warnings too; they do not count.")
def command(flow: str, warnings: bool) -> None:
    """Check FLOW, a file or the name of a flow of this installation. Exit code 1 when it cannot run."""
    with installation():
        document, bindings = found(flow)
        judgement = drawing.judge(document, bindings)
    for problem in judgement.problems:
        if warnings or problem.severity == "error":
            click.echo(told(problem))
    errors = len(judgement.errors)
    click.echo(f"{document.name}: {errors} {'error' if errors == 1 else 'errors'}.")
    sys.exit(1 if errors else 0)


@contextmanager
def installation() -> Iterator[Installation]:
    """With all that a request of the web server would find: ``here()`` answers inside, the demo's systems as well."""
    with create_app().app_context(), closing(here().database):
        before = os.environ.get(guard.VARIABLE, "")
        os.environ[guard.VARIABLE] = ",".join(filter(None, [before, *demo.hosts(here().config.data)]))
        try:
            yield here()
        finally:
            os.environ[guard.VARIABLE] = before


def found(flow: str) -> tuple[Flow, dict[str, str]]:
    """The draft and its connections, from a file or from this installation. Raises RequestError for neither."""
    path = Path(flow)
    if path.is_file():
        document = from_file(path)
        with here().database.read() as session:
            return document, drawing.bind_missing(session, document, {})
    with here().database.read() as session:
        row = flows.find(session, flow)
        if row is None:
            raise RequestError(f"There is no file and no flow «{flow}».", status=404, code="E-NOT-FOUND")
        return row.document(), row.bound()


def from_file(path: Path) -> Flow:
    """The drawing in a file. Raises RequestError when the file holds none."""
    try:
        document = from_json(path.read_bytes())
    except ValueError as error:
        raise RequestError(f"{path} is not JSON: {error}", status=422, code="E-DOCUMENT") from error
    if not isinstance(document, dict):
        raise RequestError(f"{path} is not a flow.", status=422, code="E-DOCUMENT")
    return drawing.parse(document)


def told(problem: Problem) -> str:
    """One problem as a line: where, what, and how to cure it."""
    where = " ".join(part for part in (problem.node, problem.port, problem.field) if part)
    start = f"{problem.severity}: " + (f"{where}: " if where else "")
    return f"{start}{problem.message} {problem.cure}".strip()
