"""Creatio CRM over its OData 4 service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from requests import Response

from engine.connector import Capability, Connector, Filter, Health, Query, TaskForm
from engine.errors import AccessError, HeddleError, RecordRejected, Unavailable
from engine.http import Http
from engine.record import Change, Page, Record, Remote, Result
from engine.shape import Entity, Summary
from nodes.systems.creatio import finding
from nodes.systems.creatio.answers import body_of, refuse
from nodes.systems.creatio.deleting import delete
from nodes.systems.creatio.metadata import Model, parse, stock_model
from nodes.systems.creatio.odata import Reader, Selection, condition, resolve
from nodes.systems.creatio.session import ClientCredentials, CreatioSettings, Session
from nodes.systems.creatio.task import ACTIVITY
from nodes.systems.creatio.values import GUID
from nodes.systems.creatio.writing import Writer
from nodes.systems.odata import reading
from nodes.systems.odata.query import all_of, chunks, encode
from nodes.systems.odata.values import utc

LONGEST_QUERY = 1800
"""Characters of a query that every web server in front of Creatio lets through (IIS: 2048)."""
OPTIONS_LIMIT = 1000
NAMES = reading.Names(lambda row: str(row["Id"]), "ModifiedOn")


class CreatioConnector(Connector[CreatioSettings]):
    """Reads and writes everything that Creatio offers over OData 4: accounts, contacts, opportunities with
    their products, orders, invoices, your own columns and your own objects. Needs a user (or an OAuth
    application) with the right to the OData service and to the objects in question.
    """

    system: ClassVar[str] = "creatio"
    title: ClassVar[str] = "Creatio"
    Settings = CreatioSettings
    capability: ClassVar[Capability] = Capability(
        page=500, write=100, find=100, lag=10, idempotency="client-id", changes="modified-since", concurrent=4
    )
    task: ClassVar[TaskForm | None] = ACTIVITY
    errors: ClassVar[Mapping[int | str, type[HeddleError]]] = {
        400: RecordRejected,
        401: AccessError,
        402: AccessError,
        403: AccessError,
        404: RecordRejected,
        405: RecordRejected,
        408: Unavailable,
        429: Unavailable,
        500: Unavailable,
        502: Unavailable,
        503: Unavailable,
        504: Unavailable,
    }

    def __init__(self, settings: CreatioSettings, http: Http) -> None:
        super().__init__(settings, http)
        self.session = Session(settings, http)
        self._model: Model | None = None
        self.batches = True

    # what there is -----------------------------------------------------------------------------------

    def check(self) -> Health:
        auth = self.settings.auth
        who = auth.client_id if isinstance(auth, ClientCredentials) else auth.user
        answer = body_of(self.get("odata/", "the OData service"))
        sets = answer.get("value", []) if isinstance(answer, dict) else []
        if not sets:
            raise AccessError(
                "Creatio answers, but shows this user no objects at all.",
                code="E-RIGHTS",
                cure="Give the user the system operation “Access to OData” and rights to the objects.",
            )
        return Health(
            ok=True,
            message=f"Signed in to Creatio as {who}; {len(sets)} kinds of object.",
            identity=who,
            version=str(answer.get("version", "")),
            details={"objects": str(len(sets))},
        )

    def entities(self) -> list[Summary]:
        return self.model().summaries()

    def entity(self, name: str) -> Entity:
        return self.model().entity(name)

    def options(self, entity: str, field: str) -> list[tuple[str, str]]:
        """The rows of the lookup that a reference field points to, by title."""
        _, one, _ = resolve(self.model(), entity, field)
        if one.type != "reference" or not one.refers_to:
            return []
        target = self.model().type(one.refers_to)
        display = target.display or "Id"
        query = [
            f"$select={','.join(dict.fromkeys(('Id', display)))}",
            f"$orderby={display}",
            f"$top={OPTIONS_LIMIT}",
        ]
        rows, _ = self.rows(one.refers_to, query)
        return [(row["Id"], str(row[display] or row["Id"])) for row in rows]

    def model(self) -> Model:
        """The site's shapes, read once. Where $metadata is refused, the stock shapes."""
        if self._model is None:
            response = self.session.call("GET", "odata/$metadata", mutating=False, accept="application/xml")
            if response.status_code in {429, 502, 503, 504}:
                raise refuse(response, "$metadata", self.errors)
            try:
                self._model = parse(response.content) if response.ok else stock_model()
            except ValueError:
                self._model = stock_model()
        return self._model

    def link(self, entity: str, remote_id: str) -> str | None:
        prefix = "" if self.session.prefix == "" else "/0"
        usual = f"{{url}}{prefix}/Nui/ViewModule.aspx#CardModuleV2/{{entity}}PageV2/edit/{{id}}"
        pattern = self.settings.page_pattern or usual
        return pattern.format(url=self.settings.url, entity=entity, id=remote_id)

    # reading -----------------------------------------------------------------------------------------

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        """One page. ``cursor`` is opaque: where the read stands, or how many of ``keys`` are done."""
        selection = self.selection(query)
        conditions = [condition(self.model(), query.entity, one) for one in query.filters if not _void(one)]
        if any(_void(one) for one in query.filters):
            return Page([], total=0)
        read = selection.reader()
        if query.keys is not None:
            return self._read_keys(query, selection, read, conditions, int(cursor or 0), limit)
        by_stamp = query.since is not None or query.until is not None
        stamped = "ModifiedOn" in selection.type.properties
        if by_stamp and not stamped:
            raise RecordRejected(
                f"{query.entity} has no stamp of its last change, so changes cannot be read.",
                code="E-NO-STAMP",
                cure="Read all of it.",
            )
        since = utc(query.since) if query.since else None
        if query.until:
            conditions.append(f"ModifiedOn le {utc(query.until)}")
        here = reading.position(cursor, since)
        if cursor is None and stamped and not by_stamp:
            here.roof = self._newest(query.entity)
        total: int | None = None

        def fetch(at: str, skip: int, top: int) -> tuple[list[reading.Row], int | None]:
            nonlocal total
            start = f"ModifiedOn ge {at}" if at else ""
            rows, total = self.rows(
                query.entity,
                [
                    *selection.query(),
                    _option("$filter", all_of([*conditions, start])),
                    f"$orderby={'ModifiedOn,Id' if by_stamp else 'Id'}",
                    f"$top={top}",
                    f"$skip={skip}" if skip else "",
                    "$count=true",
                ],
            )
            return rows, total

        fresh, following = reading.advance(here, fetch, limit, NAMES, by_stamp=by_stamp)
        mark = reading.highest(here, fresh, NAMES)
        if following is not None:
            following.mark = here.mark
        return Page(
            [self._record(selection, read(row)) for row in fresh],
            cursor=msgspec.to_builtins(following) if following is not None else None,
            watermark=(mark or query.since) if stamped else None,
            total=total if cursor is None else None,
        )

    def selection(self, query: Query) -> Selection:
        """What a query wants, as $select and $expand. Raises RecordRejected for unknown names."""
        model = self.model()
        selection = Selection(model, model.type(query.entity))
        for name in query.lines:
            if not any(one.startswith(f"{name}.") for one in query.fields):
                selection.add_lines(name)
        for name in query.fields:
            selection.add(name)
        if query.fields:
            always = {"Id", "ModifiedOn", selection.type.display}
            selection.columns |= {name for name in always if name in selection.type.properties and name}
        return selection

    def rows(self, entity: str, options: Sequence[str]) -> tuple[list[reading.Row], int | None]:
        """The raw rows of one call and how many there are in all, if asked for and told."""
        encoded = encode(options)
        if len(encoded) > LONGEST_QUERY and self.batches:
            # Too long for an address: the same call inside of a batch has no such limit.
            return finding.unpack(entity, finding.many(self, [f"{entity}?{encoded}"])[0])
        answer = self.get(f"odata/{entity}", entity, encoded)
        return finding.unpack(entity, body_of(answer))

    def get(self, path: str, what: str, query: str = "") -> Response:
        """A reading call that must succeed. Raises as the error table says."""
        response = self.session.call("GET", path, mutating=False, query=query)
        if not response.ok:
            raise refuse(response, what, self.errors)
        return response

    def _read_keys(
        self,
        query: Query,
        selection: Selection,
        read: Reader,
        conditions: list[str],
        done: int,
        limit: int,
    ) -> Page:
        keys = list(dict.fromkeys(key.strip().lower() for key in query.keys or ()))
        wanted = keys[done : done + limit]
        good = [key for key in wanted if GUID.fullmatch(key)]
        found: dict[str, reading.Row] = {}
        for chunk in chunks([f"Id eq {key}" for key in good], LONGEST_QUERY // 2):
            options = [*selection.query(), _option("$filter", all_of([*conditions, " or ".join(chunk)]))]
            rows, _ = self.rows(query.entity, [*options, "$orderby=Id", f"$top={len(chunk)}"])
            found |= {row["Id"].lower(): row for row in rows}
        records = [self._record(selection, read(found[key])) for key in wanted if key in found]
        following = done + len(wanted)
        return Page(records, cursor=following if following < len(keys) else None, total=len(keys))

    def _record(self, selection: Selection, data: dict[str, Any]) -> Record:
        title = data.get(selection.type.display) if selection.type.display else None
        return Record(data["Id"], data, version=data.get("ModifiedOn"), title=str(title or ""))

    def _newest(self, entity: str) -> str:
        """The newest change stamp when a whole read starts: what changes during it must be read again."""
        rows, _ = self.rows(entity, ["$select=Id,ModifiedOn", "$orderby=ModifiedOn desc", "$top=1"])
        return str(rows[0].get("ModifiedOn") or "") if rows else ""

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        return finding.find(self, entity, matches, fields)

    # writing -----------------------------------------------------------------------------------------

    def _delete(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        self.model().type(entity)
        return self._delete_singly(changes, lambda change: delete(self, entity, change))

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        return Writer(self, entity).write(changes)

    def resolve(self, entity: str, changes: Sequence[Change]) -> list[Remote | None]:
        """Looks by id. A create happened if the object is there, an update if it has all the values sent."""
        return Writer(self, entity).resolve(changes)

    def remote(self, entity: str, data: dict[str, Any]) -> Remote:
        display = self.model().type(entity).display
        number = data.get("Number") or (data.get(display) if display else None)
        return Remote(data["Id"], data, number or None, self.link(entity, data["Id"]), data.get("ModifiedOn"))

    def by_id(self, entity: str, ids: Sequence[str], fields: Sequence[str] = ()) -> dict[str, Remote]:
        """The objects that exist of these, by id."""
        selection = self.selection(Query(entity=entity, fields=("Id", *fields)))
        read, found = selection.reader(), {}
        calls = []
        for chunk in chunks([f"Id eq {key}" for key in dict.fromkeys(ids)], LONGEST_QUERY // 2):
            options = [*selection.query(), _option("$filter", " or ".join(chunk)), f"$top={len(chunk)}"]
            calls.append(f"{entity}?{encode(options)}")
        for body in finding.many(self, calls):
            for row in finding.unpack(entity, body)[0]:
                found[row["Id"].lower()] = self.remote(entity, read(row))
        return found


def _void(one: Filter) -> bool:
    """``in`` nothing: no row can meet it."""
    return one.op == "in" and isinstance(one.value, list | tuple) and not one.value


def _option(name: str, value: str) -> str:
    return f"{name}={value}" if value else ""
