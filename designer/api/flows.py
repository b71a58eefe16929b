"""Drawings: list, draw, check, bind, publish, import and export."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify
from pydantic import BaseModel, Field, RootModel

from designer import drawing, needs, publishing, signatures
from designer.api.body import Body, Slug
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.errors import ProblemBody
from designer.installation import here
from engine import verdicts
from engine.clock import iso
from engine.errors import RequestError
from engine.flow import Flow
from engine.record import from_json
from engine.store import audit, flows, progress, publications, schedules

room = new_room("flows")


class NewFlow(Body):
    """One of: a name for an empty drawing, a document, or the slug of a template. ``four_eyes``: whether a second
    person publishes it, whatever the document says."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    document: dict[str, Any] | None = None
    template: str | None = None
    four_eyes: bool | None = None


class Imported(Body):
    document: dict[str, Any]


class DraftSave(Body):
    """``revision``: the one that was loaded or last answered."""

    document: dict[str, Any]
    revision: int


class Bindings(RootModel[dict[str, str]]):
    """Slot → connection id."""


class FlowChange(Body):
    """``with_needed``: switch on with it the paused flows that provide what it needs."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    state: Literal["live", "paused"] | None = None
    with_needed: bool = False


class CheckBody(Body):
    document: dict[str, Any]
    bindings: dict[str, str] = {}


class Publication(Body):
    revision: int
    note: str = Field(default="", max_length=2000)


class JudgementBody(BaseModel):
    """``nodes``: per node id its summary, outputs and the shapes that arrive and leave."""

    problems: list[ProblemBody]
    nodes: dict[str, Any]


class SavedBody(JudgementBody):
    revision: int


class FlowBody(BaseModel):
    slug: str
    document: Flow
    revision: int
    bindings: dict[str, str]
    problems: list[ProblemBody]
    state: Literal["draft", "live", "paused"]
    live_version: int | None
    draft_changed: bool
    guarded: bool
    request: int | None
    hook: dict[str, str] | None
    plan: JudgementBody


@room.get("/api/flows")
@allow("viewer")
def index() -> Response:
    """All flows, the last changed first."""
    with here().database.read() as store:
        rows = flows.all_flows(store)
        live = flows.live_texts(store)
        last = progress.last_runs(store, [row.id for row in rows])
    return jsonify(
        [
            {
                "slug": row.slug,
                "name": row.name,
                "description": row.description,
                "state": row.state,
                "live_version": row.live_number,
                "draft_changed": live.get(row.id) != row.draft,
                "owner": row.owner,
                "last_run": last.get(row.id),
                "problems": row.problems,
                "decides": verdicts.can_decide(live.get(row.id)),
                "updated_at": iso(row.updated_at),
            }
            for row in rows
        ]
    )


@room.post("/api/flows", responses={201: FlowBody})
@allow("editor")
def create(body: NewFlow) -> tuple[Response, int]:
    """A new flow: empty, from a document, or from a template."""
    if sum(given is not None for given in (body.name, body.document, body.template)) != 1:
        raise RequestError(
            "A new flow needs exactly one of name, document and template.",
            status=422,
            code="E-BODY",
            cure="Send one of the three.",
        )
    if body.template is not None:
        template = drawing.templates().get(body.template)
        if template is None:
            raise RequestError(
                f"There is no template «{body.template}».",
                status=404,
                code="E-NOT-FOUND",
                cure="See /api/templates.",
            )
        return _add(_marked(template, body.four_eyes), "flow.create", slug=body.template)
    flow = drawing.parse(body.document) if body.document is not None else Flow(name=body.name or "")
    return _add(_marked(flow, body.four_eyes), "flow.create")


@room.post("/api/flows/import", responses={201: FlowBody})
@allow("editor")
def import_flow(body: Imported) -> tuple[Response, int]:
    """A flow from an exported document. Node types that are not installed are kept as they are."""
    return _add(drawing.parse(body.document), "flow.import")


@room.get("/api/templates")
@allow("viewer")
def templates() -> Response:
    """The ready-made flows."""
    return jsonify(
        [
            {
                "slug": slug,
                "name": flow.name,
                "description": flow.description,
                "systems": sorted({slot.system for slot in flow.slots.values()}),
            }
            for slug, flow in drawing.templates().items()
        ]
    )


@room.get("/api/flows/<string:slug>", responses={200: FlowBody})
@allow("viewer")
def detail(path: Slug) -> Response:
    """A flow with its draft, judged."""
    return jsonify(_detail(path.slug))


@room.put("/api/flows/<string:slug>/draft", responses={200: SavedBody})
@allow("editor")
def save(path: Slug, body: DraftSave) -> Response:
    """Save the draft. A stale revision answers 409 with the server's draft under ``current``."""
    revision, judgement = drawing.save(path.slug, body.document, body.revision)
    return jsonify({"revision": revision, **judgement.as_json()})


@room.put("/api/flows/<string:slug>/bindings")
@allow("editor")
def bind(path: Slug, body: Bindings) -> Response:
    """Choose the connection of each slot."""
    with here().database.write() as store:
        row = _row(store, path.slug, lock=True)
        flow = row.document()
        drawing.check_bindings(store, flow, body.root)
        publishing.refuse_rebinding(store, row, body.root)
        flows.bind(store, row, drawing.bind_missing(store, flow, body.root))
        audit.note(store, me().actor, "flow.bind", row.slug, bindings=body.root)
    return jsonify(_detail(path.slug))


