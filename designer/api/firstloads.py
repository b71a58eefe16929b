"""First loads: a match report before anything is written, decisions on it, and the load by executing it."""

from __future__ import annotations

from typing import Literal

from flask import Response, jsonify, request
from pydantic import Field, model_validator

from designer import firstload
from designer.api.body import Body, Id, Slug
from designer.api.opening import new_room
from designer.api.runs import find
from designer.auth import allow, me
from designer.installation import here
from designer.things import Names
from engine.launch import Cause
from engine.record import from_json, idempotency_key
from engine.store import progress

room = new_room("firstloads", "runs")


class BandQuery(Body):
    """``after``: ``next`` of the last answer."""

    band: Literal["exact", "likely", "ambiguous", "new"] = "likely"
    q: str = Field(default="", max_length=200)
    after: int = 0
    limit: int = Field(default=50, ge=1, le=200)


class Record(Body):
    node: str
    key: str


class Decision(Body):
    """``choice``: the id of an object, new, out, best (the only candidate), or undo; about ``records``, or about all of a
    ``band`` that nobody has decided (new, out or best)."""

    choice: str = Field(min_length=1, max_length=300)
    records: list[Record] = Field(default=[], max_length=500)
    band: Literal["likely", "ambiguous"] | None = None

    @model_validator(mode="after")
    def _about_something(self) -> Decision:
        if bool(self.records) == (self.band is not None):
            raise ValueError("Send records, or a band.")
        if self.band is not None and self.choice not in ("best", "new", "out"):
            raise ValueError("A whole band is best, new or out.")
        return self


@room.post("/api/flows/<string:slug>/first-load")
@allow("operator")
def begin(path: Slug) -> tuple[Response, int]:
    """Read everything and write nothing: the answer is a run whose report tells what would be matched and created."""
    given = request.headers.get("Idempotency-Key")
    key = idempotency_key("first-load", path.slug, me().id, given) if given else None
    return jsonify({"run": firstload.begin(path.slug, Cause("first-load", me().actor, key))}), 202


@room.get("/api/runs/<string:id>/matches")
@allow("viewer")
def matches(path: Id, query: BandQuery) -> Response:
    """The match report: counts by band, and one page of a band."""
    with here().database.read() as store:
        run = find(store, path.id)
        if not from_json(run.window).get("first"):
            raise firstload.not_a_report()
        flow = progress.document(store, run)
        told = firstload.report(
            store,
            run,
            flow,
            Names(here(), store),
            band=query.band,
            q=query.q,
            after=query.after,
            limit=query.limit,
        )
    return jsonify(told)


@room.post("/api/runs/<string:id>/matches")
@allow("operator")
def decide(path: Id, body: Decision) -> Response:
    """Decide which object records are, that they are new, or that they are left out. Kept as cross references."""
    if body.band is not None:
        choice: Literal["best", "new", "out"] = body.choice  # type: ignore[assignment]  # checked by the model
        done = firstload.decide_band(path.id, body.band, choice, me().actor)
    else:
        records = [(one.node, one.key) for one in body.records]
        done = firstload.decide(path.id, records, body.choice, me().actor)
    return jsonify({"decided": done})
