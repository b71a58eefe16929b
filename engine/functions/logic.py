"""Choices: if, coalesce, fixed translations, and words for yes and no."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.functions.lists import same
from engine.functions.signature import (
    Anything,
    BadInput,
    Flag,
    Later,
    Pairs,
    Text,
    as_boolean,
    as_text,
    function,
    show,
)
from engine.path import MISSING

NOTHING: Any = None
"""Stands for an argument that was not given."""


def is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


@function("logic", "If", "One value when it is yes, another when it is no or empty.", takes_empty=True)
def if_(value: Anything, then: Later, otherwise: Later = NOTHING) -> Anything:
    return then() if value not in (None, "") and as_boolean(value) else otherwise()


@function("logic", "Equals", "Yes when both are the same; 5 and «5.00» are.", takes_empty=True)
def equals(value: Anything, to: Anything) -> Flag:
    return same(value, to)


@function("logic", "Not", "Yes for no, and no for yes.")
def not_(value: Flag) -> Flag:
    return not value


@function("logic", "Is empty", "Yes when it is missing, null or blank.", takes_empty=True)
def is_empty(value: Anything) -> Flag:
    return is_blank(value) or value == []


@function(
    "logic", "Default if empty", "Another value when this one is missing, null or blank.", takes_empty=True
)
def default_if_empty(value: Anything, default: Later) -> Anything:
    return default() if is_blank(value) else value


@function(
    "logic", "First that is not empty", "The first of up to four values that is not empty.", takes_empty=True
)
def coalesce(value: Anything, second: Later, third: Later = NOTHING, fourth: Later = NOTHING) -> Anything:
    if not is_blank(value):
        return value
    for other in (second, third, fourth):
        found = other()
        if not is_blank(found):
            return found
    return None


def _among(choices: Any, otherwise: Any) -> Callable[..., Any]:
    """A value that is written exactly as one of the choices, the usual case."""
    moves = otherwise is MISSING

    def chosen(value: str, *moving: Any) -> Any:
        found = choices.get(value)
        return choose(value, choices, moving[0] if moves else otherwise) if found is None else found

    return chosen


@function(
    "logic",
    "Translate",
    "Fixed choices: what each value stands for. Without a fitting one «otherwise» is taken; where that is "
    "empty too, the record is rejected. For lists that grow, use a lookup table.",
    quick=_among,
)
def choose(value: Text, choices: Pairs, otherwise: Later = NOTHING) -> Anything:
    if value.strip() in choices:
        return choices[value.strip()]
    answer = otherwise()
    if answer is None:
        raise BadInput(f"{show(value)} is none of {', '.join(list(choices)[:5])}")
    return answer


@function("logic", "To yes/no", "Reads words as yes or no, whatever their case.")
def to_boolean(value: Anything, yes: Text = "yes, y, true, 1, on", no: Text = "no, n, false, 0, off") -> Flag:
    if isinstance(value, bool):
        return value
    word = as_text(value).strip().casefold()
    for words, answer in ((yes, True), (no, False)):
        if word in {one.strip().casefold() for one in words.split(",")}:
            return answer
    raise BadInput(f"{show(value)} is neither yes ({yes}) nor no ({no})")


@function("logic", "Words for yes/no", "A word for yes and a word for no.")
def yes_no(value: Flag, yes: Text = "yes", no: Text = "no") -> Text:
    return yes if value else no
