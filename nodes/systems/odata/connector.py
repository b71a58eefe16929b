"""Any OData 4 service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from engine import circle
from engine.circle import Walked
from engine.compare import matches as equals
from engine.connector import Capability, Connector, Filter, Health, Query
from engine.errors import HeddleError, RecordRejected, Unavailable
from engine.http import Http
from engine.record import Change, Page, Record, Remote, Result, fingerprint
from engine.shape import Entity, Summary
from nodes.systems.http.line import STATUS, Line, body_of, meaning, refuse, said
from nodes.systems.odata import reading
from nodes.systems.odata.csdl import parse
from nodes.systems.odata.deleting import delete
from nodes.systems.odata.filtering import condition, match_of
from nodes.systems.odata.metadata import KEY, Model, entered
from nodes.systems.odata.query import all_of, any_of, chunks, encode
from nodes.systems.odata.rows import CUT, Raws, Rows, annotated
from nodes.systems.odata.settings import ODataSettings
from nodes.systems.odata.skimming import skim
from nodes.systems.odata.values import stamp_key, utc
from nodes.systems.odata.writing import Writer

FILTER_LENGTH = 1200
"""Characters of a condition that an address still holds everywhere, with the rest of the query beside it."""
SAMPLE = 25
NOT_IMPLEMENTED = 501
COUNTED_TO = 5000
"""Dataverse counts no further, so this number may stand for any that is larger."""


class ODataConnector(Connector[ODataSettings]):
    """Reads and writes any service that speaks OData 4: it describes itself, so there is nothing to set up but the
    address and the way in. Choose match fields when writing: by these an object is found again if an answer
    gets lost.
    """

    system: ClassVar[str] = "odata"
    title: ClassVar[str] = "OData 4"
    one_of_many: ClassVar[bool] = True
    Settings = ODataSettings
    capability: ClassVar[Capability] = Capability(page=500, write=100, find=100, changes="modified-since")
    errors: ClassVar[Mapping[int | str, type[HeddleError]]] = STATUS

    def __init__(self, settings: ODataSettings, http: Http) -> None:
        super().__init__(settings, http)
        headers = {"OData-Version": "4.0", "OData-MaxVersion": "4.01"}
        headers |= {one.name: one.value for one in settings.headers}
        self.line = Line(settings.url, settings.auth, headers, http)
        self._model: Model | None = None
        self._samples: dict[str, Entity] = {}
        self.etags: dict[tuple[str, str], str] = {}
        self.batches = settings.batch == "auto"
        self._counts = True

    # what there is -----------------------------------------------------------------------------------

    def check(self) -> Health:
        model = self.model()
        if not model.live:
            first = next(iter(model.sets))
            self.rows(first, ["$top=1"])
        who = self.line.sign_in.identity
        as_whom = f" as {who}" if who else ""
        kinds = "one kind of object" if len(model.sets) == 1 else f"{len(model.sets)} kinds of object"
        return Health(
            ok=True,
            message=f"{self.line.name} answers{as_whom}; {kinds}.",
            identity=who,
            version="OData 4",
        )

    def model(self) -> Model:
        """What the service says of itself, read once; else what has been entered."""
        if self._model is None:
            given = {one.name: one.key for one in self.settings.entities}
            if given:
                self._model = entered(given, self.settings.stamp)
                return self._model
            response = self.line.call("GET", "$metadata", mutating=False, accept="application/xml")
            if not response.ok:
                raise self.refusal(response, "$metadata")
            try:
                self._model = parse(response.content)
            except ValueError as error:
                raise RecordRejected(
                    f"{self.line.name} does not describe itself: {error}.",
                    code="E-METADATA",
                    cure="Check the address: it is the root of the service, above $metadata. Else enter its objects.",
                ) from error
            self._model.stamp = self.settings.stamp
        return self._model

    def entities(self) -> list[Summary]:
        return self.model().summaries()

    def entity(self, name: str) -> Entity:
        if name not in self._samples:
            model = self.model()
            model.type(name)
            sample = [] if model.live else self.rows(name, [f"$top={SAMPLE}"]).rows
            shape = model.entity(name, [model.canonical(name, row) for row in sample])
            role = "payment" if name in self.settings.payments else None
            self._samples[name] = shape.model_copy(update={"role": role})
        return self._samples[name]

    # reading -----------------------------------------------------------------------------------------

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        model = self.model()
        model.type(query.entity)
        if any(
            one.op == "in" and isinstance(one.value, list | tuple) and not one.value for one in query.filters
        ):
            return Page([], total=0)
        conditions = [condition(model, query.entity, one) for one in query.filters]
        if query.keys is not None:
            return self._named(query, conditions, int(cursor or 0), limit)
        stamp, by_stamp = model.stamp_of(query.entity), bool(query.since or query.until)
        if by_stamp and not stamp:
            raise RecordRejected(
                f"{query.entity} has no stamp of its last change, so changes cannot be read.",
                code="E-NO-STAMP",
                cure="Say in the connection which field it is, or read all of it.",
            )
        if query.until:
            conditions.append(f"{stamp} le {utc(query.until)}")
        if self.settings.paging == "skip":
            return self._skipping(query, conditions, stamp, by_stamp, cursor, limit)
        here = cursor or {"next": None, "mark": None}
        skims = query.skim and model.is_open(query.entity)
        if here["next"] is None:
            since = f"{stamp} ge {utc(query.since)}" if query.since else ""
            options = [
                *self.selection(query),
                filtered([*conditions, since]),
                self._order(query, stamp, by_stamp),
            ]
            page = self._first(query.entity, options, limit, skims=skims)
        else:
            page = self.rows(query.entity, [], limit, here["next"], skims=skims)
        records = self.records(query.entity, page.rows, bare=page.bare, raws=page.raws)
        stamps = [here["mark"] or "", *(one.version for one in records if one.version)]
        mark = max(stamps, key=stamp_key) or None
        further = {"next": page.following, "mark": mark} if page.following else None
        first = None if cursor else page
        return Page(
            records, further, mark or query.since, first and first.total, bool(first and first.at_least)
        )

    def _skipping(
        self, query: Query, conditions: list[str], stamp: str, by_stamp: bool, cursor: Any, limit: int
    ) -> Page:
        entity = query.entity
        names = reading.Names(lambda row: self.model().key_of(entity, row), stamp)
        here = reading.position(cursor, utc(query.since) if query.since else None)
        first: Rows | None = None

        def fetch(at: str, skip: int, top: int) -> tuple[list[reading.Row], int | None]:
            start = f"{stamp} ge {utc(at)}" if at else ""
            options = [
                *self.selection(query),
                filtered([*conditions, start]),
                self._order(query, stamp, by_stamp),
                f"$top={top}",
                f"$skip={skip}" if skip else "",
            ]
            nonlocal first
            page = self._first(entity, options) if cursor is None else self.rows(entity, options)
            first = page if cursor is None else None
            return page.rows, None

        fresh, following = reading.advance(here, fetch, limit, names, by_stamp=by_stamp)
        mark = reading.highest(here, fresh, names)
        if following is not None:
            following.mark = here.mark
        records = self.records(entity, fresh)
        further = msgspec.to_builtins(following) if following else None
        return Page(
            records, further, mark or query.since, first and first.total, bool(first and first.at_least)
        )

    def _named(self, query: Query, conditions: list[str], done: int, limit: int) -> Page:
        keys = list(dict.fromkeys(query.keys or ()))
        wanted = keys[done : done + limit]
        name = self.entity(query.entity).key
        parts = [condition(self.model(), query.entity, Filter(field=name, value=key)) for key in wanted]
        found: dict[str, Record] = {}
        for some in chunks(parts, FILTER_LENGTH):
            options = [*self.selection(query), filtered([*conditions, any_of(some)])]
            for record in self.records(query.entity, list(self.all_rows(query.entity, options))):
                found[record.key] = record
        following = done + len(wanted)
        records = [found[key] for key in wanted if key in found]
        return Page(records, following if following < len(keys) else None, total=len(keys))

    def selection(self, query: Query) -> list[str]:
        """$select and $expand."""
        found = self.model().type(query.entity)
        always = self.model().read_by(query.entity)
        select: dict[str, None] = dict.fromkeys(always if query.fields else ())
        expand: dict[str, dict[str, None]] = {name: {} for name in query.lines if name in found.links}
        for name in query.fields:
            head, _, rest = name.partition(".")
            if head in found.links:
                expand.setdefault(head, {}).update({rest.partition(".")[0]: None} if rest else {})
            else:
                select[head] = None
        parts = [f"{name}($select={','.join(inner)})" if inner else name for name, inner in expand.items()]
        return [
            "$select=" + ",".join(select) if select else "",
            "$expand=" + ",".join(parts) if parts else "",
        ]

    def _order(self, query: Query, stamp: str, by_stamp: bool) -> str:
        keys = self.model().type(query.entity).keys
        return "$orderby=" + ",".join([stamp, *keys] if by_stamp else keys) if keys else ""

    def _first(self, entity: str, options: Sequence[str], size: int = 0, *, skims: bool = False) -> Rows:
        """The first page of a read: it tells how many rows there are, where the service can count them."""
        if self._counts:
            try:
                return self.rows(entity, [*options, "$count=true"], size, skims=skims)
            except RecordRejected:
                self._counts = False  # if it was not for counting, it is refused again
        return self.rows(entity, options, size, skims=skims)

    def rows(
        self,
        entity: str,
        options: Sequence[str],
        size: int = 0,
        address: str = "",
        above: tuple[str, ...] = (),
        *,
        skims: bool = False,
    ) -> Rows:
        """The rows of one call. ``size``: what a page should have at most; ``above``: the addresses of the lists that
        they are within. ``skims``: no more of them than reading goes by, and what came."""
        path = address or f"{entity}?{encode(options)}".rstrip("?")
        headers = {"Prefer": f"odata.maxpagesize={size}"} if size else {}
        response = self.line.call("GET", path, mutating=False, headers=headers)
        if response.status_code == NOT_IMPLEMENTED:  # waiting would not help
            raise RecordRejected(f"{self.line.name} does not know this way of reading {entity}.")
        if not response.ok:
            raise self.refusal(response, entity)
        if skims and (found := skim(response.content, self.model().read_by(entity))):
            return self._counted(response, found.body, found.rows, bare=True)._replace(raws=found.raws)
        body = body_of(response)
        rows = body.get("value") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise Unavailable(
                f"{self.line.name} sent something else than the list of {entity} that was asked for.",
                code="E-ANSWER",
                cure="Check the address; a login page may be in the way.",
                detail=response.text[:500],
            )
        bare = not annotated(response.content, body)
        if not bare and CUT in response.content:
            self._complete(response, body, rows, above)
        return self._counted(response, body, rows, bare=bare)

    def _counted(
        self, response: Any, body: Mapping[str, Any], rows: list[reading.Row], *, bare: bool
    ) -> Rows:
        """The rows with what a page says of the others."""
        counted = body.get("@odata.count", body.get("@count"))
        total = int(counted) if str(counted).isdecimal() else None
        following = body.get("@odata.nextLink") or body.get("@nextLink")
        if not following:
            return Rows(rows, None, bare, total, total == COUNTED_TO)
        return Rows(rows, self._further(response, body, str(following)), bare, total, total == COUNTED_TO)

    def _further(self, response: Any, body: Mapping[str, Any], link: str) -> str:
        """The whole address of a next page: relative to the context where there is one (JSON format 4.01, 4.3)."""
        whole = self.line.beside(
            response, link, str(body.get("@odata.context") or body.get("@context") or "")
        )
        self.line.address(whole)
        return self.line.bare(whole)

    def _complete(
        self, response: Any, body: Mapping[str, Any], rows: list[reading.Row], above: tuple[str, ...]
    ) -> None:
        """Fetches what a service has cut off lists within rows (JSON format 4.01, 4.5.5: ``Lines@odata.nextLink``)."""
        for row in rows:
            for name in [one for one in row if one.endswith(("@odata.nextLink", "@nextLink"))]:
                link, inside = str(row.pop(name)), name.partition("@")[0]
                inner = row[inside] = list(row.get(inside) or ())  # it may have brought none of them
                for page in self._pages(name, self._further(response, body, link), above):
                    inner += page.rows
            for value in row.values():
                if isinstance(value, list) and value and isinstance(value[0], dict):
                    self._complete(response, body, value, above)

    def _pages(self, name: str, address: str | None, above: tuple[str, ...] = ()) -> Iterator[Rows]:
        """The pages from an address on. Raises DefinitionError (E-PAGING) where links lead in a circle."""
        walked: Walked | None = None
        while address:
            if address in above:
                raise circle.found()
            page = self.rows(name, [], address=address, above=(*above, address))
            walked = circle.go_on(walked, fingerprint([address, page.rows[:1], page.rows[-1:]]))
            yield page
            address = page.following

    def all_rows(self, entity: str, options: Sequence[str]) -> Iterator[reading.Row]:
        """The rows of a call and of the pages behind it."""
        first = self.rows(entity, options)
        yield from first.rows
        for page in self._pages(entity, first.following):
            yield from page.rows

    def record(self, entity: str, row: reading.Row) -> Record:
        return self.records(entity, [row])[0]

    def records(
        self, entity: str, rows: Sequence[reading.Row], *, bare: bool = False, raws: Raws | None = None
    ) -> list[Record]:
        """Rows as records. Raises RecordRejected for one without a key. ``bare``: they have no annotations. ``raws``:
        the records are to have these."""
        model, made = self.model(), []
        as_they_are = bare and model.is_open(entity)
        title_field, stamp_field = model.title_of(entity), model.stamp_of(entity)
        keys = model.type(entity).keys
        for row, raw in zip(rows, raws or rows, strict=True):
            data = row if as_they_are else model.canonical(entity, row)
            key = model.key_within(entity, keys, row)
            if not key:
                raise RecordRejected(
                    f"A row of {entity} has no key.",
                    code="E-NO-KEY",
                    cure="Correct the key in the connection.",
                )
            if not bare:
                self.note_etag(entity, key, row)
            title, stamp = data.get(title_field), data.get(stamp_field)
            version = str(stamp) if stamp else None
            made.append(Record(key, raw if raws else data, version=version, title=str(title or "")))
        return made

    # finding and writing -----------------------------------------------------------------------------

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        model = self.model()
        parts = list(dict.fromkeys(match_of(model, entity, match) for match in matches if match))
        names = [name for match in matches for name in match if name != KEY]
        options = self.selection(Query(entity=entity, fields=(*dict.fromkeys([*names, *fields]),)))
        found: dict[str, Remote] = {}
        for some in chunks(parts, FILTER_LENGTH):
            for row in self.all_rows(entity, [*options, filtered([any_of(some)])]):
                remote = self.remote(entity, row)
                found[remote.id] = remote
        key = self.entity(entity).key
        return [
            [remote for remote in found.values() if match and _is(match, remote, key)] for match in matches
        ]

    def remote(self, entity: str, row: reading.Row) -> Remote:
        record = self.record(entity, row)
        number = record.data.get(self.model().number_of(entity))
        return Remote(record.key, record.data, str(number) if number else None, version=record.version)

    def note_etag(self, entity: str, key: str, row: reading.Row) -> None:
        if etag := row.get("@odata.etag") or row.get("@etag"):
            self.etags[entity, key] = str(etag)

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        return Writer(self, entity).write(changes)

    def _delete(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        return self._delete_singly(changes, lambda change: delete(self, entity, change))

    def refusal(self, response: Any, what: str) -> HeddleError:
        """The error that an answer stands for."""
        reason = said(body_of(response)).rstrip(". ")
        return refuse(meaning(response.status_code), self.line.name, what, response, reason)


def filtered(conditions: Sequence[str]) -> str:
    joined = all_of(conditions)
    return f"$filter={joined}" if joined else ""


def _is(match: Mapping[str, Any], remote: Remote, key: str) -> bool:
    if set(match) == {key}:
        return str(match[key]).casefold() == remote.id.casefold()
    return equals(match, remote.data)
