"""What was published: versions, differences in plain words, the document as a file."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from pydantic import BaseModel, Field

from designer import drawing
from designer.api.body import Body, Slug
from designer.api.opening import new_room
from designer.auth import allow
from designer.diff import compare
from designer.errors import not_found
from designer.installation import here
from engine.clock import iso
from engine.flow import Flow
from engine.record import from_json
from engine.store import flows

room = new_room("versions")


class VersionPath(Body):
    slug: str
    number: int


class DiffQuery(Body):
    """Version numbers, or ``draft``."""

    old: str = Field(alias="from", pattern=r"^(draft|\d{1,9})$")
    new: str = Field(alias="to", default="draft", pattern=r"^(draft|\d{1,9})$")


class ChangeBody(BaseModel):
    kind: str
    node: str | None
    title: str
    text: str


class DiffBody(BaseModel):
    changes: list[ChangeBody]
    layout_changed: bool


@room.get("/api/flows/<string:slug>/versions")
@allow("viewer")
def index(path: Slug) -> Response:
    """The published versions, newest first."""
    with here().database.read() as store:
        found = flows.versions(store, _row(store, path.slug))
    return jsonify(
        [{"number": row.number, "at": iso(row.at), "by": row.published_by, "note": row.note} for row in found]
    )


@room.get("/api/flows/<string:slug>/versions/<int:number>", responses={200: Flow})
@allow("viewer")
def document(path: VersionPath) -> Response:
    """The document of one version."""
    with here().database.read() as store:
        return jsonify(from_json(_text(store, _row(store, path.slug), str(path.number))))


@room.get("/api/flows/<string:slug>/diff", responses={200: DiffBody})
@allow("viewer")
def diff(path: Slug, query: DiffQuery) -> Response:
    """What changed between two versions, in plain words."""
    with here().database.read() as store:
        row = _row(store, path.slug)
        old, new = (
            Flow.model_validate(from_json(_text(store, row, name))) for name in (query.old, query.new)
        )
    found = compare(old, new)
    return jsonify(
        {
            "changes": [
                {"kind": change.kind, "node": change.node, "title": change.title, "text": change.text}
                for change in found.changes
            ],
            "layout_changed": found.layout_changed,
        }
    )


@room.get("/api/flows/<string:slug>/export", responses={200: Flow})
@allow("viewer")
def export(path: Slug) -> Response:
    """The draft as a file; no secret is inside, connections are named slots."""
    with here().database.read() as store:
        row = _row(store, path.slug)
    response = Response(row.draft, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{row.slug}.json"'
    return response


def _row(store: Any, slug: str) -> flows.FlowRow:
    row = flows.find(store, slug)
    if row is None:
        raise drawing.missing(slug)
    return row


def _text(store: Any, row: flows.FlowRow, name: str) -> str:
    if name == "draft":
        return row.draft
    version = flows.version(store, row, int(name))
    if version is None:
        raise not_found("version", name)
    return version.text
