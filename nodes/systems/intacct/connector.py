"""Sage Intacct by its XML web services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from engine.connector import Capability, Connector, Health, Query
from engine.errors import HeddleError, RecordRejected
from engine.http import Http
from engine.record import Change, Page, Remote, Result
from engine.shape import Entity, Summary
from nodes.systems.intacct import refusals, shapes
from nodes.systems.intacct.deleting import delete
from nodes.systems.intacct.gateway import Gateway
from nodes.systems.intacct.reading import Reader
from nodes.systems.intacct.settings import IntacctSettings
from nodes.systems.intacct.writing import BULK, Writer

MOST_OPTIONS = 1000


class IntacctConnector(Connector[IntacctSettings]):
    """Customers, invoices, payments, items and the ledger of a Sage Intacct company.

    Needs a Web Services sender ID that is authorised in the company, and a Web Services user with rights for
    the objects that flows read and write. Creates carry a key by which Intacct refuses repeats, so an
    invoice is never booked twice. Documents dated in a closed period are held, not failed.
    """

    system = "intacct"
    title = "Sage Intacct"
    Settings = IntacctSettings
    capability = Capability(
        page=1000,
        write=BULK,
        find=100,
        lag=10,
        idempotency="key",
        changes="modified-since",
        concurrent=2,
    )
    errors: ClassVar[Mapping[int | str, type[HeddleError]]] = refusals.ERRORS

    def __init__(self, settings: IntacctSettings, http: Http) -> None:
        super().__init__(settings, http)
        self._gateway = Gateway(settings, http)
        self._reader = Reader(self._gateway, settings.location_id)
        self._writer = Writer(self._gateway, self._reader)

    def check(self) -> Health:
        session = self._gateway.sign_in()
        place = session.location or "top level"
        identity = f"{session.user} @ {session.company} / {place}"
        return Health(
            ok=True,
            message=f"Signed in to Intacct as {session.user}, company {session.company}, {place}.",
            identity=identity,
            version="XML 3.0",
            details={"endpoint": session.endpoint},
        )

    def entities(self) -> list[Summary]:
        return shapes.summaries(self._reader.offered())

    def entity(self, name: str) -> Entity:
        return self._reader.shape(name)

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        return self._reader.page(query, cursor, limit)

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        return self._reader.find(entity, matches, fields, self.capability.find)

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        return self._writer.write(entity, changes)

    def _delete(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        return delete(self._gateway, self._reader, entity, changes)

    def resolve(self, entity: str, changes: Sequence[Change]) -> list[Remote | None]:
        return self._writer.resolve(entity, changes)

    def link(self, entity: str, remote_id: str) -> str | None:
        shape = self.entity(entity)
        found = self.find(entity, [{shape.key: remote_id}])[0]
        return found[0].link if found else None

    def options(self, entity: str, field: str) -> list[tuple[str, str]]:
        known = self.entity(entity).field(field)
        if known is None:
            raise RecordRejected(f"{entity} has no field {field}.", code="E-FIELD", field=field)
        if known.choices:
            return [(choice.value, choice.title) for choice in known.choices]
        if known.refers_to is None:
            return []
        target = self.entity(known.refers_to)
        page = self.read(Query(entity=target.name, fields=(target.key,)), None, MOST_OPTIONS)
        return [(record.key, record.title or record.key) for record in page.records]
