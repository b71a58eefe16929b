"""JSONPath, parsed once and turned into plain getters.

jsonpath-ng reads the text; names, indices, slices and wildcards become closures that take a value out of
nested dicts and lists about fifty times faster than its own ``find``, with the same answer. Filters
(``[?(@.Type == 'Service')]``) and ``..`` are left to ``find``.

Comparing with ``<`` and with decimal literals inside a path is refused: jsonpath-ng orders ints and floats
only, so a Decimal amount would silently never match. The same goes for its arithmetic, regular
expressions, sorting and the operators that it has deprecated: functions of ours do that, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from jsonpath_ng import Child, Descendants, Fields, Index, JSONPath, Root, Slice, This, Wildcard
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext import parser as jsonpath_parser
from jsonpath_ng.ext.filter import And, Expression, Filter, Or

from engine.errors import RecordRejected

Getter = Callable[[Any], Any]

LONGEST = 500
MOST = 1_000_000
"""Places that a path may lead to in one record."""


class Missing:
    """The one value that stands for "the path leads nowhere"; null is something else."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


class PathError(ValueError):
    """The text is no path that Heddle can follow. The message names the cure."""


class Path:
    """A parsed path.

    text    exactly as it was written
    single  True when it leads to at most one place: ``get`` answers the value there, or MISSING
    get     otherwise ``get`` answers the list of all values found, in document order
    base    getter of the part before the first wildcard: MISSING there means that the list itself is missing
    names   the nested names, when it is nothing but names, else None
    listed  the nested names before a lone ``[*]`` at the end, else None
    """

    __slots__ = ("base", "get", "listed", "names", "single", "text")

    def __init__(self, text: str, steps: list[JSONPath]) -> None:
        definite: list[str | int] = []
        for step in steps:
            if isinstance(step, Fields) and len(step.fields) == 1:
                definite.append(step.fields[0])
            elif isinstance(step, Index) and len(step.indices) == 1:
                definite.append(step.indices[0])
            else:
                break
        rest = steps[len(definite) :]
        self.text = text
        self.single = not rest
        self.base = _single(definite)
        self.get = _many(self.base, rest, text) if rest else self.base
        names = tuple(key for key in definite if isinstance(key, str))
        plain = len(names) == len(definite)
        self.names = names if plain and not rest else None
        self.listed = names if plain and [type(step) for step in rest] == [Wildcard] else None

    def __repr__(self) -> str:
        return f"Path({self.text!r})"


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Path:
    """A path that starts at ``$`` or, without it, at the value it is applied to. Raises PathError."""
    if len(text) > LONGEST:
        raise PathError(f"The path is longer than {LONGEST} characters.")
    try:
        # A parser keeps state while it works, so every call has its own.
        tree = jsonpath_parser.ExtendedJsonPathParser().parse(text.strip())
    except JSONPathError as error:
        raise PathError(
            f"«{text}» is not a path. Write it like $.Account.Name or $.Lines[0].Price, "
            "and names with blanks or special characters in quotes: $['Net amount']."
        ) from error
    except Warning as error:
        raise PathError(f"«{text}» uses an operator that is not offered; use a function.") from error
    if _descents(tree) > 1:
        raise PathError(
            f"«{text}» searches everything below more than once (..), which may take for ever. Name the fields in between."
        )
    steps = list(_steps(tree))
    if isinstance(steps[0], Root):
        steps = steps[1:]
    for step in steps:
        _refuse_the_inexact(step, text)
    return Path(text, steps)


def plain_path(*names: str) -> str:
    """The path text of nested names: ``plain_path("Account", "Name")`` is ``$.Account.Name``."""
    return "$" + "".join(
        f".{name}"
        if name.isascii()
        and name.replace("_", "a").isalnum()
        and not name[0].isdigit()
        and name not in _WORDS
        else "['" + name.replace("\\", "\\\\").replace("'", "\\'") + "']"
        for name in names
    )


_WORDS = frozenset({"where", "wherenot", "true", "false", "null"})


def _steps(tree: JSONPath) -> Iterator[JSONPath]:
    if isinstance(tree, Child):
        yield from _steps(tree.left)
        yield from _steps(tree.right)
    elif isinstance(tree, Descendants):
        yield from _steps(tree.left)
        yield Descendants(This(), tree.right)
    else:
        yield tree


