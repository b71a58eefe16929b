"""Answers about the several records of one call: which entry is about which of them, as the form says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from engine.record import Change
from nodes.systems.http.answers import text_of
from nodes.systems.http.settings import WriteForm, at, getter
from nodes.systems.http.whose import ByOrder, ByPlace, ByValue


class Told(NamedTuple):
    """What an answer says, by the place of the record: its one answer, and why it was refused, in one or more entries.

    written  the others were written
    """

    answers: Mapping[int, Any]
    refusals: Mapping[int, list[Any]]
    written: bool


def refused(form: WriteForm, body: Any) -> list[Any]:
    """What stands where the form says that the refused are listed. Something else than a list is one entry."""
    if form.body != "array":
        return []
    found = at(form.refused, body)
    return found if isinstance(found, list) else [] if found in (None, "", {}) else [found]


def sort(form: WriteForm, body: Any, changes: Sequence[Change], key: str) -> Told:
    """Gives each change that was sent its entries. Who has two answers has none: nobody knows which one counts; and
    as long as it is not known who was refused, nobody was written. ``key``: the name of the id in what was sent."""
    found = at(form.results, body)
    entries = found if isinstance(found, list) else []
    if isinstance(form.whose, ByOrder):
        return Told(dict(enumerate(entries)) if len(entries) == len(changes) else {}, {}, written=False)
    place_of = _places(form.whose, changes, key)
    answers: dict[int, list[Any]] = {}
    refusals: dict[int, list[Any]] = {}
    clear = True
    for entry in entries:
        if (place := place_of(entry)) is not None:
            answers.setdefault(place, []).append(entry)
    for entry in refused(form, body):
        if (place := place_of(entry)) is None:
            clear = False
        else:
            refusals.setdefault(place, []).append(entry)
    single = {place: some[0] for place, some in answers.items() if len(some) == 1}
    return Told(single, refusals, written=clear and not form.results)


def _places(whose: ByPlace | ByValue, changes: Sequence[Change], key: str) -> Callable[[Any], int | None]:
    """Entry → the place of its record, None where that cannot be told."""
    look = getter(whose.path)
    if isinstance(whose, ByPlace):
        places: dict[str, int | None] = {str(place + whose.first): place for place in range(len(changes))}
    else:
        places, own = {}, getter(whose.field)
        for place, change in enumerate(changes):
            name = text_of(own({key: change.remote_id, **change.data}))
            places[name] = None if name in places else place
        for nobody in ("", text_of(None)):
            places.pop(nobody, None)
    return lambda entry: places.get(text_of(look(entry)))