@room.patch("/api/flows/<string:slug>", responses={200: FlowBody})
@allow("editor")
def change(path: Slug, body: FlowChange) -> Response:
    """Rename, pause or resume a flow; those that provide what it needs can be resumed with it."""
    before: list[str] = []
    if body.state == "live" and body.with_needed:
        with here().database.read() as store:
            before = [other.slug for other in needs.to_switch_on(store, _row(store, path.slug))]
    with here().database.write() as store:
        for slug in before:
            other = _row(store, slug, lock=True)
            if other.state == "paused":
                schedules.restart(store, other.id)
                other.state = "live"
                store.add(other)
                audit.note(store, me().actor, "flow.change", slug, state="live", needed_by=path.slug)
        row = _row(store, path.slug, lock=True)
        if body.state is not None and row.live_number is None:
            raise RequestError(
                f"«{row.name}» has never been published.",
                status=409,
                code="E-NOT-PUBLISHED",
                cure="Publish it first.",
            )
        if body.name is not None and body.name != row.name:
            flows.save_draft(store, row, row.document().model_copy(update={"name": body.name}))
        if body.state == "live" and row.state != "live":
            schedules.restart(store, row.id)
        row.state = body.state or row.state
        store.add(row)
        audit.note(store, me().actor, "flow.change", row.slug, **body.model_dump(exclude_none=True))
    return jsonify(_detail(path.slug))


@room.get("/api/flows/<string:slug>/needs")
@allow("viewer")
def needed(path: Slug) -> Response:
    """What the objects that a flow writes need, who provides it, and which live flows need what it writes."""
    with here().database.read() as store:
        return jsonify(needs.told(store, path.slug))


@room.delete("/api/flows/<string:slug>")
@allow("editor")
def delete(path: Slug) -> tuple[str, int]:
    """Delete a flow that is not live and has no open runs; its history stays."""
    with here().database.write() as store:
        row = _row(store, path.slug, lock=True)
        waiting = progress.open_runs(store, row.id)
        if waiting:
            raise RequestError(
                f"«{row.name}» has {waiting} unfinished runs.",
                status=409,
                code="E-RUNNING",
                cure="Wait for them or cancel them; then it can be deleted.",
            )
        flows.delete(store, row)
        audit.note(store, me().actor, "flow.delete", path.slug, name=row.name)
    return "", 204


@room.post("/api/flows/<string:slug>/hook")
@allow("editor")
def new_hook(path: Slug) -> Response:
    """A new hook address; the old one stops working at once."""
    with here().database.write() as store:
        row = _row(store, path.slug, lock=True)
        flows.new_hook_key(store, row)
        audit.note(store, me().actor, "flow.hook", row.slug)
        return jsonify({"hook": hook(row)})


@room.post("/api/flows/check", responses={200: JudgementBody})
@allow("viewer")
def check(body: CheckBody) -> Response:
    """Judge a drawing without saving it."""
    return jsonify(drawing.judge(drawing.parse(body.document), body.bindings).as_json())


@room.post("/api/flows/<string:slug>/publish")
@allow("editor")
def publish(path: Slug, body: Publication) -> Response:
    """Freeze the draft as the next version and put it live. Errors in the drawing answer 422; a flow that posts
    to the ledger answers 409: ask for it instead."""
    return jsonify({"version": publishing.publish(path.slug, body.revision, body.note, me())})


def hook(row: flows.FlowRow) -> dict[str, str]:
    """The hook's address, and the secret with which callers sign when the trigger asks for it."""
    return {
        "url": f"/hooks/{row.slug}/{row.hook_key}",
        "secret": signatures.shown(here().seal, row.hook_key),
    }


def _row(store: Any, slug: str, *, lock: bool = False) -> flows.FlowRow:
    row = flows.find(store, slug, lock=lock)
    if row is None:
        raise drawing.missing(slug)
    return row


def _marked(flow: Flow, four_eyes: bool | None) -> Flow:
    if four_eyes is None:
        return flow
    return flow.model_copy(update={"policy": flow.policy.model_copy(update={"four_eyes": four_eyes})})


def _add(flow: Flow, action: str, slug: str | None = None) -> tuple[Response, int]:
    with here().database.read() as store:
        bindings = drawing.bind_missing(store, flow, {})
    problems = drawing.judge(flow, bindings).to_solve(flow)
    with here().database.write() as store:
        row = flows.add(store, flow, me().actor, bindings=bindings, slug=slug)
        row.problems = problems
        audit.note(store, me().actor, action, row.slug, name=row.name)
        added = row.slug
    return jsonify(_detail(added)), 201


def _detail(slug: str) -> dict[str, Any]:
    with here().database.read() as store:
        row = _row(store, slug)
        live = flows.live_texts(store).get(row.id)
        guarded = publishing.guarded(store, row)
        asked = publications.open_of(store, row.id)
    judgement = drawing.judge(row.document(), row.bound()).as_json()
    shown = {
        "slug": row.slug,
        "document": from_json(row.draft),
        "revision": row.revision,
        "bindings": row.bound(),
        "problems": judgement["problems"],
        "state": row.state,
        "live_version": row.live_number,
        "draft_changed": live != row.draft,
        "guarded": guarded,
        "request": asked.id if asked else None,
        "plan": judgement,
    }
    return {**shown, "hook": hook(row) if me().may("editor") else None}
