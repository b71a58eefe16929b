"""Trying a drawing: a few records are read for real, and nothing is written."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from pydantic import Field

from designer import drawing
from designer.api.body import Body, Slug
from designer.api.opening import new_room
from designer.auth import allow
from designer.installation import here
from designer.secrecy import struck_out
from engine.connector import Connector
from engine.errors import RequestError
from engine.preview import LIMIT, Preview
from engine.record import Record
from engine.store import flows, library

room = new_room("tries", "flows")


class Given(Body):
    """A record to try instead of reading one."""

    key: str
    data: Any
    title: str = ""


class Try(Body):
    """Without a document the draft is tried; without records some are read; ``input`` is what a trigger brings."""

    document: dict[str, Any] | None = None
    records: list[Given] | None = Field(default=None, max_length=LIMIT)
    input: Any = None
    limit: int = Field(default=10, ge=1, le=LIMIT)


@room.post("/api/flows/<string:slug>/preview")
@allow("editor")
def preview(path: Slug, body: Try) -> Response:
    """What would happen to a few records, step by step. Reads from the bound systems, writes nothing."""
    installation = here()
    with installation.database.read() as store:
        row = flows.find(store, path.slug)
        if row is None:
            raise drawing.missing(path.slug)
        flow = row.document() if body.document is None else drawing.parse(body.document)
        flow = library.filled(store, flow)
        bindings = drawing.bind_missing(store, flow, row.bound())
    opened: list[Connector[Any]] = []

    def connect(slot: str) -> Connector[Any]:
        if slot not in bindings:
            raise RequestError(
                f"No connection is chosen for «{slot}».",
                status=422,
                code="E-UNBOUND",
                cure="Choose one, then try again.",
            )
        opened.append(installation.runtime.open(bindings[slot], read_only=True))
        return opened[-1]

    with struck_out(opened):
        found = Preview(installation.database, flow, row.id, bindings, connect).run(
            records=None
            if body.records is None
            else [Record(one.key, one.data, title=one.title) for one in body.records],
            brought=body.input or None,
            limit=body.limit,
        )
    return jsonify(found)
