"""The rows of the imitated Creatio: kept in SQLite, held in memory for speed, written by its rules."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from engine.record import from_json, to_json
from nodes.systems.creatio.sandbox_query import (
    Clause,
    Fault,
    FilterParser,
    Options,
    Row,
    moment,
    order,
    unknown,
)
from nodes.systems.creatio.sandbox_schema import (
    CURRENT_USER,
    EMPTY_ID,
    EMPTY_MOMENT,
    TYPE_PREFIX,
    Column,
    collections,
    columns,
    entity_names,
    made_id,
    navigation,
)

READ_ONLY = {"CreatedOn", "CreatedById", "ModifiedOn", "ModifiedById"}
_EMPTY: dict[str, Any] = {
    "id": EMPTY_ID,
    "lookup": EMPTY_ID,
    "t": "",
    "d": EMPTY_MOMENT,
    "dt": EMPTY_MOMENT,
    "b": False,
}


class Store:
    """All rows by entity and id. ``clock`` tells the (possibly wrong) time in epoch seconds."""

    def __init__(self, db: sqlite3.Connection, lock: threading.RLock, clock: Callable[[], float]) -> None:
        self.db, self.lock, self.clock = db, lock, clock
        self.version = 0
        self.tables: dict[str, dict[str, Row]] = {}
        self._indexes: dict[tuple[str, str], dict[str, list[Row]]] = {}
        self._sorted: dict[tuple[Any, ...], list[Row]] = {}
        self.load()

    def load(self) -> None:
        """Reads everything from the database again."""
        with self.lock:
            self.tables = {entity: {} for entity in entity_names()}
            for entity, key, body in self.db.execute("SELECT entity, id, body FROM objects ORDER BY rowid"):
                self.tables[entity][key] = from_json(body)
            self._indexes.clear()
            self._sorted.clear()
            self.version += 1

    # reading -----------------------------------------------------------------------------------------

    def row(self, entity: str, key: str) -> Row | None:
        return self.tables[entity].get(key)

    def children(self, entity: str, column: str, key: str) -> list[Row]:
        """The rows of an entity whose lookup column holds the key."""
        with self.lock:
            index = self._indexes.get((entity, column))
            if index is None:
                index = {}
                for row in self.tables[entity].values():
                    if row[column]:
                        index.setdefault(row[column], []).append(row)
                self._indexes[(entity, column)] = index
        return index.get(key, [])

    def select(self, entity: str, options: Options, newest: str | None = None) -> list[Row]:
        """All rows that meet the filter, in order, before paging; ``newest`` hides what is younger."""
        memo = (entity, options.filter, options.orderby, self.version)
        with self.lock:
            if newest is None and memo in self._sorted:
                return self._sorted[memo]
            rows = self._matching(entity, options.filter)
            if newest is not None:
                rows = [row for row in rows if row["CreatedOn"] <= newest]
            if options.orderby:
                rows = order(rows, options.orderby, entity, self)
            if newest is None:
                if len(self._sorted) >= 16:
                    self._sorted.clear()
                self._sorted[memo] = rows
            return rows

    def _matching(self, entity: str, text: str) -> list[Row]:
        table = self.tables[entity]
        if not text.strip():
            return list(table.values())
        clause: Clause = FilterParser(text, entity, self).parse()
        if clause.ids is not None:
            candidates: Iterable[Row] = [table[key] for key in sorted(clause.ids) if key in table]
        elif clause.by is not None:
            column, keys = clause.by
            candidates = [row for key in sorted(keys) for row in self.children(entity, column, key)]
        else:
            candidates = table.values()
        return [row for row in candidates if clause.test(row)]

    def render(self, entity: str, row: Row, options: Options) -> Row:
        """A row as OData shows it: empty values in their peculiar forms, lookups and children expanded."""
        known = columns(entity)
        shown: Row = {}
        for name in options.select or known:
            column = known[name]
            value = row[name]
            if column.type == "s":
                shown[f"{name}@odata.mediaEditLink"] = f"{entity}({row['Id']})/{name}"
                shown[f"{name}@odata.mediaReadLink"] = f"{entity}({row['Id']})/{name}"
                shown[f"{name}@odata.mediaContentType"] = "application/octet-stream"
            elif value is None:
                shown[name] = _EMPTY.get(column.type, 0)
            elif column.type in {"d", "dt"} and (column.type == "d" or value.endswith(".000000Z")):
                shown[name] = value[:19] + "Z"
            else:
                shown[name] = value
        for name, inner in options.expand.items():
            if name in navigation(entity):
                column = navigation(entity)[name]
                target = self.row(column.target, row[column.name]) if row[column.name] else None
                shown[name] = self.render(column.target, target, inner) if target else None
            else:
                child, key = collections(entity)[name]
                rows = self.children(child, key, row["Id"])
                if inner.filter:
                    test = FilterParser(inner.filter, child, self).parse().test
                    rows = [found for found in rows if test(found)]
                if inner.orderby:
                    rows = order(rows, inner.orderby, child, self)
                rows = rows[inner.skip :][: inner.top]
                shown[name] = [self.render(child, found, inner) for found in rows]
        return shown

    # writing -----------------------------------------------------------------------------------------

    def save(self, entity: str, rows: Iterable[Row]) -> None:
        """Stores rows as they are, in one transaction."""
        with self.lock:
            outer = self.db.in_transaction
            if not outer:
                self.db.execute("BEGIN")
            for row in rows:
                self.tables[entity][row["Id"]] = row
                at = datetime.fromisoformat(row["CreatedOn"]).timestamp()
                self.db.execute(
                    "INSERT INTO objects VALUES (?,?,?,?,?) ON CONFLICT (entity, id) DO UPDATE SET"
                    " body = excluded.body, modified = excluded.modified",
                    (entity, row["Id"], to_json(row).decode(), at, self.clock()),
                )
            if not outer:
                self.db.execute("COMMIT")
            self._changed(entity)

    def create(self, entity: str, body: Row) -> Row:
        """A new row from a POST body. Raises Fault as the real system does."""
        values = self.accept(entity, body, ignore_unknown=False)
        key = values.get("Id") or str(uuid.uuid4())
        if key in self.tables[entity]:
            raise database(f'23505: duplicate key value violates unique constraint "PK{entity}"')
        row = self.fresh(entity, {**values, "Id": key})
        for column in columns(entity).values():
            if column.required and row[column.name] in (None, ""):
                raise Fault(
                    500,
                    "An error has occurred.",
                    f"Field {column.path} must be filled in.",
                    "System.Exception",
                )
        if entity in {"Order", "Invoice"} and not row["Number"]:
            row["Number"] = f"{'ORD' if entity == 'Order' else 'INV'}-{len(self.tables[entity]) + 1}"
        self.check_lookups(entity, row)
        self.save(entity, [row])
        return row

    def fresh(self, entity: str, values: Row) -> Row:
        """A whole row: the values given, defaults and stamps for the rest."""
        now = self.stamp()
        row: Row = {}
        for column in columns(entity).values():
            row[column.name] = "" if column.type == "t" else self._default(column, now)
        row.update(
            {"CreatedOn": now, "ModifiedOn": now, "CreatedById": CURRENT_USER, "ModifiedById": CURRENT_USER}
        )
        row.update(values)
        return row

    def update(self, entity: str, key: str, body: Row, *, strict: bool) -> None:
        """A PATCH: unknown properties are ignored unless ``strict``, an empty id is dropped."""
        row = self.tables[entity].get(key)
        if row is None:
            raise Fault(404, f"Entity '{entity}' with id '{key}' was not found.")
        values = self.accept(entity, body, ignore_unknown=not strict)
        changed = {
            name: value for name, value in values.items() if body.get(name) != EMPTY_ID and name != "Id"
        }
        merged = {**row, **changed, "ModifiedOn": self.stamp(), "ModifiedById": CURRENT_USER}
        self.check_lookups(entity, {name: merged[name] for name in changed})
        self.save(entity, [merged])

    def delete(self, entity: str, key: str) -> None:
        if key not in self.tables[entity]:
            raise Fault(404, f"Entity '{entity}' with id '{key}' was not found.")
        for child in entity_names():
            for column in navigation(child).values():
                if column.target == entity and self.children(child, column.name, key):
                    raise database(
                        f'23503: update or delete on table "{entity}" violates foreign key constraint '
                        f'"FK{child}{column.name}" on table "{child}"'
                    )
        with self.lock:
            del self.tables[entity][key]
            self.db.execute("DELETE FROM objects WHERE entity = ? AND id = ?", (entity, key))
            self._changed(entity)

    def accept(self, entity: str, body: Row, *, ignore_unknown: bool) -> Row:
        """The body's values as stored. Raises Fault for unknown properties and wrong types."""
        if not isinstance(body, dict):
            raise Fault(
                400, "The request is invalid.", "item : The body must be a JSON object.", "System.Exception"
            )
        values: Row = {}
        for name, value in body.items():
            column = columns(entity).get(name)
            if column is None or column.type == "s":
                if ignore_unknown or "@odata" in name:
                    continue
                raise Fault(
                    400,
                    "The request is invalid.",
                    f"item : The property '{name}' does not exist on type '{TYPE_PREFIX}.{entity}'. Make sure to only"
                    " use property names that are defined by the type.",
                    "Microsoft.OData.ODataException",
                )
            if name not in READ_ONLY:
                values[name] = stored(column, value)
        return values

    def check_lookups(self, entity: str, values: Row) -> None:
        for name, value in values.items():
            column = columns(entity)[name]
            if column.target and value and value not in self.tables[column.target]:
                raise database(
                    f'23503: insert or update on table "{entity}" violates foreign key constraint "FK{entity}{name}"'
                )

    def stamp(self) -> str:
        return moment(datetime.fromtimestamp(self.clock(), UTC).isoformat())

    def _default(self, column: Column, now: str) -> Any:
        if not column.default:
            return None
        named = {"now": now, "user": CURRENT_USER, "currency": made_id("Currency", "USD"), "true": True}
        if column.default in named:
            value = named[column.default]
            return f"{now[:10]}T00:00:00.000000Z" if column.type == "d" else value
        if column.target:
            # A shipped default counts only where that row exists: customers delete them.
            return column.default if column.default in self.tables[column.target] else None
        return Decimal(column.default)

    def _changed(self, entity: str) -> None:
        self.version += 1
        self._sorted.clear()
        for memo in [memo for memo in self._indexes if memo[0] == entity]:
            del self._indexes[memo]


