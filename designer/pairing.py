"""Saying which object of one system is which of another, looked up live before it is believed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from designer.installation import here
from engine import compare
from engine.connector import Connector, Filter, Query
from engine.errors import RecordRejected, RequestError
from engine.record import Remote
from engine.store import connections, pairing
from engine.store.database import Session
from engine.store.references import NEW, OUT, Pair

TIMEOUT = 15.0
MOST = 20
"""So many objects are offered for what somebody types."""


def system(session: Session, connection_id: str) -> Connector[Any]:
    """The system behind a connection, for reading only. Raises RequestError (404) when the connection is gone."""
    row = connections.find(session, connection_id)
    if row is None:
        raise RequestError(
            "The connection of this object is gone.",
            status=404,
            code="E-NOT-FOUND",
            cure="Choose another one.",
        )
    return connections.connect(connections.unseal(row, here().seal), read_only=True, timeout=TIMEOUT)


def live(opened: Connector[Any], entity: str, ids: Iterable[str]) -> dict[str, Remote]:
    """Objects by id as they stand now, in bulk; what is missing is not there. Raises what the system raises."""
    wanted = list(dict.fromkeys(ids))
    shape = opened.entity(entity)
    fields = [name for name in (shape.key, shape.title_field) if name]
    answers = opened.find_all(entity, [{shape.key: one} for one in wanted], fields)
    return {one: remotes[0] for one, remotes in zip(wanted, answers, strict=True) if remotes}


def search(connection_id: str, entity: str, text: str) -> list[dict[str, Any]]:
    """Objects that somebody means by an id, a number or a part of the name, at most MOST: {"id", "number", "title",
    "link"}. Raises RequestError (404) and what the system raises."""
    with here().database.read() as session:
        opened = system(session, connection_id)
    shape = opened.entity(entity)
    names = [name for name in dict.fromkeys((shape.key, *shape.match, shape.title_field)) if name]
    ids = [remote.id for name in names for remote in _called(opened, entity, name, text)]
    if shape.title_field:
        part = Filter(field=shape.title_field, op="contains", value=text)
        query = Query(entity=entity, fields=(shape.title_field,), filters=(part,))
        ids += [record.key for record in opened.read(query, None, MOST).records]
    return [
        {
            "id": remote.id,
            "number": remote.number,
            "title": str(compare.dig(remote.data, shape.title_field or "") or remote.number or remote.id),
            "link": remote.link,
        }
        for remote in live(opened, entity, list(dict.fromkeys(ids))[:MOST]).values()
    ]


def _called(opened: Connector[Any], entity: str, name: str, text: str) -> list[Remote]:
    try:
        return opened.find(entity, [{name: text}])[0]
    except RecordRejected:
        return []  # the text cannot stand in that field at all, such as a name where an id is meant


def existing(connection_id: str, entity: str, object_id: str) -> Remote:
    """The object, as it stands now. Raises RequestError (422) when there is none."""
    with here().database.read() as session:
        opened = system(session, connection_id)
    remote = live(opened, entity, [object_id]).get(object_id)
    if remote is None:
        raise no_object(opened, entity, object_id)
    if remote.link is None:
        return Remote(remote.id, remote.data, remote.number, opened.link(entity, remote.id), remote.version)
    return remote


def no_object(opened: Connector[Any], entity: str, object_id: str) -> RequestError:
    return RequestError(
        f"{opened.http.name or opened.title} has no {entity} with the id {object_id}.",
        status=422,
        code="E-NO-OBJECT",
        cure="Copy the id from the system, or have a new one created.",
    )


def choose(session: Session, question: Mapping[str, Any], choice: str, remote: Remote | None) -> None:
    """Keeps what somebody chose for the source object of an ambiguous question.

    choice  the id of a candidate (``remote`` is what was found there), ``new`` or ``out``
    """
    source = dict(question["source"])
    left_id = str(source.pop("left_id"))
    pair = Pair(**{name: str(value) for name, value in source.items()})
    if remote is None:
        pairing.say(session, pair, left_id, choice)
    else:
        pairing.point(session, pair, left_id, remote.id, remote.number, remote.link)


def chosen(question: Mapping[str, Any], given: Mapping[str, str]) -> tuple[str, Remote | None]:
    """What was chosen, and the object if it is one, looked up now. Raises RequestError (422)."""
    choice = given.get("choice", "").strip()
    candidates = {str(one["id"]) for one in question.get("candidates", ())}
    if choice in (NEW, OUT):
        return choice, None
    if choice not in candidates or set(given) != {"choice"}:
        raise RequestError(
            "Choose one of the objects, a new one, or none.",
            status=422,
            code="E-CHOICE",
            cure='Send {"choice": id}, "new" or "out". Another object can be set under cross references.',
        )
    source = question["source"]
    return choice, existing(str(source["right_connection"]), str(source["right_entity"]), choice)


def form(question: Mapping[str, Any]) -> dict[str, Any]:
    """What the inbox shows of an ambiguous question: the values looked for, and what was found."""
    return {
        "kind": "choice",
        "entity": question["entity"],
        "thing": question.get("thing") or question["entity"],
        "match": question["match"],
        "candidates": question["candidates"],
    }


def either() -> RequestError:
    return RequestError(
        "Say what becomes of it.",
        status=422,
        code="E-CHOICE",
        cure="Send right_id, or state new or out; one of the two.",
    )
