"""Finding records by their values: as few calls as the form allows, and what they answer compared again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from engine.compare import dig, matches
from engine.connector import CannotTell
from engine.record import Remote, to_json
from nodes.systems.http.answers import Judge
from nodes.systems.http.entries import placeholders
from nodes.systems.http.line import Line
from nodes.systems.http.reading import Reader, is_deleted, rows_at
from nodes.systems.http.settings import EntityForm, at
from nodes.systems.http.shapes import plain_name


class Finder:
    """Finds objects of one kind."""

    def __init__(self, line: Line, judge: Judge, form: EntityForm) -> None:
        self.line, self.judge, self.form = line, judge, form
        self.what = form.title or form.name

    def can(self, names: set[str]) -> bool:
        """Whether objects can be found by these fields."""
        if names == {plain_name(self.form.key)} and self.form.read and self.form.read.one:
            return True
        return self.form.find is not None and set(placeholders(self.form.find.path)) <= names

    def find(self, found_by: Sequence[Mapping[str, Any]]) -> list[list[Remote]]:
        """For each match the objects that equal it. Raises CannotTell when there is no way to look for them."""
        for match in found_by:
            if not self.can(set(match)):
                names = ", ".join(match) or "nothing"
                raise CannotTell(
                    f"{self.what} cannot be looked for by {names}.",
                    cure="Fill in «Finding» of this object in the connection, or match by other fields.",
                )
        answers: dict[str, list[Any]] = {}
        singles = [match for match in found_by if set(match) == {plain_name(self.form.key)}]
        if self.form.read and self.form.read.one:
            reader = Reader(self.line, self.judge, self.form)
            for match in singles:
                row = reader.one(text(next(iter(match.values()))))
                answers[_key(match)] = [] if row is None else [row]
        left = {_key(match): match for match in found_by if _key(match) not in answers}
        for some in self._calls(list(left.values())):
            rows = self._rows(some)
            for match in some:
                answers[_key(match)] = rows
        return [self._equal(match, answers[_key(match)]) for match in found_by]

    def _calls(self, found_by: list[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
        size = self.form.find.together if self.form.find else 1
        return [found_by[start : start + size] for start in range(0, len(found_by), size)]

    def _rows(self, some: list[Mapping[str, Any]]) -> list[Any]:
        form = self.form.find
        if form is None:
            return []
        values = {
            name: ",".join(dict.fromkeys(quote(text(match[name]), safe="") for match in some))
            for name in placeholders(form.path)
        }
        path = form.path
        for name, value in values.items():
            path = path.replace("{" + name + "}", value)
        response = self.line.call("GET", path, mutating=False)
        if response.status_code in (404, 410):
            return []
        content = self.judge.content(response, self.what)
        if isinstance(content, dict) and form.records == "$":
            return [content]
        return rows_at(form.records, content, self.line.name, self.what)

    def _equal(self, match: Mapping[str, Any], rows: Sequence[Any]) -> list[Remote]:
        there = [row for row in rows if isinstance(row, dict) and not is_deleted(self.form, row)]
        remotes = [self.remote(row) for row in there if _matches(match, row)]
        return list({remote.id: remote for remote in remotes if remote.id}.values())

    def remote(self, row: dict[str, Any]) -> Remote:
        write = self.form.write
        key, version = at(self.form.key, row), at(self.form.modified, row)
        number, link = (at(write.number, row), at(write.link, row)) if write else (None, None)
        return Remote(
            "" if key is None else str(key),
            row,
            None if number is None else str(number),
            None if link is None else str(link),
            None if version is None else str(version),
        )


def text(value: Any) -> str:
    """A value as it goes into an address."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if isinstance(value, str) else to_json(value).decode()


def _matches(match: Mapping[str, Any], row: dict[str, Any]) -> bool:
    """Ids that are numbers in the system are texts with us."""
    return matches(match, row) or all(text(value) == text(dig(row, name)) for name, value in match.items())


def _key(match: Mapping[str, Any]) -> str:
    return to_json(sorted(match.items())).decode()