def stored(column: Column, value: Any) -> Any:
    """One JSON value as stored. Raises Fault for a wrong type or an overlong text."""

    def wrong(edm: str) -> Fault:
        inner = f"item : Cannot convert the literal '{value}' to the expected type '{edm}'."
        return Fault(400, "The request is invalid.", inner, "Microsoft.OData.ODataException")

    if column.type in {"id", "lookup"}:
        if value in (None, "", EMPTY_ID):
            return None
        try:
            return str(uuid.UUID(value))
        except (ValueError, AttributeError, TypeError):
            raise wrong("Edm.Guid") from None
    if column.type == "t":
        if value is not None and not isinstance(value, str):
            raise wrong("Edm.String")
        if column.size and len(value or "") > column.size:
            raise database(f"22001: value too long for type character varying({column.size})")
        return value or ""
    if value is None:
        return None
    if column.type in {"d", "dt"}:
        try:
            at = moment(value)
        except (ValueError, TypeError):
            raise wrong("Edm.DateTimeOffset") from None
        return f"{at[:10]}T00:00:00.000000Z" if column.type == "d" else at
    if column.type == "b":
        if not isinstance(value, bool):
            raise wrong("Edm.Boolean")
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong("Edm.Decimal")
    if column.type == "i":
        if value != int(value):
            raise wrong("Edm.Int32")
        return int(value)
    return round(Decimal(value), 2) if column.type == "m" else Decimal(value)


def database(text: str) -> Fault:
    return Fault(500, "An error has occurred.", text, "Npgsql.PostgresException")


def checked(entity: str) -> str:
    """The entity's name if it has a set. Raises KeyError."""
    if entity not in entity_names():
        raise KeyError(entity)
    return entity


def property_of(entity: str, name: str) -> Column:
    if name not in columns(entity):
        raise unknown(name, entity)
    return columns(entity)[name]
