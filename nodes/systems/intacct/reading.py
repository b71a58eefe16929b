"""Reads pages and finds objects: canonical queries to Intacct's functions, rows to canonical records.

Pages follow RECORDNO: the next page asks for numbers above the last one seen, so rows that change, come or
go meanwhile neither shift nor repeat the rest (an offset would).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from engine.connector import Filter, Query
from engine.errors import AccessError, EngineError, RecordRejected, Unavailable
from engine.record import Page, Record, Remote
from engine.shape import Entity, Field
from nodes.systems.intacct import queries, refusals, shapes
from nodes.systems.intacct.answers import Answer
from nodes.systems.intacct.envelope import Element
from nodes.systems.intacct.gateway import Gateway
from nodes.systems.intacct.objects import LINE_OBJECT, NUMBER, WRITE_ONLY
from nodes.systems.intacct.people import NUMBER as CHANGER
from nodes.systems.intacct.people import WHO, People
from nodes.systems.intacct.values import flatten, from_wire, kinds, leaves, nest, to_wire

ORDER = "RECORDNO"
LINK = "RECORD_URL"
ACTION = "ACTION"
"""What a document was made with; queries do not know it, but its state tells."""


class Reader:
    """Everything that only looks. Shapes are asked for once and kept as long as the connector lives."""

    def __init__(self, gateway: Gateway, location: str | None) -> None:
        self.gateway = gateway
        self.private = not location
        self._described: dict[str, Element | None] = {}
        self._older: set[str] = set()
        self._people = People(self.rows)

    # shapes ------------------------------------------------------------------------------------------

    def described(self, name: str) -> Element | None:
        """The company's own description of an object, None if it gives none (rights, unknown name)."""
        if name not in self._described:
            answer = self.gateway.run([queries.lookup(name)])[0]
            self._described[name] = (
                answer.data.find("Type") if answer.ok and answer.data is not None else None
            )
        return self._described[name]

    def shape(self, name: str) -> Entity:
        found = shapes.merge(name, self.described(name))
        if found is None:
            raise RecordRejected(
                f"Intacct has no object {name}, or this user may not see it.",
                code="E-ENTITY",
                cure="Check the name, and the user's rights for the module.",
            )
        return found

    def offered(self) -> dict[str, str]:
        """Name → label of every object the user may see; empty if Intacct does not tell."""
        answer = self.gateway.run([queries.inspect()])[0]
        if not answer.ok:
            return {}
        return {row.get("typename", ""): row.text or "" for row in answer.rows() if row.get("typename")}

    # pages -------------------------------------------------------------------------------------------

    def page(self, query: Query, cursor: Mapping[str, Any] | None, limit: int) -> Page:
        shape = self.shape(query.entity)
        kind_of = kinds(shape)
        select = self._select(shape, query.fields)
        filters = self._filters(shape, query)
        if query.keys is not None and not query.keys:
            return Page([], None, None, 0)
        if "result" in (cursor or {}) or query.entity in self._older:
            answer, following = self._older_page(query.entity, select, filters, kind_of, cursor, limit)
        else:
            page = self._query_page(query.entity, select, filters, kind_of, cursor, limit)
            if page is None:
                return self.page(query, cursor, limit)
            answer, following = page, self._following(page, cursor)
        rows = [self.row(row, kind_of) for row in answer.rows()]
        self._bring_lines(shape, self._wanted_lines(shape, query), rows)
        stamps = [row[shape.modified] for row in rows if shape.modified and row.get(shape.modified)]
        mark = max([*stamps, *([cursor["mark"]] if cursor and cursor.get("mark") else [])], default=None)
        if following is not None and mark is not None:
            following = {**following, "mark": mark}
        return Page(
            [self._record(shape, row, number) for number, row in enumerate(rows)],
            following,
            mark,
            answer.number("totalcount") if cursor is None else None,
        )

    def _query_page(
        self,
        entity: str,
        select: Sequence[str],
        filters: Sequence[Filter],
        kind_of: Mapping[str, str],
        cursor: Mapping[str, Any] | None,
        limit: int,
    ) -> Answer | None:
        """None when the object turns out to know no ``query``."""
        conditions = [queries.condition(given, kind_of) for given in filters]
        if cursor:
            conditions.append(queries.compare(ORDER, "greaterthan", [str(cursor["after"])]))
        body = queries.query(
            entity, select, queries.join("and", conditions), pagesize=limit, private=self.private
        )
        answer = self.gateway.run([body])[0]
        if not answer.ok and refusals.is_unqueryable(answer.faults):
            self._older.add(entity)
            return None
        return _demand(answer, entity)

    def _following(self, answer: Answer, cursor: Mapping[str, Any] | None) -> dict[str, Any] | None:
        rows = answer.rows()
        if not rows or answer.number("numremaining") == 0:
            return None
        last = rows[-1].findtext(ORDER) or ""
        if cursor and last == cursor.get("after"):
            raise Unavailable("Intacct answers the same page again and again.", code="E-PAGING")
        return {"after": last}

    def _older_page(
        self,
        entity: str,
        select: Sequence[str],
        filters: Sequence[Filter],
        kind_of: Mapping[str, str],
        cursor: Mapping[str, Any] | None,
        limit: int,
    ) -> tuple[Answer, dict[str, Any] | None]:
        if cursor and "result" in cursor:
            body = queries.read_more(str(cursor["result"]))
        else:
            body = queries.read_by_query(entity, select, queries.sentence(filters, kind_of), limit)
        answer = _demand(self.gateway.run([body])[0], entity)
        result = answer.data.get("resultId", "") if answer.data is not None else ""
        more = answer.number("numremaining") > 0 and bool(result)
        return answer, {"result": result} if more else None

    def _filters(self, shape: Entity, query: Query) -> list[Filter]:
        filters = list(query.filters)
        if query.keys is not None:
            filters.append(Filter(field=shape.key, op="in", value=list(query.keys)))
        if query.since is not None or query.until is not None:
            if shape.modified is None:
                raise RecordRejected(
                    f"{shape.title or shape.name} has no change stamp, so changes cannot be read.",
                    code="E-NO-STAMP",
                    cure="Read all records instead of changed ones.",
                )
            if query.since is not None:
                since = queries.whole_second(query.since)
                filters.append(Filter(field=shape.modified, op="ge", value=since))
            if query.until is not None:
                until = queries.whole_second(query.until)
                filters.append(Filter(field=shape.modified, op="le", value=until))
        return filters

    def _select(self, shape: Entity, wanted: Sequence[str]) -> list[str]:
        """Dotted paths to fetch: the wanted ones (whole objects by name) and what every record needs."""
        everything = shapes.selectable(shape, self.described(shape.name))
        if not wanted:
            chosen = everything
        else:
            chosen = []
            for name in wanted:
                field = shape.field(name)
                if field is None:
                    chosen.append(name)
                elif name in WRITE_ONLY.get(shape.name, ()):
                    continue
                elif field.type == "object":
                    chosen += [path for path in everything if path.startswith(f"{name}.")]
                elif field.type != "lines":
                    chosen.append(name)
        needed = [ORDER, shape.key, shape.modified, shape.title_field, NUMBER.get(shape.name)]
        have = set(everything)
        return list(dict.fromkeys([*(name for name in needed if name and name in have | {ORDER}), *chosen]))

    # lines -------------------------------------------------------------------------------------------

    def _wanted_lines(self, shape: Entity, query: Query) -> list[Field]:
        names = {*query.lines, *query.fields}
        return [field for field in shape.fields if field.type == "lines" and field.name in names]

    def _bring_lines(self, shape: Entity, wanted: Iterable[Field], rows: Sequence[dict[str, Any]]) -> None:
        """Adds the lines of all rows, with one query (and its pages) for each collection."""
        for field in wanted:
            name, parent_key = LINE_OBJECT.get(field.name, (field.name.removesuffix("S"), "RECORDKEY"))
            parents = {str(row[ORDER]): row for row in rows}
            for row in rows:
                row[field.name] = []
            if not parents:
                continue
            kind_of = {path: part.type for path, part in leaves(field.fields)}
            described = self.described(name)
            listed = (
                None
                if described is None
                else {part.findtext("ID") or "" for part in described.iterfind("Fields/Field")}
            )
            extra = [] if described is None else [
                part.findtext("ID") or "" for part in described.iterfind("Fields/Field[ISCUSTOM='true']")
            ]  # fmt: skip
            paths = [path for path in kind_of if listed is None or path in listed or "." in path]
            select = list(dict.fromkeys([ORDER, parent_key, *paths, *extra]))
            for line in self.rows(name, select, parent_key, list(parents)):
                values = self.row(line, kind_of)
                values.pop(parent_key, None)
                parents[line.findtext(parent_key) or ""][field.name].append(values)

    def rows(self, entity: str, select: Sequence[str], field: str, values: Sequence[str]) -> list[Element]:
        """All rows whose ``field`` is one of ``values``, in the order of RECORDNO, over as many pages."""
        return self._all(entity, select, queries.compare(field, "in", values), caseless=field != ORDER)

    def _all(self, entity: str, select: Sequence[str], wanted: Element, *, caseless: bool) -> list[Element]:
        found: list[Element] = []
        cursor: dict[str, Any] | None = None
        while True:
            conditions = [deepcopy(wanted)]
            if cursor is not None:
                conditions.append(queries.compare(ORDER, "greaterthan", [cursor["after"]]))
            body = queries.query(
                entity,
                select,
                queries.join("and", conditions),
                pagesize=queries.MAX_PAGE,
                private=self.private,
                caseless=caseless,
            )
            answer = _demand(self.gateway.run([body])[0], entity)
            found += answer.rows()
            cursor = self._following(answer, cursor)
            if cursor is None:
                return found

    # find --------------------------------------------------------------------------------------------

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str], chunk: int
    ) -> list[list[Remote]]:
        shape = self.shape(entity)
        kind_of = kinds(shape)
        asked = [dict(flatten(match)) for match in matches]
        found: list[list[Remote]] = [[] for _ in matches]
        # A match with an empty part equals nothing: asking for it would find all that lack the value.
        usable = [
            index
            for index, match in enumerate(asked)
            if match and all(value not in (None, "") for value in match.values())
        ]
        names = list(dict.fromkeys(name for index in usable for name in asked[index]))
        have = {*shapes.selectable(shape, self.described(entity)), *(field.name for field in shape.fields)}
        asked_for = [name for name in [*fields, *names] if name in have]
        asked_for += [CHANGER] if WHO in fields else []
        derived = ["STATE"] if ACTION in fields and shape.field("STATE") else []
        select = list(
            dict.fromkeys([*self._select(shape, asked_for or [ORDER]), *self._links(shape), *derived])
        )
        lines = [field for field in shape.fields if field.type == "lines" and field.name in fields]
        for start in range(0, len(usable), chunk):
            part = usable[start : start + chunk]
            rows = [
                self.row(row, kind_of)
                for row in self._matching(entity, select, [asked[index] for index in part], kind_of)
            ]
            flat = [dict(flatten(row)) for row in rows]
            self._bring_lines(shape, lines, rows)
            if WHO in fields:
                self._people.name(rows)
            if derived:
                for row in rows:
                    row[ACTION] = "Draft" if row.get("STATE") == "Draft" else "Submit"
            for index in part:
                wanted = {
                    name: _folded(to_wire(value, name, kind_of.get(name, "any")))
                    for name, value in asked[index].items()
                }
                for row, values in zip(rows, flat, strict=True):
                    if all(
                        _folded(to_wire(values.get(name), name, kind_of.get(name, "any"))) == text
                        for name, text in wanted.items()
                    ):
                        found[index].append(self.remote(shape, row))
        return found

    def _matching(
        self,
        entity: str,
        select: Sequence[str],
        matches: Sequence[Mapping[str, Any]],
        kind_of: Mapping[str, str],
    ) -> list[Element]:
        names = {tuple(match) for match in matches}
        wire = [
            {name: to_wire(value, name, kind_of.get(name, "any")).strip() for name, value in match.items()}
            for match in matches
        ]
        if len(names) == 1 and len(matches[0]) == 1:
            (name,) = matches[0]
            return self.rows(entity, select, name, list(dict.fromkeys(match[name] for match in wire)))
        alternatives = [
            queries.join("and", [queries.compare(name, "equalto", [text]) for name, text in match.items()])
            for match in wire
        ]
        either = queries.join("or", [part for part in alternatives if part is not None])
        assert either is not None  # the caller leaves empty matches out
        return self._all(entity, select, either, caseless=True)

    def remote(self, shape: Entity, row: Mapping[str, Any]) -> Remote:
        number = row.get(NUMBER.get(shape.name, shape.key))
        return Remote(
            id=str(row.get(shape.key) or row.get(ORDER) or ""),
            data=dict(row),
            number=str(number) if number not in (None, "") else None,
            link=row.get(LINK) or None,
            version=row.get(shape.modified) if shape.modified else None,
        )

    def _links(self, shape: Entity) -> list[str]:
        return [LINK] if LINK in shapes.selectable(shape, self.described(shape.name)) else []

    # rows --------------------------------------------------------------------------------------------

    def row(self, row: Element, kind_of: Mapping[str, str]) -> dict[str, Any]:
        """A row's values, nested as the shape is. Names may come dotted or as elements in elements."""
        return nest((path, from_wire(text, kind_of.get(path, "text"))) for path, text in _texts(row))

    def _record(self, shape: Entity, row: dict[str, Any], number: int) -> Record:
        title = row.get(shape.title_field) if shape.title_field else None
        return Record(
            key=str(row.get(shape.key) or row.get(ORDER) or ""),
            data=row,
            root=number,
            version=row.get(shape.modified) if shape.modified else None,
            title=str(title or row.get(shape.key) or ""),
        )


def _demand(answer: Answer, entity: str) -> Answer:
    if answer.ok:
        return answer
    error = refusals.error(answer.faults, f"Intacct did not read {entity}")
    if isinstance(error, RecordRejected) and "permission" in error.message.lower():
        raise AccessError(
            error.message, detail=error.detail, cure="Give the Web Services user the right to list it."
        )
    if isinstance(error, EngineError):
        # One function that the gateway finds invalid is a wrong name or value in the query, not our fault.
        raise RecordRejected(error.message, code="E-QUERY", detail=error.detail, cure=error.cure)
    raise error


def _texts(row: Element, prefix: str = "") -> Iterable[tuple[str, str]]:
    for element in row:
        path = f"{prefix}{element.tag}"
        if len(element):
            yield from _texts(element, f"{path}.")
        else:
            yield path, element.text or ""


def _folded(text: str) -> str:
    return text.strip().casefold()
