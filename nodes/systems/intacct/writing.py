"""Writes changes in bulk, each under its own key, and finds out what became of those without an answer.

A create travels with ``uniqueid`` true and its Change.key as the function's controlid, so Intacct itself
refuses a repeat; the object made the first time is then looked up and adopted. An update carries the whole
new value and may safely run twice. Source: developer.intacct.com, web services, requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import compare
from engine.connector import CannotTell
from engine.errors import AccessError, EngineError, HeddleError, InDoubt, RecordRejected, Unavailable
from engine.record import Change, Outcome, Remote, Result
from engine.shape import Entity
from nodes.systems.intacct import functions, refusals, shapes
from nodes.systems.intacct.answers import Answer
from nodes.systems.intacct.envelope import Element, Function
from nodes.systems.intacct.gateway import REFUSED, REPEATED, Gateway
from nodes.systems.intacct.objects import LEGACY, LINE_OBJECT, NUMBER, REFERENCE_FIELD, reference
from nodes.systems.intacct.reading import LINK, ORDER, Reader
from nodes.systems.intacct.values import flatten, from_wire, kinds, to_wire

BULK = 50


@dataclass(slots=True)
class Intent:
    """One Change on its way: its place among the results, and the function that carries it out."""

    place: int
    change: Change
    body: Element

    @property
    def creating(self) -> bool:
        return self.change.operation == "create"


class Writer:
    def __init__(self, gateway: Gateway, reader: Reader) -> None:
        self.gateway = gateway
        self.reader = reader

    def write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        shape = self.reader.shape(entity)
        results: dict[int, Result] = {}
        intents = self._intents(shape, changes, results)
        repeated: list[Intent] = []
        waiting = [
            part[start : start + BULK]
            for part in (
                [intent for intent in intents if intent.creating],
                [intent for intent in intents if not intent.creating],
            )
            for start in range(0, len(part), BULK)
        ]
        answered = False
        while waiting:
            group = waiting.pop(0)
            try:
                answers = self._send(group)
            except EngineError as error:
                if error.code not in {REFUSED, REPEATED}:
                    raise
                answered = True
                if len(group) > 1:
                    # One function spoils the request: halve it until the culprit stands alone.
                    half = len(group) // 2
                    waiting[:0] = [group[:half], group[half:]]
                elif error.code == REPEATED:
                    repeated += group
                else:
                    results[group[0].place] = Result(
                        Outcome.FAILED, code=error.code, message=error.message, detail=error.detail
                    )
                continue
            except (AccessError, InDoubt, Unavailable) as error:
                if not answered:
                    raise
                # Earlier requests have been carried out, so the call as a whole has not failed.
                results.update((intent.place, _doubt(error.message, error.detail)) for intent in group)
                continue
            answered = True
            for intent, answer in zip(group, answers, strict=True):
                if answer.ok:
                    results[intent.place] = self._done(shape, intent, answer)
                elif intent.creating and refusals.is_repeat(answer.faults):
                    repeated.append(intent)
                else:
                    results[intent.place] = refusals.result(entity, intent.change, answer.faults)
        if repeated:
            results.update(self._adopt(shape, repeated))
        self._name(shape, results)
        return [results[place] for place in range(len(changes))]

    def resolve(self, entity: str, changes: Sequence[Change]) -> list[Remote | None]:
        """What each Change made. Raises CannotTell if one of them leaves nothing to look for."""
        shape = self.reader.shape(entity)
        found: list[Remote | None] = [None] * len(changes)
        creates = [(place, change) for place, change in enumerate(changes) if change.operation == "create"]
        updates = [(place, change) for place, change in enumerate(changes) if change.operation != "create"]
        if creates:
            matches = [self._trace(shape, change) for _, change in creates]
            for (place, _), remotes in zip(creates, self._find(shape, matches), strict=True):
                found[place] = remotes[0] if remotes else None
        if updates:
            matches = [{shape.key: change.remote_id} for _, change in updates]
            names = sorted(
                {name for _, change in updates for name in change.data if not _is_lines(shape, name)}
            )
            for (place, change), remotes in zip(updates, self._find(shape, matches, names), strict=True):
                if remotes and _holds(shape, remotes[0], change):
                    found[place] = remotes[0]
        return found

    # sending -----------------------------------------------------------------------------------------

    def _intents(self, shape: Entity, changes: Sequence[Change], results: dict[int, Result]) -> list[Intent]:
        present = self._line_counts(shape, changes)
        intents = []
        for place, change in enumerate(changes):
            try:
                intents.append(Intent(place, change, self._body(shape, change, present)))
            except RecordRejected as error:
                results[place] = Result(
                    Outcome.FAILED,
                    code=error.code,
                    message=" ".join(part for part in (error.message, error.cure) if part),
                    detail=error.detail,
                    field=error.field,
                )
        return intents

    def _body(self, shape: Entity, change: Change, present: Mapping[str, int]) -> Element:
        operation = "create" if change.operation == "create" else "update"
        legacy = LEGACY.get(shape.name)
        if operation not in shape.operations or (legacy and operation == "update" and not legacy.update):
            raise RecordRejected(
                f"Heddle does not {operation} a {shape.title.lower()} in Intacct.",
                code="E-OPERATION",
                cure="Do it in Intacct itself.",
            )
        functions.check_writable(shape, change.data, updating=operation == "update")
        if operation == "create":
            if legacy is None:
                return functions.create(shape, change.data)
            data = {**change.data}
            if data.get(REFERENCE_FIELD) in (None, ""):
                data[REFERENCE_FIELD] = reference(change.key)
            return functions.create_legacy(legacy, shape, data)
        if not change.remote_id:
            raise RecordRejected(
                f"Which {shape.title.lower()} to change is not known: its {shape.key} is missing.",
                field=shape.key,
            )
        if legacy is None:
            return functions.update(shape, change.remote_id, change.data)
        return functions.update_legacy(
            legacy, shape, change.remote_id, change.data, present.get(change.remote_id, 0)
        )

    def _line_counts(self, shape: Entity, changes: Sequence[Change]) -> Counter[str]:
        """How many lines each document has now, for those whose lines are to change."""
        lines = next((field.name for field in shape.fields if field.type == "lines"), None)
        if shape.name not in LEGACY or lines is None:
            return Counter()
        keys = [
            change.remote_id
            for change in changes
            if change.operation != "create" and change.remote_id and change.data.get(lines)
        ]
        if not keys:
            return Counter()
        entity, parent = LINE_OBJECT[lines]
        rows = self.reader.rows(entity, [ORDER, parent], parent, keys)
        return Counter(row.findtext(parent) or "" for row in rows)

    def _send(self, group: Sequence[Intent]) -> list[Answer]:
        calls = [Function(intent.change.key, intent.body) for intent in group]
        return self.gateway.call(calls, mutating=True, unique=group[0].creating)

    # results -----------------------------------------------------------------------------------------

    def _done(self, shape: Entity, intent: Intent, answer: Answer) -> Result:
        made = answer.rows()[0] if answer.rows() else None
        record = answer.key or (made.findtext(ORDER) or "" if made is not None else "")
        key = record
        if shape.key != ORDER:
            key = (made.findtext(shape.key) or "") if made is not None else ""
            key = key or intent.change.remote_id or str(intent.change.data.get(shape.key) or "") or record
        return Result(
            Outcome.CREATED if intent.creating else Outcome.UPDATED,
            remote_id=key or intent.change.remote_id,
            answer={ORDER: record} if record else {},
        )

    def _adopt(self, shape: Entity, intents: Sequence[Intent]) -> dict[int, Result]:
        """The objects behind functions that Intacct refused because it had carried them out before."""
        reason = (
            f"Intacct says that it has made this {shape.title.lower()} before, but it cannot be found there."
        )
        try:
            found = self.resolve(shape.name, [intent.change for intent in intents])
        except (HeddleError, CannotTell) as error:
            return {intent.place: _doubt(reason, error.message) for intent in intents}
        return {
            intent.place: _doubt(f"{reason} Look for it in Intacct before you send it again.")
            if remote is None
            else Result(
                Outcome.CREATED,
                remote_id=remote.id,
                number=remote.number,
                link=remote.link,
                answer={"adopted": True},
            )
            for intent, remote in zip(intents, found, strict=True)
        }

    def _name(self, shape: Entity, results: dict[int, Result]) -> None:
        """Brings number, link and stamp of everything written, in one query. Their lack fails nothing."""
        written = {
            place: result
            for place, result in results.items()
            if result.outcome in {Outcome.CREATED, Outcome.UPDATED} and result.remote_id
        }
        if not written:
            return
        number = NUMBER.get(shape.name, shape.key)
        have = shapes.selectable(shape, self.reader.described(shape.name))
        wanted = [ORDER, shape.key, number, LINK, shape.modified or ORDER, "STATE", "TOTALDUE"]
        select = list(dict.fromkeys(name for name in wanted if name in have or name == ORDER))
        ids = [str(result.remote_id) for result in written.values()]
        try:
            rows = self.reader.rows(shape.name, select, shape.key, ids)
        except HeddleError:
            rows = []
        kind_of = kinds(shape)
        named = {(row.findtext(shape.key) or "").casefold(): self.reader.row(row, kind_of) for row in rows}
        for place, result in written.items():
            row = named.get(str(result.remote_id).casefold(), {})
            results[place] = Result(
                result.outcome,
                remote_id=result.remote_id,
                number=result.number or row.get(number) or None,
                link=result.link or row.get(LINK) or None,
                answer={**result.answer, **row},
            )

    # after an unknown outcome ------------------------------------------------------------------------

    def _trace(self, shape: Entity, change: Change) -> dict[str, Any]:
        """What a created object could be recognised by, the surest first."""
        data = change.data
        if shape.name in LEGACY and self._knows(shape, REFERENCE_FIELD):
            return {REFERENCE_FIELD: data.get(REFERENCE_FIELD) or reference(change.key)}
        number = NUMBER.get(shape.name, shape.key)
        if data.get(number):
            return {number: data[number]}
        if change.match and all(value not in (None, "") for value in change.match.values()):
            return dict(change.match)
        raise CannotTell(
            f"Intacct offers no way to find out whether the {shape.title.lower()} was written: it has neither a "
            "number of its own nor a reference that can be searched.",
            cure=f"Map {number}, or look in Intacct.",
        )

    def _knows(self, shape: Entity, name: str) -> bool:
        return name in shapes.selectable(shape, self.reader.described(shape.name))

    def _find(
        self, shape: Entity, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        return self.reader.find(shape.name, matches, fields, BULK)


def _doubt(message: str, detail: str = "") -> Result:
    return Result(Outcome.IN_DOUBT, code="E-IN-DOUBT", message=message, detail=detail)


def _is_lines(shape: Entity, name: str) -> bool:
    field = shape.field(name)
    return field is not None and field.type == "lines"


def _holds(shape: Entity, remote: Remote, change: Change) -> bool:
    """Whether the object stands as the update meant it to (lines aside)."""
    kind_of = kinds(shape)
    now = dict(flatten(remote.data))
    meant = {name: value for name, value in change.data.items() if not _is_lines(shape, name)}
    return all(
        compare.same(_canonical(value, name, kind_of.get(name, "any")), now.get(name))
        for name, value in flatten(meant)
    )


def _canonical(value: Any, name: str, kind: str) -> Any:
    """The value as Intacct would answer it: 10 for "10" in an amount."""
    return from_wire(to_wire(value, name, kind), kind)
