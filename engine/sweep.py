"""Noticing what was deleted where no system says so: the ids that we know are asked for, page by page.

A sweep has two parts, both kept in the reader's cursor: *look* asks which of the known ids are left, *tell* asks
once more for those that are not, in another way, and makes tombstones of them with what was last known. Between the
two it judges: when too many are missing at once, rights may have been revoked, and somebody must look.
"""

from __future__ import annotations

from typing import Any

from engine.clock import iso, now
from engine.connector import Connector, Query
from engine.errors import DefinitionError, Problem, TooManyGone
from engine.node import ReadNode
from engine.record import Origin, Record
from engine.store import budgets, connections, gone, known, references
from engine.store.database import Database
from engine.store.runs import RunView

LOOK = 500
"""Ids asked for between two commits."""

TELL = 100
SHARE = 10
"""One in so many may be missing before somebody is asked; a few always may, unless that is all of them."""
FEW = 3

Cursor = dict[str, Any]


def mark_of(node: str) -> str:
    """Under which name the time of a node's last sweep is kept, beside its watermark."""
    return f"{node}#sweep"


def is_due(database: Database, run: RunView, name: str, node: ReadNode[Any], query: Query) -> bool:
    """Whether this read ends with a sweep. A run that was told what to read, or a sample, sweeps nothing."""
    if node.deletes != "sweep" or query.keys is not None or run.window.get("given") or run.mode == "sample":
        return False
    with database.read() as session:
        last = references.watermark(session, run.flow_id, mark_of(name))
    return last is None or last <= iso(now() - node.sweep_hours * 3600)


def refuse_unable(connector: Connector[Any], name: str, node: ReadNode[Any]) -> None:
    """Raises DefinitionError when deletes shall come from a system that does not tell of them."""
    if node.deletes == "feed" and not connector.capability.tombstones:
        raise DefinitionError(
            [
                Problem(
                    "E-NO-TOMBSTONES",
                    f"{connector.title} does not tell which objects were deleted.",
                    "Set «Deleted objects» to «Heddle asks which are left».",
                    node=name,
                    field="deletes",
                )
            ]
        )


def begin() -> Cursor:
    return {"part": "look", "after": "", "known": 0, "gone": []}


def step(
    database: Database, run: RunView, connector: Connector[Any], node: ReadNode[Any], query: Query, at: Cursor
) -> tuple[list[Record], Cursor | None]:
    """The next tombstones, and where to go on; None when the sweep is over. Raises TooManyGone."""
    place = (run.bindings.get(node.slot, ""), query.entity)
    if at["part"] == "look":
        with database.read() as session:
            ids = known.ids(session, run.flow_id, place, at["after"], LOOK)
        if ids:
            missing = set(_missing(connector, query.entity, ids))
            told = _told(database, run, place, ids, missing)
            lost = [*at["gone"], *(one for one in ids if one in missing - told)]
            return [], {**at, "after": ids[-1], "known": at["known"] + len(ids) - len(told), "gone": lost}
        at = {**at, "part": "tell"}
    if not at["gone"]:
        return [], None
    _judge(database, run, connector, place, at)
    some, rest = at["gone"][:TELL], at["gone"][TELL:]
    page = connector.read(Query(entity=query.entity, fields=query.fields, keys=tuple(some)), None, len(some))
    back = {record.key for record in page.records if not record.deleted}
    origin = Origin(node.slot, query.entity)
    shape_key = connector.entity(query.entity).key
    with database.read() as session:
        last = known.last(session, run.flow_id, origin, [one for one in some if one not in back])
    records = [
        Record(one, data or {shape_key: one}, origin=origin, deleted=True, title=title)
        for one, (data, title) in last.items()
    ]
    if records and run.mode == "live":
        with database.write() as session:
            gone.tell(session, run.id, run.flow_id, place, list(last))
    return records, {**at, "gone": rest, "known": at["known"]} if rest else None


def _missing(connector: Connector[Any], entity: str, ids: list[str]) -> list[str]:
    key = connector.entity(entity).key
    answers = connector.find_all(entity, [{key: one} for one in ids])
    return [one for one, remotes in zip(ids, answers, strict=True) if not remotes]


def _told(
    database: Database, run: RunView, place: tuple[str, str], ids: list[str], missing: set[str]
) -> set[str]:
    """Those of the missing that an earlier run has told; what is there again may go a second time."""
    with database.read() as session:
        told = gone.told(session, run.flow_id, place, ids)
    back = told - missing
    if back and run.mode == "live":
        with database.write() as session:
            gone.forget(session, run.flow_id, place, back)
    return told & missing


def _judge(
    database: Database, run: RunView, connector: Connector[Any], place: tuple[str, str], at: Cursor
) -> None:
    count, all_known = at.get("missing") or len(at["gone"]), at["known"]
    at["missing"] = count
    if count < all_known and count <= max(FEW, all_known // SHARE):
        return
    with database.read() as session:
        if budgets.believed(session, run.id):
            return
        connection = connections.find(session, place[0])
    entity = connector.entity(place[1])
    raise TooManyGone(
        f"{count} of the {all_known} {entity.title or entity.name} that this flow has written from are gone in "
        f"{connection.name if connection else connector.title}.",
        cure="If they really were deleted, allow it on the page of the run. If not, check the rights of the "
        "connection, then stop the run.",
    )
