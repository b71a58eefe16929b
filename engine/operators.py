"""The comparisons a condition can make, each for its own types and with its own rule for empty values.

Types are exact: a text never equals a number, ``true`` never equals 1; only ``same_number`` reads numbers
out of text. A missing path and null are the same here: *no value*. What a comparison says then:

- ``empty`` yes, ``not_empty`` no. An empty text, list or object is empty too.
- ``is`` only against another *no value*; ``is_not``, ``!=`` and the other negative comparisons say yes.
- every other comparison says no. For numbers and dates an empty text is *no value* as well, since systems
  send it for fields nobody filled in.

A value of the wrong type (a word where a number must stand) is no "no": ``Mismatch`` says what was found,
and the record is rejected with it. Dates are compared by day as soon as one side has no time of day; times
without a zone are UTC. ``matches`` means the whole text, in linear time whatever the pattern (RE2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import InvalidOperation
from typing import Any, Literal, get_args

from engine.moments import Mismatch, Moment, duration, moment, same_day_or_order, shifted
from engine.readings import (
    boolean,
    bounds,
    identity,
    is_empty,
    items,
    loose,
    members,
    number,
    pattern,
    readable_number,
    same,
    table_keys,
    text,
    whole_number,
)
from engine.shape import ValueType

MAX_TEXT = 10_000
"""Characters of a text that a pattern is tried on."""

Right = Literal["value", "list", "range", "none", "duration", "table"]
Test = Callable[[Any, Any, Moment], bool]


@dataclass(frozen=True, slots=True)
class Operator:
    """One comparison.

    title    how it reads between its two sides ("is more than")
    types    the value types (engine.shape) it is offered for
    right    what stands on the right: a value, a list, a range, nothing, a duration, or a table's id
    left     checks and reads the left value            prepare   does the same once for the right one
    test     compares what these two gave               empty     the answer when a side has no value
    total    True when no text, number, yes, no or missing value makes it raise Mismatch
    """

    op: str
    title: str
    types: tuple[str, ...]
    right: Right
    left: Callable[[Any], Any]
    prepare: Callable[[Any], Any]
    test: Test
    empty: bool = False
    total: bool = False

    def holds(self, left: Any, prepared: Any, at: Moment) -> bool:
        """The answer for a left value and a prepared right side (None: no value). Raises Mismatch."""
        try:
            if self.total:
                return self.test(left, prepared, at)
            read = None if left is None else self.left(left)
            if read is None or (prepared is None and self.right != "none"):
                return self.empty
            return self.test(read, prepared, at)
        except InvalidOperation:
            raise Mismatch("not a number that can be compared") from None


def _matches(left: str, compiled: Any, _: Moment) -> bool:
    if len(left) > MAX_TEXT:
        raise Mismatch(f"a text longer than {MAX_TEXT} characters is not tried against a pattern")
    try:
        return compiled.fullmatch(left) is not None
    except UnicodeEncodeError:
        raise Mismatch("the text has characters that are none (half of a pair)") from None


def _in_last(left: Moment, span: Any, at: Moment) -> bool:
    return same_day_or_order(shifted(at, span, -1), left) <= 0 and same_day_or_order(left, at) <= 0


def _in_next(left: Moment, span: Any, at: Moment) -> bool:
    return same_day_or_order(at, left) <= 0 and same_day_or_order(left, shifted(at, span, 1)) <= 0


def _older(left: Moment, span: Any, at: Moment) -> bool:
    return same_day_or_order(left, shifted(at, span, -1)) < 0


def _any(value: Any) -> Any:
    return value


def _nothing(_: Any) -> None:
    return None


_ANY = tuple(kind for kind in get_args(ValueType) if kind not in ("lines", "object"))
_TEXT = ("text", "id", "reference", "choice", "any")
_NUMBER = ("integer", "number", "money", "any")
_DATE = ("date", "datetime", "any")
_LIST = ("lines", "any")


def _total(op: str, title: str, types: tuple[str, ...], right: Right, test: Test) -> Operator:
    prepare = {"list": members, "none": _nothing}.get(right, _any)
    return Operator(op, title, types, right, _any, prepare, test, total=True)


def _texts(op: str, title: str, test: Callable[[str, str], bool], *, empty: bool = False) -> Operator:
    return Operator(op, title, _TEXT, "value", text, text, lambda a, b, _: test(a, b), empty)


def _numbers(op: str, title: str, test: Callable[[Any, Any], bool], *, empty: bool = False) -> Operator:
    return Operator(op, title, _NUMBER, "value", number, number, lambda a, b, _: test(a, b), empty)


def _dates(op: str, title: str, test: Callable[[int], bool]) -> Operator:
    return Operator(op, title, _DATE, "value", moment, moment, lambda a, b, _: test(same_day_or_order(a, b)))


def _spans(op: str, title: str, test: Test) -> Operator:
    return Operator(op, title, _DATE, "duration", moment, duration, test)


def _counts(op: str, title: str, test: Callable[[int, int], bool]) -> Operator:
    return Operator(op, title, _LIST, "value", items, whole_number, lambda a, b, _: test(len(a), b))


OPERATORS: dict[str, Operator] = {
    operator.op: operator
    for operator in (
        _total("is", "is", _ANY, "value", lambda a, b, _: same(a, b)),
        _total("is_not", "is not", _ANY, "value", lambda a, b, _: not same(a, b)),
        _total("one_of", "is one of", _ANY, "list", lambda a, b, _: b is not None and identity(a) in b),
        _total("not_one_of", "is none of", _ANY, "list", lambda a, b, _: b is None or identity(a) not in b),
        _total("empty", "is empty", (*_ANY, "lines", "object"), "none", lambda a, *_: is_empty(a)),
        _total(
            "not_empty", "is not empty", (*_ANY, "lines", "object"), "none", lambda a, *_: not is_empty(a)
        ),
        _texts("contains", "contains", lambda a, b: b in a),
        _texts("not_contains", "does not contain", lambda a, b: b not in a, empty=True),
        _texts("starts", "starts with", lambda a, b: a.startswith(b)),
        _texts("ends", "ends with", lambda a, b: a.endswith(b)),
        _texts("same_text", "is, upper or lower case,", lambda a, b: a.casefold() == b.casefold()),
        Operator("matches", "matches the pattern", _TEXT, "value", text, pattern, _matches),
        _numbers("=", "equals", lambda a, b: a == b),
        _numbers("!=", "does not equal", lambda a, b: a != b, empty=True),
        _numbers("<", "is less than", lambda a, b: a < b),
        _numbers("<=", "is at most", lambda a, b: a <= b),
        _numbers(">", "is more than", lambda a, b: a > b),
        _numbers(">=", "is at least", lambda a, b: a >= b),
        Operator(
            "between",
            "is between",
            _NUMBER,
            "range",
            number,
            bounds(number),
            lambda a, b, _: b[0] <= a <= b[1],
        ),
        Operator(
            "not_between",
            "is not between",
            _NUMBER,
            "range",
            number,
            bounds(number),
            lambda a, b, _: not b[0] <= a <= b[1],
            empty=True,
        ),
        Operator(
            "same_number",
            "is the number",
            ("text", "id", *_NUMBER),
            "value",
            readable_number,
            readable_number,
            lambda a, b, _: a == b,
        ),
        _dates("before", "is before", lambda order: order < 0),
        _dates("on_or_before", "is on or before", lambda order: order <= 0),
        _dates("on", "is on", lambda order: order == 0),
        _dates("on_or_after", "is on or after", lambda order: order >= 0),
        _dates("after", "is after", lambda order: order > 0),
        Operator(
            "in_period",
            "is in the period",
            _DATE,
            "range",
            moment,
            bounds(moment),
            lambda a, b, _: same_day_or_order(b[0], a) <= 0 and same_day_or_order(a, b[1]) <= 0,
        ),
        _spans("in_last", "is in the last", _in_last),
        _spans("in_next", "is in the next", _in_next),
        _spans("older_than", "is longer ago than", _older),
        Operator("is_true", "is yes", ("boolean", "any"), "none", boolean, _nothing, lambda a, *_: a),
        Operator("is_false", "is no", ("boolean", "any"), "none", boolean, _nothing, lambda a, *_: not a),
        Operator(
            "has",
            "contains the entry",
            _LIST,
            "value",
            items,
            _any,
            lambda a, b, _: any(same(x, b) for x in a),
        ),
        Operator(
            "has_not",
            "does not contain the entry",
            _LIST,
            "value",
            items,
            _any,
            lambda a, b, _: not any(same(x, b) for x in a),
            empty=True,
        ),
        Operator(
            "has_any",
            "contains one of",
            _LIST,
            "list",
            items,
            members,
            lambda a, b, _: any(identity(x) in b for x in a),
        ),
        _counts("count_is", "has exactly this many entries:", lambda a, b: a == b),
        _counts("count_at_least", "has at least this many entries:", lambda a, b: a >= b),
        _counts("count_at_most", "has at most this many entries:", lambda a, b: a <= b),
        Operator(
            "in_table", "is in the table", _TEXT, "table", text, table_keys, lambda a, b, _: loose(a) in b
        ),
        Operator(
            "not_in_table",
            "is not in the table",
            _TEXT,
            "table",
            text,
            table_keys,
            lambda a, b, _: loose(a) not in b,
            empty=True,
        ),
    )
}


def operators() -> list[dict[str, Any]]:
    """What the catalog lists: ``{"op", "title", "types", "right"}`` for each operator."""
    return [
        {"op": known.op, "title": known.title, "types": list(known.types), "right": known.right}
        for known in OPERATORS.values()
    ]
