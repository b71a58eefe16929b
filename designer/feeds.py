"""Lookup tables that are read live from a system: a refresh is a new version when anything has changed there."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from designer import shelf
from engine import clock
from engine.compare import dig
from engine.connector import Connector, Query
from engine.errors import DefinitionError, HeddleError, Problem, RequestError
from engine.flow import LookupTable
from engine.functions import as_text
from engine.library import MAX_ROWS
from engine.record import from_json, to_json
from engine.runtime import Runtime
from engine.store import audit, library

ROUND = 60.0
"""Seconds between two looks for tables that are due."""

log = logging.getLogger("heddle.feeds")


class Feed(BaseModel):
    """Where a table is read from: an entity of a connection, and for each column a field of it.

    hours          how often it is read again by itself; 0: only by hand
    at, message    when it was last read, and why that failed
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    connection: str
    entity: Annotated[str, Field(min_length=1, max_length=200)]
    fields: dict[str, str]
    hours: Annotated[int, Field(ge=0, le=24 * 31)] = 0
    at: float = 0.0
    message: str = ""


@dataclass(frozen=True)
class Refreshed:
    """``changed`` is False when the system has what the newest version has."""

    version: int
    rows: int
    changed: bool


def feed_of(row: library.RuleSetRow) -> Feed | None:
    return Feed.model_validate(from_json(row.source)) if row.source else None


def keep(row: library.RuleSetRow, feed: Feed | None) -> None:
    row.source = to_json(feed.model_dump()).decode() if feed is not None else ""


def refresh(runtime: Runtime, slug: str, by: str) -> Refreshed:
    """Reads all rows and saves them as a version if they differ. Raises what the system raises while reading."""
    with runtime.database.read() as session:
        feed = feed_of(shelf.entry(session, slug))
        table = LookupTable.model_validate(shelf.issue(session, slug).document)
    if feed is None:
        raise RequestError(
            "This table is not read from a system.",
            status=409,
            code="E-FEED-NONE",
            cure="Say first where it is read from.",
        )
    try:
        rows = read(runtime.open(feed.connection, read_only=True), feed, table)
    except HeddleError as error:
        _note(runtime, slug, feed, error.message)
        raise
    with runtime.database.write() as session:
        row = shelf.entry(session, slug, lock=True)
        newest = library.version(session, row, row.number)
        keep(row, feed.model_copy(update={"at": clock.now(), "message": ""}))
        session.add(row)
        before = library.rows_of(session, newest) if newest is not None else []
        if before == rows:
            return Refreshed(row.number, len(rows), False)
        if not rows and before:
            raise DefinitionError([_empty(row.title, len(before))])
        version = library.save(session, row, table, by, "Read from the system", rows)
        audit.note(session, by, "library.refresh", slug, version=version.number, rows=len(rows))
        return Refreshed(version.number, len(rows), True)


def _empty(title: str, count: int) -> Problem:
    message = f"The system says that there is nothing in it, and «{title}» has {count:,} rows; they are kept."
    return Problem("E-FEED-EMPTY", message, "Check what the connection may see, then read it again.")


def _note(runtime: Runtime, slug: str, feed: Feed, message: str) -> None:
    with runtime.database.write() as session:
        row = shelf.entry(session, slug, lock=True)
        keep(row, feed.model_copy(update={"at": clock.now(), "message": message}))
        session.add(row)


def read(connector: Connector[Any], feed: Feed, table: LookupTable) -> list[library.Cells]:
    """The rows of the table as the system has them, by key. Raises DefinitionError when they are too many."""
    wanted = [feed.fields.get(column, "") for column in table.columns]
    query = Query(entity=feed.entity, fields=tuple(dict.fromkeys(name for name in wanted if name)))
    rows: dict[tuple[str | None, ...], None] = {}
    cursor: Any = None
    while True:
        page = connector.read(query, cursor, connector.capability.page)
        for record in page.records:
            cells = tuple(_cell(record.data, name) for name in wanted)
            if cells[0]:
                rows[cells] = None
        cursor = page.cursor
        if len(rows) > MAX_ROWS:
            message = f"There are more than {MAX_ROWS:,} rows."
            raise DefinitionError([Problem("E-LOOKUP-ROWS", message, "Choose a smaller list.")])
        if cursor is None or not page.records:
            break
    return [list(cells) for cells in sorted(rows, key=lambda cells: [cell or "" for cell in cells])]


def _cell(data: Any, name: str) -> str | None:
    value = dig(data, name) if name and isinstance(data, dict) else None
    return None if value is None or isinstance(value, (dict, list)) else as_text(value).strip() or None


def refresh_due(runtime: Runtime) -> None:
    """Reads every table again whose time has come; one that fails keeps no other from it."""
    with runtime.database.read() as session:
        feeds = [(row.slug, feed_of(row)) for row in library.everything(session) if row.source]
    for slug, feed in feeds:
        if feed is None or not feed.hours or clock.now() < feed.at + feed.hours * 3600:
            continue
        try:
            refresh(runtime, slug, "")
        except HeddleError as error:
            log.warning("table %s could not be read: %s", slug, error)


def run(runtime: Runtime, stop: threading.Event) -> None:
    """Until told to stop."""
    while not stop.wait(ROUND):
        try:
            refresh_due(runtime)
        except HeddleError as error:
            log.warning("tables could not be read: %s", error)
