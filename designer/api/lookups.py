"""Rows of shared lookup tables: page by page, edited in place, from a file, or read live from a system."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, jsonify
from flask_openapi3 import FileStorage
from pydantic import BaseModel, ConfigDict, Field

from designer import feeds, shelf
from designer.api.body import Body, Slug
from designer.api.library import EntryDetail, entry_detail, refuse_stale
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.feeds import Feed
from designer.installation import here
from engine import clock
from engine.errors import DefinitionError, Problem, RequestError
from engine.flow import LookupTable
from engine.library import MAX_ROWS, check_lookup
from engine.sheet import read_cells
from engine.store import audit, connections, library
from engine.store.database import Session

room = new_room("lookups", "library")

MAX_FILE = 10_000_000
MAX_EDITS = 5_000
Cells = Annotated[list[str | None], Field(max_length=100)]


class PageQuery(Body):
    """``search``: the start of the key; without a version, the newest."""

    version: int | None = None
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=100, ge=1, le=500)
    search: str = Field(default="", max_length=200)


class RowBody(BaseModel):
    """``place`` is its number in the version, from 0."""

    place: int
    cells: list[str | None]


class PageBody(BaseModel):
    rows: list[RowBody]
    total: int


class Edits(Body):
    """What becomes of rows of the version ``base``: changed or (null) removed by their place, and added."""

    base: int
    note: str = Field(default="", max_length=2000)
    changed: dict[int, Cells | None] = Field(default={}, max_length=MAX_EDITS)
    added: list[Cells] = Field(default=[], max_length=MAX_EDITS)


class RowsUpload(BaseModel):
    """A CSV file or Excel workbook whose rows replace those of the version ``base``."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: FileStorage
    base: int


class FeedBody(Body):
    connection: str
    entity: str = Field(min_length=1, max_length=200)
    fields: dict[str, str]
    hours: int = Field(default=0, ge=0, le=24 * 31)


class FeedState(FeedBody):
    at: str | None
    message: str


class RefreshedBody(BaseModel):
    version: int
    rows: int
    changed: bool


@room.get("/api/library/<string:slug>/rows", responses={200: PageBody})
@allow("viewer")
def rows(path: Slug, query: PageQuery) -> Response:
    """Rows of a lookup table, in their order."""
    with here().database.read() as store:
        row = _table(store, path.slug)
        version = library.version(store, row, query.version or row.number)
        if version is None:
            return jsonify({"rows": [], "total": 0})
        if library.is_large(version):
            found, total = library.page(store, version, query.offset, query.limit, query.search)
        else:
            wanted = query.search.strip().casefold()
            every = [
                (place, cells)
                for place, cells in enumerate(library.rows_of(store, version))
                if (cells[0] or "").strip().casefold().startswith(wanted)
            ]
            found, total = every[query.offset : query.offset + query.limit], len(every)
    return jsonify({"rows": [{"place": place, "cells": cells} for place, cells in found], "total": total})


@room.post("/api/library/<string:slug>/rows", responses={201: EntryDetail})
@allow("editor")
def edit(path: Slug, body: Edits) -> tuple[Response, int]:
    """Change, remove and add rows: the next version."""
    with here().database.write() as store:
        row = _table(store, path.slug, lock=True)
        refuse_stale(store, row, body.base)
        version = library.version(store, row, row.number)
        before = library.rows_of(store, version) if version is not None else []
        kept = [
            cells
            for cells in (body.changed.get(place, cells) for place, cells in enumerate(before))
            if cells is not None
        ]
        _save(store, row, [*kept, *body.added], body.note)
    return jsonify(entry_detail(path.slug)), 201


