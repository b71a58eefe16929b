"""What flows share: rule sets, decision tables and lookup tables, their versions, and what a change would touch."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from pydantic import BaseModel, Field

from designer import drawing, shelf
from designer.api.body import Body, Slug
from designer.api.opening import new_room
from designer.api.trials import OtherwiseBody, otherwise_as
from designer.auth import allow, me
from designer.diff import compare_shared
from designer.errors import ProblemBody, not_found
from designer.installation import here
from engine import clock
from engine.errors import DefinitionError, Problem, RequestError
from engine.flow import Document
from engine.library import Issue, Kind, check, parse
from engine.record import from_json
from engine.store import audit, library
from engine.store.database import Session

room = new_room("library")

SHOWN = 200
NOUNS = {"rules": "rule set", "decision": "decision table", "lookup": "lookup table"}


class NewEntry(Body):
    """``document`` is what stands in it first; without one it starts empty."""

    kind: Kind
    title: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=2000)
    document: dict[str, Any] | None = None


class EntryChange(Body):
    description: str = Field(max_length=2000)


class Drawn(Body):
    document: dict[str, Any]


class NewVersion(Body):
    """``base``: the version that was changed, so that nobody overwrites what somebody else has saved."""

    document: dict[str, Any]
    base: int
    note: str = Field(default="", max_length=2000)


class Taking(Body):
    """``document`` is the drawing that is to use it; without a version it gets the newest."""

    document: dict[str, Any]
    version: int | None = None


class EntryVersion(Body):
    slug: str
    number: int


class DiffQuery(Body):
    old: int = Field(alias="from")
    new: int = Field(alias="to")


class UserBody(BaseModel):
    """``live`` and ``draft``: the version that the flow uses in its published version and in its draft."""

    slug: str
    name: str
    live: int | None
    draft: int | None


class EntryBody(BaseModel):
    """``columns`` of a lookup table, and whether it is one of currency rates."""

    slug: str
    kind: Kind
    title: str
    description: str
    version: int
    rows: int
    updated_at: str
    by: str
    live_source: bool
    columns: list[str]
    rates: bool
    used_by: list[UserBody]


class EntryDetail(EntryBody):
    """``shape``: the fields that arrive where a flow uses it; null while none does."""

    document: dict[str, Any]
    shape: dict[str, Any] | None


class CheckedBody(BaseModel):
    problems: list[ProblemBody]


class StepBody(BaseModel):
    """``judged`` real records of this step; ``complete`` is False where there were more than could be looked at."""

    node: str
    title: str
    judged: int
    count: int
    complete: bool
    problem: str
    changed: list[OtherwiseBody]


class FlowImpactBody(UserBody):
    steps: list[StepBody]


class ImpactBody(BaseModel):
    days: int
    judged: int
    count: int
    flows: list[FlowImpactBody]


class TakenBody(BaseModel):
    """The parts of the drawing that hold what is shared, as they are to be from now on."""

    tables: dict[str, Any]
    rules: dict[str, Any]
    decisions: dict[str, Any]
    shared: dict[str, Any]


@room.get("/api/library")
@allow("viewer")
def index() -> Response:
    """Everything that flows can share, by title, and who uses it."""
    with here().database.read() as store:
        used = shelf.used_by(store)
        return jsonify([_entry(store, row, used.get(row.slug, [])) for row in library.everything(store)])


@room.post("/api/library", responses={201: EntryDetail})
@allow("editor")
def create(body: NewEntry) -> tuple[Response, int]:
    """A new rule set, decision table or lookup table; what is sent becomes its first version."""
    document = parse(body.kind, {**(body.document or _empty(body.kind)), "title": body.title})
    with here().database.write() as store:
        _refuse_wrong(store, document, body.document is not None)
        row = library.add(store, body.kind, body.title, body.description)
        library.save(store, row, document, me().actor, "First version")
        audit.note(store, me().actor, "library.create", row.slug, kind=body.kind, title=body.title)
        slug = row.slug
    return jsonify(entry_detail(slug)), 201


@room.get("/api/library/<string:slug>", responses={200: EntryDetail})
@allow("viewer")
def detail(path: Slug) -> Response:
    """The newest version, and the fields that it can look at where flows use it."""
    return jsonify(entry_detail(path.slug))


@room.patch("/api/library/<string:slug>", responses={200: EntryDetail})
@allow("editor")
def change(path: Slug, body: EntryChange) -> Response:
    """Describe it anew; its title is part of the document."""
    with here().database.write() as store:
        row = shelf.entry(store, path.slug, lock=True)
        row.description = body.description
        store.add(row)
        audit.note(store, me().actor, "library.change", row.slug, description=body.description)
    return jsonify(entry_detail(path.slug))


@room.delete("/api/library/<string:slug>")
@allow("editor")
def delete(path: Slug) -> tuple[str, int]:
    """Delete what no flow uses; old versions of flows keep their copies."""
    with here().database.write() as store:
        row = shelf.entry(store, path.slug, lock=True)
        users = shelf.used_by(store).get(row.slug, [])
        if users:
            names = ", ".join(f"«{user.row.name}»" for user in users[:5])
            raise RequestError(
                f"«{row.title}» is used by {names}.",
                status=409,
                code="E-SHARED-USED",
                cure="Let these flows use something else and publish them; then it can be deleted.",
            )
        row.deleted_at = clock.now()
        row.slug = f"{row.slug}~{row.id}"
        store.add(row)
        audit.note(store, me().actor, "library.delete", path.slug, title=row.title)
    return "", 204


@room.post("/api/library/<string:slug>/check", responses={200: CheckedBody})
@allow("viewer")
def judge(path: Slug, body: Drawn) -> Response:
    """What is wrong with it as it stands in the editor."""
    with here().database.read() as store:
        row = shelf.entry(store, path.slug)
        found = _problems(store, parse(row.kind, body.document))
    return jsonify({"problems": [problem.as_json() for problem in found]})


@room.get("/api/library/<string:slug>/versions")
@allow("viewer")
def versions(path: Slug) -> Response:
    """Newest first."""
    with here().database.read() as store:
        found = library.versions(store, shelf.entry(store, path.slug))
    return jsonify(
        [
            {"number": one.number, "at": clock.iso(one.at), "by": one.by, "note": one.note, "rows": one.rows}
            for one in found
        ]
    )


@room.get("/api/library/<string:slug>/versions/<int:number>")
@allow("viewer")
def document(path: EntryVersion) -> Response:
    """The document of one version; rows of a large lookup table are under ``/rows``."""
    with here().database.read() as store:
        return jsonify(dict(shelf.issue(store, path.slug, path.number).document))


@room.get("/api/library/<string:slug>/diff")
@allow("viewer")
def diff(path: Slug, query: DiffQuery) -> Response:
    """What changed from one version to another, in plain words."""
    with here().database.read() as store:
        old, new = (_whole(store, path.slug, number) for number in (query.old, query.new))
    return jsonify({"changes": [change.text for change in compare_shared(old, new)]})


@room.post("/api/library/<string:slug>/versions", responses={201: EntryDetail})
@allow("editor")
def save(path: Slug, body: NewVersion) -> tuple[Response, int]:
    """Save it as the next version. Flows go on with theirs until somebody takes this one."""
    with here().database.write() as store:
        row = shelf.entry(store, path.slug, lock=True)
        refuse_stale(store, row, body.base)
        document = parse(row.kind, body.document)
        _refuse_wrong(store, document, True)
        before = library.version(store, row, row.number)
        rows = library.rows_of(store, before) if before is not None and library.is_large(before) else None
        version = library.save(store, row, document, me().actor, body.note, rows)
        audit.note(store, me().actor, "library.save", row.slug, version=version.number, note=body.note)
    return jsonify(entry_detail(path.slug)), 201


@room.post("/api/library/<string:slug>/impact", responses={200: ImpactBody})
@allow("editor")
def impact(path: Slug, body: Drawn) -> Response:
    """Which flows a change touches, and which real records of the last 30 days would be decided otherwise."""
    with here().database.read() as store:
        row = shelf.entry(store, path.slug)
        document = parse(row.kind, body.document).model_dump()
        before = library.version(store, row, row.number)
        if before is not None and library.is_large(before):
            document["rows"] = library.rows_of(store, before)
        changed = Issue(row.slug, row.kind, row.number + 1, row.title, document)  # type: ignore[arg-type]
        told = []
        for user in shelf.used_by(store).get(row.slug, []):
            steps = [_step(touched) for touched in shelf.impact(store, changed, user)]
            told.append({**user.as_json(), "steps": steps})
    every = [step for flow in told for step in flow["steps"]]
    return jsonify(
        {
            "days": shelf.DAYS,
            "judged": sum(step["judged"] for step in every),
            "count": sum(step["count"] for step in every),
            "flows": told,
        }
    )


@room.post("/api/library/<string:slug>/take", responses={200: TakenBody})
@allow("viewer")
def take(path: Slug, body: Taking) -> Response:
    """The parts of a drawing in which it uses this version; nothing is stored until the drawing is saved."""
    with here().database.read() as store:
        flow = shelf.taken(store, drawing.parse(body.document), path.slug, body.version)
    dumped = flow.model_dump(include={"tables", "rules", "decisions", "shared"})
    return jsonify(dumped)


def refuse_stale(store: Session, row: library.RuleSetRow, base: int) -> None:
    """Raises RequestError (409) when somebody else has saved a version meanwhile."""
    if row.number != base:
        newest = library.version(store, row, row.number)
        raise RequestError(
            f"«{row.title}» has been changed meanwhile by {newest.by if newest else 'somebody'}.",
            status=409,
            code="E-REVISION",
            cure="Load the newest version and make your change there.",
        )


def _empty(kind: str) -> dict[str, Any]:
    empty: dict[str, dict[str, Any]] = {
        "rules": {"rules": []},
        "decision": {
            "inputs": [{"id": "input_1", "title": "Condition 1", "type": "text"}],
            "outputs": [{"id": "output_1", "title": "Answer 1"}],
            "rows": [],
        },
        "lookup": {"columns": ["From", "To"], "rows": []},
    }
    return empty[kind]


def _problems(store: Session, document: Document) -> list[Problem]:
    return check(document, shelf.tables_for(store, document.model_dump()))


def _refuse_wrong(store: Session, document: Document, strict: bool) -> None:
    errors = [problem for problem in _problems(store, document) if problem.severity == "error"]
    if errors and strict:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise DefinitionError(errors, f"It cannot be saved: {errors[0].message}{more}")


def _whole(store: Session, slug: str, number: int) -> Issue:
    found = shelf.issue(store, slug, number)
    version = library.version(store, shelf.entry(store, slug), number)
    if version is None:
        raise not_found("version", str(number))
    if not found.large:
        return found
    document = {**found.document, "rows": library.rows_of(store, version)}
    return Issue(slug, found.kind, found.version, found.title, document, found.rows)


def _entry(store: Session, row: library.RuleSetRow, users: list[shelf.User]) -> dict[str, Any]:
    newest = library.version(store, row, row.number)
    head = from_json(newest.text) if newest and row.kind == "lookup" else {}
    return {
        "slug": row.slug,
        "kind": row.kind,
        "title": row.title,
        "description": row.description,
        "version": row.number,
        "rows": newest.rows if newest else 0,
        "updated_at": clock.iso(row.updated_at),
        "by": newest.by if newest else "",
        "live_source": bool(row.source),
        "columns": head.get("columns", []),
        "rates": bool(head.get("rates")),
        "used_by": [user.as_json() for user in users],
    }


def entry_detail(slug: str) -> dict[str, Any]:
    """An EntryDetail: the newest version, as it is kept."""
    with here().database.read() as store:
        row = shelf.entry(store, slug)
        users = shelf.used_by(store).get(slug, [])
        told = {**_entry(store, row, users), "document": dict(shelf.issue(store, slug).document)}
    for user in users:
        flow = user.row.document()
        judged = drawing.judge(flow, user.row.bound()).nodes
        shape = shelf.shape_at(flow, slug, judged)
        if shape:
            return {**told, "shape": shape}
    return {**told, "shape": None}


def _step(touched: shelf.Touched) -> dict[str, Any]:
    return {
        "node": touched.node,
        "title": touched.title,
        "judged": touched.judged,
        "count": len(touched.otherwise),
        "complete": touched.complete,
        "problem": touched.problem,
        "changed": [otherwise_as(*one) for one in touched.otherwise[:SHOWN]],
    }
