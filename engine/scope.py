"""What a value can see of a record, and how a path finds its way in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from engine.errors import RecordRejected
from engine.path import MISSING, PathError, parse_path
from engine.record import Record

CONDITIONS = "$when"
"""The step under which a record carries target field → ``create`` or ``update``, for values of only one."""

ANSWERS = "$answers"
"""The step under which a record carries what people have answered to rules: node/rule/target → value."""

APPROVAL = "$approval"
"""The step under which a record carries whom rules want to approve it, and why: roles, users, reasons."""

PARENTS = "$parent"
"""The step under which a record made by split carries what it was split from, innermost first."""


class Scope:
    """What a value can see: the record, its data (or one line of it), and what is around the line.

    run   facts of the run that stay the same however often a batch is repeated: ``{"started": …}``
    line  place of a line within its list, from 1; 0 for the record itself
    """

    __slots__ = ("data", "line", "parent", "record", "run")

    def __init__(
        self,
        record: Record,
        data: Any = MISSING,
        parent: Scope | None = None,
        run: Mapping[str, Any] | None = None,
        line: int = 0,
    ) -> None:
        self.record = record
        self.data = record.data if data is MISSING else data
        self.parent = parent
        self.run = run
        self.line = line

    def inside(self, data: Any, line: int) -> Scope:
        """The scope of one line."""
        return Scope(self.record, data, self, self.run, line)

    def label(self) -> str:
        """What the record is called in messages: «Renewal 14, line 2»."""
        name = self.record.title or self.record.key or "The record"
        return f"{name}, line {self.line}" if self.line else name


Get = Callable[[Scope], Any]


class Place(NamedTuple):
    """Nested fields and where they begin: in the data so many levels around, or in the record's ``steps``.

    listed  what is there is taken as a list, element by element
    """

    root: str
    levels: int
    names: tuple[str, ...]
    listed: bool = False


class Source:
    """Where a path starts and how it goes on, against a Scope.

    get    the value, MISSING, or for a path with wildcards the list of all values found
    label  the path as it is called in messages: ``Account.Name``
    place  the same as nested fields, when it is nothing else
    """

    __slots__ = ("_base", "get", "label", "place")

    def __init__(self, text: str) -> None:
        """Raises PathError, whose message names the cure."""
        text = text.strip()
        self.label = text.removeprefix("$").removeprefix(".") or "data"
        self.get, self._base = _getters(text)
        self.place = _place(text)

    def required(self) -> Get:
        """A getter that rejects the record when it finds something empty."""
        source, base, label = self.get, self._base, self.label

        def get(scope: Scope) -> Any:
            value = source(scope)
            if value is MISSING or value is None or value == "":
                raise _empty(scope, label)
            return value

        if base is None:
            return get

        def get_many(scope: Scope) -> Any:
            # Nothing found in an empty list is fine; a list that is not there is not.
            found = source(scope)
            if not found and base(scope) in (MISSING, None):
                raise _empty(scope, label)
            return found

        return get_many

    def optional(self) -> Get:
        """A getter that answers null where there is nothing."""
        source, base = self.get, self._base

        def get(scope: Scope) -> Any:
            value = source(scope)
            return None if value is MISSING else value

        if base is None:
            return get

        def get_many(scope: Scope) -> Any:
            return source(scope) or (None if base(scope) in (MISSING, None) else [])

        return get_many


def _empty(scope: Scope, label: str) -> RecordRejected:
    return RecordRejected(
        f"{scope.label()} has no {label}; tick «may be empty» or set a default.",
        code="E-EMPTY",
        cure="Fill the field in, tick «may be empty», or set a default.",
    )


_ROOT = re.compile(r"\$(?P<root>steps|key|title|run|parent(?P<more>(?:\.\$parent)*))(?![\w@-])")


def _getters(text: str) -> tuple[Get, Get | None]:
    """Getters of the value and, for a path with wildcards, of what must be there for it."""
    if not text.startswith("$"):
        raise PathError(f"«{text}» does not start with $. Write it like $.Account.Name.")
    match = _ROOT.match(text)
    if match is None:
        if text[1:2].isalnum():
            raise PathError(
                f"«{text}» starts at something unknown. Start with $. for the record, $parent, $steps, $key, "
                "$title or $run."
            )
        path = parse_path(text)
        get, base = path.get, path.base
        return (lambda scope: get(scope.data)), None if path.single else (lambda scope: base(scope.data))
    rest = text[match.end() :]
    path = parse_path("$" + rest)
    root = match["root"]
    if root in ("key", "title"):
        if rest:
            raise PathError(f"«{text}» goes on behind ${root}, which is one text.")
        return (lambda scope: getattr(scope.record, root)), None
    begin: Get
    if root == "steps":

        def begin(scope: Scope) -> Any:
            return scope.record.steps

    elif root == "run":

        def begin(scope: Scope) -> Any:
            return scope.run

    else:
        begin = partial(_around, 1 + match["more"].count("$"))
    return (
        lambda scope: path.get(begin(scope)),
        None if path.single else lambda scope: path.base(begin(scope)),
    )


def _place(text: str) -> Place | None:
    """Where a path leads that is known to be one."""
    match = _ROOT.match(text)
    root = "data" if match is None or match["root"].startswith("parent") else match["root"]
    if root not in ("data", "steps"):
        return None
    levels = 0 if match is None else match[0].count("$parent")
    path = parse_path(text if match is None else "$" + text[match.end() :])
    names = path.names if path.listed is None else path.listed
    return None if names is None else Place(root, levels, names, path.listed is not None)


def _around(levels: int, scope: Scope) -> Any:
    """Data that many levels outside: first the scopes around a line, then what the record was split from."""
    while scope.parent is not None:
        scope = scope.parent
        levels -= 1
        if levels == 0:
            return scope.data
    outside = scope.record.steps.get(PARENTS, ())
    return outside[levels - 1] if levels <= len(outside) else MISSING
