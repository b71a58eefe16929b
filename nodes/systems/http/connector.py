"""Any HTTP service that speaks JSON, described by form."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from engine.connector import Capability, Connector, Health, Query
from engine.errors import HeddleError, RecordRejected
from engine.http import Http
from engine.record import Change, Page, Remote, Result
from engine.shape import Entity, Summary
from nodes.systems.http import line, shapes, writing
from nodes.systems.http.answers import Judge
from nodes.systems.http.deleting import delete
from nodes.systems.http.finding import Finder
from nodes.systems.http.line import Line
from nodes.systems.http.paging import NoPages
from nodes.systems.http.reading import Reader
from nodes.systems.http.settings import EntityForm, HttpSettings
from nodes.systems.http.writing import Writer


class HttpConnector(Connector[HttpSettings]):
    """Reads and writes through any HTTP service that speaks JSON. You describe its objects by form: where they are
    read, how their pages are cut, how one is found again, and how they are written. Tell it about an idempotency
    header or a way to find a record, if the service has one: then an answer that gets lost never means that a
    record is written twice or that somebody has to look.
    """

    system: ClassVar[str] = "http"
    title: ClassVar[str] = "HTTP / JSON"
    one_of_many: ClassVar[bool] = True
    Settings = HttpSettings
    capability: ClassVar[Capability] = Capability(page=500, write=100, find=100, changes="modified-since")
    errors: ClassVar[Mapping[int | str, type[HeddleError]]] = line.STATUS

    def __init__(self, settings: HttpSettings, http: Http) -> None:
        super().__init__(settings, http)
        # What this service can do is known once its forms are.
        self.capability = capability(settings)  # type: ignore[misc]
        headers = {one.name: one.value for one in settings.headers}
        self.line = Line(settings.url, settings.auth, headers, http)
        self.judge = Judge(settings, self.line.name)
        self._shapes: dict[str, Entity] = {}

    def check(self) -> Health:
        response = self.line.call("GET", self.settings.test, mutating=False)
        if error := self.judge.error(response, line.body_of(response), "the path for the test"):
            raise error
        as_whom = f" as {self.line.sign_in.identity}" if self.line.sign_in.identity else ""
        return Health(
            ok=True,
            message=f"{self.line.name} answers{as_whom}.",
            identity=self.line.sign_in.identity,
        )

    def entities(self) -> list[Summary]:
        return [
            Summary(name=one.name, title=one.title or one.name, common=True) for one in self.settings.entities
        ]

    def entity(self, name: str) -> Entity:
        if name not in self._shapes:
            form = self._form(name)
            sample: list[Any] = []
            if form.read and not form.fields:
                sample, _, _ = Reader(self.line, self.judge, form).rows(None, shapes.SAMPLE)
            self._shapes[name] = shapes.shape(form, sample[: shapes.SAMPLE])
        return self._shapes[name]

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        return Reader(self.line, self.judge, self._form(query.entity)).page(query, cursor, limit)

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        return Finder(self.line, self.judge, self._form(entity)).find(matches)

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        return Writer(self.line, self.judge, self._form(entity)).write(changes)

    def _delete(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        form = self._form(entity)
        return self._delete_singly(changes, lambda change: delete(self.line, self.judge, form, change))

    def resolve(self, entity: str, changes: Sequence[Change]) -> list[Remote | None]:
        return Writer(self.line, self.judge, self._form(entity)).resolve(changes)

    def tells(self, entity: str, match: Collection[str]) -> bool:
        return Writer(self.line, self.judge, self._form(entity)).tells(set(match))

    def finds(self, entity: str, names: Collection[str]) -> bool:
        return Finder(self.line, self.judge, self._form(entity)).can(set(names))

    def _form(self, name: str) -> EntityForm:
        form = self.settings.form(name)
        if form is None:
            raise RecordRejected(
                f"The connection to {self.line.name} describes no object called {name!r}.",
                code="E-UNKNOWN-ENTITY",
                cure="Add it to the connection, or choose another one.",
            )
        return form


def capability(settings: HttpSettings) -> Capability:
    """What the service can do, as its forms tell.

    Where a lost answer cannot be sorted out, no more records are handed over at once than are under way together.
    """
    written = [one for one in settings.entities if one.write]
    sizes = {one.name: one.write.size if one.write and one.write.body == "array" else 1 for one in written}
    unsafe = [
        one.write.at_once if one.write and one.write.body == "single" else sizes[one.name]
        for one in written
        if not writing.is_safe(one)
    ]
    pages = [
        one.read.paging.size
        for one in settings.entities
        if one.read and not isinstance(one.read.paging, NoPages)
    ]
    keyed = bool(written) and all(one.write and one.write.keyed for one in written)
    return Capability(
        page=max(pages, default=500),
        write=min(unsafe) if unsafe else max([100, *sizes.values()]),
        find=100,
        lag=max((one.find.lag for one in settings.entities if one.find), default=0),
        idempotency="key" if keyed else "none",
        tombstones=any(one.read and one.read.deleted for one in settings.entities),
        changes="modified-since" if any(one.modified for one in settings.entities) else "none",
    )
