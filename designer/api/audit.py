"""The audit trail: who changed what, for administrators."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, jsonify
from pydantic import AwareDatetime, Field

from designer import trail
from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import allow
from designer.installation import here
from engine.store import audit
from engine.store.audit import Wanted

room = new_room("audit", tag="people")


class Filter(Body):
    """``kind``: the first word of the action, such as flow or user. ``q``: a part of the id or of the details."""

    subject: str = ""
    actor: str = ""
    kind: str = ""
    q: str = Field(default="", max_length=200)
    since: AwareDatetime | None = Field(default=None, description="at this moment or later")
    until: AwareDatetime | None = Field(default=None, description="before this moment")

    def wanted(self) -> Wanted:
        since, until = (None if at is None else at.timestamp() for at in (self.since, self.until))
        return Wanted(self.subject, self.actor, self.kind, self.q.strip(), since, until)


class Page(Filter):
    before: int | None = None
    limit: int = Field(default=100, ge=1, le=1000)


@room.get("/api/audit")
@allow("admin")
def index(query: Page) -> Response:
    """Who changed what, newest first."""
    with here().database.read() as store:
        found = audit.entries(store, query.wanted(), before=query.before, limit=query.limit + 1)
        page = found[: query.limit]
        reader = trail.Reader(store)
        entries = [reader.read(entry) for entry in page]
    return jsonify({"entries": entries, "next": page[-1].id if len(found) > len(page) else None})


@room.get("/api/audit/choices")
@allow("admin")
def choices() -> Response:
    """Who has done anything, and the kinds of things that are noted."""
    with here().database.read() as store:
        people = audit.actors(store)
    return jsonify(
        {"people": people, "kinds": [{"id": id, "title": title} for id, title in trail.KINDS.items()]}
    )


@room.get("/api/audit.csv")
@allow("admin")
def export(query: Filter) -> Response:
    """All entries that fit, as CSV."""

    def lines() -> Iterator[str]:
        with database.read() as store:
            yield from trail.export(store, wanted)

    database, wanted = here().database, query.wanted()
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(lines(), mimetype="text/csv", headers=headers)
