"""Cross references: which object of one system is which of another, and how to repair it."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify
from pydantic import Field

from designer import crossings
from designer import pairing as live
from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import allow, me
from designer.installation import here
from engine.errors import RequestError
from engine.record import Remote
from engine.store import audit, deliveries, pairing
from engine.store.references import NEW, OUT, Pair

room = new_room("references")
LIMIT = 100
Text = Field(default="", max_length=300)


class Number(Body):
    id: int


class Search(Body):
    """``q`` begins an id or a number; ``before`` goes on behind the last one of a page."""

    q: str = Text
    connection: str = Text
    entity: str = Text
    state: Literal["", "linked", "new", "out", "deleted", "creating", "doubt"] = ""
    before: int = 0
    limit: int = Field(default=LIMIT, ge=1, le=LIMIT)


class Wanted(Body):
    """``q`` is an id, a number, or a part of a name."""

    connection: str = Field(min_length=1, max_length=100)
    entity: str = Field(min_length=1, max_length=300)
    q: str = Field(min_length=1, max_length=300)


class Repair(Body):
    """``right_id``: the object it is from now on, looked up live; or ``state``: to be created anew, or left out.
    ``both``: also where another object stands for that one."""

    right_id: str | None = Field(default=None, min_length=1, max_length=300)
    state: Literal["new", "out"] | None = None
    both: bool = False


class Side(Body):
    connection: str = Field(min_length=1, max_length=100)
    entity: str = Field(min_length=1, max_length=300)
    id: str = Field(min_length=1, max_length=300)


class Two(Body):
    """Both objects are looked up live before they are believed. ``both``: also where another object stands for the
    right one."""

    left: Side
    right: Side
    both: bool = False


class Import(Body):
    """``csv`` as it is exported; without ``apply`` nothing is kept, and the answer says what would be."""

    csv: str = Field(min_length=1, max_length=5_000_000)
    apply: bool = False


@room.get("/api/references")
@allow("viewer")
def index(query: Search) -> Response:
    """Search by the beginning of any id or number; newest first."""
    with here().database.read() as store:
        rows = pairing.search(
            store, text=query.q.strip(), connection=query.connection, entity=query.entity, kind=query.state,
            before=query.before, limit=query.limit + 1,
        )  # fmt: skip
        page = rows[: query.limit]
        listed = crossings.listed(store, page)
    return jsonify({"references": listed, "next": page[-1].id if len(rows) > len(page) else None})


@room.get("/api/references/objects")
@allow("operator")
def objects(query: Wanted) -> Response:
    """Objects of a connected system by their id, their number or a part of their name, asked live."""
    return jsonify({"objects": live.search(query.connection, query.entity, query.q.strip())})


@room.get("/api/references.csv")
@allow("viewer")
def export() -> Response:
    """All of them as CSV."""

    def lines() -> Any:
        with database.read() as store:
            yield from crossings.export(store)

    database = here().database
    headers = {"Content-Disposition": 'attachment; filename="cross-references.csv"'}
    return Response(lines(), mimetype="text/csv", headers=headers)


@room.post("/api/references")
@allow("operator")
def add(body: Two) -> tuple[Response, int]:
    """Say by hand that two objects are the same."""
    live.existing(body.left.connection, body.left.entity, body.left.id)
    right = live.existing(body.right.connection, body.right.entity, body.right.id)
    pair = Pair(body.left.connection, body.left.entity, body.right.connection, body.right.entity)
    with here().database.write() as store:
        known = pairing.of(store, pair, body.left.id)
        before = known.right_id if known else None
        row = pairing.point(store, pair, body.left.id, right.id, right.number, right.link)
        if not body.both:
            _only_one(store, pair, body.left.id, right)
        audit.note(
            store, me().actor, "reference.add", str(row.id), left=body.left.id, before=before, right=right.id
        )
        return jsonify(*crossings.listed(store, [row])), 201


@room.patch("/api/references/<int:id>")
@allow("operator")
def repair(path: Number, body: Repair) -> Response:
    """Point to another object, or say that it is to be created anew or left out."""
    with here().database.read() as store:
        row = pairing.get(store, path.id)
        connection, entity = row.right_connection, row.right_entity
    wanted = body.right_id.strip() if body.right_id else None
    remote = live.existing(connection, entity, wanted) if wanted else None
    choice = {None: None, "new": NEW, "out": OUT}[body.state]
    if (remote is None) == (choice is None):
        raise live.either()
    with here().database.write() as store:
        row = pairing.get(store, path.id, lock=True)
        pair, before = pairing.pair_of(row), row.right_id
        if remote is not None:
            row = pairing.point(store, pair, row.left_id, remote.id, remote.number, remote.link)
            if not body.both:
                _only_one(store, pair, row.left_id, remote)
        else:
            row = pairing.say(store, pair, row.left_id, choice or "")
        audit.note(
            store, me().actor, "reference.repair", str(path.id), left=row.left_id, before=before,
            right=row.right_id, state=pairing.state(store, row),
        )  # fmt: skip
        return jsonify(*crossings.listed(store, [row]))


def _only_one(store: Any, pair: Pair, left_id: str, remote: Remote) -> None:
    """Raises RequestError (409) where another object stands for this one."""
    if others := pairing.namesakes(store, pair, left_id, remote.id):
        titles = deliveries.titles(store, set(others))
        named = " and ".join(titles.get((pair.left_entity, one), one) for one in others)
        raise RequestError(
            f"{remote.number or remote.id} is {named} already: each would write over what the other has written.",
            status=409,
            code="E-TAKEN",
            cure="Choose another object, repair that cross reference first, or link both all the same.",
        )


@room.delete("/api/references/<int:id>")
@allow("operator")
def remove(path: Number) -> Response:
    """Forget that two objects are the same: the next write looks for it again, or creates it anew."""
    with here().database.write() as store:
        row = pairing.get(store, path.id, lock=True)
        pairing.remove(store, row)
        audit.note(store, me().actor, "reference.remove", str(path.id), left=row.left_id, before=row.right_id)
    return jsonify({"id": path.id})


@room.post("/api/references/import")
@allow("operator")
def bring(body: Import) -> Response:
    """Add and change from a CSV file: all of it, or nothing."""
    with here().database.read() as store:
        rows = crossings.read(store, body.csv)
        found = crossings.check(store, rows)
    with here().database.write() as store:
        done = crossings.enter(store, rows, found, me().actor, apply=body.apply)
    return jsonify(
        {"added": done.added, "changed": done.changed, "unchanged": done.unchanged, "applied": body.apply}
    )