@room.post("/api/library/<string:slug>/import", responses={201: EntryDetail})
@allow("editor")
def import_rows(path: Slug, form: RowsUpload) -> tuple[Response, int]:
    """The rows of a file in place of those that are there: the next version. A first row that equals the
    headings is left out."""
    with form.file.stream:
        raw = form.file.read(MAX_FILE + 1)
    if not raw or len(raw) > MAX_FILE:
        raise RequestError(
            "The file is empty." if not raw else "The file is larger than 10 MB.",
            status=422,
            code="E-FILE",
            cure="Choose another file.",
        )
    cells = read_cells(bytes(raw), MAX_ROWS, MAX_FILE)
    with here().database.write() as store:
        row = _table(store, path.slug, lock=True)
        refuse_stale(store, row, form.base)
        columns = shelf.issue(store, path.slug).document["columns"]
        if cells and [cell.casefold() for cell in cells[0]] == [name.casefold() for name in columns]:
            cells = cells[1:]
        if any(len(line) > len(columns) and any(line[len(columns) :]) for line in cells):
            raise RequestError(
                f"The file has more columns than the table, which has {len(columns)}.",
                status=422,
                code="E-COLUMN",
                cure="Add columns to the table, or take them out of the file.",
            )
        lines = [[cell or None for cell in line[: len(columns)]] for line in cells]
        _save(store, row, lines, f"From {form.file.filename or 'a file'}"[:200])
    return jsonify(entry_detail(path.slug)), 201


@room.get("/api/library/<string:slug>/source")
@allow("viewer")
def source(path: Slug) -> Response:
    """Where the table is read from, live; null for one that is kept by hand."""
    with here().database.read() as store:
        return jsonify(_told(feeds.feed_of(_table(store, path.slug))))


@room.put("/api/library/<string:slug>/source")
@allow("editor")
def set_source(path: Slug, body: FeedBody) -> Response:
    """Read the table from a system from now on: a field for each column."""
    with here().database.write() as store:
        row = _table(store, path.slug, lock=True)
        columns = shelf.issue(store, path.slug).document["columns"]
        if connections.find(store, body.connection) is None:
            raise RequestError(
                "This connection is gone.", status=422, code="E-UNBOUND", cure="Choose another."
            )
        if set(body.fields) - set(columns) or not body.fields.get(columns[0]):
            raise RequestError(
                f"«{columns[0]}» needs a field to be read from.",
                status=422,
                code="E-COLUMN",
                cure="Choose a field for it.",
            )
        feed = Feed.model_validate(body.model_dump())
        feeds.keep(row, feed)
        store.add(row)
        audit.note(store, me().actor, "library.source", row.slug, **body.model_dump())
    return jsonify(_told(feed))


@room.delete("/api/library/<string:slug>/source")
@allow("editor")
def drop_source(path: Slug) -> tuple[str, int]:
    """Keep the table by hand from now on."""
    with here().database.write() as store:
        row = _table(store, path.slug, lock=True)
        feeds.keep(row, None)
        store.add(row)
        audit.note(store, me().actor, "library.source", row.slug)
    return "", 204


@room.post("/api/library/<string:slug>/refresh", responses={200: RefreshedBody})
@allow("editor")
def refresh(path: Slug) -> Response:
    """Read the table from its system now; what has changed becomes the next version."""
    done = feeds.refresh(here().runtime, path.slug, me().actor)
    return jsonify({"version": done.version, "rows": done.rows, "changed": done.changed})


def _table(store: Session, slug: str, *, lock: bool = False) -> library.RuleSetRow:
    row = shelf.entry(store, slug, lock=lock)
    if row.kind != "lookup":
        raise RequestError(
            f"«{row.title}» is no lookup table.", status=409, code="E-SHARED-KIND", cure="Choose another."
        )
    return row


def _save(store: Session, row: library.RuleSetRow, lines: list[list[str | None]], note: str) -> None:
    if len(lines) > MAX_ROWS:
        message = f"A table has at most {MAX_ROWS:,} rows; these are {len(lines):,}."
        raise DefinitionError([Problem("E-LOOKUP-ROWS", message, "Take rows away.")])
    table = LookupTable.model_validate(shelf.issue(store, row.slug).document)
    errors = check_lookup(table.model_copy(update={"rows": lines}))
    if errors:
        raise DefinitionError(errors, f"It cannot be saved: {errors[0].message}")
    version = library.save(store, row, table, me().actor, note, lines)
    audit.note(store, me().actor, "library.save", row.slug, version=version.number, note=note)


def _told(feed: Feed | None) -> dict[str, Any] | None:
    if feed is None:
        return None
    return {**feed.model_dump(), "at": clock.iso(feed.at) if feed.at else None}
