"""Fetches something from a system for each record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import ConfigDict, Field

from engine.chain import Compiled
from engine.compare import dig, normal
from engine.errors import DefinitionError, Held, Problem, RecordRejected
from engine.expression import PathValue, Value, compile_value
from engine.flow import Document
from engine.functions import same, show
from engine.node import LookupNode, NodeContext, NodeSettings, Outbox, Want
from engine.record import Record, fingerprint
from engine.scope import Scope
from engine.shape import Entity
from engine.shape import Field as ShapeField
from nodes.move.place import EntityName, SlotName, place_problems


class Match(Document):
    """One field that must be equal."""

    field: str = Field(
        title="Field",
        description="The field of the object looked for.",
        json_schema_extra={"x-widget": "field", "x-of": "entity"},
    )
    value: Value = Field(
        title="Equals", description="The value that it must have.", json_schema_extra={"x-widget": "value"}
    )


class LookupSettings(NodeSettings):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=False, serialize_by_alias=True)

    slot: SlotName = ""
    entity: EntityName = ""
    match: list[Match] = Field(
        default=[],
        title="Find by",
        description="All of these must be equal.",
        json_schema_extra={"x-widget": "filters"},
    )
    fields: list[str] = Field(
        default=[],
        title="Fields to fetch",
        description="Empty fetches the key and the fields looked for.",
        json_schema_extra={"x-widget": "fields", "x-of": "entity"},
    )
    name: str | None = Field(
        default=None,
        alias="as",
        title="Add to the record as",
        description="The found object also becomes a field of the record with this name.",
    )
    many: bool = Field(
        default=False,
        title="All that are found",
        description="On: the list of all that fit. Off: exactly one is needed; when several fit, the record waits.",
    )
    missing: Literal["reject", "empty", "hold"] = Field(
        default="hold",
        title="When nothing is found",
        description="hold: the record waits until somebody has added it; reject: it leaves by «Rejected»; "
        "empty: it goes on without.",
    )


class LookupRecordsNode(LookupNode[LookupSettings]):
    """Looks for an object in a system for each record, many at a time. What is found is at hand for all
    later steps."""

    Settings = LookupSettings
    type = "lookup"
    title = "Look up"
    group = "shape"
    glyph = "search"

    def __init__(self, settings: LookupSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.slot = settings.slot
        self.problems: list[Problem] = place_problems(settings.slot, settings.entity)
        self.values: list[tuple[str, Compiled]] = []
        for index, match in enumerate(settings.match):
            value = match.value
            if settings.missing == "empty" and isinstance(value, PathValue):
                value = value.model_copy(update={"may_be_empty": True})
            try:
                self.values.append(
                    (match.field, compile_value(value, context.tables, f"match.{index}.value"))
                )
            except DefinitionError as error:
                self.problems.extend(error.problems)
        if not settings.match:
            self.problems.append(
                Problem("E-LOOKUP-MATCH", "It is not said what to look for.", "Add a field.", field="match")
            )

    def want(self, records: Sequence[Record], run: Mapping[str, Any] | None = None) -> Want:
        matches: dict[str, dict[str, Any]] = {}
        for record in records:
            try:
                match = self._match(Scope(record, run=run))
            except (RecordRejected, Held):
                continue  # process says so
            if match is not None:
                matches.setdefault(fingerprint(match), match)
        fields = (*self.settings.fields, *(field for field, _ in self.values)) if self.settings.fields else ()
        return Want(
            slot=self.slot,
            entity=self.settings.entity,
            fields=tuple(dict.fromkeys(fields)),
            matches=matches,
        )

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        if self.problems:
            raise DefinitionError(self.problems)
        for record in records:
            scope = Scope(record, run=out.run)
            try:
                match = self._match(scope)
                found = self._found(match, out.answers) if match is not None else []
                result = found if self.settings.many else self._one(scope, match or {}, found)
            except (RecordRejected, Held) as error:
                out.fail(record, error)
                continue
            if out.trace is not None:
                out.trace.note(self.context.node, record.key, match=match, found=len(found))
            out.send(self._joined(record, result))

    def _match(self, scope: Scope) -> dict[str, Any] | None:
        """What to look for; None when a value is empty, so nothing can fit."""
        match = {field: value.get(scope) for field, value in self.values}
        return None if any(value is None or value == "" for value in match.values()) else match

    def _found(self, match: dict[str, Any], answers: Mapping[str, Any]) -> list[Any]:
        """The rows that really fit: some systems find more than they were asked for."""
        return [row for row in answers.get(fingerprint(match), []) if _fits(match, row)]

    def _one(self, scope: Scope, match: dict[str, Any], found: list[Any]) -> Any:
        if len(found) == 1:
            return found[0]
        entity = self.settings.entity
        wanted = " and ".join(f"{field} {show(value)}" for field, value in match.items()) or "an empty value"
        question = {"slot": self.slot, "entity": entity, "match": match}
        if found:
            raise Held(
                f"{len(found)} objects of {entity} have {wanted}, and one is needed.",
                question={"kind": "ambiguous", **question},
                code="E-AMBIGUOUS",
                cure="Look for more fields, or merge the doubles.",
            )
        if self.settings.missing == "empty":
            return None
        message = f"There is no {entity} with {wanted}."
        if self.settings.missing == "reject":
            raise RecordRejected(message, code="E-NOT-FOUND", cure=f"Add it, or correct {scope.label()}.")
        raise Held(
            message, question={"kind": "missing", **question}, code="E-NOT-FOUND", cure="Add it there."
        )

    def _joined(self, record: Record, result: Any) -> Record:
        joined = record.with_step(self.context.node, result)
        if self.settings.name and isinstance(record.data, dict):
            joined = joined.with_data({**record.data, self.settings.name: result})
        return joined

    def check(self) -> list[Problem]:
        return self.problems

    def infer(self, shapes: Mapping[str, Entity | None]) -> Mapping[str, Entity | None]:
        before = next(iter(shapes.values()), None)
        if before is None or not self.settings.name:
            return {"out": before}
        names = dict.fromkeys((*self.settings.fields, *(field for field, _ in self.values)))
        added = ShapeField(
            name=self.settings.name,
            type="lines" if self.settings.many else "object",
            fields=tuple(ShapeField(name=name, type="any") for name in names),
        )
        others = tuple(field for field in before.fields if field.name != added.name)
        return {"out": before.model_copy(update={"fields": (*others, added)})}

    def summary(self) -> str:
        if not self.settings.entity:
            return ""
        by = " and ".join(match.field for match in self.settings.match)
        return f"{self.settings.entity} by {by}" if by else self.settings.entity


def _fits(match: dict[str, Any], row: Any) -> bool:
    """Whether a row has the values looked for, as far as it shows them."""
    if not isinstance(row, dict):
        return False
    for field, wanted in match.items():
        there = dig(row, field)
        if there is not None and normal(there) != normal(wanted) and not same(there, wanted):
            return False
    return True
