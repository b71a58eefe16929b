"""Finding objects by match keys, in bulk: conditions joined by ``or``, calls joined in a batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from engine.connector import Filter, Query
from engine.errors import Unavailable
from engine.record import Remote
from engine.shape import Field
from nodes.systems.creatio.answers import body_of, complaint, refuse
from nodes.systems.creatio.odata import Selection, condition, resolve
from nodes.systems.creatio.values import outgoing
from nodes.systems.odata.query import all_of, any_of, chunks, encode
from nodes.systems.odata.values import stamp_key

if TYPE_CHECKING:
    from nodes.systems.creatio.connector import CreatioConnector

BATCH = 100
"""Calls in one $batch, by Creatio's own limit."""
BATCH_HEADERS = {"Prefer": "continue-on-error"}
NO_BATCH = (404, 405, 415, 501)
"""How a site that does not know $batch answers it."""
FILTER_LENGTH = 1300
"""Characters of one filter; with the rest of the query it stays below what servers let through."""


def find(
    connector: CreatioConnector, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str]
) -> list[list[Remote]]:
    """For each match the objects that equal it, in the order of their ids. See Connector.find."""
    model = connector.model()
    names = sorted({name for match in matches for name in match})
    ends = {name: resolve(model, entity, name) for name in names}
    selection = connector.selection(Query(entity=entity, fields=("Id", *names, *fields)))
    keyed: dict[tuple[Any, ...], str] = {}
    for match in matches:
        parts = [condition(model, entity, Filter(field=name, value=value)) for name, value in match.items()]
        if parts:
            keyed[_key(ends, match)] = all_of(parts)
    calls = [
        [*selection.query(), f"$filter={any_of(chunk)}", "$orderby=Id", "$count=true"]
        for chunk in chunks(list(keyed.values()), FILTER_LENGTH)
    ]
    found: dict[tuple[Any, ...], list[Remote]] = {}
    read = selection.reader()
    shapes = {tuple(sorted(match)) for match in matches if match}
    for options, body in zip(
        calls, many(connector, [f"{entity}?{encode(call)}" for call in calls]), strict=True
    ):
        for row in _all_rows(connector, entity, options, body):
            data = read(row)
            remote = connector.remote(entity, data)
            for shape in shapes:
                key = _key(ends, {name: _pick(data, name, selection) for name in shape})
                found.setdefault(key, []).append(remote)
    return [_once(found.get(_key(ends, match), [])) if match else [] for match in matches]


def many(connector: CreatioConnector, calls: Sequence[str]) -> list[Any]:
    """The bodies of several reading calls (``Contact?$top=1``), fetched with as few requests as possible."""
    if len(calls) == 1 and len(calls[0]) <= 2000:
        entity, _, query = calls[0].partition("?")
        return [body_of(connector.get(f"odata/{entity}", entity, query))]
    bodies: list[Any] = []
    for start in range(0, len(calls), BATCH):
        requests = [
            {"id": str(at), "method": "GET", "url": url, "headers": {"Accept": "application/json"}}
            for at, url in enumerate(calls[start : start + BATCH])
        ]
        response = connector.session.call(
            "POST", "odata/$batch", mutating=False, body={"requests": requests}, headers=BATCH_HEADERS
        )
        if response.status_code in NO_BATCH:
            # A site without batches: one call each.
            for url in calls[start:]:
                entity, _, query = url.partition("?")
                bodies.append(body_of(connector.get(f"odata/{entity}", entity, query)))
            return bodies
        if not response.ok:
            raise refuse(response, "a bundle of calls", connector.errors)
        answers = {str(one.get("id")): one for one in (body_of(response) or {}).get("responses", [])}
        for request in requests:
            answer = answers.get(request["id"])  # type: ignore[call-overload]
            if answer is None:
                raise Unavailable("Creatio left a call of a bundle unanswered.")
            if int(answer["status"]) >= 400:
                what = str(request["url"]).partition("?")[0]
                trouble = complaint(int(answer["status"]), answer.get("body"))
                if not trouble.definite and (trouble.status == 429 or trouble.status >= 500):
                    raise Unavailable(f"Creatio cannot answer at the moment ({trouble.status}).")
                raise trouble.rejection(f"the search for {what}")
            bodies.append(answer.get("body"))
    return bodies


def unpack(entity: str, body: Any) -> tuple[list[dict[str, Any]], int | None]:
    """The rows and the count of a collection's body. Raises Unavailable if it is none."""
    if not isinstance(body, dict) or not isinstance(body.get("value"), list):
        raise Unavailable(f"Creatio sent something else than the list of {entity} that was asked for.")
    count = body.get("@odata.count")
    return body["value"], int(count) if count is not None else None


def _all_rows(
    connector: CreatioConnector, entity: str, options: list[str], body: Any
) -> Iterator[dict[str, Any]]:
    """The rows of a body and, if the server cut it off, of the calls behind it."""
    rows, count = unpack(entity, body)
    yield from rows
    seen = len(rows)
    while rows and count is not None and seen < count:
        rows, _ = connector.rows(entity, [*options, f"$skip={seen}"])
        yield from rows
        seen += len(rows)


def _once(remotes: list[Remote]) -> list[Remote]:
    return list({remote.id: remote for remote in remotes}.values())


def _pick(data: Any, path: str, selection: Selection) -> Any:
    """The value at ``Account.Name`` in data as read."""
    for step in path.split("."):
        if not isinstance(data, dict):
            return None
        lookup = selection.type.lookup_of(step) if step not in data else None
        data = data.get(lookup or step)
    return data


def _key(ends: Mapping[str, tuple[str, Field, Any]], match: Mapping[str, Any]) -> tuple[Any, ...]:
    """A match in a form in which equal ones are equal: text without case and surrounding blanks."""
    return tuple((name, _comparable(ends[name][1], match[name], ends[name][2].edm)) for name in sorted(match))


def _comparable(field: Field, value: Any, edm: str) -> Any:
    if value is None or value == "":
        return None
    if field.type == "text":
        return str(value).strip().casefold() or None
    sent = outgoing(field, value, edm)
    if field.type == "datetime":
        return stamp_key(sent)
    return Decimal(sent) if isinstance(sent, int) and not isinstance(sent, bool) else sent
