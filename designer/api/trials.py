"""Trying rules and decision tables: what they decide, why, and what a change of them would alter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify
from pydantic import BaseModel, Field

from designer import drawing
from designer.api.body import Body, Slug
from designer.api.opening import new_room
from designer.auth import allow
from designer.checks import Library, library
from designer.errors import reading
from designer.installation import here
from designer.shelf import tables_to_try
from engine import clock, trial
from engine.errors import RequestError
from engine.flow import LookupTable
from engine.node import Node, NodeContext
from engine.record import Record
from engine.store import flows
from engine.store import library as shelf
from engine.store.database import Session
from engine.trial import Decision, Passed

room = new_room("trials", "rules")

MOST = 500
SHOWN = 200


class TriedRecord(Body):
    """A record to judge; ``steps`` is what earlier steps of the flow know of it."""

    key: str = ""
    title: str = ""
    data: Any = None
    steps: dict[str, Any] = {}


class Trial(Body):
    """What to try, and on what: ``facts`` (one record typed in), ``records`` (samples of a preview), or the
    ``last`` real records that arrived at ``node`` of ``flow``."""

    document: dict[str, Any]
    tables: dict[str, LookupTable] = {}
    facts: dict[str, Any] | None = None
    records: list[TriedRecord] = Field(default=[], max_length=MOST)
    flow: str = ""
    node: str = ""
    last: int = Field(default=0, ge=0, le=MOST)


class TableTrial(Trial):
    no_match: str = Field(default="keep", pattern="^(keep|hold|reject)$")


class WhatIf(Body):
    """``document`` is the drawing to compare with the published version; without one, the draft."""

    node: str
    document: dict[str, Any] | None = None
    last: int = Field(default=MOST, ge=1, le=MOST)


class ChangeBody(BaseModel):
    field: str
    before: Any
    after: Any


class DecisionBody(BaseModel):
    """``ports``: where it left (``held`` and ``rejected`` included); ``changed``: the fields it set."""

    ports: list[str]
    message: str
    cure: str
    changed: list[ChangeBody]


class TriedBody(DecisionBody):
    """``notes``: every rule in order, with whether it fired and because of what; or the rows of the table."""

    key: str
    title: str
    run: str
    notes: list[dict[str, Any]]


class TrialBody(BaseModel):
    records: list[TriedBody]


class OtherwiseBody(BaseModel):
    key: str
    title: str
    run: str
    live: DecisionBody
    draft: DecisionBody
    fields: list[ChangeBody]
    notes: list[dict[str, Any]]


class WhatIfBody(BaseModel):
    """``judged`` real records, of which ``count`` would be decided otherwise; ``changed`` lists up to 200."""

    version: int
    judged: int
    count: int
    changed: list[OtherwiseBody]


@room.get("/api/rules/checks", responses={200: Library})
@allow("viewer")
def checks() -> Response:
    """The pre-flight checks that come with Heddle, ready to be added to a rules step."""
    return jsonify(library().model_dump(exclude_unset=True))


@room.post("/api/rules/try", responses={200: TrialBody})
@allow("editor")
def try_rules(body: Trial) -> Response:
    """Which rules fire on some records, on which values, in which order, and why the others do not."""
    return _tried("rules", {"rules": body.document}, body)


@room.post("/api/tables/try", responses={200: TrialBody})
@allow("editor")
def try_table(body: TableTrial) -> Response:
    """Which rows of a decision table match some records, what they set, and which cell the others fail on."""
    return _tried("table", {"table": body.document, "no_match": body.no_match}, body)


@room.post("/api/flows/<string:slug>/what-if", responses={200: WhatIfBody})
@allow("editor")
def what_if(path: Slug, body: WhatIf) -> Response:
    """Which of the last real records would be decided otherwise than by the published version."""
    with here().database.read() as store:
        row = _flow(store, path.slug)
        live = flows.version_by_id(store, row.live_version_id) if row.live_version_id else None
        if live is None:
            raise RequestError(
                f"«{row.name}» has no published version to compare with.",
                status=409,
                code="E-NOT-PUBLISHED",
                cure="Publish it once; then changes can be compared.",
            )
        flow = row.document() if body.document is None else drawing.parse(body.document)
        nodes = tuple(trial.of_flow(shelf.filled(store, one), body.node) for one in (live.document(), flow))
        records = trial.passed_by(store, row.id, body.node, body.last)
    otherwise = trial.compare(nodes[0], nodes[1], records)
    return jsonify(
        {
            "version": live.number,
            "judged": len(records),
            "count": len(otherwise),
            "changed": [otherwise_as(*one) for one in otherwise[:SHOWN]],
        }
    )


def otherwise_as(one: Passed, old: Decision, new: Decision) -> dict[str, Any]:
    """An OtherwiseBody."""
    return {
        **_named(one),
        "live": _decided(one.record, old),
        "draft": _decided(one.record, new),
        "fields": _changes(old.data, new.data),
        "notes": new.notes,
    }


def _tried(node_type: str, settings: Mapping[str, Any], body: Trial) -> Response:
    node = _made(node_type, settings, body)
    told = []
    for one in _records(body):
        decision = trial.decide(node, one.record, one.facts)
        told.append({**_named(one), **_decided(one.record, decision), "notes": decision.notes})
    return jsonify({"records": told})


def _made(node_type: str, settings: Mapping[str, Any], body: Trial) -> Node[Any]:
    with here().database.read() as store:
        tables = tables_to_try(store, body.document, body.tables)
    with reading("This cannot be tried yet", "E-DOCUMENT"):
        return trial.make(node_type, settings, NodeContext(node=body.node or "trial", tables=tables))


def _records(body: Trial) -> list[Passed]:
    """The records to try. Raises RequestError (422) unless exactly one source is named."""
    if sum((body.facts is not None, bool(body.records), body.last > 0)) != 1:
        raise RequestError(
            "A trial needs exactly one of facts, records and last.",
            status=422,
            code="E-BODY",
            cure="Send one of the three.",
        )
    if body.last:
        with here().database.read() as store:
            return trial.passed_by(store, _flow(store, body.flow).id, body.node, body.last)
    given = body.records or [TriedRecord(key="typed", title="What you typed", data=body.facts)]
    facts = {"started": clock.iso()}
    return [Passed(Record(one.key, one.data, title=one.title, steps=one.steps), "", facts) for one in given]


def _named(one: Passed) -> dict[str, str]:
    return {"key": one.record.key, "title": one.record.title or one.record.key, "run": one.run_id}


def _decided(record: Record, decision: Decision) -> dict[str, Any]:
    error = decision.error
    return {
        "ports": decision.ports,
        "message": error.message if error else "",
        "cure": error.cure if error else "",
        "changed": _changes(record.data, decision.data),
    }


def _changes(before: Any, after: Any) -> list[dict[str, Any]]:
    return [{"field": field, "before": old, "after": new} for field, old, new in trial.changes(before, after)]


def _flow(store: Session, slug: str) -> flows.FlowRow:
    row = flows.find(store, slug)
    if row is None:
        raise drawing.missing(slug)
    return row
