"""What flows share: one row a rule set or table, one immutable row a version of it."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from sqlalchemy import Column, Index, LargeBinary, Table, UniqueConstraint, func
from sqlalchemy.engine import Connection, Engine
from sqlmodel import Field, Session, SQLModel, col, select

from engine.clock import now
from engine.errors import DefinitionError, Problem
from engine.flow import SHARED, Document, Flow, slugify
from engine.functions.rows import Rows
from engine.library import LARGE, Issue
from engine.record import from_json, to_json
from engine.store import bulk
from engine.store.runs import new_id

_CELLS = ("version_id", "place", "key", "cells")
Cells = list[str | None]


class RuleSetRow(SQLModel, table=True):
    """A rule set, decision table or lookup table of the library.

    source      JSON: where a lookup table is read from, live (connection, entity, fields); empty for others
    deleted_at  set instead of deleting: old versions of flows name it
    """

    __tablename__ = "rule_set"

    id: str = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(unique=True)
    kind: str
    title: str
    description: str = ""
    number: int = 0
    source: str = ""
    created_at: float = Field(default_factory=now)
    updated_at: float = Field(default_factory=now)
    deleted_at: float | None = None


class RuleSetVersion(SQLModel, table=True):
    """The document as it was saved; never changed. ``rows`` counts those of a lookup table.

    Above ``engine.library.LARGE`` the text has none of them: they are LookupRow.
    """

    __tablename__ = "rule_set_version"
    __table_args__ = (UniqueConstraint("rule_set_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    rule_set_id: str = Field(foreign_key="rule_set.id", index=True)
    number: int
    text: str
    rows: int = 0
    note: str = ""
    by: str = ""
    at: float = Field(default_factory=now)


class LookupRow(SQLModel, table=True):
    """One row of a large lookup table; ``cells`` is JSON, ``key`` the first of them as it is compared."""

    __tablename__ = "lookup_row"
    __table_args__ = (Index("lookup_row_key", "version_id", "key"),)

    version_id: int = Field(primary_key=True, foreign_key="rule_set_version.id")
    place: int = Field(primary_key=True)
    key: str
    cells: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


KEPT = 8
"""Large tables whose rows a process keeps, for each database: 100,000 rows are some 40 MB with their index."""

_rows: Table = LookupRow.__table__  # type: ignore[attr-defined]
_kept: WeakKeyDictionary[Engine | Connection, dict[int, Rows]] = WeakKeyDictionary()


def everything(session: Session) -> list[RuleSetRow]:
    query = select(RuleSetRow).where(col(RuleSetRow.deleted_at).is_(None)).order_by(col(RuleSetRow.title))
    return list(session.exec(query))


def find(session: Session, slug: str, *, lock: bool = False) -> RuleSetRow | None:
    query = select(RuleSetRow).where(RuleSetRow.slug == slug, col(RuleSetRow.deleted_at).is_(None))
    return session.exec(query.with_for_update() if lock else query).first()


def add(session: Session, kind: str, title: str, description: str = "") -> RuleSetRow:
    """A new entry without a version yet, under a slug made of its title."""
    row = RuleSetRow(slug=_free_slug(session, title), kind=kind, title=title, description=description)
    session.add(row)
    session.flush()
    return row


def _free_slug(session: Session, title: str) -> str:
    wanted = slugify(title)[:50]
    taken = set(session.exec(select(RuleSetRow.slug).where(col(RuleSetRow.slug).startswith(wanted))))
    number = 1
    slug = wanted
    while slug in taken:
        number += 1
        slug = f"{wanted}-{number}"
    return slug


def save(
    session: Session,
    row: RuleSetRow,
    document: Document,
    by: str,
    note: str = "",
    rows: Sequence[Cells] | None = None,
) -> RuleSetVersion:
    """The next version. ``rows`` are those of a lookup table, where the document was handed over without them.

    The caller has locked the row.
    """
    dumped = document.model_dump(mode="python")
    cells = list(rows if rows is not None else dumped.get("rows", [])) if row.kind == "lookup" else []
    large = len(cells) > LARGE
    if row.kind == "lookup":
        dumped["rows"] = [] if large else cells
    version = RuleSetVersion(
        rule_set_id=row.id,
        number=row.number + 1,
        text=to_json(dumped).decode(),
        rows=len(cells),
        note=note,
        by=by,
    )
    session.add(version)
    session.flush()
    if large:
        entries = [(version.id, place, _key(line), to_json(list(line))) for place, line in enumerate(cells)]
        bulk.insert(session, _rows, _CELLS, entries)
    row.number = version.number
    row.title = str(dumped.get("title") or row.title)
    row.updated_at = now()
    session.add(row)
    return version


def _key(line: Sequence[str | None]) -> str:
    return (line[0] if line and line[0] is not None else "").strip().casefold()


def version(session: Session, row: RuleSetRow, number: int) -> RuleSetVersion | None:
    query = select(RuleSetVersion).where(
        RuleSetVersion.rule_set_id == row.id, RuleSetVersion.number == number
    )
    return session.exec(query).first()


def versions(session: Session, row: RuleSetRow) -> list[RuleSetVersion]:
    """Newest first."""
    query = select(RuleSetVersion).where(RuleSetVersion.rule_set_id == row.id)
    return list(session.exec(query.order_by(col(RuleSetVersion.number).desc())))


def issue(session: Session, slug: str, number: int | None = None) -> Issue | None:
    """A version of what has this slug, the newest if none is named."""
    row = find(session, slug)
    found = version(session, row, number or row.number) if row is not None else None
    if row is None or found is None:
        return None
    document = from_json(found.text)
    title = str(document.get("title") or row.title)
    return Issue(slug, row.kind, found.number, title, document, found.rows)  # type: ignore[arg-type] # stored so


def page(
    session: Session, found: RuleSetVersion, offset: int, limit: int, search: str = ""
) -> tuple[list[tuple[int, Cells]], int]:
    """Rows of a large table with their places, in their order, and how many there are; by the start of the key."""
    where = [_rows.c.version_id == found.id]
    if search:
        wanted = search.strip().casefold()
        where += [_rows.c.key >= wanted, _rows.c.key < wanted + "\U0010ffff"]
    connection = session.connection()
    total = connection.execute(select(func.count()).select_from(_rows).where(*where)).scalar_one()
    query = select(_rows.c.place, _rows.c.cells).where(*where).order_by(_rows.c.place)
    lines = connection.execute(query.offset(offset).limit(limit)).all()
    return [(place, from_json(cells)) for place, cells in lines], total


def is_large(found: RuleSetVersion) -> bool:
    """Whether its rows are rows of their own."""
    return found.rows > LARGE


def rows_of(session: Session, found: RuleSetVersion) -> list[Cells]:
    """Every row of a lookup table, wherever they are kept."""
    if is_large(found) and found.id is not None:
        return all_rows(session, found.id)
    rows: list[Cells] = from_json(found.text).get("rows", [])
    return rows


def all_rows(session: Session, version_id: int) -> list[Cells]:
    """Every row of a large table, in order."""
    query = select(_rows.c.cells).where(_rows.c.version_id == version_id).order_by(_rows.c.place)
    return [from_json(cells) for cells in session.connection().execute(query).scalars()]


def filled(session: Session, flow: Flow) -> Flow:
    """The drawing with the rows of its large tables, ready to run.

    A version never changes, so a process reads it once. Raises DefinitionError when one is not here.
    """
    large = {slug: pin for slug, pin in flow.shared.items() if pin.large}
    if not large:
        return flow
    tables = dict(flow.tables)
    for slug, pin in large.items():
        row = session.exec(select(RuleSetRow).where(RuleSetRow.slug == slug)).first()
        found = version(session, row, pin.version) if row is not None else None
        if found is None or found.id is None:
            message = f"{pin.label()} is not in the library of this installation."
            cure = "Bring the table into the library, then choose it again."
            raise DefinitionError([Problem("E-SHARED-GONE", message, cure)])
        tables[SHARED + slug] = tables[SHARED + slug].model_copy(update={"rows": _shared(session, found.id)})
    return flow.model_copy(update={"tables": tables})


def _shared(session: Session, version_id: int) -> Rows:
    kept = _kept.setdefault(session.get_bind(), {})
    rows = kept.get(version_id)
    if rows is None:
        rows = Rows(all_rows(session, version_id))
        if len(kept) >= KEPT:
            kept.pop(next(iter(kept)))
        kept[version_id] = rows
    return rows
