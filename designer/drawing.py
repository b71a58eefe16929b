"""From a document that somebody sent to a drawing that is judged and bound to connections."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from designer import shelf
from designer.errors import reading
from designer.installation import here
from designer.shapes import source
from designer.web import ROOT
from engine import drift, plan, registry, unread
from engine.errors import Problem, RequestError
from engine.flow import Flow
from engine.record import from_json
from engine.store import connections, flows

log = logging.getLogger("heddle.web")


@dataclass(frozen=True)
class Judgement:
    """What is wrong with a drawing, and what the editor shows of each node."""

    problems: list[Problem]
    nodes: dict[str, Any]

    def to_solve(self, flow: Flow) -> int:
        """What a list of flows counts; of a drawing that is not begun there is nothing to solve yet."""
        return len(self.errors) if flow.nodes else 0

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]

    def as_json(self) -> dict[str, Any]:
        return {"problems": [problem.as_json() for problem in self.problems], "nodes": self.nodes}


def parse(document: Mapping[str, Any]) -> Flow:
    """The drawing in a document. Raises RequestError (422) with one problem for each wrong place."""
    with reading("This is not a flow", "E-DOCUMENT", "document"):
        return Flow.model_validate(document)


def judge(flow: Flow, bindings: Mapping[str, str]) -> Judgement:
    """Checks a drawing against the node types and the systems it is bound to. May call these systems."""
    installation = here()
    shape_of = source(
        installation.database, installation.seal, bindings, installation.shapes, installation.runtime.pacer
    )
    checked = plan.check(flow, shape_of)
    known = {place: shape for place in drift.places(flow) if (shape := shape_of(*place)) is not None}
    nodes = {
        node: {
            "summary": card.summary,
            "outputs": [port.model_dump() for port in card.outputs],
            "shape_in": card.shape_in.model_dump() if card.shape_in else None,
            "shapes": {port: shape.model_dump() if shape else None for port, shape in card.shapes.items()},
        }
        for node, card in checked.nodes.items()
    }
    shared: list[Problem] = []
    if flow.shared:
        with installation.database.read() as session:
            shared = shelf.problems(session, flow)
    found = [*checked.problems, *unread.problems(flow, known), *shared, *unbound(flow, bindings)]
    return Judgement(found, nodes)


def unbound(flow: Flow, bindings: Mapping[str, str]) -> list[Problem]:
    """A warning for each connection that the flow needs and nobody has chosen: drawing goes on without."""
    return [
        Problem(
            "E-UNBOUND",
            f"No connection is chosen for «{slot.title or _system_title(slot.system)}».",
            "Choose one, or add a connection to this system.",
            field=f"slots.{name}",
            severity="warning",
        )
        for name, slot in flow.slots.items()
        if not bindings.get(name)
    ]


def must_be_bound(flow: Flow, bindings: Mapping[str, str]) -> list[Problem]:
    """The same as errors: what runs needs its connections."""
    return [replace(problem, severity="error") for problem in unbound(flow, bindings)]


def bind_missing(session: Any, flow: Flow, bindings: Mapping[str, str]) -> dict[str, str]:
    """The bindings without what is gone, and with the only possible connection where there is just one."""
    by_system: dict[str, list[str]] = {}
    for row in connections.all_connections(session):
        by_system.setdefault(row.system, []).append(row.id)
    bound = {}
    for name, slot in flow.slots.items():
        candidates = by_system.get(slot.system, [])
        if bindings.get(name) in candidates:
            bound[name] = bindings[name]
        elif len(candidates) == 1:
            bound[name] = candidates[0]
    return bound


def check_bindings(session: Any, flow: Flow, bindings: Mapping[str, str]) -> None:
    """Raises RequestError (422) for a slot that is not there, or a connection of another system."""
    problems = []
    for name, connection_id in bindings.items():
        slot = flow.slots.get(name)
        row = connections.find(session, connection_id)
        if slot is None:
            problems.append(
                Problem("E-SLOT", f"The flow has no connection slot {name!r}.", "Remove it.", field=name)
            )
        elif row is None:
            problems.append(
                Problem("E-NO-CONNECTION", "This connection is gone.", "Choose another one.", field=name)
            )
        elif row.system != slot.system:
            problems.append(
                Problem(
                    "E-SYSTEM",
                    f"«{row.name}» leads to {_system_title(row.system)}, and this needs {_system_title(slot.system)}.",
                    "Choose a connection to the right system.",
                    field=name,
                )
            )
    if problems:
        raise RequestError(problems[0].message, status=422, code=problems[0].code, problems=problems)


def save(row_slug: str, document: Mapping[str, Any], revision: int) -> tuple[int, Judgement]:
    """Saves a draft if ``revision`` is still the newest. Raises RequestError (404, 409, 422)."""
    installation = here()
    flow = parse(document)
    with installation.database.read() as session:
        row = flows.find(session, row_slug)
        bindings = bind_missing(session, flow, row.bound()) if row else {}
    judgement = judge(flow, bindings)
    with installation.database.write() as session:
        row = current(session, row_slug, revision)
        flows.save_draft(session, row, flow, judgement.to_solve(flow))
        if bindings != row.bound():
            flows.bind(session, row, bindings)
        return row.revision, judgement


def current(session: Any, slug: str, revision: int) -> flows.FlowRow:
    """The locked row, if its revision is still this one. Raises Stale (409) with what it is now."""
    row = flows.find(session, slug, lock=True)
    if row is None:
        raise missing(slug)
    if row.revision != revision:
        raise Stale(row)
    return row


def missing(slug: str) -> RequestError:
    return RequestError(
        f"There is no flow «{slug}».",
        status=404,
        code="E-NOT-FOUND",
        cure="It may have been deleted; reload the list.",
    )


class Stale(RequestError):
    """Somebody else has saved meanwhile; ``more`` brings what they saved."""

    def __init__(self, row: flows.FlowRow) -> None:
        super().__init__(
            f"«{row.name}» has been changed meanwhile (revision {row.revision}).",
            status=409,
            code="E-REVISION",
            cure="Look at the other version, then save yours over it or take theirs.",
        )
        self.more = {"current": {"revision": row.revision, "document": from_json(row.draft)}}


@cache
def templates() -> dict[str, Flow]:
    """The ready-made flows by slug: every document in the folder ``flows``."""
    found: dict[str, Flow] = {}
    for path in sorted((ROOT / "flows").rglob("*.json")):
        document = _document(path)
        if document is not None:
            found[path.stem] = document
    return found


def _document(path: Path) -> Flow | None:
    """The flow in a file; None for other data, and for a file that a person has broken."""
    try:
        read = from_json(path.read_bytes())
        return Flow.model_validate(read) if isinstance(read, dict) and read.get("heddle") == 1 else None
    except (ValueError, OSError):  # what pydantic and msgspec raise are ValueErrors
        log.exception("The template %s cannot be read.", path.name)
        return None


def _system_title(system: str) -> str:
    cls = registry.connectors().get(system)
    return cls.title if cls else system
