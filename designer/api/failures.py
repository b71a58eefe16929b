"""Failed records: given to people, laid to rest, tried again, corrected."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, jsonify
from pydantic import AwareDatetime, Field

from designer import failures
from designer.api.body import Body, Id
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.errors import not_found
from designer.installation import here
from designer.starts import Origin, Version
from engine.errors import RequestError
from engine.store import accounts, progress

room = new_room("failures", "reviews")


class CausePath(Body):
    cause: str


class Care(Body):
    """What is left out stays: ``assignee`` an e-mail, "" for nobody; ``snoozed_until`` a moment, null wakes it."""

    assignee: str | None = Field(default=None, max_length=200)
    snoozed_until: AwareDatetime | None = None


class Again(Body):
    """``causes`` as they were listed; null means everything that failed."""

    causes: list[str] | None
    origin: Origin = Field(default="failed-node", alias="from")
    version: Version = "current"


class Correction(Body):
    """``data`` takes the place of the record as it was read, or with from=failed-node as it stood there."""

    key: str
    data: dict[str, Any]
    origin: Origin = Field(default="trigger", alias="from")
    version: Version = "current"


@room.get("/api/reviews/people")
@allow("viewer")
def people() -> Response:
    """Who can look after something."""
    with here().database.read() as store:
        found = [user for user in accounts.users(store) if user.active]
    return jsonify([{"email": user.email, "name": user.name or user.email} for user in found])


@room.post("/api/reviews/failed/<string:cause>/care")
@allow("operator")
def care(path: CausePath, body: Care) -> Response:
    """Give a cause to somebody, or let it rest until a moment."""
    change: dict[str, Any] = {}
    if "assignee" in body.model_fields_set:
        change["assignee"] = body.assignee or ""
    if "snoozed_until" in body.model_fields_set:
        change["snoozed_until"] = _seconds(body.snoozed_until)
    if not change:
        raise RequestError(
            "Send assignee or snoozed_until.", status=422, code="E-BODY", cure="Send one of the two."
        )
    failures.look_after(path.cause, me().actor, change)
    return jsonify({"cause": path.cause})


@room.post("/api/reviews/failed/retry")
@allow("operator")
def retry(body: Again) -> tuple[Response, int]:
    """Try one cause, some, or everything that failed again."""
    done = failures.retry(body.causes, body.origin, body.version, me().actor)
    answer = {
        "runs": done.runs,
        "records": done.records,
        "problems": [problem.as_json() for problem in done.problems],
    }
    return jsonify(answer), 202


@room.post("/api/runs/<string:id>/correct")
@allow("operator")
def correct(path: Id, body: Correction) -> tuple[Response, int]:
    """Try one record that did not get through again, with corrected data."""
    with here().database.read() as store:
        if progress.get(store, path.id) is None:
            raise not_found("run", path.id)
    run = failures.correct(path.id, body.key, body.data, body.origin, body.version, me().actor)
    return jsonify({"run": run, "records": 1}), 202


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
