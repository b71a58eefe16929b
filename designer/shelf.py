"""The library as flows see it: who uses what, whether a copy is still what it says, what a change would alter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from designer.errors import not_found
from engine import clock, trial
from engine.errors import DefinitionError, HeddleError, Problem, RequestError
from engine.flow import SHARED, Flow, LookupTable
from engine.library import Issue, copy_of, named, parse, take, users
from engine.node import LookupNode, Node, WriteNode
from engine.record import from_json, to_json
from engine.store import flows, library
from engine.store.database import Session
from engine.trial import Decision, Passed

DAYS = 30
LOOKED_AT = 2_000
"""Real records a step that an impact view judges again: somebody waits for it."""
BATCHES = 100


@dataclass(frozen=True)
class User:
    """A flow that uses something of the library; ``live`` and ``draft`` are the versions pinned there."""

    row: flows.FlowRow
    live: int | None
    draft: int | None

    def as_json(self) -> dict[str, Any]:
        return {"slug": self.row.slug, "name": self.row.name, "live": self.live, "draft": self.draft}


@dataclass
class Touched:
    """What a change would alter at one step: ``judged`` real records, and those decided otherwise."""

    node: str
    title: str
    judged: int = 0
    complete: bool = True
    otherwise: list[tuple[Passed, Decision, Decision]] = field(default_factory=list)
    problem: str = ""


def entry(session: Session, slug: str, *, lock: bool = False) -> library.RuleSetRow:
    """Raises RequestError (404)."""
    row = library.find(session, slug, lock=lock)
    if row is None:
        raise not_found("shared rule set or table", slug)
    return row


def issue(session: Session, slug: str, number: int | None = None) -> Issue:
    """Raises RequestError (404)."""
    entry(session, slug)
    found = library.issue(session, slug, number)
    if found is None:
        raise not_found("version", str(number))
    return found


def used_by(session: Session) -> dict[str, list[User]]:
    """Slug → the flows in which a step uses it, in their draft or in their live version."""
    live = flows.live_texts(session)
    found: dict[str, list[User]] = {}
    for row in flows.all_flows(session):
        drafted, published = _pins(row.draft), _pins(live.get(row.id, ""))
        for slug in sorted({*drafted, *published}):
            found.setdefault(slug, []).append(User(row, published.get(slug), drafted.get(slug)))
    return found


def _pins(text: str) -> dict[str, int]:
    if f'"{SHARED}' not in text:
        return {}
    flow = Flow.model_validate(from_json(text))
    return {slug: pin.version for slug, pin in flow.shared.items() if users(flow, slug)}


def tables_for(session: Session, document: Any) -> dict[str, LookupTable]:
    """The lookup tables of the library that a document names, by the names that it uses."""
    found = {}
    for slug in dict.fromkeys(named(document)):
        known = library.issue(session, slug)
        if known is not None and known.kind == "lookup":
            found[SHARED + slug] = LookupTable.model_validate(known.document)
    return found


def tables_to_try(
    session: Session, document: Any, given: Mapping[str, LookupTable]
) -> dict[str, LookupTable]:
    """The tables to try a document with: those at hand, and of the library with all their rows where they lack."""
    found = dict(given)
    for slug in dict.fromkeys(named(document)):
        at_hand = found.get(SHARED + slug)
        row = library.find(session, slug)
        version = library.version(session, row, row.number) if row is not None else None
        if version is None or row is None or row.kind != "lookup" or (at_hand and at_hand.rows):
            continue
        table = LookupTable.model_validate(from_json(version.text))
        found[SHARED + slug] = table.model_copy(update={"rows": library.rows_of(session, version)})
    return found


def taken(session: Session, flow: Flow, slug: str, number: int | None) -> Flow:
    """The drawing with a version of the library. Raises RequestError (404), DefinitionError."""
    return take(flow, issue(session, slug, number), lambda other: library.issue(session, other))


def problems(session: Session, flow: Flow) -> list[Problem]:
    """Copies in a drawing that are not what the library has under their version."""
    found = []
    for slug, pin in flow.shared.items():
        if not users(flow, slug):
            continue
        place = f"shared.{slug}"
        known = library.issue(session, slug, pin.version)
        if known is None or known.kind != pin.kind:
            message = f"«{pin.label()}» is not in the library of this installation."
            cure = (
                "Bring the table into the library, then choose it again."
                if pin.large
                else "The flow works with its own copy. Save it in the library to share it here."
            )
            severity = "error" if pin.large else "warning"
            found.append(Problem("E-SHARED-GONE", message, cure, field=place, severity=severity))  # type: ignore[arg-type]
        elif not pin.large and not _same(flow, slug, known):
            message = f"The flow's copy of «{pin.label()}» has been changed; the library has another text."
            cure = "Take that version again, or save the change in the library as a new one."
            found.append(Problem("E-SHARED-CHANGED", message, cure, field=place))
    return found


def _same(flow: Flow, slug: str, known: Issue) -> bool:
    try:
        copy = parse(known.kind, copy_of(flow, slug))
    except DefinitionError:
        return False
    return to_json(copy.model_dump()) == to_json(parse(known.kind, known.document).model_dump())


def shape_at(flow: Flow, slug: str, judged: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields that arrive where something is used; ``judged`` are the nodes of a judgement."""
    for node in users(flow, slug):
        shape: dict[str, Any] | None = judged.get(node, {}).get("shape_in")
        if shape:
            return shape
    return None


def impact(session: Session, changed: Issue, user: User) -> Iterator[Touched]:
    """What the live version of a flow would decide otherwise with this document, step by step.

    Looks at the real records of the last 30 days whose batches are still kept.
    """
    version = flows.version_by_id(session, user.row.live_version_id or 0)
    if version is None or user.live is None:
        return
    flow = version.document()
    for node in users(flow, changed.slug):
        drawn = flow.node(node)
        touched = Touched(node, (drawn.title if drawn else "") or node)
        try:
            old = trial.of_flow(library.filled(session, flow), node)
            new = trial.of_flow(_with(session, flow, changed), node)
            touched.problem = _not_comparable(old)
            if not touched.problem:
                records, touched.complete = trial.gather(
                    session, user.row.id, node, LOOKED_AT, clock.now() - DAYS * 86400, BATCHES
                )
                touched.judged = len(records)
                touched.otherwise = trial.compare(old, new, records)
        except RequestError:
            raise
        except HeddleError as error:
            touched.problem = error.message
        yield touched


def _with(session: Session, flow: Flow, changed: Issue) -> Flow:
    """The flow as it would be, rows included; the change itself is nowhere stored yet."""
    small = replace(changed, rows=0)  # so that its rows travel in the drawing
    return library.filled(session, take(flow, small, lambda other: library.issue(session, other)))


def _not_comparable(node: Node[Any]) -> str:
    return (
        "This step asks a system for each record, so it cannot be judged again."
        if isinstance(node, LookupNode | WriteNode)
        else ""
    )
