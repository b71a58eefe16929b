"""Asking for a publication, and deciding on what others ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from flask import Response, jsonify
from pydantic import Field

from designer import drawing, publishing
from designer.api.body import Body, Slug
from designer.api.opening import new_room
from designer.auth import Identity, allow, me
from designer.diff import Change, compare
from designer.installation import here
from engine.clock import iso
from engine.flow import Flow
from engine.store import accounts, connections, flows, publications
from engine.store.publications import Publication

room = new_room("publications", "flows")


class Number(Body):
    id: int


class Asking(Body):
    """``bindings``: slot → connection id, where the connections are to change with it."""

    revision: int
    note: str = Field(default="", max_length=2000)
    bindings: dict[str, str] | None = None


class StateQuery(Body):
    state: Literal["open", "decided"] = "open"


class Comment(Body):
    comment: str = Field(default="", max_length=4000)


class Reason(Body):
    comment: str = Field(min_length=1, max_length=4000)


@room.get("/api/flows/<string:slug>/request")
@allow("viewer")
def standing(path: Slug) -> Response:
    """Whether publishing this flow needs a second person, what waits for one, and what was last sent back."""
    with here().database.read() as store:
        row = flows.find(store, path.slug)
        if row is None:
            raise drawing.missing(path.slug)
        last = publications.last_of(store, row.id)
        names = flows.names(store, {row.id})
        people = {user.email: user.name for user in accounts.users(store)}
        guarded = publishing.guarded(store, row)
        others = [user.name for user in publishing.reviewers(store, me().id)]
    shown = _shown(last, names, people, me()) if last else None
    return jsonify(
        {
            "guarded": guarded,
            "reviewers": others,
            "request": shown if last and last.state == "open" else None,
            "returned": shown if last and last.state == "returned" else None,
        }
    )


@room.post("/api/flows/<string:slug>/request")
@allow("editor")
def ask(path: Slug, body: Asking) -> tuple[Response, int]:
    """Ask a second person to publish the draft as it is now. A request that still waits is replaced."""
    made = publishing.ask(path.slug, body.revision, body.note, me(), body.bindings)
    return jsonify(_detail(made.id or 0)), 201


@room.get("/api/publications")
@allow("viewer")
def index(query: StateQuery) -> Response:
    """What waits for a second person, oldest first; or what was decided, newest first."""
    with here().database.read() as store:
        found = publications.listed(store, waiting=query.state == "open")
        names = flows.names(store, {row.flow_id for row in found})
        people = {user.email: user.name for user in accounts.users(store)}
    return jsonify({"publications": [_shown(row, names, people, me()) for row in found]})


@room.get("/api/publications/<int:id>")
@allow("viewer")
def detail(path: Number) -> Response:
    """One request with what would change, in plain words."""
    return jsonify(_detail(path.id))


@room.post("/api/publications/<int:id>/publish")
@allow("editor")
def publish(path: Number, body: Comment) -> Response:
    """Put live what somebody else asked for."""
    return jsonify({"version": publishing.accept(path.id, body.comment.strip(), me())})


@room.post("/api/publications/<int:id>/return")
@allow("editor")
def send_back(path: Number, body: Reason) -> Response:
    """Send it back, with what must change first."""
    publishing.send_back(path.id, body.comment.strip(), me())
    return jsonify(_detail(path.id))


@room.post("/api/publications/<int:id>/withdraw")
@allow("editor")
def withdraw(path: Number) -> Response:
    """Take a request back."""
    publishing.withdraw(path.id, me())
    return jsonify(_detail(path.id))


def _detail(number: int) -> dict[str, Any]:
    with here().database.read() as store:
        row = publications.get(store, number)
        flow = flows.get(store, row.flow_id)
        base = flows.version(store, flow, row.base) if flow and row.base else None
        names = flows.names(store, {row.flow_id})
        people = {user.email: user.name for user in accounts.users(store)}
        titles = {one.id: one.name for one in connections.all_connections(store)}
    document = row.document()
    changes: list[Change] = []
    if base is not None and flow is not None:
        changes = compare(base.document(), document).changes
        changes += _rebound(document, flow.bound(), row.bound(), titles)
    return {
        **_shown(row, names, people, me()),
        "first": row.base is None,
        "changes": [
            {"kind": change.kind, "node": change.node, "title": change.title, "text": change.text}
            for change in changes
        ],
        "steps": [node.title or node.type for node in document.nodes],
        "connections": [
            {"slot": slot.title or name, "name": titles.get(row.bound().get(name, ""), "")}
            for name, slot in document.slots.items()
        ],
    }


def _rebound(
    document: Flow, old: Mapping[str, str], new: Mapping[str, str], titles: Mapping[str, str]
) -> list[Change]:
    return [
        Change(
            "binding",
            None,
            document.slots[slot].title or slot,
            f"{titles.get(old[slot], 'a connection that is gone')} → {titles.get(at, 'a connection that is gone')}",
        )
        for slot, at in new.items()
        if slot in document.slots and old.get(slot, at) != at
    ]


def _shown(
    row: Publication, names: Mapping[str, tuple[str, str]], people: Mapping[str, str], who: Identity
) -> dict[str, Any]:
    slug, name = names.get(row.flow_id, ("", row.flow_id))
    why_not = publishing.refusal(row, who) if row.state == "open" else ""
    return {
        "id": row.id,
        "flow": {"slug": slug, "name": name},
        "state": row.state,
        "note": row.note,
        "base": row.base,
        "asked_by": people.get(row.asked_email, row.asked_email),
        "since": iso(row.created_at),
        "mine": row.state == "open" and not why_not,
        "own": row.asked_by == who.id,
        "why_not": why_not,
        "decided_by": people.get(row.decided_by, row.decided_by),
        "decided_at": iso(row.decided_at) if row.decided_at else None,
        "comment": row.comment,
        "version": row.number,
    }