def _descents(tree: Any) -> int:
    """How often a path searches everything below a place, filters included."""
    inside: list[Any] = []
    if isinstance(tree, (Child, Descendants)):
        inside = [tree.left, tree.right]
    elif isinstance(tree, Filter):
        inside = list(tree.expressions)
    elif isinstance(tree, (And, Or)):
        inside = list(tree.operands)
    elif isinstance(tree, Expression):
        inside = [tree.target, tree.value]
    return isinstance(tree, Descendants) + sum(map(_descents, inside))


def _refuse_the_inexact(step: JSONPath, text: str) -> None:
    """Walks everything below a step; raises PathError at the first thing that could answer wrongly."""
    if isinstance(step, Slice) and step.step == 0:
        raise PathError(f"«{text}» counts in steps of 0. Leave the last number of the brackets out.")
    if type(step) in (Fields, Index, Slice, Wildcard, This):  # subclasses are sorting and the like
        return
    if isinstance(step, (Child, Descendants)):
        _refuse_the_inexact(step.left, text)
        _refuse_the_inexact(step.right, text)
        return
    if isinstance(step, Filter):
        for expression in step.expressions:
            _refuse_the_inexact(expression, text)
        return
    if isinstance(step, (And, Or)):
        for operand in step.operands:
            _refuse_the_inexact(operand, text)
        return
    if isinstance(step, Expression):
        if step.op not in (None, "!", "=", "==", "!=") or isinstance(step.value, float):
            raise PathError(
                f"«{text}» compares numbers inside the path. Only == and != with text, whole numbers, true, "
                "false and null are possible there; use a condition instead."
            )
        _refuse_the_inexact(step.target, text)
        if isinstance(step.value, JSONPath):
            _refuse_the_inexact(step.value, text)
        return
    if isinstance(step, Root):
        raise PathError(f"«{text}» starts again at $ in the middle. Write one path from one start.")
    raise PathError(f"«{text}» calculates or sorts inside the path. Choose the value, then add a function.")


def _single(keys: list[str | int]) -> Getter:
    """Value at a fixed place. Names look into dicts only, indices into lists only."""
    if not keys:
        return lambda data: data
    if all(isinstance(key, str) for key in keys):
        return _named(keys)

    def get(data: Any) -> Any:
        for key in keys:
            if not isinstance(data, list if isinstance(key, int) else dict):
                return MISSING
            try:
                data = data[key]  # type: ignore[index] # an int for a list, a text for a dict
            except (KeyError, IndexError):
                return MISSING
        return data

    return get


def _named(keys: list[Any]) -> Getter:
    # Only a dict can be subscripted with a text: everything else answers with TypeError.
    if len(keys) == 1:
        (only,) = keys

        def get_one(data: Any) -> Any:
            try:
                return data[only]
            except (KeyError, TypeError):
                return MISSING

        return get_one
    if len(keys) == 2:
        outer, inner = keys

        def get_two(data: Any) -> Any:
            try:
                return data[outer][inner]
            except (KeyError, TypeError):
                return MISSING

        return get_two

    def get_deep(data: Any) -> Any:
        try:
            for key in keys:
                data = data[key]
        except (KeyError, TypeError):
            return MISSING
        return data

    return get_deep


def _many(base: Getter, rest: list[JSONPath], text: str) -> Getter:
    spread = [_spread(step) for step in rest]

    def get(data: Any) -> list[Any]:
        start = base(data)
        found = [] if start is MISSING else [start]
        for step in spread:
            found = step(found)
            if len(found) > MOST:
                raise RecordRejected(
                    f"{text} leads to more than {MOST:,} places.",
                    code="E-VALUE",
                    cure="Name each field and each place in a list once.",
                )
        return found

    return get


def _spread(step: JSONPath) -> Callable[[list[Any]], list[Any]]:
    """One step over a list of values: all values that it leads to."""
    if isinstance(step, Fields):
        names = step.fields
        if len(names) == 1:
            (only,) = names
            return lambda found: [value[only] for value in found if isinstance(value, dict) and only in value]
        return lambda found: [
            value[name] for value in found if isinstance(value, dict) for name in names if name in value
        ]
    if isinstance(step, Index):
        indices = step.indices
        return lambda found: [
            value[index]
            for value in found
            if isinstance(value, list)
            for index in indices
            if -len(value) <= index < len(value)
        ]
    if isinstance(step, Wildcard):
        return lambda found: [
            child
            for value in found
            if isinstance(value, (list, dict))
            for child in (value if isinstance(value, list) else value.values())
        ]
    if isinstance(step, Slice):
        part = slice(step.start, step.end, step.step)
        return lambda found: [child for value in found if isinstance(value, list) for child in value[part]]
    return lambda found: [match.value for value in found for match in step.find(value)]
