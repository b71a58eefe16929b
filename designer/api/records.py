"""One object in all systems: found by any id, number or title, with everything that happened to it."""

from __future__ import annotations

from flask import Response, jsonify, redirect
from pydantic import Field
from werkzeug.wrappers import Response as Answer

from designer import things, timeline
from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import allow
from designer.installation import here

room = new_room("records")


class FindQuery(Body):
    q: str = Field(max_length=200)
    limit: int = Field(default=20, ge=1, le=100)


class ObjectPath(Body):
    """``connection`` is «flow» for what a trigger brought by itself; ``entity`` is then the slug of its flow."""

    connection: str
    entity: str
    id: str


class TimelineQuery(Body):
    """``everything`` includes what changed nothing; ``before`` is the ``next`` of the last answer."""

    everything: bool = False
    before: int | None = None


@room.get("/api/records")
@allow("viewer")
def index(query: FindQuery) -> Response:
    """Objects by id, number or title, of either side; titles are found by a part only in what moved lately."""
    with here().database.read() as session:
        return jsonify({"records": things.find(here(), session, query.q, query.limit)})


@room.get("/api/records/<string:connection>/<string:entity>/<path:id>/timeline")
@allow("viewer")
def history(path: ObjectPath, query: TimelineQuery) -> Response:
    """What happened to an object and to all that stand for it elsewhere, newest first."""
    return jsonify(
        timeline.of(
            here(), path.connection, path.entity, path.id, everything=query.everything, before=query.before
        )
    )


@room.get("/api/records/<string:connection>/<string:entity>/<path:id>/open")
@allow("viewer")
def opened(path: ObjectPath) -> Answer:
    """Leads to the object's page in its own system."""
    with here().database.read() as session:
        thing = things.read_address(session, path.connection, path.entity, path.id)
    return redirect(things.link(here(), thing))
