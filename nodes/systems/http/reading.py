"""Reading pages, in any of the ways in which services cut their answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from msgspec import DecodeError
from requests import Response

from engine.connector import Query
from engine.errors import RecordRejected
from engine.path import MISSING, parse_path
from engine.record import Page, Record, from_json
from nodes.systems.http import totals
from nodes.systems.http.answers import Judge, text_of
from nodes.systems.http.filtering import passes
from nodes.systems.http.line import Line, said
from nodes.systems.http.paging import CursorPages, LinkHeader, NextLink, NoPages, Offset, PageNumber
from nodes.systems.http.settings import EntityForm, at


def rows_at(path: str, body: Any, host: str, what: str) -> list[Any]:
    """The records in an answer: the list at ``path``, or the values of a path to many. None is an empty list."""
    parsed = parse_path(path)
    found = parsed.get(body)
    if found is None or (found is MISSING and body in (None, {})):
        return []
    if isinstance(found, list):
        return found
    reason = said(body).rstrip(". ") if isinstance(body, dict) else ""
    raise RecordRejected(
        f"{host} answered no list of {what} at {path}{f', but: {reason}' if reason else ''}.",
        code="E-ANSWER",
        cure="Correct «Where the records are» in the connection.",
    )


class Reader:
    """Reads one kind of object."""

    def __init__(self, line: Line, judge: Judge, form: EntityForm) -> None:
        if form.read is None:
            raise RecordRejected(
                f"{form.title or form.name} cannot be read.",
                code="E-NO-READ",
                cure="Fill in «Reading» of this object in the connection.",
            )
        self.line, self.judge, self.form, self.read = line, judge, form, form.read
        self.what = form.title or form.name

    def page(self, query: Query, cursor: Any, limit: int) -> Page:
        """One page. ``cursor``: {"next": what the kind of paging goes by, "mark": the highest stamp so far}."""
        here = cursor or {"next": None, "mark": None}
        if (query.since or query.until) and not self.form.modified:
            raise RecordRejected(
                f"{self.what} has no stamp of its last change, so changes cannot be read.",
                code="E-NO-STAMP",
                cure="Say where the last change is, or read all of it.",
            )
        if query.keys is not None:
            return self._named(query, int(here["next"] or 0), limit)
        rows, following, total = self.rows(here["next"], limit, query.since, query.until)
        records = [self.record(row) for row in rows]
        if query.since or query.until:
            records = [one for one in records if within(one.version, query.since, query.until)]
        stamps = [here["mark"], *(one.version for one in records)]
        mark = max((stamp for stamp in stamps if stamp), key=moment, default=None)
        kept = [one for one in records if one.deleted or passes(one.data, query.filters)]
        further = {"next": following, "mark": mark} if following is not None else None
        counted = cursor is None and not self._leaves_out(query)
        return Page(kept, further, mark, total if counted else None)

    def _leaves_out(self, query: Query) -> bool:
        """Whether Heddle itself leaves out some of what the service sends and counts."""
        return bool(query.filters or query.until or (query.since and self.read.since is None))

    def rows(
        self, mark: Any, limit: int, since: str | None = None, until: str | None = None
    ) -> tuple[list[Any], Any, int | None]:
        """The rows of one page, the mark of the next (None after the last), and how many the answer says there are."""
        paging = self.read.paging
        whole = isinstance(paging, NextLink | LinkHeader) and mark is not None
        if whole:  # the address of a further page says everything
            response = self.line.call(self.read.method, str(mark), mutating=False)
        else:
            asked, place = self._parameters(since, until), self._place(mark, limit)
            if self.read.method == "POST":
                body = {name: json_of(value) for name, value in asked} | dict(place)
                response = self.line.call("POST", self.read.path, mutating=False, body=body)
            else:
                query = [*asked, *((name, text_of(value)) for name, value in place)]
                response = self.line.call("GET", self.read.path, mutating=False, query=query)
        content = self.judge.content(response, self.what)
        rows = rows_at(self.read.records, content, self.line.name, self.what)
        following = self._following(mark, limit, rows, content, response)
        return rows, following, totals.told(self.read, content, response.headers)

    def record(self, row: Any) -> Record:
        """Raises RecordRejected when the row has no id."""
        key = at(self.form.key, row)
        if key is None or key == "" or isinstance(key, list | dict):
            raise RecordRejected(
                f"A {self.what} has no id at {self.form.key}.",
                code="E-NO-KEY",
                cure="Correct «Where the id is» in the connection.",
            )
        title, version = at(self.form.title_path, row), at(self.form.modified, row)
        return Record(
            str(key),
            row,
            title="" if title is None else str(title),
            version=None if version is None else str(version),
            deleted=is_deleted(self.form, row),
        )

    def _parameters(self, since: str | None, until: str | None) -> list[tuple[str, str]]:
        sent = [(one.name, one.value) for one in self.read.query]
        ask = self.read.since
        if ask and since:
            sent.append((ask.parameter, ask.template.replace("{at}", since)))
        if ask and ask.until and until:
            sent.append((ask.until, until))
        return sent

    def _size(self, limit: int) -> int:
        paging = self.read.paging
        return limit if isinstance(paging, NoPages) else min(paging.size, max(limit, 1))

    def _place(self, mark: Any, limit: int) -> list[tuple[str, Any]]:
        """Where the page is, and how long."""
        paging = self.read.paging
        sent: list[tuple[str, Any]] = []
        if isinstance(paging, PageNumber):
            # The size must not change on the way: page 3 of 50 is not page 3 of 100.
            number, size = mark or [paging.first, self._size(limit)]
            sent.append((paging.parameter, number))
            if paging.size_parameter:
                sent.append((paging.size_parameter, size))
            return sent
        if isinstance(paging, Offset):
            sent.append((paging.parameter, mark or 0))
        elif isinstance(paging, CursorPages) and mark is not None:
            sent.append((paging.parameter, mark))
        if not isinstance(paging, NoPages) and paging.size_parameter:
            sent.append((paging.size_parameter, self._size(limit)))
        return sent

    def _following(self, mark: Any, limit: int, rows: Sequence[Any], content: Any, response: Response) -> Any:
        paging = self.read.paging
        if isinstance(paging, PageNumber):
            number, size = mark or [paging.first, self._size(limit)]
            # A service that was not told a size may cut pages as it likes: then only an empty one is the last.
            last = len(rows) < size if paging.size_parameter else not rows
            return None if last else [number + 1, size]
        if isinstance(paging, Offset):
            # A service may cap pages below what was asked, so a short one is not the last.
            return (mark or 0) + len(rows) if rows else None
        if isinstance(paging, CursorPages):
            found = at(paging.path, content)
            return None if found in (None, "", False) or found == mark else found
        if isinstance(paging, NextLink):
            link = at(paging.path, content)
            return self._link(response, link) if isinstance(link, str) and link else None
        if isinstance(paging, LinkHeader):
            link = response.links.get("next", {}).get("url")
            return self._link(response, link) if link else None
        return None

    def _link(self, response: Response, link: str) -> str:
        """A next link as it is kept: without the key of the way in, which must not lie in a cursor."""
        whole = self.line.beside(response, link)
        self.line.address(whole)
        return self.line.bare(whole)

    def _named(self, query: Query, start: int, limit: int) -> Page:
        keys = query.keys or ()
        if not self.read.one:
            raise RecordRejected(
                f"Single records of {self.what} cannot be read.",
                code="E-NO-READ",
                cure="Fill in «Path of one record» in the connection.",
            )
        rows = [row for key in keys[start : start + limit] if (row := self.one(key)) is not None]
        records = [self.record(row) for row in rows]
        done = start + limit >= len(keys)
        cursor = None if done else {"next": start + limit, "mark": None}
        kept = [one for one in records if one.deleted or passes(one.data, query.filters)]
        return Page(kept, cursor)

    def one(self, key: str) -> Any:
        """The record with this id, None if there is none."""
        path = self.read.one.format(**{"id": quote(key, safe="")})
        response = self.line.call("GET", path, mutating=False)
        if response.status_code in (404, 410):
            return None
        return self.judge.content(response, self.what)


def json_of(text: str) -> Any:
    """What a typed value is in a body: JSON where it is JSON, else a text."""
    try:
        return from_json(text.encode())
    except DecodeError:
        return text


def is_deleted(form: EntityForm, row: Any) -> bool:
    """Whether a row says that it was deleted: a moment, true, 1 or the like; what is missing, false or 0 does not."""
    told = at(form.read.deleted, row) if form.read and form.read.deleted else None
    return str(told).lower() not in ("none", "false", "0", "")


def within(stamp: str | None, since: str | None, until: str | None) -> bool:
    """Whether a stamp lies within bounds, both included. What has no stamp does."""
    if not stamp:
        return True
    at_ = moment(stamp)
    return not (since and at_ < moment(since)) and not (until and at_ > moment(until))


def moment(stamp: str) -> datetime:
    """Raises RecordRejected for a stamp that is none."""
    try:
        found = datetime.fromisoformat(stamp.strip().replace("Z", "+00:00"))
    except ValueError:
        raise RecordRejected(
            f"{stamp[:60]!r} is no moment.",
            code="E-NO-STAMP",
            cure="Correct «Where the last change is» in the connection.",
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
