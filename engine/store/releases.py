"""Answers that set documents free: kept with the answer, so that no crash leaves some of them waiting."""

# no "from __future__ import annotations" in rooms with SQLModel tables: it breaks their field types
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from engine.clock import now
from engine.record import from_json, to_json
from engine.store.reviews import Place


class Release(SQLModel, table=True):
    """All documents of a flow that waited for one answer when it was given. They go on page by page.

    do        again: where each stood · read: read anew from its source
    change    JSON {field: value} that the answer sets in each document where it stood
    up_to     the newest of them: what is held later waits for a new answer
    after     JSON of the place up to which it has come; "" at the beginning
    waited    how many there were            released  how many have gone on so far
    runs, problems  JSON lists: the runs in which they went on, and why some could not
    """

    __tablename__ = "release"
    __table_args__ = (
        Index("release_open", "state"),
        Index("release_question", "flow_id", "question_hash"),
    )

    id: int | None = Field(default=None, primary_key=True)
    flow_id: str
    question_hash: str
    do: str = "again"
    change: str = "{}"
    answer: str = "{}"
    version: int = 0
    up_to: int
    after: str = ""
    by: str
    state: str = "open"
    waited: int
    released: int = 0
    runs: str = "[]"
    problems: str = "[]"
    created_at: float = Field(default_factory=now)

    @property
    def number(self) -> int:
        assert self.id is not None  # it has been stored
        return self.id

    def came_to(self) -> Place | None:
        return Place(*from_json(self.after)) if self.after else None

    def run_ids(self) -> list[str]:
        return list(from_json(self.runs))

    def troubles(self) -> list[dict[str, Any]]:
        """[{"code", "message", "cure", "count"}]"""
        return list(from_json(self.problems))


def add(session: Session, row: Release) -> Release:
    session.add(row)
    session.flush()
    return row


def get(session: Session, number: int, *, lock: bool = False) -> Release:
    query = select(Release).where(Release.id == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).one()


def unfinished(session: Session) -> list[int]:
    """Those that still have documents to release, oldest first."""
    query = select(Release.id).where(Release.state == "open").order_by(col(Release.id))
    return [number for number in session.exec(query) if number is not None]


def last_of(session: Session, flow_id: str, question_hash: str) -> Release | None:
    """The newest answer to this question."""
    query = (
        select(Release)
        .where(Release.flow_id == flow_id, Release.question_hash == question_hash)
        .order_by(col(Release.id).desc())
    )
    return session.exec(query.limit(1)).first()


def move_on(
    session: Session, row: Release, place: Place, *, released: int = 0, run: str = "", trouble: Any = None
) -> None:
    """Notes that everything up to ``place`` has been seen to."""
    row.after = to_json(list(place)).decode()
    row.released += released
    if run:
        row.runs = to_json([*row.run_ids(), run]).decode()
    if trouble is not None:
        row.problems = to_json([*row.troubles(), trouble]).decode()
    session.add(row)


def finish(session: Session, row: Release) -> None:
    row.state = "done"
    session.add(row)
